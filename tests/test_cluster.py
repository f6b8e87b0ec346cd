"""The same shards on Dask workers in processes of their own: equal output, also when one is killed in the middle."""

import os
import signal
from pathlib import Path

import pandas as pd
import pytest

from conftest import write_csv
from realreach.engine import Finished, Job, Settings, cluster, make_plan, merged_report, score_files
from realreach.engine.cluster import dask_engine, spark_partitions
from realreach.engine.work import score_shard
from realreach.errors import InputError, UsageError

pytest.importorskip("distributed", reason="needs the extra 'cluster'")
# The engine's own clean-up; nothing of ours.
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning")


@pytest.fixture(scope="module")
def tables(frames, tmp_path_factory):
    folder = tmp_path_factory.mktemp("cluster")
    keys = frames["creators"]["creator_id"].head(30)
    return write_csv({n: f[f["creator_id"].isin(keys)] for n, f in frames.items() if n != "labels"}, folder / "tables")


@pytest.fixture(scope="module")
def wanted(tables, bundle):
    with score_files(tables, bundle, Settings(size=4)) as finished:
        return pd.concat(list(finished.frames()), ignore_index=True)


def test_workers_of_a_cluster_give_the_local_output_though_one_is_killed(tables, bundle, wanted, tmp_path, monkeypatch):
    monkeypatch.setattr(cluster, "_numbered_by_own", _killed_once)
    settings = Settings(size=4, work=tmp_path / "work")
    with dask_engine(workers=2) as engine, score_files(tables, bundle, settings, score=engine) as finished:
        got = pd.concat(list(finished.frames()), ignore_index=True)
        folder = finished.write_folder(tmp_path / "scores")
    pd.testing.assert_frame_equal(got, wanted)
    assert (tmp_path / "killed").exists()
    parts = pd.concat([pd.read_parquet(p) for p in sorted(folder.iterdir())], ignore_index=True)
    pd.testing.assert_frame_equal(parts, wanted)


def _killed_once(job, shard):
    mark = Path(job.work).parent / "killed"
    if shard == 3 and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    score_shard(job, shard)
    return shard


def test_a_fault_on_a_worker_reaches_the_user_as_itself(bundle, tmp_path):
    folder = tmp_path / "tables"
    folder.mkdir()
    pd.DataFrame({"creator_id": ["a"], "platform": ["x"], "followers": [b"no"]}).to_parquet(folder / "creators.parquet")
    with (
        dask_engine(workers=1) as engine,
        pytest.raises(InputError, match="followers"),
        score_files(folder, bundle, Settings(), score=engine),
    ):
        pass


def test_an_address_that_does_not_answer_is_told(monkeypatch):
    import distributed

    def refuse(*_, **__):
        raise OSError("timed out")

    monkeypatch.setattr(distributed, "Client", refuse)
    with pytest.raises(UsageError, match="does not answer"), dask_engine("tcp://127.0.0.1:9"):
        pass


def test_the_spark_recipe_scores_the_shards_that_come_in(tables, bundle, wanted, tmp_path):
    work = tmp_path / "work"
    (work / "done").mkdir(parents=True)
    plan = make_plan(tables, work, 4)
    (work / "plan.json").write_text(plan.to_json(), "utf-8")
    job = Job(str(work), str(bundle))
    numbers = [pd.DataFrame({"shard": range(first, min(first + 3, plan.shards))}) for first in range(0, plan.shards, 3)]
    done = pd.concat(list(spark_partitions(iter(reversed(numbers)), job)))
    assert done["creators"].sum() == plan.creators
    got = pd.concat(list(Finished(plan, merged_report(plan, work), work).frames()), ignore_index=True)
    pd.testing.assert_frame_equal(got, wanted)


def test_own_workers_keep_the_memory_they_free():
    """Dask's setting would have every large array paged in anew, a fifth of the work of a shard."""
    with cluster.dask_client(workers=1) as client:
        (found,) = client.run(_environment).values()
    assert "MALLOC_TRIM_THRESHOLD_" not in found


def _environment():
    return dict(os.environ)
