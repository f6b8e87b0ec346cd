"""Metrics: equal to scikit-learn, honest about ties, intervals that cover, slices and size-matched pairs."""

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics as sk
from sklearn.linear_model import LogisticRegression

from realreach.metrics import (
    METRICS,
    achieved_fpr,
    calibration_error,
    calibration_intercept,
    calibration_slope,
    difference,
    evaluate,
    evaluate_matched,
    operating_point,
    pr_auc,
    pr_auc_at,
    recall_at_fpr,
    roc_auc,
    size_matched_pairs,
    size_tier,
)


def sample(n=2_000, seed=0, digits=None, weighted=True, gain=2.0):
    """Labels drawn from calibrated probabilities, with ties if digits are cut."""
    rng = np.random.default_rng(seed)
    p = 1 / (1 + np.exp(-(rng.normal(size=n) * gain - 1)))
    p = p if digits is None else p.round(digits)
    y = (rng.random(n) < p).astype(float)
    w = rng.integers(0, 4, n).astype(float) if weighted else None
    return y, p, w


def frame_of(n=1_000, seed=0, **columns):
    y, p, _ = sample(n, seed)
    return pd.DataFrame({"y": y, "p": p, **columns})


def cell(table, metric, part="all"):
    rows = table[(table["metric"] == metric) & (table["slice"] == part)]
    assert len(rows) == 1
    return rows.iloc[0]


# -- single metrics

CASES = [sample(), sample(digits=1), sample(digits=2, weighted=False), sample(n=30, seed=5)]


@pytest.mark.parametrize(("y", "p", "w"), CASES)
@pytest.mark.parametrize(
    ("name", "reference"),
    [
        ("roc_auc", sk.roc_auc_score),
        ("pr_auc", sk.average_precision_score),
        ("brier", sk.brier_score_loss),
        ("log_loss", sk.log_loss),
    ],
)
def test_agrees_with_sklearn(name, reference, y, p, w):
    assert METRICS[name](y, p, w) == pytest.approx(reference(y, p, sample_weight=w), abs=1e-12)


@pytest.mark.parametrize(("y", "p", "w"), CASES)
@pytest.mark.parametrize("prevalence", [0.05, 0.10, 0.25])
def test_pr_auc_at_prevalence_is_pr_auc_of_reweighted_rows(y, p, w, prevalence):
    w = np.ones_like(y) if w is None else w
    balanced = np.where(y == 1, prevalence / w[y == 1].sum(), (1 - prevalence) / w[y == 0].sum()) * w
    assert pr_auc_at(prevalence)(y, p, w) == pytest.approx(sk.average_precision_score(y, p, sample_weight=balanced))


def test_pr_auc_at_prevalence_does_not_depend_on_the_share_of_fakes():
    y, p, _ = sample(weighted=False)
    fewer = np.where(y == 1, 0.1, 1.0)
    assert pr_auc_at(0.1)(y, p) == pytest.approx(pr_auc_at(0.1)(y, p, fewer))
    assert pr_auc(y, p) > pr_auc(y, p, fewer) + 0.1


@pytest.mark.parametrize(("y", "p", "w"), CASES)
@pytest.mark.parametrize("limit", [0.01, 0.05, 0.3])
def test_recall_at_fpr_is_the_best_recall_among_all_thresholds(y, p, w, limit):
    w = np.ones_like(y) if w is None else w
    best = 0.0
    for threshold in np.unique(p):  # the slow obvious version
        flagged = p >= threshold
        if w[flagged & (y == 0)].sum() / w[y == 0].sum() <= limit + 1e-12:
            best = max(best, w[flagged & (y == 1)].sum() / w[y == 1].sum())
    assert recall_at_fpr(limit)(y, p, w) == pytest.approx(best)


def test_recall_at_fpr_does_not_split_ties():
    y = np.array([0.0] * 99 + [0.0] + [1.0] * 10)
    p = np.array([0.1] * 99 + [0.9] + [0.9] * 10)
    assert recall_at_fpr(0.01)(y, p) == 1.0
    assert recall_at_fpr(0.0099)(y, p) == 0.0
    assert roc_auc(y, np.full(110, 0.5)) == 0.5
    assert recall_at_fpr(0.05)(y, np.full(110, 0.5)) == 0.0


def test_calibration_error_against_a_slow_version():
    y, p, _ = sample(n=1_500, weighted=False)
    order = np.argsort(p)
    gaps = [abs(p[b].mean() - y[b].mean()) for b in np.split(order, 15)]
    assert calibration_error(y, p) == pytest.approx(np.mean(gaps))


