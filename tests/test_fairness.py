"""The fairness gate: a slice that is wronged is caught, a fair model passes, however many slices are looked at."""

import numpy as np
import pandas as pd
import pytest

from realreach.checks import CheckSettings
from realreach.fairness import exact_p_value, holm, slice_rates
from realreach.metrics import SLICE_COLUMNS, evaluate

OVERALL = 0.02


def table(flagged, slices):
    """A table of metrics as the evaluation writes it, with Wilson-like bounds that are quick to make."""
    from realreach.metrics import wilson_interval

    def row(name, members):
        hits, n = int(flagged[members].sum()), int(members.sum())
        low, high = wilson_interval(hits, n)
        return {"metric": "fpr_at_threshold", "slice": name, "value": hits / n, "low": low, "high": high,
                "n": n + 7, "n_fake": 7}  # fmt: skip

    rows = [row("all", np.ones(len(flagged), dtype=bool))]
    for column, values in slices.items():
        rows += [row(f"{column}={v}", values == v) for v in np.unique(values)]
    return pd.DataFrame(rows)


def world(seed, n=3_000):
    rng = np.random.default_rng(seed)
    sizes = {"platform": 5, "size_tier": 5, "language": 10, "pillars": 7, "niche": 12, "country": 12}
    slices = {name: rng.geometric(0.3, n).clip(1, k) for name, k in sizes.items()}
    return (rng.random(n) < OVERALL).astype(float), slices, rng


def test_exact_p_value_is_fisher():
    stats = pytest.importorskip("scipy.stats")
    for hits, n, all_hits, all_n in ((3, 40, 20, 900), (0, 10, 5, 100), (9, 30, 12, 400), (5, 5, 5, 5)):
        fisher = stats.hypergeom.sf(hits - 1, all_n, all_hits, n)
        assert exact_p_value(hits, n, all_hits, all_n) == pytest.approx(fisher, rel=1e-9)


def test_holm_is_never_below_the_plain_value_and_keeps_the_order():
    plain = [0.001, 0.2, 0.04, 0.9, 0.04]
    told = holm(plain)
    assert all(a >= b for a, b in zip(told, plain, strict=True))
    assert told[0] == pytest.approx(0.005)
    assert max(told) <= 1.0
    assert holm([]) == []


def test_a_fair_model_passes_in_at_least_95_percent_of_seeds():
    rates = [slice_rates(table(*world(seed)[:2])) for seed in range(120)]
    assert np.mean([any(rate.fails for rate in found) for found in rates]) <= 0.05
    # Without the correction the same worlds would be a lottery: this shows that the test can tell.
    assert np.mean([any(rate.stands_out for rate in found) for found in rates]) > 0.1


@pytest.mark.parametrize("column", ["platform", "language", "niche", "country"])
def test_a_planted_unfair_slice_is_caught_by_name(column):
    caught = 0
    for seed in range(10):
        flagged, slices, rng = world(seed)
        hurt = slices[column] == 2
        flagged[hurt] = rng.random(int(hurt.sum())) < 5 * OVERALL
        rates = slice_rates(table(flagged, slices))
        caught += any(rate.fails and rate.name == f"{column}=2" for rate in rates)
    assert caught >= 9


def test_a_slice_below_twice_the_overall_share_never_fails():
    n = 200_000
    slices = {"platform": np.repeat([1, 2], n // 2)}
    flagged = (np.arange(n) % 100 < np.where(slices["platform"] == 1, 4, 2)).astype(float)
    assert not any(rate.stands_out for rate in slice_rates(table(flagged, slices)))


def test_one_slice_for_all_says_nothing_and_no_threshold_gives_no_rates():
    flagged, _, _ = world(1)
    assert slice_rates(table(flagged, {"platform": np.ones(len(flagged), dtype=int)})) == []
    assert slice_rates(table(flagged, {}).assign(metric="roc_auc")) == []


def test_the_gate_reads_what_the_evaluation_writes():
    flagged, slices, rng = world(3, 1_500)
    flagged[slices["platform"] == 2] = rng.random(int((slices["platform"] == 2).sum())) < 0.3
    frame = pd.DataFrame({"y": 0.0, "p": flagged, "platform": slices["platform"], "niche": slices["niche"]})
    fakes = pd.DataFrame({"y": 1.0, "p": np.ones(200), "platform": 1, "niche": 1})
    frame = pd.concat([frame, fakes], ignore_index=True)
    rates = slice_rates(evaluate(frame, threshold=0.5, replicates=50))
    assert rates[0].name == "platform=2"
    assert rates[0].fails
    assert rates[0].honest == int((slices["platform"] == 2).sum())
    assert "platform=2" in rates[0].sentence


def test_niche_and_country_are_slices_and_the_level_is_a_setting():
    assert {"niche", "country"} <= set(SLICE_COLUMNS)
    assert CheckSettings().slice_level == 0.05
