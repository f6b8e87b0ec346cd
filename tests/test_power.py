"""The power surface: who knows the truth finds all, who guesses finds one in a hundred, and counts add up."""

import argparse
import json
import math
from functools import partial

import numpy as np
import pandas as pd
import pytest

from realreach import training
from realreach.commands import power as command
from realreach.errors import InputError, UsageError
from realreach.evaluation import Labelled
from realreach.features import feature_names
from realreach.power import (
    Judgement,
    Line,
    judge,
    judge_world,
    leave_one_mechanism_out,
    left_out_markdown,
    load_world,
    make_world,
    refuse_trained_seeds,
)
from realreach.settings import TrainSettings
from realreach.simulate import LOOK_ALIKES
from realreach.simulate.write import write_world
from realreach.tables import tables_from_frames

DAY = pd.Timestamp("2025-06-01")
N = 6_000


def _truth(seed=0, n=N):
    """Made-up truth: every third creator is fake; shares, levels, delays and look-alikes at random."""
    rng = np.random.default_rng(seed)
    fake = np.arange(n) % 3 == 0
    only_fake = {
        "evasion_level": rng.integers(0, 3, n),
        "purchased_share_followers": rng.uniform(0, 1, n),
        "delivery_days": rng.choice([1, 5, 20, 60, 200], n),
        "days_since_last_purchase": rng.choice([1, 10, 50, 150], n),
    }
    return pd.DataFrame(
        {
            "creator_id": [f"sim5-{i:06d}" for i in range(n)],
            "is_fake": fake,
            "mechanisms": np.where(fake, rng.choice(["M1", "M2", "M1+M10"], n), ""),
            **{name: np.where(fake, values, np.nan) for name, values in only_fake.items()},
            "purchased_share_engagement": 0.0,
            "look_alikes": rng.choice(["", "attack", "attack+viral", "rounding"], n),
            "platform": "instagram",
            "tier": "1k-5k",
        }
    )


def _tables(truth):
    creators = truth[["creator_id", "platform"]].assign(language=np.where(np.arange(len(truth)) % 2, "id", "en"))
    history = truth[["creator_id"]].assign(observed_on=DAY, followers=1_000)
    return tables_from_frames({"creators": creators, "follower_history": history}).tables


class Told:
    """Scores that were made beforehand; NaN is not scored. ``limit`` is its own operating point."""

    def __init__(self, ids, p, limit=0.5):
        self.p, self.limit = dict(zip(ids, p, strict=True)), limit

    def score_tables(self, tables, as_of=None):
        ids = tables.creator_ids.to_pylist()
        p = np.array([self.p[key] for key in ids])
        known = ~np.isnan(p)
        return pd.DataFrame(
            {
                "creator_id": ids,
                "status": np.where(known, "scored", "insufficient_data"),
                "fake_probability": p,
                "flagged": pd.array([v > self.limit if k else None for v, k in zip(p, known, strict=True)], "boolean"),
                "coverage": np.where(known, "growth", "nothing"),
            }
        )[::-1]  # the order of the rows must not matter


@pytest.fixture(scope="module")
def truth():
    return _truth()


@pytest.fixture(scope="module")
def tables(truth):
    return _tables(truth)


@pytest.fixture(scope="module")
def oracle(truth, tables):
    noise = np.random.default_rng(1).uniform(0, 0.4, N)
    return judge_world(Told(truth.creator_id, np.where(truth.is_fake, 0.9, noise)), tables, truth)


@pytest.fixture(scope="module")
def guess(truth, tables):
    return judge_world(Told(truth.creator_id, np.random.default_rng(2).uniform(0, 1, N), 0.95), tables, truth)


def _rates(judgement, table):
    return [line.rate for line in judgement.table(table) if line.n]


def test_the_oracle_finds_all(oracle):
    for table in ("share", "surface", "share x evasion", "share x delivery", "share x recency", "mechanism"):
        assert set(_rates(oracle, table)) == {1.0}
    assert oracle.smallest_share() == oracle.smallest_share(surely=True) == "<2 %"


def test_the_oracle_wrongs_one_in_a_hundred_at_the_threshold_and_nobody_at_its_own(oracle):
    whole = oracle.table("honest")[0]
    assert whole.n == oracle.honest == 4_000
    assert whole.hits == 40
    assert oracle.achieved_fpr == pytest.approx(0.01)
    assert whole.flagged == 0


