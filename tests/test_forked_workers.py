"""Workers forked from one that is ready: the same output, whoever of them dies, and nobody is left behind."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

from conftest import write_csv
from realreach.engine import Settings, score_files

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="workers are forked on Linux only")

_HEAD = """
import os, signal, sys, time
from pathlib import Path
from realreach.engine import Settings, forked, run, score_files
from realreach.own_process import only_thread
tables, bundle, here = Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3])
assert only_thread(), os.listdir("/proc/self/task")
ordinary = forked.score_shard

def write(finished):
    finished.write_folder(here / "scores")
"""


@pytest.fixture(scope="module")
def tables(frames, tmp_path_factory):
    keys = frames["creators"]["creator_id"].head(20)
    picked = {
        n: f[f["creator_id"].isin(keys)] for n, f in frames.items() if n in ("creators", "follower_history", "posts")
    }
    return write_csv(picked, tmp_path_factory.mktemp("forked") / "tables")


@pytest.fixture(scope="module")
def wanted(tables, bundle):
    with score_files(tables, bundle, Settings(size=4)) as finished:
        return pd.concat(list(finished.frames()), ignore_index=True)


def started(code, tables, bundle, here):
    # OpenBLAS would start threads when numpy is imported.
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", _HEAD + code, str(tables), str(bundle), str(here)]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def ended(process):
    out, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    return out, errors


def written(here):
    return pd.concat([pd.read_parquet(p) for p in sorted((here / "scores").iterdir())], ignore_index=True)


def test_a_killed_worker_costs_nothing_but_time(tables, bundle, wanted, tmp_path):
    code = """
def killed_once(job, shard):
    mark = here / "killed"
    if shard == 2 and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    ordinary(job, shard)

def unused(workers):
    def score(job, shards):
        raise AssertionError("the others do what is left")
    return score

forked.score_shard, run._processes = killed_once, unused
with score_files(tables, bundle, Settings(size=4, workers=2, work=here / "work")) as finished:
    write(finished)
"""
    _, errors = ended(started(code, tables, bundle, tmp_path))
    assert (tmp_path / "killed").exists()
    assert not errors
    pd.testing.assert_frame_equal(written(tmp_path), wanted)


def test_where_all_workers_die_the_ordinary_ones_go_on(tables, bundle, wanted, tmp_path):
    code = """
forked.score_shard = lambda job, shard: os.kill(os.getpid(), signal.SIGKILL) if shard > 1 else ordinary(job, shard)
given = []

def serial(workers):
    def score(job, shards):
        given.extend(shards)
        yield from run._serial(job, shards)
    return score

run._processes = serial
with score_files(tables, bundle, Settings(size=4, workers=2, work=here / "work")) as finished:
    write(finished)
assert sorted(given) == [2, 3, 4], given
"""
    ended(started(code, tables, bundle, tmp_path))
    pd.testing.assert_frame_equal(written(tmp_path), wanted)


def test_a_fault_reaches_the_user_as_itself_and_ends_all_workers(tables, bundle, tmp_path):
    code = """
from realreach.errors import InputError

def score(job, shard):
    with (here / "pids").open("a") as stream:
        stream.write(f"{os.getpid()}\\n")
    if shard:
        raise InputError("this input is odd")
    time.sleep(20)
    (here / "waited").touch()

forked.score_shard = score
try:
    with score_files(tables, bundle, Settings(size=4, workers=2, work=here / "work")) as finished:
        pass
except InputError as err:
    print(err)
"""
    out, _ = ended(started(code, tables, bundle, tmp_path))
    assert out.strip() == "this input is odd"
    assert not alive(tmp_path)
    assert not (tmp_path / "waited").exists()


@pytest.mark.parametrize(
    "fault", ["def __reduce__(self): raise TypeError", "def __init__(self, a, b): super().__init__(a)"]
)
def test_a_fault_that_cannot_travel_is_told_by_its_name(tables, bundle, tmp_path, fault):
    code = """
class Odd(Exception):
    FAULT

def score(job, shard):
    raise Odd(*"ab")

forked.score_shard = score
try:
    with score_files(tables, bundle, Settings(size=4, workers=2)) as finished:
        pass
except RuntimeError as err:
    print(err, "in score" in err.__notes__[0])
"""
    out, _ = ended(started(code.replace("FAULT", fault), tables, bundle, tmp_path))
    assert out.strip() == "Odd in a worker True"


def test_workers_of_a_killed_run_end_by_themselves(tables, bundle, tmp_path):
    code = """
def score(job, shard):
    with (here / "pids").open("a") as stream:
        stream.write(f"{os.getpid()}\\n")
    time.sleep(0.5)
    ordinary(job, shard)

forked.score_shard = score
with score_files(tables, bundle, Settings(size=4, workers=2, work=here / "work")) as finished:
    pass
"""
    process = started(code, tables, bundle, tmp_path)
    pids = tmp_path / "pids"
    await_that(lambda: pids.exists() and len(set(pids.read_text().split())) == 2)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=60)
    await_that(lambda: not alive(tmp_path))


def await_that(is_so):
    for _ in range(600):
        if is_so():
            return
        time.sleep(0.1)
    raise AssertionError("a minute has passed")


def alive(here):
    """Return the workers that still run; one that has ended and was not asked for does not."""
    found = []
    for pid in set((here / "pids").read_text().split()):
        place = Path("/proc") / pid / "stat"
        if place.exists() and place.read_text().rsplit(")", 1)[1].split()[0] != "Z":
            found.append(pid)
    return found
