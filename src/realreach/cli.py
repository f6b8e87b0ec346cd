"""The command line: ``realreach <command>``, and the thin ``train.py`` and ``predict.py``.

Parsing imports nothing heavy, so that --help answers at once. Results go to standard output or a file, everything
else to standard error. Exit codes: 0 done, 1 unexpected, 2 usage, 3 input, 4 model, 5 output, 130 interrupted.
"""

from __future__ import annotations

import argparse
import errno
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from realreach._version import __version__
from realreach.commands.common import printable
from realreach.errors import OutputError, RealreachError

__all__ = ["COMMANDS", "EXIT_CODES", "main", "run_command"]

COMMANDS = {
    "train": "fit, evaluate, check and save a model",
    "predict": "score creators",
    "validate": "check input tables and show all problems",
    "simulate": "make creators with known truth",
    "demo": "simulate, train, score, show: the whole way in one command",
    "datasets": "turn public data sets into input tables",
    "false-alarms": "score real, mostly honest creators and count the flagged",
    "policy": "what to do with a score: show, measure or check a policy",
    "compare": "why did the scores change: two days, data sets or models",
    "promote": "move the champion alias to a better model, or refuse",
    "explain": "reasons, dated evidence, and the score without it",
    "power": "recall and false positives in a simulated world never trained on",
    "comments": "judge comment sections, and list templates that creators share",
    "features": "write the feature table, or describe the features",
    "train-accounts": "fit, judge and save the model of single follower accounts",
    "train-comments": "fit the comment model on labelled comments",
    "warm-up": "compile the kernels of the extra fast once, for all jobs to come",
    "benchmark": "public labelled sets: published results, baselines, ours, zero-shot",
}

EXIT_CODES = """exit codes:
  0  done (rows may have been set aside; they are counted on standard error)
  1  unexpected error (say --debug for the traceback)
  2  wrong flag or setting
  3  input cannot be used, or more rows set aside than --max-reject-rate
  4  model missing, damaged, unsafe or of another version
  5  output cannot be written
  6  refused: a check of the run or a gate failed (the model is written and marked, but not promoted)
  130  interrupted"""

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS)
"""System errors that say that no more can be written."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``realreach`` with these arguments (default: the process's own) and return the exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments and arguments[0] in COMMANDS:
        prog = f"realreach {arguments[0]}"
        return run_command(arguments[0], arguments[1:], prog=prog, own_process=argv is None)
    listing = "\n".join(f"  {name:<16}{text}" for name, text in COMMANDS.items())
    parser = argparse.ArgumentParser(
        prog="realreach",
        description="Is this creator's engagement real? Authenticity scores from growth, likes and comments.",
        epilog=f"commands:\n{listing}\n\n'realreach <command> --help' says more.\n\n{EXIT_CODES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"realreach {__version__}")
    parser.add_argument("command", choices=list(COMMANDS), metavar="command", help="one of those below")
    parser.parse_args(arguments)
    return 2


def run_command(name: str, argv: Sequence[str] | None = None, *, prog: str, own_process: bool = False) -> int:
    """Parse and run one command; turn every error into its exit code and one to three lines on standard error.

    Without ``argv``, or with ``own_process``, the process is there for this command alone.
    """
    # Before any numeric library starts its threads: waiting threads must sleep, not spin (150 times slower
    # otherwise).
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
    given = list(sys.argv[1:] if argv is None else argv)
    try:
        if all(action.dest != "config" for action in parser._actions):
            _add_config(parser, given)
    except RealreachError as err:
        print(f"{prog}: {printable(str(err))}", file=sys.stderr)
        return err.exit_code
    arguments = parser.parse_args(given)
    arguments.own_process = own_process or argv is None
    try:
        code = int(module.run(arguments))
        # What is still in the buffer must fail here, not while the interpreter shuts down.
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader of our output has gone (as in `| head`): nothing more to say.
        _drop_stdout()
        return 0
    except (Exception, KeyboardInterrupt) as err:
        return _failed(err, prog, arguments)
    return code


def _failed(err: BaseException, prog: str, arguments: argparse.Namespace) -> int:
    """Tell an error on standard error and return its exit code."""
    if arguments.debug:
        import traceback

        traceback.print_exception(err)
    code, message = _told(err)
    if getattr(arguments, "log_format", "text") == "json":
        import json

        print(json.dumps({"level": "error", "message": message, "exit_code": code}), file=sys.stderr)
    else:
        print(f"{prog}: {printable(message)}", file=sys.stderr)
    return code


def _told(err: BaseException) -> tuple[int, str]:
    """Return exit code and message of an error."""
    if isinstance(err, RealreachError):
        return err.exit_code, str(err)
    if isinstance(err, KeyboardInterrupt):
        return 130, "interrupted; nothing half-written is left. Run the same command again."
    if isinstance(err, OSError) and err.errno in _FULL:
        _drop_stdout()
        return OutputError.exit_code, f"the output could not be written: {err.strerror}"
    package = (err.name or "").split(".")[0] if isinstance(err, ModuleNotFoundError) else ""
    if package not in ("", "realreach"):
        return 1, f"the package {package!r} is not installed. Run: pip install 'realreach[train]'"
    # The message of an unexpected error may hold the caller's data: only its kind and place are shown.
    place = err.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    where = f" in {Path(place.tb_frame.f_code.co_filename).name}:{place.tb_lineno}" if place else ""
    return 1, f"unexpected {type(err).__name__}{where}. Say --debug for the traceback."


def _drop_stdout() -> None:
    """Lead standard output into nothing, so that what is left in its buffer raises no second error at the end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _add_config(parser: argparse.ArgumentParser, given: Sequence[str]) -> None:
    """Declare ``--config`` for a command without settings of its own: a TOML file with flags, which flags override."""
    help_text = "TOML file with flags (such as chunk_creators = 5000); flags win over it, unknown keys are refused"
    parser.add_argument("--config", metavar="FILE", help=help_text)
    early = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    early.add_argument("--config")
    try:
        path = early.parse_known_args(given)[0].config
    except argparse.ArgumentError:
        return  # the real parser says what is wrong
    if path is None:
        return
    from realreach.errors import UsageError
    from realreach.tomlfile import read_toml

    flags = {a.dest: a for a in parser._actions if a.dest not in ("help", "version", "config", "debug")}
    values = read_toml(path)
    unknown = sorted(set(values) - set(flags))
    if unknown:
        raise UsageError(f"{path}: unknown key {unknown[0]!r}. Known keys: {', '.join(flags)}.")
    for name, value in values.items():
        action = flags[name]
        flag = action.nargs == 0
        if isinstance(value, bool) != flag or isinstance(value, (dict, list)):
            raise UsageError(f"{path}: {name} must be {'true or false' if flag else 'one value'}, got {value!r:.40}")
        if action.choices is not None and value not in action.choices:
            raise UsageError(f"{path}: {name} must be one of {', '.join(map(str, action.choices))}, got {value!r:.40}")
        # argparse converts defaults that are text as it converts flags.
        parser.set_defaults(**{name: value if flag else str(value)})
        action.required = False
        if not action.option_strings:
            action.nargs = "?"


class _Help(argparse.ArgumentDefaultsHelpFormatter, argparse.RawDescriptionHelpFormatter):
    """Shows defaults where there are any, and keeps the line breaks of the epilog."""

    def _get_help_string(self, action: argparse.Action) -> str | None:
        if action.default is None or action.default is False or "(default" in (action.help or ""):
            return action.help
        return super()._get_help_string(action)
