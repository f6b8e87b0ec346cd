"""Shapes of handles: how they are made, what is set aside, what they tell of a section, and how worlds have them."""

import os
import random
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import realreach
import worlds
from realreach.features import comments
from realreach.features.comments import shapes
from realreach.features.view import View, decision_days
from realreach.simulate import SimulationSettings, simulate
from realreach.simulate import creator as simulated_creator
from realreach.simulate.handles import _MAKE, _dice
from realreach.tables import (
    handle_shape,
    handle_shapes,
    plain_record,
    read_tables,
    tables_from_frames,
    tables_from_records,
)
from realreach.tables.contract import CONTRACTS, LONGEST_SHAPE
from realreach.tables.limits import Limits
from realreach.tables.plain_record import plain_tables

DATASETS = Path(os.environ.get("REALREACH_DATASETS", "no data sets"))
CHANCE, NUMBERED, EXCESS = (feature.name for feature in shapes.FEATURES)
SIGNS = "aZé09._-@ *ß한あ𝐁٣ﷺ🔥\n\u0301\u200d\ud83d"


@pytest.mark.parametrize(
    ("handle", "shape"),
    [
        ("Budi_1990", "Aaaa_000"),
        ("@SitiAminah-x7k", "AaaaAaaa-a0a"),
        ("@@a", "a"),
        ("Gilbert.Lewisis", "Aaaa.Aaaa"),
        ("ab--------c", "aa---a"),
        ("𝐁𝐨𝐥𝐝𝟕𝟕", "Aaaa00"),
        ("Ｆｕｌｌ", "Aaaa"),
        ("Zoé", "Aaa"),
        ("Zoe\u0301", "Aaa"),
        ("한글 user!", "***aaa*"),
        ("Дима٣٤", "***00"),
        ("x\ud83d", "a*"),
        (" budi ", "aaa"),
        ("", None),
        (" @ ", None),
    ],
)
def test_shape_says_how_a_handle_is_built_and_not_whose_it_is(handle, shape):
    assert handle_shape(handle) == realreach.handle_shape(handle) == shape


def junk(number, seed=1):
    rng = random.Random(seed)
    return ["".join(rng.choice(SIGNS) for _ in range(rng.choice([1, 2, 5, 9, 40, 400]))) for _ in range(number)]


def test_shape_of_a_shape_is_itself_and_fits_the_contract():
    made = [shape for handle in junk(400) if (shape := handle_shape(handle)) is not None]
    assert [handle_shape(shape) for shape in made] == made
    assert max(map(len, made)) == LONGEST_SHAPE
    table = tables_from_frames(section(made)).tables.comments
    assert table.strings("author_shape").to_pylist() == made


def test_columns_of_every_kind_have_the_shapes_of_their_handles():
    handles = [*(h for h in junk(60) if "\ud83d" not in h), None, "Budi_1990", "Budi_1990"]
    alone = [None if h is None else handle_shape(h) for h in handles]
    array = pa.array(handles)
    assert handle_shapes(array).to_pylist() == alone
    assert handle_shapes(array.dictionary_encode()).to_pylist() == alone
    assert handle_shapes(pa.chunked_array([array[:9], array[9:]])).to_pylist() == alone
    assert handle_shapes(array[:0]).to_pylist() == []
    index = pd.Index(range(len(handles)), name="row")[::-1]
    for kind in ("object", "str", "category"):
        found = realreach.handle_shapes(pd.Series(handles, index=index, dtype=kind, name="author"))
        assert found.where(found.notna(), None).tolist() == alone
        assert found.index.equals(index)
        assert found.name == "author"


def test_long_handles_are_cut():
    assert handle_shape("a1" * 10_000_000) == "a0" * 12
    assert handle_shape("ﷺ" * 1_000_000) == "***"
    assert handle_shape("a" * 256 + "1") == "aaa"


@pytest.mark.parametrize("file", ["trending.parquet", "gambling_topic.csv", "candidates_labelled.csv"])
def test_shapes_of_the_public_set_are_ours(file):
    path = DATASETS / "comments_youtube_id_2025" / file
    if not path.is_file():
        pytest.skip("comments_youtube_id_2025 is not in REALREACH_DATASETS")
    given = (pd.read_parquet if path.suffix == ".parquet" else pd.read_csv)(path)["author_shape"]
    plain = given.str.fullmatch(r"[Aa0._-]+")
    assert plain.mean() > 0.99
    assert (handle_shapes(given)[plain] == given[plain]).all()


