"""Training on a cluster, for labelled creators that do not fit into one machine: trees grow where the features lie.

Features are computed shard by shard and left on shared storage. A sample of creators, chosen by the hash of their
group, comes to the machine that asks: similar creators (references), the number of trees, the calibration and the test
are made of it, and it is never trained on. All others stay on the workers, where LightGBM's own Dask integration fits
one booster on them. What comes out is an ordinary result: the same folder, card and checks as of a run on one machine.
Heads are not fitted.
"""

from __future__ import annotations

import hashlib
import threading
import warnings
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from realreach.calibrating import fit_calibration
from realreach.engine.plan import Plan, make_plan
from realreach.engine.shards import read_shard
from realreach.errors import InputError, OutputError
from realreach.evaluation import Labelled, judge_fitted, make_estimator
from realreach.features import feature_names
from realreach.files import atomic_file
from realreach.heads import Heads
from realreach.model import FittedModel, Layout
from realreach.references import References
from realreach.settings import TrainSettings
from realreach.splits import unit_hashes
from realreach.tables.core import FloatArray
from realreach.training import TrainingResult, assembled
from realreach.training_data import TrainingData, labelled_creators, labelled_of, labelled_table

if TYPE_CHECKING:
    import pyarrow as pa

    from realreach.estimator import AuthenticityClassifier

__all__ = ["train_on_cluster"]

_RETRIES = 3
_STEP = 10
"""Numbers of trees are compared in steps of so many."""
_WATCH_SECONDS = 0.5
_RESTART_SECONDS = 60
_PARTS = ("stop", "calibrate", "test")
_LEAST = 15
"""Creators of each class that each part of the sample needs."""


@dataclass(frozen=True)
class _Shard:
    """What a worker needs to compute the features of a shard; plain values."""

    work: str
    plan: str
    as_of: str | None
    assume_tz: str | None


@dataclass(frozen=True)
class _Fitting:
    """What a worker needs to turn features into rows to fit on."""

    settings: TrainSettings
    layout: Layout
    references: References
    sampled: float
    sample: Labelled


def train_on_cluster(
    source: str | Path,
    settings: TrainSettings,
    client: Any,
    work: Path,
    *,
    size: int = 5_000,
    sample: int = 50_000,
    as_of: str | None = None,
    assume_tz: str | None = None,
    format: str | None = None,  # noqa: A002 - as for read_tables
    data_name: str = "data",
    report: Callable[[str], None] = lambda _: None,
) -> TrainingResult:
    """Fit one model on the labelled creators of files of any size, on the workers of a Dask cluster.

    Parameters
    ----------
    source
        Folder of tables with labels, on storage that all workers see.
    settings
        Settings of the run. ``folds``, ``repeats``, ``time_split`` and ``heads`` have no meaning here.
    client
        A :class:`distributed.Client`. Workers need this package.
    work
        Folder on the shared storage, made here; features stay in it.
    size
        Creators of a shard: a worker holds the tables of one shard and the features of its share of creators.
    sample
        Creators to bring here, at most half of them all.
    as_of, assume_tz, format
        As for :func:`realreach.read_tables` and :func:`realreach.build_features`.
    data_name
        Logical name of the data for card and run.
    report
        Called with a short sentence at every step.

    Returns
    -------
    TrainingResult
        As of :func:`realreach.training.train`; metadata count all creators.

    Raises
    ------
    InputError
        If the sample has fewer than 15 creators of a class in one of its three parts.
    OutputError
        If workers are lost again and again while trees are grown. Lost before, only their share is done again.
    """
    (work / "features").mkdir(parents=True, exist_ok=True)
    plan = make_plan(source, work, size, format=format)
    job = _Shard(str(work), plan.to_json(), as_of, assume_tz)
    report(f"features of {plan.creators:,} creators in {plan.shards:,} parts on the workers")
    done = client.gather(client.map(_features, [job] * plan.shards, range(plan.shards), retries=_RETRIES, pure=False))
    facts, paths = _counted(done)
    sampled = min(0.5, sample / max(facts["creators"], 1))
    brought = client.gather(client.map(_sampled, paths, sampled=sampled, pure=False))
    data = _joined(brought)
    parts = _parted(data, sampled)
    _check(data, parts)
    report(f"{len(data):,} of {facts['creators']:,} labelled creators brought here to calibrate and judge")
    estimator = make_estimator(settings)
    fit = data.take(np.flatnonzero(parts != "test"))
    layout = estimator._layout(feature_names())
    checked = estimator._checked(fit.matrix, fit.target, fit.weight, layout)
    references = estimator._references(checked, np.arange(len(fit)))
    fitting = _Fitting(settings, layout, references, sampled, fit)
    report("trees on the workers")
    booster = _grown(client, estimator, fitting, paths, report)
    calibrating = _calibrated(estimator, booster, data, parts, fitting)
    rows = np.flatnonzero(parts == "test")
    protocol = (
        f"held out by hash of the group; trees fitted on {facts['creators'] - len(data):,} creators on a cluster, "
        f"their number, calibration and test on {len(data):,} others"
    )
    evaluation = judge_fitted(estimator, Heads(), calibrating, data.take(rows), rows, settings, report, protocol)
    prepared = TrainingData(data, facts.pop("simulated"), frozenset(facts.pop("seeds")))
    return assembled(prepared, evaluation, settings, data_name=data_name, facts=facts, report=report)


