"""Scoring in shards: the same rows, findings and rejects as reading everything at once, whatever order and size."""

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from conftest import nested_records, write_csv
from realreach.engine import Settings, make_plan, read_shard, score_files
from realreach.engine import plan as plan_module
from realreach.engine import run as engine_run
from realreach.engine.plan import rows_of_shard
from realreach.engine.work import Job, loaded_scorer, part_path, score_shard
from realreach.errors import InputError, OutputError
from realreach.scores import Scorer
from realreach.tables import read_tables

SIZES = (1, 7, 1000)


@pytest.fixture(scope="module")
def messy(frames):
    """Return the world's tables with faults of every kind, rows in no order."""
    keys = frames["creators"]["creator_id"].head(15)
    picked = {n: f[f["creator_id"].isin(keys)].copy() for n, f in frames.items()}
    text = {}
    for number, (name, frame) in enumerate(picked.items()):
        for column in frame.columns[frame.dtypes.map(lambda d: d.kind == "M")]:
            zone = "UTC" in str(frame[column].dtype)
            frame[column] = frame[column].dt.strftime("%Y-%m-%dT%H:%M:%SZ" if zone else "%Y-%m-%d")
        shuffled = frame.astype(object).where(frame.notna(), None).sample(frac=1, random_state=number)
        text[name] = shuffled.map(lambda v: v if v is None or isinstance(v, str) else f"{v:g}" if v == v else None)
    text = {name: frame.reset_index(drop=True) for name, frame in text.items()}
    text["posts"].loc[3, "likes"] = "12.3K"
    text["posts"].loc[40, "creator_id"] = "nobody"
    text["creators"].loc[5, "platform"] = "!!"
    text["comments"].loc[7, "commented_at"] = "2024-01-01 10:00"
    text["comments"].loc[9, "creator_id"] = None
    text["creators"] = pd.concat([text["creators"], text["creators"].iloc[[2]]], ignore_index=True)
    return text


@pytest.fixture(scope="module", params=["csv", "csv.gz", "jsonl", "parquet", "records"])
def source(request, messy, frames, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param.replace(".", ""))
    if request.param == "records":
        path = folder / "creators.jsonl"
        lines = [json.dumps(r) for r in nested_records({n: f for n, f in frames.items() if n != "labels"})[:12]]
        path.write_text(
            "\n".join([*lines[:4], "", '{"creator_id": NaN}', *lines[4:], lines[2]]) + "\n", encoding="utf-8"
        )
        return path
    for name, frame in messy.items():
        if request.param.startswith("csv"):
            frame.to_csv(folder / f"{name}.{request.param}", index=False)
        elif request.param == "jsonl":
            lines = [json.dumps(row) for row in frame.to_dict("records")]
            extra = ["[1]", "{"] if name == "posts" else []
            (folder / f"{name}.jsonl").write_text("\n".join(lines + extra) + "\n", encoding="utf-8")
        else:
            frame.to_parquet(folder / f"{name}.parquet")
    if request.param == "csv":
        with (folder / "posts.csv").open("a", encoding="utf-8") as stream:
            stream.write("one,two\n")
    return folder


def at_once(source, bundle):
    result = read_tables(source)
    return Scorer.load(bundle).score_result(result), result.report


def in_shards(source, bundle, **settings):
    with score_files(source, bundle, Settings(**settings)) as finished:
        return pd.concat(list(finished.frames()), ignore_index=True), finished.report


@pytest.mark.parametrize("size", SIZES)
def test_shards_give_what_reading_at_once_gives(source, bundle, size, tmp_path):
    wanted, report = at_once(source, bundle)
    got, merged = in_shards(source, bundle, size=size)
    pd.testing.assert_frame_equal(got, wanted)
    assert merged.text() == report.text()
    assert merged.to_json() == report.to_json()
    first = report.write_quarantine(tmp_path / "once")
    second = merged.write_quarantine(tmp_path / "shards")
    assert [p.name for p in first] == [p.name for p in second]
    for one, other in zip(first, second, strict=True):
        assert sorted(one.read_text("utf-8").splitlines()) == sorted(other.read_text("utf-8").splitlines())


def test_sorted_parquet_is_read_where_it_lies(frames, tmp_path):
    folder = tmp_path / "tables"
    folder.mkdir()
    for name, frame in frames.items():
        frame.sort_values("creator_id").to_parquet(folder / f"{name}.parquet", row_group_size=50)
    work = tmp_path / "work"
    work.mkdir()
    plan = make_plan(folder, work, 10)
    assert all(f.ranges is not None for f in plan.files)
    assert list(work.iterdir()) == []
    read = [read_shard(plan, work, shard).tables for shard in range(plan.shards)]
    assert sum(len(t) for t in read) == plan.creators == len(frames["creators"])
    whole = read_tables(folder).tables
    for name in ("follower_history", "posts", "comments"):
        assert sum(len(getattr(t, name)) for t in read) == len(getattr(whole, name))