def section(made, **columns):
    """Return the frames of one creator whose comments' authors have these shapes."""
    rows = pd.DataFrame({"creator_id": "a", "comment_id": [f"c{i:05d}" for i in range(len(made))], "text": "bagus kak"})
    rows = rows.assign(author_shape=pd.Series(made, dtype=object), **columns)
    return {"creators": pd.DataFrame({"creator_id": ["a"], "platform": ["youtube"]}), "comments": rows}


@pytest.mark.parametrize("value", ["Budi", "budi.s", "aaaa", "A0-----", "aaa aaa", "aaa\n000", "@aaa", "é", "a0" * 13])
def test_what_is_no_shape_is_set_aside_and_not_shown(value, tmp_path):
    frames = section([value, "Aaa"])
    frames["comments"].to_csv(tmp_path / "comments.csv", index=False)
    frames["creators"].to_csv(tmp_path / "creators.csv", index=False)
    record = {
        "creator_id": "a",
        "platform": "youtube",
        "comments": frames["comments"].drop(columns="creator_id").to_dict("list"),
    }
    assert plain_tables(record, Limits()) is None
    for result in (tables_from_frames(frames), tables_from_records([record]), read_tables(tmp_path)):
        assert result.tables.comments.strings("author_shape").to_pylist() == ["Aaa"]
        (problem,) = result.report.problems
        assert (problem.code, problem.column, problem.count) == ("bad_category", "author_shape", 1)
        assert "handle_shape" in problem.advice
        assert value not in problem.message


@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.parametrize("value", ["budi.santoso1990", "Aaaa_000", "a" * 5_000_000])
def test_nothing_private_is_kept_from_one_record_to_the_next(value, number):
    keys = [f"k{i}" for i in range(number)]
    comments = {"comment_id": keys, "text": ["t"] * number, "author_shape": [value] * number}
    before = plain_record._word.cache_info().currsize, plain_record._one_word.cache_info().currsize
    for _ in range(2):
        plain_tables({"creator_id": "a", "platform": "youtube", "comments": comments}, Limits())
    after = plain_record._word.cache_info().currsize, plain_record._one_word.cache_info().currsize
    assert sum(after) - sum(before) <= 2, "the platform, and no more"


def test_a_word_of_any_length_is_not_kept():
    before = plain_record._word.cache_info().currsize
    assert plain_tables({"creator_id": "a", "platform": "x" * 1_000_000}, Limits()) is None
    assert plain_record._word.cache_info().currsize == before


def test_shapes_keep_their_case_and_blanks_are_unknown():
    frames = section(["Aaa", " aAa ", None, "", "  "])
    record = {
        "creator_id": "a",
        "platform": "YouTube",
        "comments": {"comment_id": ["k"], "text": ["t"], "author_shape": ["AaA"]},
    }
    assert tables_from_frames(frames).tables.comments.strings("author_shape").to_pylist() == [
        "Aaa",
        "aAa",
        None,
        None,
        None,
    ]
    light = plain_tables(record, Limits())
    assert light.comments.strings("author_shape").to_pylist() == ["AaA"]
    assert light.creators.strings("platform").to_pylist() == ["youtube"]


def test_only_the_shape_is_read_as_written():
    cased = [column.name for contract in CONTRACTS.values() for column in contract.columns if column.cased]
    assert cased == ["author_shape"]


def found(made, steps=None, people=None):
    """Return the features of one section, given the places of the comments' probabilities."""
    every = tables_from_frames(section(made)).tables.comments
    rows = np.arange(len(made))
    steps = np.zeros(len(made), dtype=np.int64) if steps is None else np.asarray(steps)
    out = shapes.compute(
        every, shapes.Comments(rows, np.array([0, len(made)]), rows if people is None else people, steps)
    )
    return {feature.name: float(values[0]) for feature, values in zip(shapes.FEATURES, out, strict=True)}


