"""`python train.py`: the same as `realreach train`."""

import sys

try:
    from realreach.cli import run_command
except ImportError:
    sys.exit(
        "realreach is not installed. Run: make demo\n"
        "or: pip install --require-hashes -r requirements.lock && pip install --no-deps -e ."
    )

if __name__ == "__main__":
    sys.exit(run_command("train", prog="train.py"))
