"""The false-alarm bench: every creator once, counts that add up, rules that say what they should."""

import argparse
import json
import math
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from realreach import false_alarms
from realreach.baselines import missing_rule_inputs
from realreach.commands import false_alarms as command
from realreach.datasets import load_dataset
from realreach.errors import InputError, UsageError
from realreach.false_alarms import (
    bench_set,
    markdown_table,
    rows_to_json,
    run_bench,
    spike_rule,
    summarise,
    unlabelled_sets,
    wilson_interval,
)
from realreach.features import build_features
from realreach.scores import Scorer
from realreach.tables import tables_from_frames

NAME = "growth_youtube_tech_daily"


class FakeScorer:
    """Flags creators whose key ends in an odd digit; knows nothing of those that end in 0."""

    def __init__(self, change=lambda scores: scores):
        self.change = change
        self.days = []

    def score_tables(self, tables, as_of=None):
        self.days.append(as_of)
        ids = tables.creator_ids.to_pylist()
        known = [not creator.endswith("0") for creator in ids]
        scores = pd.DataFrame(
            {
                "creator_id": ids,
                "status": np.where(known, "scored", "insufficient_data"),
                "fake_probability": 0.1,
                "flagged": pd.array(
                    [int(c[-1]) % 2 == 1 if k else None for c, k in zip(ids, known, strict=True)], "boolean"
                ),
                "coverage": np.where(known, "growth+engagement", "nothing"),
            }
        )
        return self.change(scores)


def _write_set(root, creators=20, days=30, name=NAME):
    """Write a made-up set: creator ``i`` has 10 ** (2 + i % 5) followers and gains 1 a day."""
    folder = root / name
    folder.mkdir(parents=True)
    date = pd.date_range("2026-01-01", periods=days).strftime("%Y-%m-%d")
    frames = [
        pd.DataFrame(
            {
                "channel_hash": f"c{i:02d}",
                "date_utc": date,
                "subscribers": 10 ** (2 + i % 5) + np.arange(days),
                "videos": 3,
            }
        )
        for i in range(creators)
    ]
    pd.concat(frames).to_csv(folder / "channels_daily.csv.gz", index=False)
    return folder


def _history(levels, days=None):
    """Return checked tables of one creator with this curve."""
    days = range(len(levels)) if days is None else days
    history = pd.DataFrame({"creator_id": "a", "followers": levels})
    history["observed_on"] = pd.Timestamp("2025-01-01") + pd.to_timedelta(list(days), unit="D")
    creators = pd.DataFrame({"creator_id": ["a"], "platform": ["twitch"]})
    return tables_from_frames({"creators": creators, "follower_history": history}).tables


