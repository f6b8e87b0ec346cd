"""What many tests share: a small simulated world, its tables, a small model trained on it once, and its folder."""

import os

# Read when a numeric library is first loaded: tests share few cores, and waiting threads must sleep, not spin.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

from pathlib import Path

import pytest

SENTINEL_HANDLE = "@zq.sentinel.handle"
SENTINEL_COMMENT = "zqsentinelcomment kak bagus"
SENTINELS = (b"zq.sentinel", b"zqsentinel")
"""Parts of every private value that the world below holds: a leak of any of them is found by looking for these."""

INPUT = ("creators", "follower_history", "posts", "comments", "audience", "labels")
SMALL = {"model.n_estimators": 40, "folds": 2, "repeats": 1, "bootstrap": 20}
"""Settings of a fit that takes seconds."""


def write_csv(frames, folder):
    """Write frames as users do: one CSV per table, days and instants as ISO text."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, frame in frames.items():
        text = {
            column: frame[column].dt.strftime("%Y-%m-%dT%H:%M:%SZ" if "UTC" in str(frame[column].dtype) else "%Y-%m-%d")
            for column in frame.columns
            if frame[column].dtype.kind == "M"
        }
        frame.assign(**text).to_csv(folder / f"{name}.csv", index=False)
    return folder


def write_some(frames, number, folder):
    """Write the tables of the first creators as CSV."""
    keys = frames["creators"]["creator_id"].head(number)
    return write_csv({name: rows[rows["creator_id"].isin(keys)] for name, rows in frames.items()}, folder)


def nested_records(frames):
    """Return the same creators as nested records, as JSON would hold them."""
    import json

    def rows(frame):
        return [
            {k: v for k, v in row.items() if v is not None}
            for row in json.loads(frame.to_json(orient="records", date_format="iso", double_precision=15))
        ]

    records = {row["creator_id"]: row for row in rows(frames["creators"])}
    for name in INPUT[1:]:
        if name not in frames:
            continue
        for row in rows(frames[name]):
            owner = records[row.pop("creator_id")]
            if name == "labels":
                owner[name] = row
            else:
                owner.setdefault(name, []).append(row)
    for record in records.values():
        for row in record.get("follower_history", ()):
            row["observed_on"] = row["observed_on"][:10]
        for row in record.get("audience", ()):
            row |= {day: row[day][:10] for day in ("created_on", "sampled_on") if day in row}
    return list(records.values())


@pytest.fixture(scope="session")
def frames():
    """400 simulated creators; the first of them has private values that must never come out again."""
    from realreach.simulate import simulate

    made = simulate(400, seed=5).frames
    world = {name: made[name].copy() for name in INPUT}
    counts = world["comments"]["creator_id"].value_counts()
    first = counts.index[0]
    for frame in world.values():
        frame["creator_id"] = frame["creator_id"].replace(first, SENTINEL_HANDLE)
    own = world["comments"]["creator_id"] == SENTINEL_HANDLE
    world["comments"].loc[own, "text"] = SENTINEL_COMMENT
    world["comments"].loc[own, "author_id"] = "@zqsentinel-author"
    world["posts"].loc[world["posts"]["creator_id"] == SENTINEL_HANDLE, "caption"] = "zqsentinel caption"
    return world


@pytest.fixture(scope="session")
def read(frames):
    """The checked tables of the world, with their report."""
    from realreach.tables import tables_from_frames

    return tables_from_frames(frames)


@pytest.fixture(scope="session")
def unlabelled(frames):
    """The checked tables without labels, as for scoring."""
    from realreach.tables import tables_from_frames

    return tables_from_frames({name: frame for name, frame in frames.items() if name != "labels"})


@pytest.fixture(scope="session")
def settings():
    """Settings of a small fit."""
    from realreach.settings import TrainSettings, load_settings

    return load_settings(TrainSettings, None, SMALL)


@pytest.fixture(scope="session")
def trained(read, settings):
    """A training run on the world."""
    from realreach.training import train

    return train(read, settings, data_name="small world")


@pytest.fixture(scope="session")
def bundle(trained, tmp_path_factory):
    """The model folder of that run. Tests that change it copy it first."""
    return trained.save(tmp_path_factory.mktemp("model") / "bundle")


@pytest.fixture(scope="session")
def scorer(bundle):
    """The loaded model."""
    from realreach.scores import Scorer

    return Scorer.load(bundle)


@pytest.fixture(scope="session")
def csv_folder(frames, tmp_path_factory) -> Path:
    """The world as a folder of CSV files, labels included."""
    return write_csv(frames, tmp_path_factory.mktemp("world") / "tables")


@pytest.fixture(scope="session")
def shortlist(frames, tmp_path_factory) -> Path:
    """Twelve creators without labels as a folder of CSV files."""
    keys = frames["creators"]["creator_id"].head(12)
    picked = {n: f[f["creator_id"].isin(keys)] for n, f in frames.items() if n != "labels"}
    return write_csv(picked, tmp_path_factory.mktemp("shortlist") / "tables")


def pytest_collection_finish() -> None:
    """Kernels that were kept before one of their sources changed are no part of what is tested."""
    from realreach.kept_kernels import forget_stale

    forget_stale()
