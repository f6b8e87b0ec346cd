"""Comment sections as a whole: bursts, the comment model's view, blocks, the report tables and their command."""

import json
import math
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import worlds
from realreach.benchmark import comment_bursts
from realreach.benchmark.suites import Options
from realreach.cli import main
from realreach.comment_text.bags import bag_test
from realreach.comment_text.model import default_comment_model
from realreach.comment_text.normalise import normalise
from realreach.features import build_features, comments
from realreach.features.comments.bursts import surprise_of_bursts, surprise_of_phrases
from worlds import creator

DATASETS = os.environ.get("REALREACH_DATASETS", "")
SOLD = "modal {n}rb di DEWA{n}{n} langsung cair {n} juta, buruan daftar"


def section(seed=0, number=120, sold=0, together=True):
    """Return an ordinary section under one post, some of it replaced by a seller's comments of new accounts."""
    rng = np.random.default_rng(seed)
    posts = {"day": np.arange(6.0) * 5, "post_id": [f"p{i}" for i in range(6)]}
    made = worlds.organic_comments(number, posts, rng)
    made["text"] = [SOLD.format(n=10 + i) if i < sold else t for i, t in enumerate(made["text"])]
    made["author_id"] = [f"new{i}" if i < sold else a for i, a in enumerate(made["author_id"])]
    made["likes"] = np.where(np.arange(number) < sold, 0.0, made["likes"])
    made["by_creator"] = np.zeros(number)
    if together:
        made["post_id"] = np.where(np.arange(number) < sold, "p0", made["post_id"])
        made["day"] = np.where(np.arange(number) < sold, 1.5 + np.arange(number) * 20.0 / 86_400, made["day"])
    return {"posts": posts, "comments": made}


def test_sold_comments_raise_what_the_model_says():
    frame = worlds.features(worlds.join(creator("a", **section()), creator("b", **section(sold=40))))
    for name in ("mean", "q90", "share", "worst_post", "bag"):
        column = f"comments__sold__all__{name}"
        assert frame.loc["b", column] > frame.loc["a", column] + 0.1, name


def test_slow_view_of_the_model_agrees():
    # One post with nine comments, all of them sold; one with ten, one with more; the rest under no post that is known.
    made = section(seed=5, sold=14)
    texts = [" ".join(text.split()[: 3 + i]) if i < 14 else text for i, text in enumerate(made["comments"]["text"])]
    made["comments"]["text"], n = texts, len(texts)
    post = np.full(n, None, dtype=object)
    post[:9], post[9:19], post[19:40] = "p0", "p1", "p2"
    made["comments"]["post_id"] = post
    tables = worlds.checked(worlds.join(creator("a", **made), creator("b", **section())))
    values = build_features(tables).loc["a"]
    model = default_comment_model()
    sold = model.sold(normalise(pa.array(texts, pa.large_string())))
    ranked = np.sort(sold)
    # What would be mistaken for each other differs.
    assert ((sold >= model.low) & (sold < model.high)).any()
    assert np.all(np.diff(ranked[[107, 108, 114, 118]]) > 0)
    assert ranked[117] < ranked[118]
    assert values["comments__sold__all__mean"] == pytest.approx(sold.mean())
    assert values["comments__sold__all__share"] == (sold >= model.high).mean()
    for name, level in (("q90", 0.9), ("q99", 0.99)):
        assert values[f"comments__sold__all__{name}"] == ranked[math.ceil(level * (n - 1))]
    means = [sold[post == name].mean() for name in ("p1", "p2")]
    assert values["comments__sold__all__worst_post"] == pytest.approx(max(means))
    assert sold[:9].mean() > max(means) > min(means)
    found = bag_test(sold, model.bags)
    assert values["comments__sold__all__bag"] == found.share[0] != found.apparent[0]


def test_another_comment_model_is_used():
    tables = worlds.checked(creator("a", **section(sold=40)))
    model = default_comment_model()
    shifted = replace(model, offset=model.offset - 8.0)
    plain, other = build_features(tables), build_features(tables, comment_model=shifted)
    assert other["comments__sold__all__mean"].iloc[0] < plain["comments__sold__all__mean"].iloc[0] - 0.1


def test_burst_of_strangers_with_a_phrase_is_striking():
    world = worlds.join(
        creator("calm", **section()),
        creator("burst", **section(sold=15)),
        creator("spread", **section(sold=15, together=False)),
    )
    frame = worlds.features(world)
    found = frame["comments__alike_bursts__10min__max"]
    assert found["burst"] > found["calm"] + 1.5
    assert found["burst"] > found["spread"] + 1.0
    assert frame.loc["burst", "comments__bursts__10min__share"] >= 0.1
    assert frame.loc["burst", "comments__near_twins__30min__share"] > 0.1