@pytest.mark.parametrize("n", [1, 7, 500])
def test_wilson_interval_solves_its_own_equation(n):
    z = 1.959963984540054
    for hits in range(0, n + 1, max(1, n // 5)):
        low, high = wilson_interval(hits, n)
        assert 0 <= low <= hits / n <= high <= 1
        # A bound is the share p at which the observed one lies z standard errors of p away.
        for bound in (low, high):
            assert (hits / n - bound) ** 2 == pytest.approx(z * z * bound * (1 - bound) / n, abs=1e-12)
    assert all(math.isnan(bound) for bound in wilson_interval(0, 0))


def test_spike_rule_fires_on_one_great_day_only():
    calm = 1000 + np.cumsum(np.arange(40) % 3)
    burst = calm + np.where(np.arange(40) >= 20, 50, 0)
    assert spike_rule(_history(calm)).tolist() == [0.0]
    assert spike_rule(_history(burst)).tolist() == [1.0]
    assert spike_rule(_history([1000] * 40)).tolist() == [0.0]
    purge = calm - np.where(np.arange(40) >= 20, 50, 0)
    assert spike_rule(_history(purge)).tolist() == [0.0]  # a loss is no spike


def test_spike_rule_agrees_with_the_definition():
    rng = np.random.default_rng(3)
    for _ in range(30):
        levels = 10_000 + np.cumsum(rng.poisson(rng.gamma(0.6, 8, 60)))
        gains = np.diff(levels)
        expected = ((gains - gains.mean()) / gains.std(ddof=1) > 3).any()
        assert spike_rule(_history(levels)).tolist() == [float(expected)]


def test_spike_rule_needs_fourteen_gains_of_one_day():
    assert spike_rule(_history(range(100, 115))).tolist() == [0.0]
    assert np.isnan(spike_rule(_history(range(100, 114)))).all()
    assert np.isnan(spike_rule(_history(range(100, 140), days=range(0, 80, 2)))).all()
    # A jump over a gap is no gain of one day.
    gap = [*range(20), *range(30, 50)]
    assert spike_rule(_history([*range(100, 120), *range(900, 920)], days=gap)).tolist() == [0.0]


def test_spike_rule_keeps_creators_apart():
    days = pd.date_range("2025-01-01", periods=60)
    levels = [*range(100, 130), *range(90_000, 90_030)]
    history = pd.DataFrame({"creator_id": ["a"] * 30 + ["b"] * 30, "observed_on": days, "followers": levels})
    creators = pd.DataFrame({"creator_id": ["a", "b"], "platform": "twitch"})
    tables = tables_from_frames({"creators": creators, "follower_history": history}).tables
    assert spike_rule(tables).tolist() == [0.0, 0.0]


def test_spike_rule_reads_ninety_days_before_the_decision():
    levels = 1000 + np.arange(200)
    levels[20:] += 500
    levels[190:] += 500
    assert spike_rule(_history(levels)).tolist() == [1.0]
    assert spike_rule(_history(levels), np.datetime64("2025-07-09")).tolist() == [0.0]  # before the second, 90 days on
    assert spike_rule(_history(levels), np.datetime64("2025-02-10")).tolist() == [1.0]
    no_history = tables_from_frames({"creators": pd.DataFrame({"creator_id": ["a"], "platform": ["x"]})}).tables
    assert np.isnan(spike_rule(no_history)).all()


def test_every_creator_comes_back_once_and_counts_add_up(tmp_path, monkeypatch):
    monkeypatch.setattr(false_alarms, "_CHUNK", 7)
    judged = bench_set(FakeScorer(), NAME, _write_set(tmp_path))
    assert sorted(judged["creator_id"]) == [f"c{i:02d}" for i in range(20)]
    rows = summarise(judged)
    assert [row.tier for row in rows] == ["all", "<1k", "1k-10k", "10k-100k", "100k-1M", ">=1M"]
    whole, tiers = rows[0], rows[1:]
    for count in ("creators", "scored", "insufficient", "invalid", "flagged", "spike_judged", "norms_judged"):
        assert getattr(whole, count) == sum(getattr(row, count) for row in tiers), count
    assert (whole.creators, whole.scored, whole.insufficient, whole.flagged) == (20, 18, 2, 10)
    assert whole.share == 10 / 18
    assert (whole.low, whole.high) == wilson_interval(10, 18)
    assert (whole.spike_judged, whole.spike_share) == (20, 0.0)
    assert whole.pillars == {"engagement": 18, "growth": 18}


def test_flags_of_creators_without_a_score_do_not_count(tmp_path):
    scorer = FakeScorer(lambda scores: scores.assign(flagged=True))
    whole = summarise(bench_set(scorer, NAME, _write_set(tmp_path)))[0]
    assert (whole.scored, whole.flagged, whole.insufficient) == (18, 18, 2)


def test_creators_set_aside_are_counted_as_such(tmp_path):
    folder = _write_set(tmp_path)
    frames = load_dataset(NAME, folder)
    frames["creators"].loc[3, "followers"] = -5

    def load(name, source):
        return frames

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(false_alarms, "load_dataset", load)
        judged = bench_set(FakeScorer(), NAME, folder)
    assert len(judged) == 20
    assert judged.set_index("creator_id").loc["c03", ["status", "flagged", "tier"]].tolist() == [
        "invalid_input",
        False,
        "unknown",
    ]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda scores: scores.iloc[:-1], "20 creators went into score_tables and 19 rows came out"),
        (lambda scores: pd.concat([scores, scores.iloc[:1]]), "20 creators .* and 21 rows came out"),
        (lambda scores: scores.assign(creator_id=["c00", *scores["creator_id"].iloc[:-1]]), "exactly once"),
        (lambda scores: scores.assign(status="fine"), "gave status fine"),
    ],
)
def test_a_scorer_that_loses_creators_is_caught(change, message, tmp_path):
    folder = _write_set(tmp_path)
    with pytest.raises(RuntimeError, match=message):
        bench_set(FakeScorer(change), NAME, folder)


def test_snapshot_sets_are_scored_on_the_day_after_their_newest_row(tmp_path):
    scorer = FakeScorer()
    bench_set(scorer, NAME, _write_set(tmp_path))
    assert scorer.days == [None]  # each creator on the day after the own last row
    folder = tmp_path / "accounts_tiktok_creators_2020"
    folder.mkdir()
    columns = ["creator", "ts", "plays", "likes", "comments", "shares", "followers", "total_videos"]
    rows = [("c1", 1604786417, 1000, 100, 5, 1, 20_000, 30), ("c2", 1600000000, 1000, 100, 5, 1, 20_000, 30)]
    pd.DataFrame(rows, columns=columns).to_csv(folder / "videos.csv.gz", index=False)
    bench_set(scorer, folder.name, folder)
    assert scorer.days[1:] == [np.datetime64("2020-11-08")]


def test_norms_rule_finds_every_column_it_asks_for(tmp_path):
    tables = tables_from_frames(load_dataset(NAME, _write_set(tmp_path))).tables
    columns = {*build_features(tables).columns, "platform", "followers"}  # the bench adds these two
    assert missing_rule_inputs(columns) == []


