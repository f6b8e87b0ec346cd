"""One model from worker processes that hold the features, as good as one made here, in an ordinary folder."""

import os
import signal
import threading
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from conftest import SENTINELS
from realreach.bundle import load_bundle
from realreach.cli import run_command
from realreach.engine import cluster, distributed_training
from realreach.engine.cluster import dask_client
from realreach.engine.distributed_training import train_on_cluster
from realreach.errors import InputError, OutputError
from realreach.evaluation import make_estimator
from realreach.scores import Scorer
from realreach.settings import TrainSettings, load_settings
from realreach.splits import unit_hashes

pytest.importorskip("distributed", reason="needs the extra 'cluster'")
# The engine's own clean-up; nothing of ours.
pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture(scope="module")
def client():
    with dask_client(workers=2) as client:
        yield client


@pytest.fixture(scope="module")
def few():
    return load_settings(TrainSettings, None, {"model.n_estimators": 30, "model.masked_copies": 1, "bootstrap": 20})


@pytest.fixture(scope="module")
def result(client, few, csv_folder, tmp_path_factory):
    work = tmp_path_factory.mktemp("training") / "work"
    return train_on_cluster(csv_folder, few, client, work, size=100, sample=200), work


def test_workers_hold_the_features_and_the_model_is_as_ordinary_as_any(result, tmp_path, unlabelled):
    made, work = result
    assert len(list((work / "features").iterdir())) == 4
    folder = made.save(tmp_path / "model")
    loaded = load_bundle(folder)
    assert loaded.metadata["data"]["creators"] == 400, "all creators are counted, not the sample"
    assert loaded.metadata["data"]["simulated_seeds"] == [5]
    assert loaded.metadata["simulated"]
    assert made.evaluation.estimator.best_iteration_ == loaded.model.booster.current_iteration() <= 30
    for path in folder.iterdir():
        content = path.read_bytes()
        assert not any(secret in content for secret in (*SENTINELS, b"127.0.0.1:", b"[machines: 1")), path.name
    frame = Scorer.load(folder).score_tables(unlabelled.tables)
    assert (frame["status"] == "scored").mean() > 0.9
    own = made.evaluation.table.query("model == 'realreach' and slice == 'all' and metric == 'roc_auc'")
    assert own["value"].item() > 0.6, "better than chance on creators that it never saw"


def test_nobody_who_is_judged_was_trained_on(result, few):
    made, work = result
    sampled = 0.5
    judged = made.metadata["data"]["creators"]
    fitting = distributed_training._Fitting(
        few, made.evaluation.estimator.fitted_.layout, made.evaluation.estimator.fitted_.references, sampled, None
    )
    assert judged == 400
    import pyarrow.parquet as pq

    trained, brought = set(), set()
    for path in sorted((work / "features").iterdir()):
        groups = pq.read_table(path).column("label group").to_pylist()
        inside = unit_hashes(groups, "sample/cluster") < fitting.sampled
        brought |= {g for g, kept in zip(groups, inside, strict=True) if kept}
        trained |= {g for g, kept in zip(groups, inside, strict=True) if not kept}
        table = distributed_training._sampled(str(path), sampled=fitting.sampled)
        assert set(table.column("label group").to_pylist()) <= brought
    assert not trained & brought
    rows = made.evaluation.test_rows
    assert 0 < len(rows) < len(brought)


# The cluster of the other tests is still there.
@pytest.mark.filterwarnings("ignore:Port 8787")
def test_a_run_goes_on_though_workers_are_killed_while_features_are_computed_and_while_trees_grow(
    few, csv_folder, tmp_path, monkeypatch
):
    monkeypatch.setattr(distributed_training, "_features", _killed_once)
    told, killed = [], []
    with dask_client(workers=2) as client:

        def kill_one_that_grows_trees():
            while not killed:
                for address, tasks in client.processing().items():
                    if address in client.run(os.getpid) and any("_train_part" in str(task) for task in tasks):
                        killed.append(client.run(os.getpid, workers=[address])[address])
                        os.kill(killed[0], signal.SIGKILL)
                        return

        def report(sentence):
            told.append(sentence)
            if sentence == "trees on the workers":
                threading.Thread(target=kill_one_that_grows_trees, daemon=True).start()

        work = tmp_path / "work"
        again = train_on_cluster(csv_folder, few, client, work, size=100, sample=200, report=report)
    assert (tmp_path / "killed").exists()
    assert killed, killed
    assert "a worker was lost: growing the trees anew" in told
    assert len(list((work / "features").iterdir())) == 4
    assert again.metadata["data"]["creators"] == 400, "nobody is lost with a worker"
    own = again.evaluation.table.query("model == 'realreach' and slice == 'all' and metric == 'roc_auc'")
    assert own["value"].item() > 0.6