def test_calibration_error_keeps_equal_scores_in_one_bin():
    y = np.tile([0.0, 1.0], 50)
    assert calibration_error(y, np.full(100, 0.5)) == pytest.approx(0.0)
    assert calibration_error(y, np.full(100, 0.8)) == pytest.approx(0.3)


def test_weight_two_is_two_rows():
    y, p, w = sample(n=300, digits=2)
    times = w.astype(int)
    for name, metric in METRICS.items():
        assert metric(y, p, w) == pytest.approx(metric(np.repeat(y, times), np.repeat(p, times), None)), name


@pytest.mark.parametrize("factor", [0.3, 1.0, 1.5])
def test_calibration_slope_agrees_with_sklearn(factor):
    y, p, w = sample()
    logit = factor * np.log(p / (1 - p))
    distorted = 1 / (1 + np.exp(-logit))
    x = np.log(distorted / (1 - distorted)).reshape(-1, 1)
    reference = LogisticRegression(C=np.inf, tol=1e-10, max_iter=1_000).fit(x, y, sample_weight=w)
    assert calibration_slope(y, distorted, w) == pytest.approx(reference.coef_[0, 0], rel=1e-4)
    assert calibration_slope(y, distorted, w) == pytest.approx(1 / factor, rel=0.15)


def test_calibration_intercept_undoes_a_shift():
    y, p, _ = sample(n=20_000, weighted=False)
    shifted = 1 / (1 + np.exp(-(np.log(p / (1 - p)) + 0.7)))
    intercept = calibration_intercept(y, shifted)
    assert intercept == pytest.approx(-0.7, abs=0.06)
    moved = 1 / (1 + np.exp(-(np.log(shifted / (1 - shifted)) + intercept)))
    assert moved.mean() == pytest.approx(y.mean(), abs=1e-9)


def test_brier_skill_of_the_base_rate_is_zero():
    y, _, w = sample()
    assert METRICS["brier_skill"](y, np.full(len(y), np.average(y, weights=w)), w) == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize("label", [0.0, 1.0])
def test_one_class_is_nan_where_two_are_needed(label):
    y, p = np.full(50, label), np.linspace(0.1, 0.9, 50)
    for name, metric in METRICS.items():
        assert np.isnan(metric(y, p)) == (metric.need == "both"), name


def test_no_rows_and_no_weight_are_nan():
    none, half = np.empty(0), np.array([0.5, 0.5])
    for metric in METRICS.values():
        assert np.isnan(metric(none, none))
        assert np.isnan(metric(np.array([0.0, 1.0]), half, np.zeros(2)))


def test_perfect_separation_has_no_slope():
    y = np.tile([0.0, 1.0], 20)
    assert np.isnan(calibration_slope(y, 0.2 + 0.6 * y))
    assert np.isnan(calibration_slope(y, np.full(40, 0.5)))
    close = np.concatenate([np.linspace(0.45, 0.49, 20), np.linspace(0.5, 0.54, 20)])
    assert np.isnan(calibration_slope(np.repeat([0.0, 1.0], 20), close))
    assert roc_auc(y, y) == 1.0


@pytest.mark.parametrize(
    ("y", "p", "w", "words"),
    [
        ([0, 2], [0.1, 0.2], None, "y has 1 of 2 values that are not allowed: must be 0 or 1"),
        ([0, 1], [0.1, np.nan], None, "p has 1 of 2 values that are not allowed: must be finite"),
        ([0, 1], [0.1, 0.2], [1, -1], "w has 1 of 2 values that are not allowed"),
        ([0, 1], [0.1], None, "columns of one length"),
    ],
)
def test_wrong_input_is_refused(y, p, w, words):
    with pytest.raises(ValueError, match=words):
        roc_auc(np.array(y), np.array(p), None if w is None else np.array(w))


# -- operating point


@pytest.mark.parametrize("fpr", [0.01, 0.05, 0.5])
@pytest.mark.parametrize("digits", [None, 1, 2])
def test_operating_point_is_never_above_the_wanted_share_and_cannot_be_lower(fpr, digits):
    y, p, _ = sample(digits=digits)
    honest = p[y == 0]
    threshold = operating_point(honest, fpr)
    assert achieved_fpr(honest, threshold) <= fpr
    assert achieved_fpr(honest, np.nextafter(threshold, -np.inf)) > fpr


def test_operating_point_uses_weights():
    scores, w = np.array([0.1, 0.2, 0.3, 0.9]), np.array([10.0, 10.0, 10.0, 1.0])
    assert achieved_fpr(scores, operating_point(scores, 0.05, w), w) == pytest.approx(1 / 31)
    assert achieved_fpr(scores, operating_point(scores, 0.05)) == 0.0