def test_bench_runs_the_sets_that_are_there(tmp_path):
    _write_set(tmp_path)
    messages = []
    rows = run_bench(FakeScorer(), tmp_path, progress=messages.append)
    assert [row.dataset for row in rows] == [NAME] * 6 + ["all sets"]
    assert rows[-1].creators == rows[0].creators == 20
    assert f"{NAME}: 20 creators, 10 flagged, 0 declined" in messages
    assert sum("no such folder" in message for message in messages) == len(unlabelled_sets()) - 1


def test_bench_refuses_what_it_cannot_judge(tmp_path):
    with pytest.raises(UsageError, match="growth_starscout_monthly has labels"):
        run_bench(FakeScorer(), tmp_path, ["growth_starscout_monthly"])
    with pytest.raises(UsageError, match="no data set `x`"):
        run_bench(FakeScorer(), tmp_path, ["x"])
    with pytest.raises(InputError, match=f"None of the sets {NAME} lies in folder"):
        run_bench(FakeScorer(), tmp_path, [NAME])


def test_table_and_json_say_the_same(tmp_path):
    rows = run_bench(FakeScorer(), _write_set(tmp_path).parent, [NAME])
    lines = markdown_table(rows).splitlines()
    assert len(lines) == len(rows) + 2
    assert len({line.count("|") for line in lines}) == 1
    cells = [cell.strip() for cell in lines[2].strip("|").split("|")]
    assert cells[:8] == [NAME, "youtube", "all", "20", "18", "2", "0", "55.6 % [33.7 %, 75.4 %]"]
    assert cells[8:13] == ["0.0 % [0.0 %, 17.6 %]", "0.0 %", "0.0 %", "18", "0.0 %"]
    first = json.loads(rows_to_json(rows))[0]
    assert first["share"] == rows[0].share
    assert first["pillars"] == {"engagement": 18, "growth": 18}


def test_declined_is_what_the_policy_declines(tmp_path):
    from realreach.policy import Costs, Policy, Rules

    def sure(scores):
        return scores.assign(fake_probability=0.99, growth_authenticity=1.0, engagement_authenticity=2.0)

    root = _write_set(tmp_path).parent
    rules = Rules(pillars_to_decline=2, pillars_against=2)
    policy = Policy(name="p", version="1", mode="cost", prevalence=0.5, costs=Costs(), rules=rules)
    scorer = FakeScorer(lambda scores: sure(scores).assign(prevalence=0.5))
    row = run_bench(scorer, root, [NAME], policy=policy)[0]
    assert (row.declined, row.reviewed, row.suspicious, row.declinable) == (18, 0, 18, 18)
    assert row.declined_low < row.declined_share == 1.0
    alone = FakeScorer(lambda scores: sure(scores).assign(prevalence=0.5, coverage="growth"))
    row = run_bench(alone, root, [NAME], policy=policy)[0]
    assert (row.declined, row.reviewed, row.suspicious, row.declinable) == (0, 18, 18, 0)


def test_nobody_judged_is_a_dash_and_null_never_zero(tmp_path):
    scorer = FakeScorer(lambda scores: scores.assign(status="insufficient_data"))
    rows = run_bench(scorer, _write_set(tmp_path, days=3).parent, [NAME])
    assert rows[0].scored == rows[0].spike_judged == 0
    assert "| 20 | 0 | 20 | 0 | - | - |" in markdown_table(rows)
    first = json.loads(rows_to_json(rows))[0]
    assert first["share"] is None
    assert first["spike_share"] is None


def test_command_writes_table_to_stdout_and_progress_to_stderr(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(Scorer, "load", staticmethod(lambda folder: FakeScorer()))
    root = _write_set(tmp_path / "sets").parent
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    out = tmp_path / "bench.json"
    words = ["--model", str(tmp_path), "--datasets", str(root), "--only", NAME, "--json", str(out)]
    assert command.run(parser.parse_args(words)) == 0
    shown = capsys.readouterr()
    assert shown.out.startswith("| set | platform |")
    assert shown.err == f"{NAME}: 20 creators, 10 flagged, 0 declined\n"
    assert len(json.loads(out.read_text(encoding="utf-8"))) == 7


def test_spike_rule_cries_wolf_on_real_creators():
    root = os.environ.get("REALREACH_DATASETS")
    if not root:
        pytest.skip("the real file is not here: set REALREACH_DATASETS to the folder of the data sets")
    tables = tables_from_frames(load_dataset("growth_vtuber_daily", Path(root) / "growth_vtuber_daily")).tables
    twitch = np.array([platform == "twitch" for platform in tables.creators.strings("platform").to_pylist()])
    fires = spike_rule(tables)[twitch]
    # Published for the whole of this set: 71 % of 1,372 Twitch creators; about half of them lie in this copy.
    assert np.nanmean(fires) == pytest.approx(0.71, abs=0.05)
