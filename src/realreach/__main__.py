"""``python -m realreach`` does what the command ``realreach`` does."""

import sys

from realreach.cli import main

if __name__ == "__main__":
    sys.exit(main())