def test_liked_or_loyal_crowds_are_no_strangers():
    liked, loyal = section(sold=15), section(sold=15)
    liked["comments"]["likes"] = np.full(120, 3.0)
    loyal["comments"]["author_id"] = [f"fan{i % 5}" for i in range(120)]
    frame = worlds.features(worlds.join(creator("liked", **liked), creator("loyal", **loyal)))
    assert (frame[["comments__bursts__10min__max", "comments__alike_bursts__10min__max"]] == 0.0).all(axis=None)


def test_slow_surprise_agrees():
    rng = np.random.default_rng(4)
    place = np.sort(rng.integers(3, size=60))
    second = np.concatenate([np.sort(rng.integers(20_000, size=int((place == p).sum()))) for p in range(3)])
    stranger = rng.random(60) < 0.6
    got = surprise_of_bursts(second, place, stranger)
    phrases = rng.integers(4, size=60).astype(np.uint64)
    shared = surprise_of_phrases(second, place, np.flatnonzero(stranger), phrases[stranger])
    for i in range(60):
        mine = place == place[i]
        near, wide = np.abs(second - second[i]) <= 300, np.abs(second - second[i]) <= 7_200
        n, e = (mine & near & stranger).sum(), max((mine & wide & ~near).sum() * 600 / (14_400 - 600), 0.5)
        expected = n * np.log(n / e) - (n - e) if stranger[i] and n > e else 0.0
        assert got[i] == pytest.approx(expected)
        same = mine & stranger & (phrases == phrases[i])
        n, crowd = (same & near).sum(), (mine & near).sum()
        e = max(crowd * min((same.sum() - n + 0.5) / (mine.sum() - crowd + 1.0), 1.0), 0.5)
        striking = stranger[i] and same.sum() >= 3 and n > e
        assert shared[i] == pytest.approx(n * np.log(n / e) - (n - e) if striking else 0.0)


@pytest.mark.parametrize("size", [1, 150, 10_000])
def test_size_of_a_block_changes_no_bit(size, monkeypatch):
    world = worlds.join(worlds.crowd(), *(creator(f"s{i}", **section(i, sold=10 * i)) for i in range(3)))
    whole = worlds.features(world)
    monkeypatch.setattr(comments, "_BLOCK", size)
    assert np.array_equal(worlds.features(world).to_numpy(), whole.to_numpy(), equal_nan=True)


# The report and its command


@pytest.fixture
def folder(tmp_path):
    world = worlds.join(*(creator(f"c{i}", **section(i, sold=12)) for i in range(3)), creator("=plain", **section(9)))
    for name, frame in world.items():
        times = {c: frame[c].dt.strftime("%Y-%m-%dT%H:%M:%SZ") for c in frame if frame[c].dtype.kind == "M"}
        frame.assign(**times).to_csv(tmp_path / f"{name}.csv", index=False)
    return tmp_path


def test_sections_are_reported_without_texts(folder, capsys):
    out = folder / "rows.csv"
    assert main(["comments", str(folder), "--out", str(out), "-q"]) == 0
    printed = capsys.readouterr().out
    assert "DEWA" not in printed + out.read_text("utf-8")
    table = pd.read_csv(out).set_index("comment_id", drop=False)
    assert list(table.columns) == ["creator_id", "comment_id", "kind", "probability", "in_section", "cluster"]
    assert len(table) == 480
    assert set(table.loc[table["cluster"].notna(), "kind"]) == {"promotion"}
    lines = printed.splitlines()
    assert lines[0].startswith("creator_id,comments,undecided_share,id_share")
    assert [line.split(",")[0] for line in lines[1:]] == ["c0", "c1", "c2", "'=plain"]
    assert all(line.split(",")[-3] == "p0" for line in lines[1:4])


@pytest.mark.parametrize("kind", ["jsonl", "parquet"])
def test_rows_in_other_formats_hold_the_same(folder, kind, capsys):
    assert main(["comments", str(folder), "--out", str(folder / f"r.{kind}"), "-q", "--format", "jsonl"]) == 0
    first = json.loads(capsys.readouterr().out.splitlines()[0])
    assert first["creator_id"] == "c0"
    path = folder / f"r.{kind}"
    rows = pd.read_parquet(path) if kind == "parquet" else pd.read_json(path, lines=True)
    assert rows["cluster"].notna().sum() == 36


