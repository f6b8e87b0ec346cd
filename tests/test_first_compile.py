"""Whoever waits for the first compilation of the kernels is told so: once, not in later runs, not where quiet."""

import argparse
import importlib.util
import os
import subprocess
import sys

import pytest

from realreach import first_compile
from realreach.commands.common import Console
from realreach.compiled import is_installed

pytestmark = pytest.mark.skipif(not is_installed(), reason="numba, the extra fast, is not installed")

SOURCE = """
import numba as nb

@nb.njit(cache=True)
def twice(x):
    return 2 * x
"""


@pytest.fixture
def kernels(tmp_path):
    """Return a module of one kernel that was never compiled; loading it again stands for a later run."""
    (tmp_path / "some_kernels.py").write_text(SOURCE, encoding="utf-8")

    def load():
        spec = importlib.util.spec_from_file_location("some_kernels", tmp_path / "some_kernels.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return load


@pytest.fixture
def said(monkeypatch):
    lines = []
    monkeypatch.setattr(first_compile, "_told", [])
    monkeypatch.setattr(first_compile, "_say", [lines.append])
    return lines


def test_told_before_the_first_compilation_and_in_no_later_run(kernels, said):
    first = kernels()
    first_compile.announce(first)
    assert len(said) == 1
    assert "one to three minutes" in said[0]
    assert "some_kernels" in said[0]
    assert first.twice(3) == 6
    first_compile.announce(kernels())
    assert len(said) == 1


def test_told_again_after_an_update(kernels, said, tmp_path):
    kernels().twice(3)
    source = tmp_path / "some_kernels.py"
    later = max(path.stat().st_mtime for path in tmp_path.rglob("*.nbi")) + 10.0
    os.utime(source, (later, later))
    first_compile.announce(kernels())
    assert len(said) == 1


def test_later_modules_are_named_in_short(kernels, said):
    module = kernels()
    first_compile.announce(module)
    first_compile.announce(module)
    assert said[1] == "compiling further kernels: some_kernels"


@pytest.mark.parametrize("quiet", [True, False])
def test_commands_say_it_on_stderr_unless_quiet(kernels, said, quiet, capsys):
    Console(argparse.Namespace(quiet=quiet))
    first_compile.announce(kernels())
    out, err = capsys.readouterr()
    assert out == ""
    assert ("compiling the kernels" in err) is not quiet
    assert said == []


def test_without_a_command_it_goes_to_stderr(kernels, said, capsys):
    first_compile.tell_by(None)
    first_compile.announce(kernels())
    assert "compiling the kernels" in capsys.readouterr().err


def test_module_without_kernels_needs_no_word(said):
    first_compile.announce(argparse)
    assert said == []


def test_kernels_are_announced_where_they_are_imported(tmp_path):
    """In a process of its own, with an empty place for what numba keeps; no kernel is called."""
    code = "from realreach.compiled import kernels_for; kernels_for(10**9, 'tree_kernels', 1)"
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert "beginning with tree_kernels" in done.stderr


def test_a_run_in_worker_processes_tells_what_they_are_silent_about(monkeypatch, tmp_path):
    from realreach.engine import Plan, Settings, run

    package = tmp_path / "realreach"
    (package / "__pycache__").mkdir(parents=True)
    monkeypatch.setattr(first_compile, "__file__", str(package / "first_compile.py"))
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    large, small, alone = Plan(9_000, 5_000, ()), Plan(90, 5_000, ()), Settings(workers=1)
    assert run._will_compile(Settings(workers=2), large)
    assert not run._will_compile(Settings(workers=2), small)
    assert not run._will_compile(alone, large)
    (package / "__pycache__" / "some.nbi").touch()
    assert not run._will_compile(Settings(workers=2), large)
    (package / "__pycache__" / "some.nbi").unlink()
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    assert not run._will_compile(Settings(workers=2), large)


@pytest.mark.parametrize(("kept", "creators", "compiles"), [(False, 60, False), (True, 60, True), (False, 10**6, True)])
def test_the_demo_does_not_compile_first_what_numpy_does_in_seconds(monkeypatch, tmp_path, kept, creators, compiles):
    from realreach import cli
    from realreach.commands import demo
    from realreach.compiled import kernels_for

    seen = []

    def step(*_, **__):
        seen.append(kernels_for(10**9, "tree_kernels") is not None)
        return 3

    monkeypatch.setattr(cli, "run_command", step)
    monkeypatch.setattr(first_compile, "nothing_is_kept", lambda: not kept)
    parser = argparse.ArgumentParser()
    demo.add_arguments(parser)
    assert demo.run(parser.parse_args(["--out", str(tmp_path / "out"), "--creators", str(creators), "--quiet"])) == 3
    assert seen == [compiles]
    assert kernels_for(10**9, "tree_kernels") is not None
