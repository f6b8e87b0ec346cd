"""The command line: help without heavy imports, one exit code per kind of error, words on stderr and data on stdout."""

import argparse
import json
import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from conftest import SENTINELS
from realreach.cli import COMMANDS, EXIT_CODES, main, run_command
from realreach.commands.common import Console, printable
from realreach.errors import InputError, ModelError, OutputError, RealreachError, UsageError

ROOT = Path(__file__).resolve().parent.parent
HEAVY = (
    "numpy",
    "pandas",
    "pyarrow",
    "lightgbm",
    "sklearn",
    "scipy",
    "matplotlib",
    "mlflow",
    "joblib",
    "pydantic",
    "tqdm",
)

HELP = """
import sys
from realreach.cli import main
try:
    main(sys.argv[1:])
except SystemExit as end:
    assert end.code == 0, end.code
heavy = [name for name in {heavy} if name in sys.modules]
assert not heavy, heavy
"""


def run(code, *arguments, **options):
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)], capture_output=True, text=True, check=False, **options
    )


@pytest.mark.parametrize("command", [None, *COMMANDS])
def test_help_imports_nothing_heavy_and_tells_defaults_examples_and_exit_codes(command):
    done = run(HELP.format(heavy=HEAVY), *filter(None, [command]), "--help")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert f"usage: realreach{' ' + command if command else ''}" in done.stdout


