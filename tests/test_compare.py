"""Why did the scores change: every creator once, parts that add up, and the right cause named."""

import numpy as np
import pandas as pd
import pytest

from realreach.cli import run_command
from realreach.errors import InputError
from realreach.features import feature_matrix, feature_names
from realreach.features.view import decision_days
from realreach.policy.comparing import compare_scores, contributions_by_family, decompose


def scores(p, keys=None, **more):
    keys = keys or [f"c{i}" for i in range(len(p))]
    status = np.where(np.isnan(np.asarray(p, dtype=float)), "insufficient_data", "scored")
    return pd.DataFrame({"creator_id": keys, "status": status, "fake_probability": p, **more})


@pytest.fixture(scope="module")
def matrix(unlabelled):
    some = unlabelled.tables.take(np.arange(60))
    return feature_matrix(some, decision_days(some, None).astype("datetime64[D]"))


def test_every_creator_of_either_batch_comes_once():
    got = compare_scores(scores([0.1, 0.2, 0.3]), scores([0.3, 0.9], ["c2", "new"])).creators
    assert sorted(got["creator_id"]) == ["c0", "c1", "c2", "new"]
    assert dict(zip(got["creator_id"], got["found_in"], strict=True)) == {
        "c0": "first", "c1": "first", "c2": "both", "new": "second",
    }  # fmt: skip


def test_the_biggest_change_comes_first_in_any_order_of_rows():
    first, second = scores([0.1, 0.5, 0.9, np.nan]), scores([0.2, 0.5, 0.1, 0.4])
    got = compare_scores(first, second)
    assert got.creators["creator_id"].tolist() == ["c2", "c0", "c1", "c3"]
    mixed = compare_scores(first.sample(frac=1, random_state=1), second.sample(frac=1, random_state=2))
    pd.testing.assert_frame_equal(got.creators, mixed.creators)
    assert got.facts["scored_both"] == 3
    assert got.facts["status_agreement"] == 0.75


def test_moves_of_band_and_action_are_counted():
    first = scores([0.1, 0.9], action=["approve", "decline"], band=["authentic", "suspicious"])
    second = scores([0.1, 0.5], action=["approve", "review"], band=["authentic", "unclear"])
    got = compare_scores(first, second)
    assert got.facts["action_agreement"] == 0.5
    assert "| decline | review | 1 |" in got.markdown()
    assert "c1" in got.markdown(movers=1)
    assert "Biggest changes" not in got.markdown(movers=0)


def test_a_key_cannot_write_to_the_terminal_or_break_the_table():
    got = compare_scores(scores([0.1], ["a|b\x1b[31m"]), scores([0.9], ["a|b\x1b[31m"])).markdown()
    assert "\x1b" not in got
    assert "a\\|b" in got


def test_nothing_in_common_is_refused():
    with pytest.raises(InputError, match="no creator_id in common"):
        compare_scores(scores([0.1], ["a"]), scores([0.1], ["b"]))


def test_contributions_add_up_to_the_margin(scorer, matrix):
    model = scorer.bundle.model
    parts = contributions_by_family(model, matrix)
    values = model.layout.without(model.values(matrix), model.judged(matrix))
    assert sum(parts.values()) == pytest.approx(model.margins(values), abs=1e-9)


def test_data_and_model_add_up_to_the_change_and_the_right_family_is_named(scorer, matrix):
    from dataclasses import replace

    model = scorer.bundle.model
    names = feature_names()
    other = matrix.copy()
    comments = [i for i, name in enumerate(names) if name.startswith("comments__")]
    # Among creators with the same pillars, so that what is judged stays the same.
    rows = np.flatnonzero(model.judged(matrix) == 7)
    other[np.ix_(rows, comments)] = matrix[np.ix_(np.roll(rows, 1), comments)]
    same = decompose((model, model), (matrix, other))
    known = ~np.isnan(same["from_data"])
    assert (same["from_model"][known] == 0).all()
    moved = [text for text in same["moved_by"] if text]
    assert len(moved) > 10
    # A tree shares a change among all features it asks on the way, so that a few rows name another family.
    assert np.mean([text.split()[0] in ("comments", "coherence") for text in moved]) > 0.8
    calibration = model.calibration
    milder = replace(calibration, probability={k: v * 0.5 for k, v in calibration.probability.items()})
    changed = replace(model, calibration=milder)
    both = decompose((model, changed), (matrix, other))
    total = changed.probabilities(other) - model.probabilities(matrix)
    assert both["from_data"] + both["from_model"] == pytest.approx(total, nan_ok=True)
    assert (both["from_model"][known] < 0).all()


@pytest.fixture
def compare(capfd):
    def run(*arguments):
        code = run_command("compare", [*map(str, arguments)], prog="realreach compare")
        out, err = capfd.readouterr()
        return code, out, err

    return run


def test_two_days_of_one_folder(compare, bundle, shortlist, tmp_path):
    code, out, err = compare("--input", shortlist, "--model", bundle, "--as-of", "2025-06-01", "--as-of", "2026-06-01",
                             "--out", tmp_path / "c.csv")  # fmt: skip
    assert code == 0, err
    assert "12 creators in both" in out
    got = pd.read_csv(tmp_path / "c.csv")
    assert {"from_data", "from_model", "moved_by"} <= set(got.columns)
    told = got[got["change"].notna()]
    assert (told["from_data"] + told["from_model"]).to_numpy() == pytest.approx(told["change"].to_numpy())


def test_two_files(compare, tmp_path):
    scores([0.1, 0.2], coverage="growth").to_csv(tmp_path / "a.csv", index=False)
    scores([0.9, 0.2], coverage="growth").to_json(tmp_path / "b.jsonl", orient="records", lines=True)
    code, out, err = compare(tmp_path / "a.csv", tmp_path / "b.jsonl")
    assert code == 0, err
    assert "| c0 | 0.100 | 0.900 | +0.800 |" in out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["a.csv"], "two files of scores, got 1"),
        (["a.csv", "b.csv", "--as-of", "2026-01-01"], "--as-of belongs to --input"),
        (["--input", "x"], "nothing differs"),
        (["--input", "x", "--input", "y", "--input", "z"], "given 3 times"),
        (["a.csv", "--input", "x"], "not both"),
    ],
)
def test_what_cannot_be_compared_is_said(compare, arguments, told):
    code, out, err = compare(*arguments)
    assert (code, out) == (2, "")
    assert told in err
