"""Writing: the old result or the new one, never half of either, and nothing of others is replaced."""

import os
import time
from pathlib import Path

import pytest

from realreach import files
from realreach.errors import OutputError
from realreach.files import atomic_file, atomic_folder, check_writable


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def write_file(target, text, overwrite=False, then=lambda: None):
    with atomic_file(target, overwrite=overwrite) as path:
        path.write_text(text)
        then()


def write_folder(target, text, overwrite=False, then=lambda: None):
    with atomic_folder(target, overwrite=overwrite) as folder:
        (folder / "x").write_text(text)
        then()


def fail(error):
    def raising():
        raise error

    return raising


def test_a_file_appears_whole_under_its_name(tmp_path):
    with atomic_file(tmp_path / "a.txt") as path:
        path.write_text("new")
        assert names(tmp_path) == [path.name]
    assert (tmp_path / "a.txt").read_text() == "new"
    assert names(tmp_path) == ["a.txt"]


def test_a_file_keeps_the_rights_that_the_user_asked_for(tmp_path):
    before = os.umask(0o077)
    try:
        write_file(tmp_path / "a.txt", "private")
        write_folder(tmp_path / "b", "private")
    finally:
        os.umask(before)
    assert (tmp_path / "a.txt").stat().st_mode & 0o077 == 0
    assert (tmp_path / "b").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_an_error_inside_leaves_the_old_file_and_no_rest(tmp_path, error):
    (tmp_path / "a.txt").write_text("old")
    with pytest.raises(error):
        write_file(tmp_path / "a.txt", "half", overwrite=True, then=fail(error))
    assert (tmp_path / "a.txt").read_text() == "old"
    assert names(tmp_path) == ["a.txt"]


@pytest.mark.parametrize(("place", "call"), [(Path, "replace"), (os, "fsync")])
def test_a_crash_at_any_step_of_replacing_leaves_the_old_file(tmp_path, monkeypatch, place, call):
    (tmp_path / "a.txt").write_text("old")

    def crash(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(place, call, crash)
    with pytest.raises(OutputError, match="could not be written: No space left"):
        write_file(tmp_path / "a.txt", "new", overwrite=True)
    assert (tmp_path / "a.txt").read_text() == "old"
    assert names(tmp_path) == ["a.txt"]


def test_of_two_writers_one_wins_and_the_other_is_told(tmp_path):
    with pytest.raises(OutputError, match="written by someone else meanwhile"):
        write_file(tmp_path / "a.txt", "mine", then=lambda: (tmp_path / "a.txt").write_text("theirs"))
    assert (tmp_path / "a.txt").read_text() == "theirs"
    with pytest.raises(OutputError, match="written by someone else meanwhile"):
        write_folder(tmp_path / "b", "mine", then=lambda: (tmp_path / "b").mkdir())
    assert names(tmp_path) == ["a.txt", "b"]


def test_a_file_is_written_where_there_are_no_hard_links(tmp_path, monkeypatch):
    def no_links(*_):
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(Path, "hardlink_to", no_links)
    write_file(tmp_path / "a.txt", "new")
    assert (tmp_path / "a.txt").read_text() == "new"


def test_a_folder_appears_whole_and_replaces_the_old_one(tmp_path):
    for text in ("old", "new"):
        write_folder(tmp_path / "deep" / "b", text, overwrite=True)
    assert (tmp_path / "deep" / "b" / "x").read_text() == "new"
    assert names(tmp_path / "deep") == ["b"]


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_an_error_inside_leaves_the_old_folder_and_no_rest(tmp_path, error):
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "x").write_text("old")
    with pytest.raises(error):
        write_folder(tmp_path / "b", "half", overwrite=True, then=fail(error))
    assert (tmp_path / "b" / "x").read_text() == "old"
    assert names(tmp_path) == ["b"]


def test_without_an_exchange_in_one_step_a_failure_brings_the_old_folder_back(tmp_path, monkeypatch):
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "x").write_text("old")
    monkeypatch.setattr(files.ctypes, "CDLL", lambda _: object())
    rename = Path.rename

    def fails_for_the_new_one(self, target):
        if Path(target).name == "b" and not self.name.endswith("-old"):
            raise OSError(5, "Input/output error")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", fails_for_the_new_one)
    with pytest.raises(OutputError, match="Input/output error"):
        write_folder(tmp_path / "b", "new", overwrite=True)
    assert (tmp_path / "b" / "x").read_text() == "old"
    assert names(tmp_path) == ["b"]
    monkeypatch.setattr(Path, "rename", rename)
    write_folder(tmp_path / "b", "new", overwrite=True)
    assert (tmp_path / "b" / "x").read_text() == "new"
    assert names(tmp_path) == ["b"]


def test_what_a_killed_run_left_is_cleared_but_not_what_runs_now(tmp_path):
    old, young, other = (tmp_path / name for name in (".tmp-a.txt-1", ".tmp-a.txt-2", ".tmp-other-1"))
    for path in (old, young, other):
        path.write_text("half")
    long_ago = time.time() - 3 * 86_400
    os.utime(old, (long_ago, long_ago))
    os.utime(other, (long_ago, long_ago))
    write_file(tmp_path / "a.txt", "new")
    assert names(tmp_path) == [young.name, other.name, "a.txt"]


def test_check_writable_says_what_is_in_the_way(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    for name in ("file", "link"):
        with pytest.raises(OutputError, match=r"exists.*--overwrite"):
            check_writable(tmp_path / name)
    with pytest.raises(OutputError, match=r"does not exist\. Make it first"):
        check_writable(tmp_path / "missing" / "x")
    with pytest.raises(OutputError, match="file is a file, not a folder"):
        check_writable(tmp_path / "file" / "x", parents=True)
    assert check_writable(tmp_path / "missing" / "deep" / "x", parents=True)
    assert names(tmp_path) == ["file", "link"], "checking makes nothing"
    with pytest.raises(OutputError, match=r"is a folder\. Name a file"):
        write_file(tmp_path, "new", overwrite=True)
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(OutputError, match="cannot be written to"):
        check_writable(tmp_path / "x")