def test_a_guess_finds_one_in_a_hundred(guess):
    lines = guess.table("share")
    assert sum(line.hits for line in lines) / 2_000 == pytest.approx(0.01, abs=0.006)
    assert sum(line.flagged for line in lines) / 2_000 == pytest.approx(0.05, abs=0.015)
    assert guess.smallest_share() is None
    assert guess.table("honest")[0].flagged_rate == pytest.approx(0.05, abs=0.012)


@pytest.mark.parametrize("table", ["share", "surface", "share x evasion", "share x delivery", "share x recency"])
def test_every_fake_creator_is_counted_once(guess, table):
    assert sum(line.n for line in guess.table(table)) == guess.fake == 2_000


@pytest.mark.parametrize("table", ["language", "platform", "tier", "pillars"])
def test_every_honest_creator_is_counted_once_by_group(guess, table):
    assert sum(line.n for line in guess.table(table)) == guess.honest


@pytest.mark.parametrize(
    ("share", "band"),
    [(0.0, "<2 %"), (0.02, "2-5 %"), (0.05, "5-10 %"), (0.299, "20-30 %"), (0.9, ">90 %"), (1.0, ">90 %")],
)
def test_bands_of_the_larger_share(truth, tables, share, band):
    changed = truth.assign(purchased_share_followers=share / 2, purchased_share_engagement=share)
    judged = judge_world(Told(truth.creator_id, np.where(truth.is_fake, 0.9, 0.1)), tables, changed)
    assert [line.row for line in judged.table("share") if line.n] == [band]


@pytest.mark.parametrize(
    ("days", "column"), [(1, "<=1 d"), (2, "1-7 d"), (7, "1-7 d"), (8, "7-30 d"), (90, "30-90 d"), (91, ">90 d")]
)
def test_a_delivery_of_so_many_days_stands_in_its_column(truth, tables, days, column):
    changed = truth.assign(delivery_days=float(days))
    judged = judge_world(Told(truth.creator_id, np.where(truth.is_fake, 0.9, 0.1)), tables, changed)
    assert {line.column for line in judged.table("share x delivery") if line.n} == {column}


def test_unknown_delivery_and_age_are_columns_of_their_own(truth, tables):
    changed = truth.assign(delivery_days=np.nan, days_since_last_purchase=np.nan)
    judged = judge_world(Told(truth.creator_id, np.where(truth.is_fake, 0.9, 0.1)), tables, changed)
    assert {x.column for x in judged.table("share x delivery") if x.n} == {"no followers delivered in the curve"}
    assert {x.column for x in judged.table("share x recency") if x.n} == {"no purchase in view"}


def test_false_positives_stand_beside_the_look_alike_that_causes_them(truth, tables):
    is_attacked = truth.look_alikes.str.contains("attack").to_numpy()
    p = np.where(truth.is_fake, 0.9, np.where(is_attacked, np.random.default_rng(3).uniform(0.4, 0.6, N), 0.1))
    judged = judge_world(Told(truth.creator_id, p), tables, truth)
    lines = {line.row: line for line in judged.table("look_alike")}
    honest = truth[~truth.is_fake].look_alikes
    assert lines["attack"].n == honest.str.contains("attack").sum()
    assert lines["attack"].flagged_rate == pytest.approx(0.5, abs=0.05)
    assert lines["viral"].flagged_rate == pytest.approx(0.5, abs=0.06)
    assert lines["none"].n == (honest == "").sum()
    assert lines["none"].flagged == lines["rounding"].flagged == lines["merge"].n == 0
    order = [line.row for line in judged.look_alikes()]
    assert {order[0], order[1]} == {"attack", "viral"}
    assert order[-1] not in {"attack", "viral", "rounding", "none"}  # nobody had it
    text = judged.markdown()
    assert "Worst: " in text
    assert "Fewer than 200 creators: " in text


def test_a_group_that_is_wronged_more_is_named(truth, tables):
    english = np.arange(N) % 2 == 0
    p = np.where(truth.is_fake, 0.9, np.where(english, 0.1, np.random.default_rng(3).uniform(0, 0.6, N)))
    mixed = truth.assign(platform=np.where((np.arange(N) % 10 == 1) & ~truth.is_fake, "tiktok", "instagram"))
    text = judge_world(Told(truth.creator_id, np.where(mixed.platform == "tiktok", 0.7, p)), tables, mixed).markdown()
    assert "flagged more than twice as often beyond chance: platform tiktok" in text
    assert "none is flagged more than twice" in judge_world(Told(truth.creator_id, p * 0.1), tables, truth).markdown()


