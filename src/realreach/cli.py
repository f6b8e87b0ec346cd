"""The command line: ``realreach <command>``, and the thin ``train.py`` and ``predict.py``.

Parsing imports nothing heavy, so that --help answers at once. Results go to standard output or a file, everything else to
standard error. Exit codes: 0 done, 1 unexpected, 2 usage, 3 input, 4 model, 5 output, 130 interrupted.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module

from realreach._version import __version__
from realreach.errors import RealreachError

__all__ = ["COMMANDS", "EXIT_CODES", "main", "run_command"]

COMMANDS = {
    "train": "fit, evaluate, check and save a model",
    "predict": "score creators",
    "validate": "check input tables and show all problems",
    "simulate": "make creators with known truth",
    "demo": "simulate, train, score, show: the whole way in one command",
    "datasets": "turn public data sets into input tables",
    "false-alarms": "score real, mostly honest creators and count the flagged",
    "features": "write the feature table, or describe the features",
}

EXIT_CODES = """exit codes:
  0  done (rows may have been set aside; they are counted on standard error)
  1  unexpected error (say --debug for the traceback)
  2  wrong flag or setting
  3  input cannot be used, or more rows set aside than --max-reject-rate
  4  model missing, damaged, unsafe or of another version
  5  output cannot be written
  130  interrupted"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``realreach`` with these arguments (default: the process's own) and return the exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments and arguments[0] in COMMANDS:
        return run_command(arguments[0], arguments[1:], prog=f"realreach {arguments[0]}")
    listing = "\n".join(f"  {name:<14}{text}" for name, text in COMMANDS.items())
    parser = argparse.ArgumentParser(
        prog="realreach",
        description="Is this creator's engagement real? Authenticity scores with reasons, evidence and a range.",
        epilog=f"commands:\n{listing}\n\n'realreach <command> --help' says more.\n\n{EXIT_CODES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"realreach {__version__}")
    parser.add_argument("command", choices=list(COMMANDS), metavar="command", help="one of those below")
    parser.parse_args(arguments)
    return 2


def run_command(name: str, argv: Sequence[str] | None = None, *, prog: str) -> int:
    """Parse and run one command; turn every error into its exit code and one to three lines on standard error."""
    # Before any numeric library starts its threads: waiting threads must sleep, not spin (150 times slower otherwise).
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    module = import_module(f"realreach.commands.{name.replace('-', '_')}")
    parser = argparse.ArgumentParser(
        prog=prog,
        description=module.__doc__,
        epilog=EXIT_CODES,
        formatter_class=_Help,
    )
    parser.add_argument("--version", action="version", version=f"realreach {__version__}")
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    module.add_arguments(parser)
    arguments = parser.parse_args(argv)
    try:
        return int(module.run(arguments))
    except RealreachError as err:
        if arguments.debug:
            raise
        print(f"{prog}: {_one_line(str(err))}", file=sys.stderr)
        return err.exit_code
    except KeyboardInterrupt:
        print(f"{prog}: interrupted; nothing half-written is left. Run the same command again.", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # The reader of our output has gone (as in `| head`): nothing more to say.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except ImportError as err:
        if arguments.debug:
            raise
        package = (err.name or "").split(".")[0]
        print(f"{prog}: the package {package!r} is not installed. Run: pip install 'realreach[train]'", file=sys.stderr)
        return 1
    except Exception as err:
        if arguments.debug:
            raise
        # The message of an unexpected error may hold the caller's data: only its kind and place are shown.
        place = err.__traceback__
        while place is not None and place.tb_next is not None:
            place = place.tb_next
        where = f" in {os.path.basename(place.tb_frame.f_code.co_filename)}:{place.tb_lineno}" if place else ""
        print(f"{prog}: unexpected {type(err).__name__}{where}. Say --debug for the traceback.", file=sys.stderr)
        return 1


class _Help(argparse.ArgumentDefaultsHelpFormatter, argparse.RawDescriptionHelpFormatter):
    """Shows defaults, and keeps the line breaks of the epilog."""


def _one_line(message: str) -> str:
    """Return a message with control characters made visible, so that no input can write to the terminal."""
    return "".join(c if c == "\n" or c.isprintable() else f"\\x{ord(c):02x}" for c in message)