def _features(job: _Shard, shard: int) -> tuple[str, dict[str, Any]] | None:
    """Compute the features of a shard's labelled creators on a worker; return where they stand, and their counts."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from realreach.power import world_seeds

    pa.set_cpu_count(1)
    tables = read_shard(Plan.from_json(job.plan), Path(job.work), shard, assume_tz=job.assume_tz).tables
    if tables.labels is None or not len(tables.labels):
        return None
    day = None if job.as_of is None else np.datetime64(job.as_of, "D")
    table = labelled_table(labelled_creators(tables, day, least=0))
    path = Path(job.work) / "features" / f"{shard:06d}.parquet"
    with atomic_file(path, overwrite=True) as writing:
        pq.write_table(table, writing, compression="lz4")
    target = table.column("label target").to_numpy()
    days = table.column("label as_of").to_numpy()
    sources = tables.labels.strings("label_source").to_pylist()
    return str(path), {
        "creators": len(table),
        "fake": int(target.sum()),
        "days": (float(days.min()), float(days.max())),
        "simulated": all(s == "simulated" for s in sources),
        "seeds": sorted(world_seeds(table.column("creator_id").to_pylist())),
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
    }


def _counted(done: Iterable[tuple[str, dict[str, Any]] | None]) -> tuple[dict[str, Any], list[str]]:
    found = [entry for entry in done if entry is not None]
    if not found:
        raise InputError("labels: no creator has a label. Training needs a labels table with creator_id and is_fake.")
    counts = [facts for _, facts in found]
    first, last = min(c["days"][0] for c in counts), max(c["days"][1] for c in counts)
    facts = {
        "creators": sum(c["creators"] for c in counts),
        "fake": sum(c["fake"] for c in counts),
        "first_as_of": str(np.datetime64(int(first), "D")),
        "last_as_of": str(np.datetime64(int(last), "D")),
        "simulated": all(c["simulated"] for c in counts),
        "seeds": {seed for c in counts for seed in c["seeds"]},
        "sha256": hashlib.sha256("".join(c["sha256"] for c in counts).encode()).hexdigest(),
    }
    return facts, [path for path, _ in found]


def _places(groups: Iterable[str], seed: str) -> FloatArray:
    return unit_hashes([str(group) for group in groups], f"{seed}/cluster")


def _sampled(path: str, *, sampled: float) -> pa.Table:
    """Return the rows of a part whose group falls into the sample."""
    import pyarrow.parquet as pq

    table = pq.read_table(path)
    return table.filter(_places(table.column("label group").to_pylist(), "sample") < sampled)


def _joined(tables: Iterable[pa.Table]) -> Labelled:
    import pyarrow as pa

    # A column that one part has and another lacks (a category, say) is left out: it is only for slices.
    found = [t for t in tables if len(t)]
    if not found:
        raise InputError("labels: too few labelled creators to train on a cluster. Train on one machine.")
    names = [n for n in found[0].column_names if all(n in t.column_names for t in found)]
    whole = pa.concat_tables([t.select(names) for t in found]).combine_chunks()
    return labelled_of(whole.sort_by("creator_id"))


def _parted(data: Labelled, sampled: float) -> np.ndarray:
    """Return the part of each creator of the sample: a third each to choose the trees, to calibrate and to test."""
    place = _places(data.group, "sample") / sampled
    return np.array(_PARTS)[np.minimum((place * 3).astype(np.int64), 2)]


def _check(data: Labelled, parts: np.ndarray) -> None:
    for name in _PARTS:
        counts = np.bincount(data.target[parts == name].astype(np.int64), minlength=2)
        if counts.min() < _LEAST:
            raise InputError(
                f"labels: the {name} part of the sample has {counts[1]} creators with is_fake = 1, {counts[0]} with 0; "
                f"each must be {_LEAST} or more. Give a larger sample or more labels, or train on one machine."
            )


def _rows(path: str, fitting: _Fitting, shard: int) -> FloatArray:
    """Return what a worker fits on: values that the model sees, label and weight, one row per creator and copy."""
    import pyarrow.parquet as pq

    table = pq.read_table(path)
    keep = _places(table.column("label group").to_pylist(), "sample") >= fitting.sampled
    part, layout = labelled_of(table.filter(keep)), fitting.layout
    estimator = make_estimator(fitting.settings)
    # How rare a size is with each class is counted in the sample, so that every worker counts the same.
    count = len(fitting.sample)
    both = np.concatenate([fitting.sample.matrix, part.matrix])
    target = np.concatenate([fitting.sample.target, part.target])
    weight = np.concatenate([fitting.sample.weight, part.weight])
    data = estimator._checked(both, target, weight, layout)
    balanced = weight * estimator._size_weight(data, np.arange(count))
    values = fitting.references.transform(both)[:, layout.used]
    rng = np.random.default_rng([fitting.settings.seed, shard])
    own = np.arange(count, len(target))
    seen, labels, weights = estimator._with_masks(data, values, balanced, own, rng)
    return np.column_stack([seen, labels, weights])


def _grown(
    client: Any, estimator: AuthenticityClassifier, fitting: _Fitting, paths: list[str], report: Callable[[str], None]
) -> Any:
    """Fit one booster on the rows of all workers; begin again where a worker is lost.

    LightGBM itself cannot go on without one of its machines: the others wait for it for ever.
    """
    for left in reversed(range(_RETRIES)):
        before = set(client.nthreads())
        try:
            return _watched(client, before, partial(_fitted, client, estimator, fitting, paths))
        except _WorkerLostError as err:
            # They hang in LightGBM, and would not take any other work either.
            _restart(client, before & set(client.nthreads()), len(before))
            if not left:
                raise OutputError(
                    f"the cluster lost a worker {_RETRIES} times while trees were grown, and one booster needs all of "
                    "them to the end. Give the workers more memory or use fewer creators, and run again."
                ) from err
            report("a worker was lost: growing the trees anew")
    raise AssertionError("unreachable")


class _WorkerLostError(Exception):
    """A worker that was there when trees began to grow is gone."""


def _watched(client: Any, workers: set[str], work: Callable[[], Any]) -> Any:
    """Return what some work returns; raise as soon as one of the workers is gone."""
    outcome: dict[str, Any] = {}

    def run() -> None:
        try:
            outcome["made"] = work()
        except BaseException as err:
            outcome["error"] = err

    # A thread that may be left behind: it waits for an answer that will not come, and ends with the client.
    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    while thread.is_alive():
        thread.join(_WATCH_SECONDS)
        if thread.is_alive() and not workers <= set(client.nthreads()):
            raise _WorkerLostError
    if "error" in outcome:
        if not workers <= set(client.nthreads()):
            raise _WorkerLostError from outcome["error"]
        raise outcome["error"]
    return outcome["made"]


def _restart(client: Any, workers: set[str], wanted: int) -> None:
    """Restart workers and wait until so many are there; a cluster that does not give them back goes on with fewer."""
    with suppress(Exception):
        if workers:
            client.restart_workers(sorted(workers), timeout=_RESTART_SECONDS, raise_for_error=False)
    with suppress(Exception):
        client.wait_for_workers(wanted, timeout=_RESTART_SECONDS)


def _fitted(client: Any, estimator: AuthenticityClassifier, fitting: _Fitting, paths: list[str]) -> Any:
    """Fit one booster on the rows of all workers."""
    import dask.array as da
    import lightgbm as lgb
    from dask.delayed import delayed

    shared = client.scatter(fitting, broadcast=True)
    width = len(fitting.layout.used)
    parts = [client.submit(_rows, path, shared, shard, pure=False) for shard, path in enumerate(paths)]
    lengths = client.gather(client.map(len, parts))
    arrays = [
        da.from_delayed(delayed(part), shape=(length, width + 2), dtype=np.float64)
        for part, length in zip(parts, lengths, strict=True)
        if length
    ]
    rows = da.concatenate(arrays, axis=0)
    parameters = estimator._parameters(fitting.layout)
    for name in ("num_threads", "objective"):
        parameters.pop(name)
    with warnings.catch_warnings():
        # LightGBM and Dask talk of names of parameters and of sizes of graphs.
        warnings.simplefilter("ignore")
        model = lgb.DaskLGBMClassifier(
            client=client, n_estimators=estimator.n_estimators, tree_learner="data", **parameters
        )
        model.fit(rows[:, :width], rows[:, width], sample_weight=rows[:, width + 1])
        return model.booster_


def _calibrated(
    estimator: AuthenticityClassifier, booster: Any, data: Labelled, parts: np.ndarray, fitting: _Fitting
) -> Labelled:
    """Choose the number of trees, calibrate, and put the model into the estimator; return the calibration creators."""
    stop, calibrate = (data.take(np.flatnonzero(parts == name)) for name in ("stop", "calibrate"))
    estimator.best_iteration_ = _best(estimator, booster, stop, fitting)
    booster = _cut(booster, estimator.best_iteration_, fitting.layout)
    estimator.classes_ = np.array([0.0, 1.0])
    estimator.base_rate_ = float(np.average(calibrate.target, weights=calibrate.weight))
    estimator.crossed_ = estimator._margins_by_mask(
        booster, fitting.layout, fitting.references.transform(calibrate.matrix), calibrate.matrix
    )
    calibration = fit_calibration(estimator.crossed_, calibrate.target, calibrate.weight, estimator.operating_fpr)
    estimator.fitted_ = FittedModel(booster, fitting.layout, fitting.references, calibration)
    return calibrate


def _best(estimator: AuthenticityClassifier, booster: Any, stop: Labelled, fitting: _Fitting) -> int:
    """Return the number of trees with the least log loss on creators that no tree has seen.

    As on one machine: also seen without some of their pillars, and with both classes of a size weighing the same.
    """
    every = np.arange(len(stop))
    checked = estimator._checked(stop.matrix, stop.target, stop.weight, fitting.layout)
    seen = fitting.references.transform(stop.matrix)[:, fitting.layout.used]
    balanced = stop.weight * estimator._size_weight(checked, every)
    rng = np.random.default_rng(estimator.random_state)
    values, target, weight = estimator._with_masks(checked, seen, balanced, every, rng)
    margin, losses = np.zeros(len(values)), []
    most = booster.current_iteration()
    ends = [*range(_STEP, most, _STEP), most]
    for first, end in zip([0, *ends[:-1]], ends, strict=True):
        margin = margin + booster.predict(values, raw_score=True, start_iteration=first, num_iteration=end - first)
        loss = np.logaddexp(0.0, np.where(target == 1, -margin, margin))
        losses.append(float(np.average(loss, weights=weight)))
    return ends[int(np.argmin(losses))]


def _cut(booster: Any, trees: int, layout: Layout) -> Any:
    """Return the booster with so many trees, the names of its columns, and no trace of the machines it was made on."""
    import lightgbm as lgb

    text = booster.model_to_string(num_iteration=trees)
    private = ("[machines:", "[local_listen_port:", "[num_machines:", "[num_threads:", "[machine_list_filename:")
    names = "feature_names=" + " ".join(layout.used_names)
    lines = [names if line.startswith("feature_names=") else line for line in text.split("\n")]
    lines = [line for line in lines if not line.startswith(private)]
    return lgb.Booster(model_str="\n".join(lines))