def test_rows_of_nobody_and_of_strangers_stay_with_the_row_before(tmp_path):
    """Keys of a Parquet file are looked up once each; an empty or unknown one changes no range."""
    folder = tmp_path / "tables"
    folder.mkdir()
    creators = pd.DataFrame({"creator_id": list("abcd"), "platform": "other", "followers": 10})
    creators.to_parquet(folder / "creators.parquet")
    days = ["2026-01-01"] * 8
    owners = ["a", None, "stranger", "b", "c", None, "d", "d"]
    pd.DataFrame({"creator_id": owners, "observed_on": days, "followers": 5}).to_parquet(
        folder / "follower_history.parquet"
    )
    work = tmp_path / "work"
    work.mkdir()
    ranges = {file.table: file.ranges for file in make_plan(folder, work, 1).files}
    assert ranges == {
        "creators": ((0, 1), (1, 2), (2, 3), (3, 4)),
        "follower_history": ((0, 3), (3, 4), (4, 6), (6, 8)),
    }


def test_one_large_row_group_is_not_read_again_for_every_shard(frames, tmp_path):
    folder = tmp_path / "tables"
    folder.mkdir()
    for name, frame in frames.items():
        frame.sort_values("creator_id").to_parquet(folder / f"{name}.parquet")
    work = tmp_path / "work"
    work.mkdir()
    assert all(f.ranges is None for f in make_plan(folder, work, 2).files)