def test_accounts_made_by_one_recipe_share_elaborate_shapes():
    varied = [worlds.SHAPES[i % 9] for i in range(90)]
    one = ["AaaaAaaa"] * 30 + varied[:60]
    assert found(one)[CHANCE] > found(varied)[CHANCE]
    # Plain handles are everywhere: however many there are, they say nothing.
    assert found(one + ["aaa000"] * 500)[CHANCE] == found(one)[CHANCE]
    assert found(["Aaaa_aaa"] * 10)[CHANCE] == pytest.approx(np.log10(45.5 / 46.0))
    assert np.isnan(found(["Aaaa_aaa"] * 9 + ["aaa"] * 50)[CHANCE])


def test_share_of_numbered_handles():
    assert found(["aaa000"] * 3 + ["aaa_00"] * 4 + ["000aaa"] * 5)[NUMBERED] == 0.25
    assert np.isnan(found(["aaa000"] * 9)[NUMBERED])


def test_an_author_counts_once_and_by_the_most_suspicious_comment():
    made, steps = [worlds.SHAPES[i % 9] for i in range(60)], np.arange(60) * 37 % 100
    once = found(made, steps)
    people = np.concatenate([np.arange(60), np.arange(60), np.arange(60)])
    again = found(made * 3, np.concatenate([steps, steps * 0, steps // 2]), people)
    assert again == once


def slow_excess(outlines, steps):
    """Return epsilon squared by its definition, over outlines of two authors or more."""
    groups = [[s for o, s in zip(outlines, steps, strict=True) if o == name] for name in dict.fromkeys(outlines)]
    groups = [np.array(g, dtype=float) for g in groups if len(g) >= 2]
    every = np.concatenate(groups)
    within = sum(((g - g.mean()) ** 2).sum() for g in groups)
    whole = ((every - every.mean()) ** 2).sum()
    return (whole - within - (len(groups) - 1) * within / (len(every) - len(groups))) / whole


def test_excess_is_that_of_its_definition():
    rng = np.random.default_rng(0)
    pool = ("aaa", "aaa0", "Aaaa_aaa", "Aaa_aa", "A.a", "AaAa-a0a")
    outline = {"aaa": "a", "aaa0": "a0", "Aaaa_aaa": "Aa_a", "Aaa_aa": "Aa_a", "A.a": "A.a", "AaAa-a0a": "AaAa-a0a"}
    for seed in range(5):
        made = [pool[i] for i in np.random.default_rng(seed).integers(0, 6, 80)] + ["0A0A"]
        steps = rng.integers(0, 3_000, 81)
        assert found(made, steps)[EXCESS] == pytest.approx(slow_excess([outline.get(m, m) for m in made], steps))


def test_excess_is_nothing_on_average_where_handles_say_nothing_and_all_where_they_say_all():
    rng = np.random.default_rng(3)
    made = [worlds.SHAPES[i] for i in rng.choice(9, 60, p=np.array([9, 8, 7, 5, 4, 3, 2, 1, 1]) / 40)]
    steps = np.repeat([100, 900], [48, 12])
    drawn = [found(made, rng.permutation(steps))[EXCESS] for _ in range(150)]
    assert abs(np.mean(drawn)) < 4 * np.std(drawn) / np.sqrt(len(drawn))
    assert min(drawn) < 0 < max(drawn)
    sold = [3_000 * (shape == "AaaaAaaa-a0a") for shape in made]
    assert found(made, sold)[EXCESS] == pytest.approx(1.0)
    # A recipe of its own for a sixth of the section is seen, whichever it is.
    for recipe in ("aaa000", "AaaaAaaa", "Aaaa_Aaaa_Aaaa"):
        assert found([*made[:50], *[recipe] * 10], [100] * 50 + [900] * 10)[EXCESS] > 0.3


def test_excess_is_known_only_where_there_is_something_to_compare():
    assert found(["aaa", "AaA"] * 20, [5] * 40)[EXCESS] == 0.0
    assert np.isnan(found(["aaa", "aa"] * 20, range(40))[EXCESS])
    assert np.isnan(found(["aaa", "AaA"] * 9, range(18))[EXCESS])
    assert np.isnan(found([f"{'Aa' * (i // 3)}{'0.' * (i % 3)}a" for i in range(30)], range(30))[EXCESS])


def test_other_creators_change_nothing_to_the_last_bit():
    rng = np.random.default_rng(8)
    pool = [f"{'Aa' * (i % 5)}{'.a' * (i // 5)}0" for i in range(30)]
    sections = [[pool[i] for i in rng.integers(0, 30, 70 + k)] for k in range(12)]
    steps = [rng.integers(0, 3_000, len(made)) for made in sections]
    alone = [found(made, step) for made, step in zip(sections, steps, strict=True)]
    every = tables_from_frames(section([shape for made in sections for shape in made])).tables.comments
    starts = np.cumsum([0, *map(len, sections)])
    rows = np.arange(starts[-1])
    together = shapes.compute(every, shapes.Comments(rows, starts, rows, np.concatenate(steps)))
    for feature, of_all in zip(shapes.FEATURES, together, strict=True):
        assert of_all.tolist() == [of_one[feature.name] for of_one in alone]


def test_without_shapes_these_features_are_unknown_and_all_others_are_the_same():
    made = worlds.organic("a", 3, comments=150, shapes=True)
    bare = {**made, "comments": made["comments"].drop(columns="author_shape")}
    blank = {**made, "comments": made["comments"].assign(author_shape=None)}
    of_shapes, of_bare, of_blank = (values(world) for world in (made, bare, blank))
    names = {CHANCE, NUMBERED, EXCESS}
    assert all(np.isfinite(of_shapes[name]) for name in names)
    for other in (of_bare, of_blank):
        assert all(np.isnan(other[name]) for name in names)
        assert {n: v for n, v in other.items() if n not in names} == pytest.approx(
            {n: v for n, v in of_shapes.items() if n not in names}, rel=0, abs=0, nan_ok=True
        )


def values(world):
    tables = worlds.checked(world)
    return {n: float(v[0]) for n, v in comments.compute(View(tables, decision_days(tables, worlds.END))).items()}


def test_answers_of_the_creator_and_later_comments_do_not_count():
    made = worlds.organic("a", 3, comments=150, shapes=True)
    own = made["comments"].iloc[:40].assign(by_creator=1.0, author_shape="A-A-A-A", author_id="me")
    own = own.assign(comment_id=[f"own{i}" for i in range(40)])
    later = own.assign(by_creator=0.0, comment_id=[f"later{i}" for i in range(40)], commented_at=worlds.END)
    with_both = {**made, "comments": pd.concat([made["comments"], own, later], ignore_index=True)}
    names = (CHANCE, NUMBERED, EXCESS)
    assert [values(with_both)[n] for n in names] == [values(made)[n] for n in names]


@pytest.fixture(scope="module")
def complete():
    settings = SimulationSettings(
        observation="complete", fake_share=0.0, platforms={"youtube": 1.0}, comments_cap=200, comments_median=150
    )
    return simulate(40, seed=4, settings=settings).frames["comments"]


def test_shapes_of_a_world_change_nothing_else(monkeypatch):
    given = simulate(25, seed=6).frames
    monkeypatch.setattr(simulated_creator, "draw_shapes", lambda *args, **named: np.full(len(args[5].author), None))
    without = simulate(25, seed=6).frames
    for name, frame in given.items():
        assert frame.drop(columns="author_shape", errors="ignore").equals(
            without[name].drop(columns="author_shape", errors="ignore")
        )
    has = given["comments"].groupby("creator_id")["author_shape"].apply(lambda s: s.notna().mean())
    assert set(has) == {0.0, 1.0}
    assert without["comments"]["author_shape"].isna().all()


def test_shapes_of_a_world_are_shapes_and_those_of_videos_as_measured(complete):
    shape = complete["author_shape"]
    assert (handle_shapes(shape) == shape).all()
    creator = complete.groupby("creator_id")["author_shape"]
    share = creator.apply(lambda s: s.str.contains(r"-[a0]{3,}$").mean())[creator.size() >= 60]
    assert 0.2 < share.median() < 0.36
    assert 0.08 < share.std() < 0.15


def test_an_account_is_called_the_same_under_every_post(complete):
    number = complete.groupby(["creator_id", "author_id"])["author_shape"].nunique()
    assert (number == 1).mean() > 0.99


def test_every_kind_of_handle_is_a_shape():
    dice = _dice(np.arange(1, 400, dtype=np.uint64))
    assert ((dice >= 0) & (dice < 1)).all()
    assert np.abs(dice.mean(axis=0) - 0.5).max() < 0.05
    for make in _MAKE.values():
        made = [make(row[1:].tolist()) for row in dice]
        assert [handle_shape(shape) for shape in made] == made