def test_operating_point_needs_honest_scores():
    with pytest.raises(ValueError, match="needs scores of honest creators"):
        operating_point(np.empty(0), 0.01)
    with pytest.raises(ValueError, match="fpr must be between 0 and 1"):
        operating_point(np.array([0.5]), 1.0)
    assert np.isnan(achieved_fpr(np.empty(0), 0.5))


# -- intervals


def test_values_of_the_table_are_those_of_the_metrics():
    frame = frame_of(platform=np.tile(["a", "b"], 500))
    table = evaluate(frame, threshold=0.5, replicates=20)
    for part, rows in (("all", frame), ("platform=b", frame[frame["platform"] == "b"])):
        for name, metric in METRICS.items():
            expected = metric(rows["y"].to_numpy(), rows["p"].to_numpy())
            assert cell(table, name, part)["value"] == pytest.approx(expected, abs=1e-12)
    honest = frame[frame["y"] == 0]["p"].to_numpy()
    assert cell(table, "fpr_at_threshold")["value"] == pytest.approx(achieved_fpr(honest, 0.5))
    assert cell(table, "recall_at_threshold")["value"] == pytest.approx((frame["p"][frame["y"] == 1] >= 0.5).mean())
    assert cell(table, "fake_share")["value"] == pytest.approx(frame["y"].mean())


def test_replicates_are_those_of_a_slow_bootstrap():
    weight = np.random.default_rng(8).integers(0, 4, 200).astype(float)
    frame = frame_of(n=200, group=[f"{i // 4:02d}" for i in range(200)], weight=weight)
    table = evaluate(frame, replicates=40, seed=3, slices=[])
    slow = []
    for replicate in range(40):
        drawn = np.random.default_rng([3, replicate]).integers(50, size=50)
        rows = pd.concat([frame[frame["group"] == f"{i:02d}"] for i in drawn])
        slow.append(sk.roc_auc_score(rows["y"], rows["p"], sample_weight=rows["weight"]))
    assert cell(table, "roc_auc")[["low", "high"]].tolist() == pytest.approx(np.quantile(slow, [0.025, 0.975]).tolist())


def test_grouped_rows_widen_the_interval():
    single = frame_of(n=300)
    copied = pd.concat([single.assign(group=range(300))] * 4)
    by_row = cell(evaluate(copied.drop(columns="group"), slices=[]), "roc_auc")
    by_group = cell(evaluate(copied, slices=[]), "roc_auc")
    alone = cell(evaluate(single, slices=[]), "roc_auc")
    assert by_group["high"] - by_group["low"] == pytest.approx(alone["high"] - alone["low"], rel=0.2)
    assert by_row["high"] - by_row["low"] < 0.7 * (by_group["high"] - by_group["low"])


def test_intervals_cover_the_truth_about_as_often_as_they_say():
    y, p, _ = sample(200_000, seed=99, weighted=False)
    truth = {name: METRICS[name](y, p) for name in ("roc_auc", "pr_auc_at_10pct", "brier", "calibration_slope")}
    covered = dict.fromkeys(truth, 0)
    for seed in range(60):
        table = evaluate(frame_of(n=400, seed=seed), replicates=100, slices=[], seed=seed)
        for name, value in truth.items():
            row = cell(table, name)
            covered[name] += row["low"] <= value <= row["high"]
    assert all(51 <= count <= 60 for count in covered.values()), covered


def test_calibration_error_of_a_calibrated_model_is_not_called_high():
    lows = [cell(evaluate(frame_of(n=300, seed=s), replicates=60, slices=[]), "calibration_error") for s in range(20)]
    assert np.mean([row["value"] for row in lows]) > 0.05  # noise alone
    assert max(row["low"] for row in lows) < 0.05
    assert all(row["low"] <= row["value"] for row in lows)


def test_share_of_exactly_zero_has_an_interval():
    frame = frame_of(n=1_000)
    row = cell(evaluate(frame, threshold=2.0, slices=[], replicates=20), "fpr_at_threshold")
    honest = int((frame["y"] == 0).sum())
    assert row["value"] == row["low"] == 0.0
    assert row["high"] == pytest.approx(1 - 0.025 ** (1 / honest))


def test_few_groups_have_no_interval():
    table = evaluate(frame_of(group=np.arange(1_000) % 4), slices=[], replicates=10)
    assert np.isnan(cell(table, "roc_auc")["low"])
    assert np.isnan(cell(table, "brier")["high"])