def test_a_row_group_in_which_a_shard_ends_is_not_read_again_for_the_next(frames, tmp_path, monkeypatch):
    folder = tmp_path / "tables"
    folder.mkdir()
    posts = frames["posts"].sort_values("creator_id", kind="stable")
    frames["creators"].sort_values("creator_id").to_parquet(folder / "creators.parquet")
    posts.to_parquet(folder / "posts.parquet", row_group_size=len(posts) // 5)
    plan = make_plan(folder, tmp_path, 10)
    read = []
    ordinary = pq.ParquetFile.read_row_groups

    def counted(file, groups, **settings):
        read.extend(groups)
        return ordinary(file, groups, **settings)

    monkeypatch.setattr(pq.ParquetFile, "read_row_groups", counted)
    (file,) = (file for file in plan.files if file.table == "posts")
    found = [rows_of_shard(file, tmp_path, shard)["post_id"].to_pylist() for shard in range(plan.shards)]
    assert [key for keys in found for key in keys] == posts["post_id"].tolist()
    assert read == list(range(pq.read_metadata(folder / "posts.parquet").num_row_groups)), "each once"
    back = [rows_of_shard(file, tmp_path, shard)["post_id"].to_pylist() for shard in reversed(range(plan.shards))]
    assert back[::-1] == found
    # What was held of a file is of no use for another that takes its place.
    rows_of_shard(file, tmp_path, 0)
    posts.assign(post_id="new").to_parquet(folder / "posts.parquet", row_group_size=len(posts) // 5)
    assert set(rows_of_shard(file, tmp_path, 1)["post_id"].to_pylist()) == {"new"}


@pytest.fixture
def tables(frames, tmp_path):
    return write_csv({n: f for n, f in frames.items() if n != "labels"}, tmp_path / "tables")


def test_a_killed_run_goes_on_where_it_was(tables, bundle, tmp_path, monkeypatch):
    wanted, _ = in_shards(tables, bundle, size=6)
    work = tmp_path / "out.work"
    scored = []

    def dying(job, shard):
        if len(scored) == 3:
            raise KeyboardInterrupt
        scored.append(shard)
        return score_shard(job, shard)

    monkeypatch.setattr(engine_run, "score_shard", dying)
    with pytest.raises(KeyboardInterrupt):
        in_shards(tables, bundle, size=6, work=work)
    assert work.is_dir()
    again = []
    monkeypatch.setattr(engine_run, "score_shard", lambda job, shard: again.append(shard) or score_shard(job, shard))
    got, _ = in_shards(tables, bundle, size=6, work=work, resume=True)
    pd.testing.assert_frame_equal(got, wanted)
    assert not set(again) & set(scored)
    assert not work.exists(), "a finished run leaves nothing behind"


def test_what_another_run_left_is_never_taken_up(tables, bundle, tmp_path, monkeypatch):
    work = tmp_path / "out.work"
    monkeypatch.setattr(engine_run, "_score_all", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        in_shards(tables, bundle, size=6, work=work)
    with pytest.raises(OutputError, match="another input, model, version or options"):
        in_shards(tables, bundle, size=7, work=work, resume=True)
    posts = tables / "posts.csv"
    posts.write_text(posts.read_text("utf-8") + "\n", "utf-8")
    with pytest.raises(OutputError, match="another input"):
        in_shards(tables, bundle, size=6, work=work, resume=True)


def test_half_a_part_is_done_again(tables, bundle, tmp_path):
    wanted, _ = in_shards(tables, bundle, size=6)
    work = tmp_path / "work"
    work.mkdir()
    (work / "done").mkdir()
    plan = make_plan(tables, work, 6)
    (work / "plan.json").write_text(plan.to_json(), "utf-8")
    part_path(work, 0).write_bytes(b"PAR1 half")
    for shard in range(plan.shards):
        score_shard(Job(str(work), str(bundle)), shard)
    finished = engine_run.Finished(plan, engine_run.merged_report(plan, work), work)
    pd.testing.assert_frame_equal(pd.concat(list(finished.frames()), ignore_index=True), wanted)


def test_a_part_that_kills_every_worker_ends_the_run_with_a_word(tables, bundle, tmp_path, monkeypatch):
    """An engine leaves out the shard of a worker that died; four times is enough."""
    settings = Settings(size=6, work=tmp_path / "work")
    with (
        pytest.raises(RuntimeError, match="a worker died at part 0 each time"),
        score_files(tables, bundle, settings, score=lambda job, shards: iter(())),
    ):
        pass


def test_a_worker_that_outlived_its_run_leaves_nothing_in_the_folder_of_the_next(tables, bundle, tmp_path):
    work = tmp_path / "work"
    (work / "done").mkdir(parents=True)
    plan = make_plan(tables, work, 6)
    (work / "plan.json").write_text(plan.to_json(), "utf-8")
    (work / "run.json").write_text(json.dumps({"fingerprint": "next"}), "utf-8")
    score_shard(Job(str(work), str(bundle), mark="before"), 0)
    assert not list((work / "done").iterdir())
    score_shard(Job(str(work), str(bundle), mark="next"), 0)
    assert part_path(work, 0, "report").is_file()


def test_one_process_scores_with_the_plan_and_the_model_that_are_there_now(tables, bundle, tmp_path):
    work, model = tmp_path / "work", shutil.copytree(bundle, tmp_path / "model")
    for size in (6, 9):
        (work / "done").mkdir(parents=True)
        (work / "plan.json").write_text(make_plan(tables, work, size).to_json(), "utf-8")
        assert score_shard(Job(str(work), str(model)), 0) == size
        shutil.rmtree(work)
    before = loaded_scorer(str(model))
    assert loaded_scorer(str(model)) is before
    os.utime(model / "manifest.json", ns=(1, 1))
    assert loaded_scorer(str(model)) is not before


def test_rows_held_for_the_next_shard_keep_nothing_else_alive(tmp_path):
    rows = pa.table({"creator_id": [f"c{i // 10:05d}" for i in range(40_000)], "x": np.arange(40_000.0)})
    pq.write_table(rows, tmp_path / "rows.parquet", row_group_size=10_000)
    found = plan_module._slice(tmp_path / "rows.parquet", 0, 35_000)
    assert found.column("x").to_pylist() == list(range(35_000))
    ((_, held),) = [value for (path, _), value in plan_module._held.items() if path.parent == tmp_path]
    assert held.column("x").to_pylist() == list(range(30_000, 40_000))
    assert held.get_total_buffer_size() < 1.1 * held.nbytes
    assert plan_module._slice(tmp_path / "rows.parquet", 35_000, 40_000).column("x").to_pylist() == list(
        range(35_000, 40_000)
    )


def test_two_runs_never_share_a_work_folder(tables, bundle, tmp_path):
    work = tmp_path / "work"
    work.mkdir()
    (work / "lock").write_text(str(os.getpid()), "ascii")
    with pytest.raises(OutputError, match="in use by another run"):
        in_shards(tables, bundle, work=work)
    (work / "lock").write_text("999999999", "ascii")
    in_shards(tables, bundle, work=work)


def test_workers_change_no_number_and_a_killed_one_is_replaced(tables, bundle, tmp_path, monkeypatch):
    wanted, _ = in_shards(tables, bundle, size=5)
    got, _ = in_shards(tables, bundle, size=5, workers=2)
    pd.testing.assert_frame_equal(got, wanted)
    monkeypatch.setattr(engine_run, "_numbered", _killed_once)
    got, _ = in_shards(tables, bundle, size=5, workers=2, work=tmp_path / "work")
    pd.testing.assert_frame_equal(got, wanted)
    assert (tmp_path / "killed").exists()


def _killed_once(job, shard):
    import signal

    mark = Path(job.work).parent / "killed"
    if shard == 2 and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    score_shard(job, shard)
    return shard


def test_a_fault_of_the_input_is_told_once_and_nothing_is_left(tmp_path, bundle):
    (tmp_path / "creators.csv").write_text('creator_id,platform\na,"instagram\n', "utf-8")
    with pytest.raises(InputError, match="double quote"):
        in_shards(tmp_path, bundle)
    (tmp_path / "creators.csv").write_text("creator_id,platform\na,!!\n", "utf-8")
    got, report = in_shards(tmp_path, bundle)
    assert got["status"].tolist() == ["invalid_input"]
    assert report.counts["creators"].set_aside == 1
    (tmp_path / "creators.csv").write_text("creator_id,platform\n", "utf-8")
    got, _ = in_shards(tmp_path, bundle)
    assert len(got) == 0
    assert list(got.columns)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"\xff\xfec\x00", "UTF-16"),
        (b"creator_id,platform\na,insta\xe9\n", "Latin-1.*|line 2"),
        (b"creator_id,platform\na,x\x00\n", "NUL byte in line 2"),
        (b"creator_id;platform\na;b\n", "semicolons"),
        (b"creator_id,creator_id\n", "more than once"),
        (b'creator_id,platform\nb,"x"y\n', "double quote.*line 2"),
    ],
)
def test_streamed_files_are_refused_like_others(tmp_path, data, words):
    (tmp_path / "creators.csv").write_bytes(data)
    work = tmp_path / "work"
    with pytest.raises(InputError, match=words):
        make_plan(tmp_path, work, 5)
    with pytest.raises(InputError, match=words):
        read_tables(tmp_path)