def test_mechanisms_alone_and_at_all(truth, tables):
    p = np.where(truth.mechanisms == "M1", 0.9, 0.1)
    judged = judge_world(Told(truth.creator_id, p), tables, truth)
    lines = {(x.row, x.column): x for x in judged.table("mechanism")}
    counts = truth.mechanisms.value_counts()
    assert lines["M1", "all"].n == counts["M1"] + counts["M1+M10"]  # M10 is not M1
    assert lines["M1", "all"].hits == lines["M1", "alone"].n == counts["M1"]
    assert lines["M10", "all"].n == counts["M1+M10"]
    assert lines["M10", "alone"].n == 0
    assert lines["M2", "all"].rate == 0.0


def test_purchases_that_ended_before_the_tables_begin_are_out_of_view(truth, tables):
    fake = truth[truth.is_fake].creator_id.to_numpy()
    ends = [DAY - pd.Timedelta(days=1)] * 500 + [DAY + pd.Timedelta(days=1)] * 1_500
    events = pd.DataFrame(
        {"creator_id": fake, "kind": "M1", "end": pd.to_datetime(ends, utc=True), "is_innocent": False}
    )
    innocent = events.head(500).assign(end=events["end"].max(), is_innocent=True)
    p = np.where(truth.is_fake, 0.9, 0.1)
    judged = judge_world(Told(truth.creator_id, p), tables, truth, pd.concat([events, innocent]))
    assert judged.out_of_view == 500
    lines = {(x.row, x.column): x for x in judged.table("mechanism")}
    late = truth[truth.is_fake].mechanisms[500:].str.contains("M1").sum()
    assert lines["M1", "in view"].n == late < lines["M1", "all"].n
    assert lines["M2", "in view"].n == 0
    assert judge_world(Told(truth.creator_id, p), tables, truth).out_of_view is None


def test_creators_without_a_score_are_told_and_not_counted(truth, tables):
    p = np.where(truth.is_fake, 0.9, 0.1)
    p[:300] = np.nan
    judged = judge_world(Told(truth.creator_id, p), tables, truth)
    assert (judged.unscored_fake, judged.unscored_honest) == (100, 200)
    assert (judged.fake, judged.honest) == (1_900, 3_800)
    assert {line.row for line in judged.table("pillars")} == {"growth"}


def test_too_few_honest_creators_have_no_threshold(truth):
    few = truth.head(147)
    scorer = Told(few.creator_id, np.where(few.is_fake, 0.9, 0.1))
    with pytest.raises(InputError, match=r"98 honest creators .* needs 100 or more"):
        judge_world(scorer, _tables(few), few)


def test_truth_of_another_world_is_refused(truth, tables):
    scorer = Told(truth.creator_id, np.full(N, 0.1))
    with pytest.raises(InputError, match="10 of 6,000 creators have no row"):
        judge_world(scorer, tables, truth.iloc[10:])


def _with_recall(*counts):
    names = ("2-5 %", "5-10 %", "10-20 %", "20-30 %")
    lines = tuple(Line("share", name, "all", n, hits, 0) for name, (hits, n) in zip(names, counts, strict=True))
    return Judgement(None, 0, 0, 0, 0, None, 0.5, 0.01, lines)


def test_the_smallest_share_with_power():
    assert _with_recall((10, 100), (70, 100), (85, 100), (99, 100)).smallest_share() == "10-20 %"
    assert _with_recall((10, 100), (70, 100), (85, 100), (99, 100)).smallest_share(surely=True) == "20-30 %"
    assert _with_recall((90, 100), (70, 100), (85, 100), (79, 100)).smallest_share() is None  # not from there on
    assert _with_recall((90, 100), (0, 19), (85, 100), (80, 100)).smallest_share() == "2-5 %"  # 19 say nothing


def test_json_and_metadata_hold_no_nan(guess):
    everything = guess.to_dict()
    json.dumps(everything, allow_nan=False)
    assert len(everything["lines"]) == len(guess.lines)
    assert everything["simulated"] is True
    brief = guess.to_dict(("share", "look_alike"))
    assert {line["table"] for line in brief["lines"]} == {"share", "look_alike"}


def test_markdown_says_simulated_above_every_table(guess):
    text = guess.markdown("###")
    heads = [line for line in text.splitlines() if line.startswith("#")]
    assert len(heads) == 5
    assert all(head.endswith("(simulated)") for head in heads)
    assert "nan" not in text
    assert "threshold at 1 %* is one fake_probability for all" in text