def _killed_once(job, shard):
    mark = Path(job.work).parent / "killed"
    if shard == 2 and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return _FEATURES(job, shard)


_FEATURES = distributed_training._features


def test_workers_that_are_lost_again_and_again_end_the_run_with_a_word(monkeypatch):
    def lost(*_):
        raise distributed_training._WorkerLostError

    monkeypatch.setattr(distributed_training, "_watched", lost)
    told = []
    with pytest.raises(OutputError, match="lost a worker 3 times"):
        distributed_training._grown(_NoWorkers(), None, None, [], told.append)
    assert len(told) == 2


class _NoWorkers:
    def nthreads(self):
        return {}

    def wait_for_workers(self, *_, **__):
        pass


def test_the_number_of_trees_is_chosen_on_creators_with_and_without_their_pillars(result, few, read):
    made, _ = result
    from realreach.training_data import labelled_creators

    model, estimator = made.evaluation.estimator.fitted_, make_estimator(few)
    stop = labelled_creators(read.tables)
    fitting = distributed_training._Fitting(few, model.layout, model.references, 0.5, stop)
    rows = []
    given = estimator._with_masks
    estimator._with_masks = lambda *a: rows.append(len(given(*a)[0])) or given(*a)
    best = distributed_training._best(estimator, model.booster, stop, fitting)
    assert rows[0] > len(stop)
    assert 1 <= best <= model.booster.current_iteration()


def test_workers_grow_trees_on_nobody_of_the_sample(result, few, read):
    made, work = result
    from realreach.training_data import labelled_creators

    alone = few.model_copy(update={"model": few.model.model_copy(update={"masked_copies": 0})})
    model, sampled = made.evaluation.estimator.fitted_, 0.5
    fitting = distributed_training._Fitting(
        alone, model.layout, model.references, sampled, labelled_creators(read.tables)
    )
    import pyarrow.parquet as pq

    for shard, path in enumerate(sorted((work / "features").iterdir())):
        groups = pq.read_table(path).column("label group").to_pylist()
        outside = unit_hashes(groups, "sample/cluster") >= sampled
        rows = distributed_training._rows(str(path), fitting, shard)
        assert len(rows) == outside.sum() < len(groups)
        assert rows.shape[1] == len(model.layout.used) + 2


def test_a_sample_that_is_too_small_is_told(client, few, csv_folder, tmp_path):
    with pytest.raises(InputError, match="larger sample or more labels"):
        train_on_cluster(csv_folder, few, client, tmp_path / "work", size=200, sample=20)


def test_the_model_is_cut_where_new_creators_say(result):
    made, _ = result
    booster = made.evaluation.estimator.fitted_.booster
    assert booster.feature_name() == list(made.evaluation.estimator.fitted_.layout.used_names)
    assert "num_threads" not in booster.model_to_string().split("parameters:")[0]
    assert np.isfinite(made.evaluation.estimator.base_rate_)


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (["--scheduler", "tcp://127.0.0.1:9"], "go with --engine dask"),
        (["--engine", "dask", "--folds", "5"], "goes without --folds"),
        (["--engine", "dask", "--strict"], "goes without --strict"),
        (["--engine", "dask", "--scheduler", "tcp://127.0.0.1:9"], "needs --work-dir"),
        (["--engine", "dask", "--sample", "0"], "1 or more"),
    ],
)
def test_flags_that_do_not_go_together_are_refused(csv_folder, flags, told, capfd):
    assert run_command("train", ["--data", str(csv_folder), "--no-mlflow", *flags], prog="train.py") == 2
    assert told in capfd.readouterr().err


def test_the_command_hands_its_flags_to_the_workers(client, csv_folder, monkeypatch):
    given = {}

    @contextmanager
    def here(scheduler):
        assert scheduler is None
        yield client

    def stand_in(source, settings, client, work, **options):
        given.update(options, source=source, workers=len(client.scheduler_info()["workers"]), there=work.is_dir())
        raise InputError("enough")

    monkeypatch.setattr(distributed_training, "train_on_cluster", stand_in)
    monkeypatch.setattr(cluster, "dask_client", here)
    flags = ["--data", str(csv_folder), "--engine", "dask", "--no-mlflow", "--sample", "77", "--as-of", "2025-06-01"]
    assert run_command("train", flags, prog="train.py") == 3
    assert (given["workers"], given["there"], given["sample"], given["as_of"]) == (2, True, 77, "2025-06-01")