def test_a_bomb_is_stopped(tmp_path, monkeypatch):
    import gzip

    from realreach.tables import streams

    monkeypatch.setattr(streams, "_BOMB_BYTES", 2**20)
    with gzip.open(tmp_path / "creators.csv.gz", "wb") as stream:
        stream.write(b"creator_id,platform\n" + b"a,instagram\n" * 2_000_000)
    with pytest.raises(InputError, match="unpacks to far more"):
        make_plan(tmp_path, tmp_path / "work", 5)


def test_quotes_are_checked_across_pieces():
    from realreach.tables.parts import Refusal
    from realreach.tables.quotes import QuoteCheck

    good = b'a,"x ""y"" z",c\n"1\n2",,"3"\n'
    bad = {b'a,b\nc,"d\n': 2, b'a,b\nc,"d"e\n': 2, b'a,b"c\n': 1, b'"a\nb"c,d\n': 1}
    rng = np.random.default_rng(0)
    for _ in range(30):
        cut = np.sort(rng.integers(0, len(good), 3))
        check = QuoteCheck("f")
        for piece in np.split(np.frombuffer(good, np.uint8), cut):
            check.feed(piece.tobytes())
        check.finish()
        for text, line in bad.items():
            check = QuoteCheck("f")
            with pytest.raises(Refusal, match=f"see line {line}$"):  # noqa: PT012 - the piece that tells is any of them
                for piece in np.split(np.frombuffer(text, np.uint8), np.sort(rng.integers(0, len(text), 3))):
                    check.feed(piece.tobytes())
                check.finish()


def test_part_files_that_hold_nothing_of_a_shard_change_nothing(frames, tmp_path):
    """Their columns still count, their rows do not, and keys are looked up once for each creator all the same."""
    keys = frames["creators"]["creator_id"].head(6).tolist()
    for name in ("creators", "follower_history"):
        (tmp_path / name).mkdir()
        for number in range(3):
            part = frames[name][frames[name]["creator_id"].isin(keys[2 * number : 2 * number + 2])]
            if name == "follower_history" and number < 2:
                part = part.drop(columns="following")
            part.to_parquet(tmp_path / name / f"part-{number}.parquet", index=False)
    work = tmp_path / "work"
    work.mkdir()
    plan = make_plan(tmp_path, work, 2)
    assert all(file.ranges is not None for file in plan.files)
    for shard in range(3):
        table = read_shard(plan, work, shard).tables.follower_history
        wanted = frames["follower_history"].query("creator_id in @keys[2 * @shard : 2 * @shard + 2]")
        assert table.numbers("followers").tolist() == wanted["followers"].tolist()
        assert table.strings("creator_id").to_pylist() == wanted["creator_id"].tolist()
        assert ("following" in table) == ("following" in frames["follower_history"])
        np.testing.assert_array_equal(table.numbers("following"), wanted["following"] if shard == 2 else np.nan)


def test_workers_say_nothing_of_their_own(tables, bundle, tmp_path, capfd):
    with score_files(tables, bundle, Settings(size=4, workers=2, work=tmp_path / "work")) as finished:
        assert len(list(finished.frames())) >= finished.plan.shards > 2
    assert "Warning" not in capfd.readouterr().err