def test_order_of_rows_and_size_of_blocks_do_not_matter(monkeypatch):
    frame = frame_of(n=400, group=np.arange(400) // 2, platform=np.tile(["a", "b"], 200))
    plain = evaluate(frame, replicates=30)
    monkeypatch.setattr("realreach.metrics.intervals._BLOCK_CELLS", 3_000)
    moved = evaluate(frame.sample(frac=1, random_state=1), replicates=30)
    pd.testing.assert_frame_equal(plain, moved, rtol=1e-9)


def test_seed_matters_and_input_is_not_changed():
    frame = frame_of(n=300, weight=1.0)
    before = frame.copy()
    assert not evaluate(frame, seed=1, replicates=30).equals(evaluate(frame, seed=2, replicates=30))
    pd.testing.assert_frame_equal(frame, before)


# -- slices and missing scores


def test_small_slices_give_only_what_is_defined():
    frame = frame_of(n=1_000, language="id", platform="instagram")
    honest = frame.index[frame["y"] == 0]
    fakes = frame.index[frame["y"] == 1]
    frame.loc[honest[:40], "language"] = "en"  # honest only
    frame.loc[fakes[:40], "language"] = "fr"  # fakes only
    frame.loc[honest[40:45], "language"] = None  # too few of anything
    table = evaluate(frame, threshold=0.5, replicates=20, slices=["language"])
    found = table.groupby("slice")["metric"].agg(set)
    any_rows = {"scored_share", "fake_share"}
    by_rows = any_rows | {"brier", "log_loss", "calibration_error"}
    assert found["language=unknown"] == any_rows
    assert found["language=en"] == by_rows | {"fpr_at_threshold"}
    assert found["language=fr"] == by_rows | {"recall_at_threshold"}
    assert found["language=id"] == found["all"]
    assert cell(table, "brier", "language=en")[["n", "n_fake"]].tolist() == [40, 0]


def test_rows_without_a_score_are_counted_and_left_out():
    frame = frame_of(n=400)
    scored = evaluate(frame.iloc[:300], replicates=20)
    frame.loc[300:, "p"] = np.nan
    table = evaluate(frame, replicates=20)
    assert cell(table, "scored_share")["value"] == 0.75
    assert cell(table, "scored_share")["n"] == 400
    assert cell(table, "roc_auc")["value"] == cell(scored, "roc_auc")["value"]
    assert cell(table, "roc_auc")["n"] == 300


def test_nothing_scored_still_gives_a_table():
    table = evaluate(frame_of(n=50).assign(p=np.nan), replicates=10)
    assert table["metric"].tolist() == ["scored_share"]
    assert table["value"].tolist() == [0.0]


def test_weights_count():
    frame = frame_of(n=500, weight=np.tile([1.0, 3.0], 250))
    row = cell(evaluate(frame, replicates=10), "brier")
    assert row["value"] == pytest.approx(sk.brier_score_loss(frame["y"], frame["p"], sample_weight=frame["weight"]))


def test_default_slices_are_those_that_are_there():
    frame = frame_of(n=200, size_tier=size_tier(np.full(200, 5_000.0)), other="x")
    assert set(evaluate(frame, replicates=5)["slice"]) == {"all", "size_tier=1k-10k"}


def test_evaluate_refuses_what_it_cannot_use():
    frame = frame_of(n=50)
    with pytest.raises(ValueError, match=r"missing: \['niche'\]"):
        evaluate(frame, slices=["niche"])
    with pytest.raises(ValueError, match="rows: 0"):
        evaluate(frame.iloc[:0])
    with pytest.raises(ValueError, match="group has 1 missing values"):
        evaluate(frame.assign(group=[None] + ["a"] * 49))


# -- differences


def test_difference_is_paired():
    y, p, _ = sample(weighted=False)
    rng = np.random.default_rng(1)
    logit = np.log(p / (1 - p))
    nearly = logit + rng.normal(size=len(p)) * 0.05
    same = difference(y, p, nearly)
    assert abs(same.value) < 0.005
    assert same.high - same.low < 0.01  # each alone is +-0.02
    noisy = logit + rng.normal(size=len(p)) * 3
    better, worse = difference(y, p, noisy), difference(y, noisy, p)
    assert better.value == roc_auc(y, p) - roc_auc(y, noisy)
    assert better.low > 0
    assert better[:3] == pytest.approx((-worse.value, -worse.high, -worse.low))
    assert difference(y, p, p)[:3] == (0.0, 0.0, 0.0)


def test_difference_uses_rows_that_both_have_scored():
    y, p, _ = sample(n=500, weighted=False)
    other = p.copy()
    other[:100] = np.nan
    found = difference(y, np.where(np.arange(500) >= 400, np.nan, p), other)
    assert found.n == 300
    assert np.isnan(difference(y, p, np.full(500, np.nan)).value)
    assert np.isnan(difference(np.zeros(500), p, p).low)


# -- size


def test_pairs_are_one_to_one_within_the_caliper_and_the_platform():
    rng = np.random.default_rng(0)
    n = 3_000
    y = (rng.random(n) < 0.2).astype(float)
    size = np.exp(rng.normal(8, 2, n) + y)
    size[:10] = [np.nan, 0] * 5
    platform = rng.choice(["a", "b"], n)
    fake, honest = size_matched_pairs(y, size, 0.15, seed=1, platform=platform)
    assert (y[fake] == 1).all()
    assert (y[honest] == 0).all()
    assert len(set(honest)) == len(honest)
    assert len(set(fake)) == len(fake)
    assert (platform[fake] == platform[honest]).all()
    assert np.abs(np.log10(size[fake]) - np.log10(size[honest])).max() <= 0.15
    assert len(fake) > 0.9 * y.sum()


def test_pairs_are_the_greedy_nearest():
    rng = np.random.default_rng(3)
    y, size = (rng.random(200) < 0.5).astype(float), np.exp(rng.normal(5, 0.3, 200))
    fake, honest = size_matched_pairs(y, size, 0.15, seed=1)
    free = set(np.flatnonzero(y == 0))
    partner = dict(zip(fake, honest, strict=True))
    for f in np.random.default_rng(1).permutation(np.flatnonzero(y == 1)):  # the slow obvious version
        nearest = min(free, key=lambda h: abs(np.log10(size[h] / size[f])), default=None)
        if nearest is None or abs(np.log10(size[nearest] / size[f])) > 0.15:
            assert f not in partner
        else:
            assert partner[f] == nearest
            free.remove(nearest)


def test_no_partner_no_pair():
    fake, honest = size_matched_pairs(np.array([1.0, 0.0]), np.array([100.0, 1_000.0]))
    assert len(fake) == len(honest) == 0
    assert size_matched_pairs(np.empty(0), np.empty(0), platform=np.empty(0))[0].tolist() == []


def matched_world(n=4_000, seed=0):
    rng = np.random.default_rng(seed)
    y = (rng.random(n) < 0.3).astype(float)
    followers = np.exp(rng.normal(8, 1.5, n) - 1.5 * y)
    return pd.DataFrame({"y": y, "followers": followers, "platform": rng.choice(["a", "b"], n)}), rng


def test_matching_takes_away_what_size_alone_tells():
    frame, _ = matched_world()
    frame["p"] = 1 / (1 + frame["followers"] / 1_000)
    assert roc_auc(frame["y"].to_numpy(), frame["p"].to_numpy()) > 0.7
    table = evaluate_matched(frame, replicates=50)
    assert cell(table, "roc_auc", "size_matched")["value"] == pytest.approx(0.5, abs=0.02)
    assert cell(table, "roc_auc_of_size", "size_matched")["value"] == pytest.approx(0.5, abs=0.02)
    assert cell(table, "pr_auc", "size_matched")["value"] == pytest.approx(0.5, abs=0.05)


def test_matching_keeps_what_does_not_depend_on_size():
    frame, rng = matched_world()
    signal = frame["y"].to_numpy() + rng.normal(size=len(frame))
    frame["p"] = signal
    row = cell(evaluate_matched(frame, replicates=100), "roc_auc", "size_matched")
    assert row["value"] == pytest.approx(roc_auc(frame["y"].to_numpy(), signal), abs=0.03)
    assert row["low"] < row["value"] < row["high"]
    assert row["n"] == 2 * row["n_fake"]


def test_matched_result_does_not_depend_on_the_order_of_rows():
    frame, rng = matched_world(n=800)
    frame["p"] = rng.random(800)
    frame["followers"] = frame["followers"].round(-2) + 100  # many equal sizes
    moved = frame.sample(frac=1, random_state=2)
    pd.testing.assert_frame_equal(evaluate_matched(frame, replicates=20), evaluate_matched(moved, replicates=20))


def test_unscored_creators_are_not_matched_and_no_pair_gives_no_rows():
    frame, rng = matched_world(n=800)
    frame["p"] = rng.random(800)
    frame.loc[frame["y"] == 1, "p"] = np.nan
    assert evaluate_matched(frame).empty


def test_size_tiers():
    sizes = np.array([0, 999, 1_000, 9_999, 10_000, 100_000, 1_000_000, np.nan])
    expected = ["<1k", "<1k", "1k-10k", "1k-10k", "10k-100k", "100k-1M", ">=1M", "unknown"]
    assert size_tier(sizes).tolist() == expected