# -- worlds -----------------------------------------------------------------------------------------------------------


class ByKey:
    """Scores by the key alone: any world can be judged without features."""

    def score_tables(self, tables, as_of=None):
        ids = tables.creator_ids.to_pylist()
        return Told(ids, [(int(key[-3:]) * 37 % 1000) / 1000 for key in ids], 0.98).score_tables(tables)


@pytest.fixture(scope="module")
def world():
    return make_world(170, seed=905)


def test_more_honest_creators_are_simulated_for_rare_look_alikes(world, monkeypatch):
    kinds = ("merge", "rename", "fans")
    monkeypatch.setattr("realreach.power.look_alikes.LOOK_ALIKES", {kind: LOOK_ALIKES[kind] for kind in kinds})
    said, made = [], []

    def noted(number, seed, settings, *, first, workers):
        made.append((first, number, seed, settings))
        return make_world(number, seed, settings, first=first, workers=workers)

    monkeypatch.setattr("realreach.power.look_alikes.make_world", noted)
    judged = judge(ByKey(), world, least=20, report=said.append)
    lines = {line.row: line for line in judged.table("look_alike")}
    assert set(lines) == {*kinds, "none"}
    honest = world.truth[~world.truth.is_fake]
    for kind in kinds:
        natural = int(honest.look_alikes.str.split("+").map(lambda own, kind=kind: kind in own).sum())
        assert lines[kind].n == natural + lines[kind].extra >= 20
    assert lines["none"].extra == 0
    assert judged.honest == len(honest)  # the added ones change neither threshold nor other tables
    assert judged.threshold == judge(ByKey(), world, least=0).threshold
    assert all(seed == 905 and settings.fake_share == 0 for *_, seed, settings in made)
    used = [index for first, number, *_ in made for index in range(first, first + number)]
    assert len(set(used)) == len(used)  # no creator twice
    assert min(used) == 170  # and none of the world itself
    assert any("merge of two accounts" in sentence for sentence in said)


def test_a_kind_that_cannot_be_found_is_given_up(world, monkeypatch):
    monkeypatch.setattr("realreach.power.look_alikes.LOOK_ALIKES", {"comments_limited": 0.03})
    monkeypatch.setattr("realreach.power.look_alikes._MOST_EXTRA", 40)
    blind = world.settings.model_copy(update={"observation": "complete"})
    judged = judge(ByKey(), make_world(170, 905, blind), least=100)
    assert {line.row: line.n for line in judged.table("look_alike")}["comments_limited"] == 0


@pytest.mark.parametrize(("form", "part"), [("parquet", 60), ("csv", 1_000), ("jsonl", 1_000)])
def test_a_written_world_is_read_back_with_its_truth(tmp_path, world, form, part):
    write_world(tmp_path / "w", 170, 905, format=form, part_creators=part, progress=False)
    read = load_world(tmp_path / "w")
    assert (read.seed, read.next_creator, read.settings) == (905, 170, world.settings)
    first, second = (judge_world(ByKey(), w.tables, w.truth, w.events) for w in (world, read))
    assert first == second


def test_a_folder_without_truth_is_refused(tmp_path):
    with pytest.raises(InputError, match="no such folder"):
        load_world(tmp_path / "none")
    (tmp_path / "w" / "truth").mkdir(parents=True)
    with pytest.raises(InputError, match="truth/truth is missing"):
        load_world(tmp_path / "w")
    pd.DataFrame({"creator_id": ["a"]}).to_csv(tmp_path / "w" / "truth" / "truth.csv")
    with pytest.raises(InputError, match="truth/truth lacks is_fake, mechanisms"):
        load_world(tmp_path / "w")


def test_a_world_that_was_trained_on_is_refused(world):
    refuse_trained_seeds(world, {7, 8})
    with pytest.raises(UsageError, match="trained on creators of seed 905"):
        refuse_trained_seeds(world, {7, 905})


def test_training_writes_the_judgement_into_card_and_metadata(world, monkeypatch):
    monkeypatch.setattr(training, "judge_model", partial(judge, least=0))
    trees = {"n_estimators": 10, "masked_copies": 0}
    settings = TrainSettings.model_validate({"bootstrap": 20, "folds": 2, "repeats": 1, "model": trees})
    read = argparse.Namespace(tables=world.tables)
    trained = training.train(read, settings, judge=make_world(170, 906))
    assert trained.metadata["data"]["simulated_seeds"] == [905]
    judged = trained.metadata["judged"]
    assert judged["seed"] == 906
    assert {line["table"] for line in judged["lines"]} == {"honest", "share", "look_alike"}
    assert "## Power and false positives (simulated)" in trained.card
    assert f"fake_probability for all, {judged['threshold_at_1pct_fpr']:.4f}" in trained.card
    with pytest.raises(UsageError, match="trained on creators of seed 905"):
        training.train(read, settings, judge=world)