def test_shared_templates_show_a_text_only_if_asked(folder, capsys):
    assert main(["comments", str(folder), "--shared", "-q"]) == 0
    plain = capsys.readouterr().out
    assert "DEWA" not in plain
    assert plain.splitlines()[1].startswith("1,3,36,12,")
    assert plain.splitlines()[1].endswith("c0 c1 c2")
    assert main(["comments", str(folder), "--shared", "--show-text", "-q"]) == 0
    assert "DEWA" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--show-text"], "say --shared too"),
        (["--min-creators", "1"], "must be 2 or more"),
        (["--min-sold", "2"], "between 0 and 1"),
        (["--out", "rows.txt"], "must end in .csv, .jsonl, .parquet"),
    ],
)
def test_flags_that_cannot_be_meant(folder, flags, message, capsys):
    assert main(["comments", str(folder), *flags]) == 2
    assert message in capsys.readouterr().err


def test_without_comments_the_command_says_so(folder, capsys):
    (folder / "comments.csv").unlink()
    assert main(["comments", str(folder)]) == 3
    assert "holds no comments table" in capsys.readouterr().err


# The benchmark


def videos():
    """Return a made-up set in the form of the public one: three videos with a burst, five without."""
    rng = np.random.default_rng(2)
    rows = []
    for video in range(8):
        said = [" ".join(rng.choice(worlds.WORDS, 6)) for _ in range(80)]
        rows += [(f"v{video}", f"a{video}-{i}", rng.uniform(0, 60_000), text) for i, text in enumerate(said)]
        rows += [
            (f"v{video}", f"b{video}-{i}", 30_000 + 7 * i, f"menang terus di 𝐑𝐀𝐉𝐀{i} hari ini")
            for i in range(12 * (video < 3))
        ]
    frame = pd.DataFrame(rows, columns=["video_id", "author", "second", "text"])
    at = pd.Timestamp("2025-11-20", tz="UTC") + pd.to_timedelta(frame.pop("second").round(), unit="s")
    return frame.assign(published_at=at.dt.strftime("%Y-%m-%dT%H:%M:%SZ"), like_count=0)


def test_known_bursts_are_ranked_first():
    found = comment_bursts.burst_ranks(videos())
    assert found[0].note == "ranks 1, 1, 1 of 8"
    assert found[0].reached("clean_videos_above_alarms") is True


def test_missing_files_of_the_benchmark_are_named(tmp_path):
    from realreach.errors import InputError

    assert comment_bursts.lines(tmp_path, Options()) == []
    (tmp_path / "comments_youtube_id_2025").mkdir()
    with pytest.raises(InputError, match=r"`trending\.parquet` is not there"):
        comment_bursts.lines(tmp_path, Options())


def test_alarms_are_told_by_language():
    english = pd.Series(["I love this song so much", "what a great video"] * 60)
    indonesian = pd.Series(["bagus banget kak videonya", "modal 50rb di DEWA88 langsung cair"] * 60)
    line = comment_bursts.alarms_by_language([english, indonesian], "made up")
    assert line.figures["english_fpr"].value == 0.0
    assert line.figures["indonesian_fpr"].value == 0.5
    assert line.reached("highest_over_lowest_fpr") is False
    assert line.figures["p_value_of_factor_2_or_less"].value < 1e-9


def test_a_factor_between_shares_is_tested_for_all_pairs():
    # By hand: of 3 alarms at least 3 in the first of two equal groups, at the worst ratio of 2: (2/3) ** 3.
    both = {"a": (3, 1_000), "b": (0, 1_000)}
    assert comment_bursts.factor_p_value(both, 2.0) == pytest.approx((2 / 3) ** 3)
    assert comment_bursts.factor_p_value(both, 1.0) == pytest.approx(2 * 0.5**3 / 2)
    # A third group makes three pairs of one.
    assert comment_bursts.factor_p_value({**both, "c": (1, 500)}, 2.0) == pytest.approx(3 * (2 / 3) ** 3)
    assert comment_bursts.factor_p_value({"a": (1, 900), "b": (0, 900)}, 2.0) == pytest.approx(2 / 3)
    assert comment_bursts.factor_p_value({"a": (1, 900)}, 2.0) == 1.0


@pytest.mark.skipif(not Path(DATASETS, "comments_youtube_id_2025").is_dir(), reason="needs the public comment sets")
def test_real_bursts_are_found():
    from realreach.benchmark.comment_bursts import burst_ranks

    found = burst_ranks(pd.read_parquet(Path(DATASETS, "comments_youtube_id_2025", "trending.parquet")))
    assert found[0].note == "ranks 1, 2, 3 of 46"
