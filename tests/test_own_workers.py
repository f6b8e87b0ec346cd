"""Dask's workers forked from one that is ready: the same output, whoever of them dies, and nobody is left behind."""

import itertools
import sys
from collections import Counter

import pandas as pd
import pytest

from realreach.engine.own_workers import HandedOut, Workers
from test_forked_workers import alive, await_that, ended, started, tables, wanted, written  # noqa: F401 - fixtures, too

pytest.importorskip("distributed", reason="needs the extra 'cluster'")
pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="workers are forked on Linux only")

_HEAD = """
import tempfile
from realreach.engine import cluster, own_workers
from realreach.engine.cluster import dask_engine
from realreach.engine.own_workers import HandedOut
from realreach.engine.work import score_shard

tempfile.tempdir = str(here)

def ready():
    with (here / "ready").open("a") as stream:
        stream.write(f"{os.getpid()}\\n")

def note(name, *values):
    with (here / name).open("a") as stream:
        stream.write(" ".join(map(str, values)) + "\\n")

def unused(*_, **__):
    raise AssertionError("workers are forked here")

cluster.dask_client = unused

def whole_run(numbered, size=4):
    cluster._numbered_by_own = numbered
    with dask_engine(workers=2, ready=ready) as engine, score_files(
        tables, bundle, Settings(size=size, work=here / "work"), score=engine
    ) as finished:
        write(finished)
"""


def lines(path):
    return [line.split() for line in path.read_text().splitlines()]


def test_a_killed_worker_is_replaced(tables, bundle, wanted, tmp_path):  # noqa: F811
    code = """
def numbered(job, shard):
    note("shards", shard, os.getpid(), os.getppid())
    if shard == 2 and not (here / "killed").exists():
        (here / "killed").touch()
        time.sleep(0.3)  # what it did before is told
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(0.1)  # for the one that comes instead
    score_shard(job, shard)
    return shard

whole_run(numbered, size=2)
"""
    _, errors = ended(started(_HEAD + code, tables, bundle, tmp_path))
    assert not errors
    pd.testing.assert_frame_equal(written(tmp_path), wanted)
    ((got_ready,),) = lines(tmp_path / "ready")
    seen = lines(tmp_path / "shards")
    assert {parent for _, _, parent in seen} == {got_ready}, "all are forked from the one that got ready"
    assert len({worker for _, worker, _ in seen}) == 3
    assert sorted(int(shard) for shard, _, _ in seen) == sorted([*range(10), 2])


def test_each_worker_goes_on_where_it_was(tables, bundle, wanted, tmp_path):  # noqa: F811
    code = """
def numbered(job, shard):
    note("shards", shard, os.getpid())
    time.sleep(0.2)  # so that both come in time
    score_shard(job, shard)
    return shard

whole_run(numbered, size=2)
"""
    ended(started(_HEAD + code, tables, bundle, tmp_path))
    pd.testing.assert_frame_equal(written(tmp_path), wanted)
    by_worker = {}
    for shard, worker in lines(tmp_path / "shards"):
        by_worker.setdefault(worker, []).append(int(shard))
    assert sorted(shards[0] for shards in by_worker.values()) == [0, 5]
    steps = [b - a for shards in by_worker.values() for a, b in itertools.pairwise(shards)]
    assert steps.count(1) >= 6, by_worker


def test_nobody_lays_by_what_another_one_could_begin_with():
    handed = HandedOut(None, None, Workers(2, None, None), None)
    left = list(range(20))
    assert list(handed._next(["a"], left, Counter())) == [("a", 0)], "the other one has not come yet"
    assert list(handed._next(["a", "b"], left, Counter(a=1))) == [("b", 10), ("a", 1), ("b", 11)]
    assert list(handed._next(["a", "b"], left, Counter(a=1, b=2))) == [("a", 2)]
    assert list(handed._next(["a", "b"], [3, 4, 12], Counter(b=1))) == [("a", 3)], "towards the end"


def test_a_shard_that_kills_whoever_takes_it_ends_the_run(tables, bundle, tmp_path):  # noqa: F811
    code = """
def numbered(job, shard):
    if shard == 1:
        note("deaths", os.getpid())
        os.kill(os.getpid(), signal.SIGKILL)
    score_shard(job, shard)
    return shard

own_workers._MOST_DEATHS = 2
try:
    whole_run(numbered)
except Exception as err:
    print(type(err).__name__, str(err)[:64])
"""
    out, _ = ended(started(_HEAD + code, tables, bundle, tmp_path))
    assert out.strip() == "RuntimeError a worker died at part 1 each time it was tried (out of memory?)."
    assert len(lines(tmp_path / "deaths")) == 4


def test_a_fault_reaches_the_user_as_itself_and_ends_all_workers(tables, bundle, tmp_path):  # noqa: F811
    code = """
from realreach.errors import InputError

def numbered(job, shard):
    note("pids", os.getpid())
    if shard:
        raise InputError("this input is odd")
    time.sleep(20)
    (here / "waited").touch()

def ready():
    raise ValueError("not ready, which shards will tell")

try:
    whole_run(numbered)
except InputError as err:
    print(err)
"""
    out, errors = ended(started(_HEAD + code, tables, bundle, tmp_path))
    assert (out.strip(), errors) == ("this input is odd", "")
    assert not alive(tmp_path)
    assert not (tmp_path / "waited").exists()


@pytest.mark.parametrize("whose", ["the run", "the watching process"])
def test_nobody_is_left_behind_by_what_is_killed(tables, bundle, wanted, tmp_path, whose):  # noqa: F811
    """Where the process that watches over the workers dies, those that are there do the rest."""
    code = """
def numbered(job, shard):
    note("pids", os.getpid())
    if WATCH and shard == 1:
        os.kill(os.getppid(), signal.SIGKILL)
    time.sleep(0.2)
    score_shard(job, shard)
    return shard

whole_run(numbered)
"""
    watching = whose != "the run"
    process = started(_HEAD + code.replace("WATCH", str(watching)), tables, bundle, tmp_path)
    if watching:
        ended(process)
        pd.testing.assert_frame_equal(written(tmp_path), wanted)
    else:
        pids = tmp_path / "pids"
        await_that(lambda: pids.exists() and len(set(pids.read_text().split())) == 2)
        process.kill()
        process.communicate(timeout=60)
        await_that(lambda: not list(tmp_path.glob("realreach-dask-*")))
    await_that(lambda: not alive(tmp_path))