# -- the command ------------------------------------------------------------------------------------------------------


def _arguments(*flags):
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    return parser.parse_args([str(flag) for flag in flags])


class Loaded(ByKey):
    """A loaded model that was trained on seed 7."""

    def __init__(self, folder):
        self.bundle = argparse.Namespace(name="model-1", metadata={"data": {"simulated_seeds": [7]}})

    load = classmethod(lambda cls, folder: cls(folder))


def test_the_command_prints_markdown_and_writes_json(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("realreach.scores.Scorer", Loaded)
    flags = ("--model", "m", "--creators", 170, "--seed", 905, "--least", 0, "--json", tmp_path / "p.json")
    assert command.run(_arguments(*flags)) == 0
    out, err = capsys.readouterr()
    assert out.startswith("# model-1\n\n## Power and false positives (simulated)")
    assert "simulating 170 creators of seed 905" in err
    facts = json.loads((tmp_path / "p.json").read_text())
    assert facts["model"] == "model-1"
    assert facts["seed"] == 905


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        ((), "--model is missing"),
        (("--model", "m", "--seed", 7), "trained on creators of this seed"),
        (("--model", "m", "--world", "w", "--seed", 8), "leave out --creators and --seed"),
        (("--model", "m", "--data", "d"), "belong to --leave-one-out"),
        (("--model", "m", "--least", -1), "--least must be 0 or more"),
        (("--leave-one-out",), "needs --data"),
        (("--leave-one-out", "--data", "d", "--model", "m"), "fits its own models"),
    ],
)
def test_flags_that_do_not_go_together(monkeypatch, flags, words):
    monkeypatch.setattr("realreach.scores.Scorer", Loaded)
    with pytest.raises(UsageError, match=words):
        command.run(_arguments(*flags))


# -- a mechanism left out ---------------------------------------------------------------------------------------------


def _labelled(n=1_200):
    """Honest creators; M1 shows in one feature, M2 in another, M3 in none that the model could learn from M1 or M2."""
    rng = np.random.default_rng(4)
    kind = rng.choice(["", "M1", "M2", "M3"], n, p=[0.55, 0.2, 0.23, 0.02])
    features = pd.DataFrame(rng.normal(size=(n, len(feature_names()))), columns=list(feature_names()))
    names = [name for name in feature_names() if name.startswith("growth__")]
    features["context__followers__now__log10"] = 4.0
    features.loc[kind == "M1", names[0]] += 6
    features.loc[kind == "M2", names[1]] += 6
    texts = np.array(["id"] * n, dtype=object)
    keys = np.array([f"g{i}" for i in range(n)], dtype=object)
    target = (kind != "").astype(float)
    return Labelled(features, target, np.ones(n), keys, np.zeros(n), texts, texts, kind.astype(object))


def test_a_mechanism_never_seen_is_missed():
    trees = {"n_estimators": 40, "learning_rate": 0.2, "masked_copies": 0, "exclude": []}
    settings = TrainSettings.model_validate({"bootstrap": 20, "test_share": 0.4, "time_split": "off", "model": trees})
    results = leave_one_mechanism_out(_labelled(), settings)
    by_name = {x.mechanism: x for x in results}
    assert set(by_name) == {"M1", "M2", "M3"}
    for code in ("M1", "M2"):
        assert by_name[code].seen > 0.9
        assert by_name[code].loss > 0.3
        assert by_name[code].loss == pytest.approx(by_name[code].seen - by_name[code].unseen)
        assert by_name[code].low <= by_name[code].loss <= by_name[code].high
    assert math.isnan(by_name["M3"].loss)  # too few in the test
    assert results[-1].mechanism == "M3"
    assert "| M3 ongoing top-up of followers |" in left_out_markdown(results)
    assert "nan" not in left_out_markdown(results)


def test_labels_without_mechanisms_have_nothing_to_leave_out():
    data = _labelled(60)
    data.mechanisms[:] = ""
    with pytest.raises(InputError, match="no creator has mechanisms"):
        leave_one_mechanism_out(data, TrainSettings())