@pytest.mark.parametrize("command", ["train", "predict"])
def test_help_of_the_two_scripts(command):
    done = subprocess.run(
        [sys.executable, ROOT / f"{command}.py", "--help"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0
    assert done.stdout.startswith(f"usage: {command}.py")
    for part in ("examples:", "exit codes:", "(default:", "130  interrupted", "--dry-run", "--log-format", "--debug"):
        assert part in done.stdout, part


def test_help_of_all_commands_lists_each_once(capsys):
    with pytest.raises(SystemExit) as end:
        main(["--help"])
    assert end.value.code == 0
    text = capsys.readouterr().out
    assert all(text.count(f"\n  {name} ") == 1 for name in COMMANDS)
    assert EXIT_CODES in text


@pytest.mark.parametrize("script", ["train.py", "predict.py"])
def test_scripts_started_before_installation_say_what_to_run(script):
    # Isolated and without site packages, as on a machine where nothing is installed.
    done = subprocess.run([sys.executable, "-I", "-S", ROOT / script], capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "is not installed. Run: " in done.stderr
    assert "Traceback" not in done.stderr


def test_importing_the_package_imports_nothing_heavy():
    done = run(f"import sys, realreach; print([n for n in {HEAVY} if n in sys.modules])")
    assert done.stdout.strip() == "[]", done.stderr


def test_the_version_is_told_everywhere(capsys):
    from realreach._version import __version__

    for arguments in (["--version"], ["predict", "--version"]):
        with pytest.raises(SystemExit) as end:
            main(arguments)
        assert end.value.code == 0
        assert capsys.readouterr().out == f"realreach {__version__}\n"


@pytest.mark.parametrize("arguments", [[], ["fly"], ["predict"], ["train", "--data"], ["predict", "x", "--wings"]])
def test_a_wrong_command_or_flag_is_exit_code_2(arguments, capsys):
    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert end.value.code == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "usage:" in err


@pytest.fixture
def command(monkeypatch):
    """A command that does what the test says."""

    def make(action):
        module = import_module("realreach.commands.validate")
        monkeypatch.setattr(module, "run", lambda _: action())

    return make


class BoomError(Exception):
    pass


def raising(error):
    def action():
        raise error

    return action


EXITS = [
    (0, lambda: 0, ""),
    (1, raising(BoomError("@zq.sentinel")), "x: unexpected BoomError in test_cli.py:"),
    (1, raising(ModuleNotFoundError("no", name="mlflow.x")), "the package 'mlflow' is not installed. Run: pip install"),
    (1, raising(ModuleNotFoundError("no", name="realreach.x")), "x: unexpected ModuleNotFoundError"),
    (1, raising(RealreachError("odd")), "x: odd"),
    (2, raising(UsageError("wrong flag")), "x: wrong flag"),
    (3, raising(InputError("bad file")), "x: bad file"),
    (4, raising(ModelError("bad model")), "x: bad model"),
    (5, raising(OutputError("no room")), "x: no room"),
    (130, raising(KeyboardInterrupt()), "x: interrupted; nothing half-written is left. Run the same command again."),
]


@pytest.mark.parametrize(("code", "action", "words"), EXITS)
def test_each_kind_of_error_has_its_exit_code_and_one_line(command, capsys, code, action, words):
    command(action)
    assert run_command("validate", ["folder"], prog="x") == code
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(words) or words in err
    assert len(err.splitlines()) <= 1
    assert "Traceback" not in err
    assert not any(secret.decode() in err for secret in SENTINELS), "an unexpected error may quote private values"


@pytest.mark.parametrize(("code", "action", "words"), EXITS[1:])
def test_errors_are_json_lines_where_asked_for(command, capsys, code, action, words):
    command(action)
    assert run_command("validate", ["folder", "--log-format", "json"], prog="x") == code
    line = json.loads(capsys.readouterr().err)
    assert line["level"] == "error"
    assert line["exit_code"] == code
    assert line["message"] in words or words.removeprefix("x: ") in line["message"]


def test_debug_shows_the_traceback_and_keeps_the_exit_code(command, capsys):
    command(raising(InputError("bad file")))
    assert run_command("validate", ["folder", "--debug"], prog="x") == 3
    err = capsys.readouterr().err
    assert "Traceback" in err
    assert err.endswith("x: bad file\n")


def test_no_message_can_write_to_the_terminal(command, capsys):
    command(raising(InputError("file \x1b[31mred\x1b[0m \u202e\x07 next\nline \r over")))
    run_command("validate", ["folder"], prog="x")
    err = capsys.readouterr().err
    assert err == "x: file \\x1b[31mred\\x1b[0m \\u202e\\x07 next\nline \\r over\n"
    assert printable("caf\u00e9 \u65e5\u672c") == "caf\u00e9 \u65e5\u672c"


def console(**flags):
    return Console(argparse.Namespace(**flags))


def test_the_console_speaks_on_stderr_plain_quiet_or_json(capsys):
    console().say("two \x1b[2J words", n=2)
    console(quiet=True).say("nothing")
    console(quiet=True, log_format="json").say("nothing")
    console(log_format="json").say("a \x1b\n b", n=2)
    out, err = capsys.readouterr()
    assert out == ""
    plain, line = err.splitlines()
    assert plain == "two \\x1b[2J words"
    assert json.loads(line) == {"level": "info", "message": "a \x1b\n b", "n": 2}
    assert "\x1b" not in line


def test_no_bar_is_shown_outside_a_terminal(capsys):
    assert list(console().track(iter([1, 2]), 2, "part")) == [1, 2]
    assert capsys.readouterr().err == ""


def test_the_package_runs_as_the_command_does():
    done = subprocess.run(
        [sys.executable, "-m", "realreach", "predict", "--nothing"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr.startswith("usage: realreach predict")


LONG, SHORT = ["features", "--list"], ["validate"]
"""Commands whose output is larger and smaller than a buffer: one fails while it writes, the other at the end."""
MAIN = "import sys; from realreach.cli import main; sys.exit(main(sys.argv[1:]))"
BUFFERED = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}


@pytest.mark.parametrize("command", [LONG, SHORT])
def test_a_full_disk_behind_stdout_is_exit_code_5(shortlist, command):
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    arguments = [*command, *([shortlist, "--quiet"] if command is SHORT else [])]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-c", MAIN, *arguments],
            stdout=full, stderr=subprocess.PIPE, text=True, check=False, env=BUFFERED,
        )  # fmt: skip
    assert done.returncode == 5
    assert "could not be written: No space left on device" in done.stderr
    assert len(done.stderr.splitlines()) == 1, done.stderr


@pytest.mark.parametrize("command", [LONG, SHORT])
@pytest.mark.parametrize("unbuffered", [True, False])
def test_a_reader_who_leaves_early_is_no_error(shortlist, command, unbuffered):
    arguments = [*command, *([shortlist, "--quiet"] if command is SHORT else [])]
    whole = [sys.executable, *(["-u"] if unbuffered else []), "-c", MAIN, *arguments]
    with subprocess.Popen(whole, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=BUFFERED) as process:
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait() == 0


def test_waiting_threads_are_told_to_sleep_before_any_library_starts_them(command, monkeypatch):
    monkeypatch.delenv("OMP_WAIT_POLICY", raising=False)
    command(lambda: 0)
    run_command("validate", ["folder"], prog="x")
    assert os.environ["OMP_WAIT_POLICY"] == "passive"


def test_features_lists_every_feature_with_its_meaning(capsys):
    from realreach.features import catalogue

    assert main(["features", "--list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(catalogue())
    assert all(line.count("\t") == 4 for line in lines)


def test_features_are_written_to_a_file_or_stdout(shortlist, tmp_path, capsys):
    import pandas as pd

    for name in ("f.csv", "f.parquet"):
        assert main(["features", str(shortlist), "--out", str(tmp_path / name), "--quiet"]) == 0
    assert capsys.readouterr().out == ""
    written = pd.read_csv(tmp_path / "f.csv", index_col=0)
    pd.testing.assert_frame_equal(written, pd.read_parquet(tmp_path / "f.parquet"), check_index_type=False)
    assert main(["features", str(shortlist), "--quiet"]) == 0
    assert capsys.readouterr().out == (tmp_path / "f.csv").read_text()
    assert main(["features", str(shortlist), "--out", str(tmp_path / "f.csv")]) == 5
    assert main(["features", str(shortlist), "--out", str(tmp_path / "f.xlsx")]) == 2
    assert main(["features"]) == 2


def test_validate_reports_on_stdout_and_counts_on_stderr(shortlist, capsys):
    assert main(["validate", str(shortlist)]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("creators: 12 rows in = 12 used")
    assert err == "12 creators passed the checks\n"
    assert main(["validate", str(shortlist), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["counts"]["creators"]["used"] == 12
    assert main(["validate", str(shortlist / "nowhere")]) == 3
