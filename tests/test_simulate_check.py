"""The reality checks: summaries, matching, two-sample tests, deliveries, norms, and the whole run."""

from __future__ import annotations

import gzip
import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from realreach.errors import InputError
from realreach.simulate import check_comments, check_sets, check_simulated
from realreach.simulate.check import check_simulation
from realreach.simulate.check_comments import CommentPacket, comment_summary
from realreach.simulate.check_compare import compare, matched_pairs, out_of_fold, univariate_auc
from realreach.simulate.check_difficulty import delivery_auc, growing, rates_auc
from realreach.simulate.check_norms import NORM_WINDOWS, NormCell, compare_with_norms
from realreach.simulate.check_report import CheckReport, two_sample_row
from realreach.simulate.check_sets import Curves, without_stale
from realreach.simulate.deliveries import block_delivery, drip_delivery, ghostnet_shapes
from realreach.simulate.settings import SimulationSettings
from realreach.simulate.summaries import Account, burst_summary, curve_summary, post_summary
from realreach.simulate.world import simulate


@pytest.fixture
def datasets() -> Path:
    folder = os.environ.get("REALREACH_DATASETS")
    if not folder:
        pytest.skip("needs the public data sets: set REALREACH_DATASETS")
    return Path(folder)


def account(likes, *, key="a", followers=1_000.0, comments=None, views=None, gap=1.0, formats=None) -> Account:
    likes = np.asarray(likes, dtype=np.float64)
    unknown = np.full(len(likes), np.nan)
    return Account(
        key=key,
        followers=followers,
        posted=20_000 - gap * np.arange(len(likes)),
        likes=likes,
        comments=unknown if comments is None else np.asarray(comments, dtype=np.float64),
        views=unknown if views is None else np.asarray(views, dtype=np.float64),
        shares=unknown,
        format=np.full(len(likes), "") if formats is None else np.asarray(formats),
    )


def random_accounts(rng: np.random.Generator, number: int, *, spread: float = 0.5) -> list[Account]:
    return [account(np.round(rng.lognormal(4, spread, 20)), key=str(i)) for i in range(number)]


# --- summaries ---------------------------------------------------------------------------------------------------


def test_post_summary_recovers_known_level_spread_and_coupling():
    rng = np.random.default_rng(0)
    logs = rng.normal(9, 0.6, 4_000)
    likes = np.round(np.exp(logs))
    comments = np.round(np.exp(0.8 * logs + rng.normal(0, 0.4, len(logs))))
    summary = post_summary(account(likes, followers=1e6, comments=comments, gap=0.5))
    assert summary["sd_log_like"] == pytest.approx(0.6, abs=0.02)
    assert summary["slope_logc_on_logl"] == pytest.approx(0.8, abs=0.03)
    assert summary["sd_resid_logc"] == pytest.approx(0.4, abs=0.03)
    assert summary["er_like"] == pytest.approx(likes.mean() / 1e6)
    assert summary["posts_per_week"] == pytest.approx(14)
    assert summary["gap_cv"] == pytest.approx(0, abs=1e-6)


def test_post_summary_takes_out_the_trend():
    trend = np.exp(np.linspace(2, 0, 40)) * 1_000
    summary = post_summary(account(trend))
    assert summary["sd_log_like"] > 0.5
    assert summary["sd_log_like_detr"] < 0.01
    assert summary["trend_log_like"] == pytest.approx(2, abs=0.02)  # newest minus oldest


def test_post_summary_is_empty_with_few_known_likes():
    assert post_summary(account([10.0] * 7)) == {}
    assert post_summary(account([10.0] * 7 + [np.nan] * 30)) == {}


def test_unknown_comments_are_not_zero():
    comments = np.r_[np.full(10, 5.0), np.full(10, np.nan)]
    summary = post_summary(account(np.full(20, 50.0), comments=comments))
    assert summary["frac_zero_comment"] == 0
    assert summary["like_per_comment"] == 10


def test_videos_are_compared_with_images():
    formats = np.array(["image"] * 10 + ["video"] * 10)
    summary = post_summary(account(np.r_[np.full(10, 100.0), np.full(10, 60.0)], formats=formats))
    assert summary["video_over_image"] == pytest.approx(0.6)
    assert summary["share_video"] == 0.5


def test_views_are_summarised():
    views = np.full(12, 1_000.0)
    summary = post_summary(account(np.full(12, 100.0), views=views, followers=500))
    assert summary["like_per_view"] == pytest.approx(0.1)
    assert summary["views_per_follower"] == pytest.approx(2)


def test_a_gap_in_a_curve_is_not_a_burst():
    levels = 1_000 + 10.0 * np.arange(72)
    full = curve_summary(levels)
    levels[30:50] = np.nan
    holed = curve_summary(levels)
    assert holed["best_gain_of_level"] == pytest.approx(full["best_gain_of_level"], rel=0.1)
    assert holed["fano"] == pytest.approx(0, abs=1e-9)


def test_curve_summary_sees_a_burst_and_its_fall():
    gains = np.full(71, 5.0)
    gains[40], gains[41:48] = 500, -10
    burst = curve_summary(1_000 + np.r_[0, np.cumsum(gains)])
    assert burst["best_day_share"] > 0.55
    assert burst["negative_share"] == pytest.approx(7 / 71)
    assert burst["after_best"] < -1


def test_curve_summary_needs_ten_days():
    assert curve_summary(np.r_[np.arange(9.0), np.full(60, np.nan)]) == {}


def test_weekly_rhythm_is_seen():
    day = np.arange(72)
    gains = np.where(day % 7 == 0, 50.0, 2.0)
    assert curve_summary(1_000 + np.cumsum(gains))["weekly"] > 0.95
    gains = np.random.default_rng(0).poisson(10, 72)
    assert curve_summary(1_000.0 + np.cumsum(gains))["weekly"] < 0.3


# --- comparing ---------------------------------------------------------------------------------------------------


def test_univariate_auc_agrees_with_the_pair_count():
    rng = np.random.default_rng(1)
    x, y = rng.integers(0, 6, 80).astype(float), rng.integers(0, 2, 80)
    wins = [(a > b) + 0.5 * (a == b) for a in x[y == 1] for b in x[y == 0]]
    assert univariate_auc(x, y) == pytest.approx(np.mean(wins))


def test_pairs_are_near_and_used_once():
    rng = np.random.default_rng(2)
    real, simulated = rng.normal(10, 1, 60), rng.normal(10.5, 1.5, 100)
    a, b = matched_pairs(real, simulated, rng=rng, most=50, caliper=0.3)
    assert 20 < len(a) <= 50
    assert len(set(a)) == len(a)
    assert len(set(b)) == len(b)
    assert np.abs(real[a] - simulated[b]).max() <= 0.3


def test_pairs_on_two_columns_are_near_in_both():
    rng = np.random.default_rng(3)
    real, simulated = rng.normal(0, 1, (40, 2)), rng.normal(0, 1, (400, 2))
    a, b = matched_pairs(real, simulated, rng=rng, most=40)
    assert len(a) > 20
    assert np.abs(real[a] - simulated[b]).max() <= 0.5


def test_same_accounts_cannot_be_told_apart_and_others_can():
    rng = np.random.default_rng(4)
    number = np.arange(150)
    summaries = [[post_summary(a) for a in random_accounts(rng, 150, spread=s)] for s in (0.5, 0.5, 0.8)]
    groups = {"real_groups": number, "simulated_groups": number, "seed": 1}
    same = compare(summaries[0], summaries[1], **groups)
    assert same.result.low < 0.5 < same.result.high
    assert same.result.high - same.result.low < 0.25
    other = compare(summaries[0], summaries[2], **groups)
    assert other.result.auc > 0.9
    assert other.tells[0].name in {"sd_log_like", "sd_log_like_detr", "gini_like", "cv_like", "max_over_med"}
    row = two_sample_row("1 posts", "planted", other)
    assert row.passed is False
    assert "together most by" in row.gives_away
    assert two_sample_row("1 posts", "same", same).passed is True


def test_out_of_fold_keeps_groups_together():
    # A column that only names the group tells the class of its other members: with groups split it would be learned.
    rng = np.random.default_rng(5)
    groups = np.repeat(np.arange(40), 10)
    y = np.repeat(rng.permutation(np.repeat([0, 1], 20)), 10)
    X = np.column_stack([np.repeat(rng.random(40), 10), rng.random(400)])
    assert out_of_fold(X, y, groups, seed=0).auc < 0.75
    assert out_of_fold(X, y, np.arange(400), seed=0).auc > 0.95


# --- deliveries and difficulty -------------------------------------------------------------------------------------


def test_a_drip_is_even_and_complete():
    added = drip_delivery(np.random.default_rng(0), 300, 71)
    assert added.sum() == 300
    assert 30 <= (added > 0).sum() <= 31
    assert added.max() <= 11


def test_a_block_has_the_shape_of_a_real_delivery():
    shapes = [np.sort(np.random.default_rng(0).uniform(0, 0.4, 50)) for _ in range(3)]
    for seed in range(200):
        added = block_delivery(np.random.default_rng(seed), shapes, 200, 71)
        assert added.sum() == 200
        assert (added > 0).sum() <= 2
        assert added[:3].sum() == 0


def test_ghost_shapes_leave_out_owners_repeats_and_slow_orders(tmp_path):
    def stars(repo, hours):
        return [(repo, f"u{repo}{i}", "WatchEvent", h, 0) for i, h in enumerate(hours)]

    rows = stars("fast", np.linspace(0, 10, 25)) + stars("slow", np.linspace(0, 240, 25)) + stars("few", [0, 1, 2])
    rows += [("fast", "ufast0", "WatchEvent", 5.0, 0), ("fast", "own", "WatchEvent", 1.0, 1)]
    table = pd.DataFrame(rows, columns=["repo_hash", "actor_hash", "type", "hour", "is_owner"])
    table["created_at_utc"] = pd.Timestamp("2024-05-01") + pd.to_timedelta(table.pop("hour"), unit="h")
    folder = tmp_path / "growth_ghostnet_events"
    folder.mkdir()
    table.to_csv(folder / "events.csv.gz", index=False)
    (shape,) = ghostnet_shapes(tmp_path)
    assert len(shape) == 25
    assert shape[0] == 0
    assert shape[-1] == pytest.approx(10 / 24, abs=1e-4)


def test_larger_doses_are_found_more_easily_and_folds_do_not_leak():
    rng = np.random.default_rng(6)
    gains = rng.negative_binomial(0.7, 0.7 / (0.7 + rng.lognormal(1.5, 0.8, 90)), (71, 90)).T
    levels = 2_000 + np.concatenate([np.zeros((90, 1)), np.cumsum(gains, axis=1)], axis=1)
    curves = growing(Curves(np.arange(90), levels))
    shapes = [np.sort(rng.uniform(0, 0.3, 60))]
    small, large = (delivery_auc(curves, shapes, "block", dose, seed=1, repeats=1).auc for dose in (0.02, 0.8))
    assert 0.35 < small < 0.65
    assert large > 0.9


def test_growing_bridges_single_days_and_drops_the_rest():
    levels = np.vstack([np.arange(72.0) * 2 + 100, np.full(72, 100.0), np.arange(72.0) * 2 + 100])
    levels[0, 5] = np.nan
    levels[2, 5:20] = np.nan
    curves = growing(Curves(np.array([4, 5, 6]), levels))
    assert curves.groups.tolist() == [4]
    assert curves.levels[0, 5] == 110
    assert burst_summary(curves.levels[0])["best_day_share"] == pytest.approx(1 / 71)


def test_rates_are_compared_at_equal_size_only():
    rng = np.random.default_rng(7)
    is_fake = np.repeat([0, 1], 400)
    followers = np.where(is_fake, rng.lognormal(9, 1, 800), rng.lognormal(8, 1, 800))
    rate = followers**-0.5 * rng.lognormal(0, 0.3, 800)  # depends on size alone
    table = pd.DataFrame({"is_fake": is_fake, "followers": followers, "like_rate": rate, "comment_rate": rate / 30})
    assert rates_auc(table, seed=1).auc < 0.58
    table["like_rate"] = np.where(is_fake, rate / 3, rate)
    assert rates_auc(table, seed=1).auc > 0.8


# --- norms ---------------------------------------------------------------------------------------------------------


def test_a_cell_is_within_factor_one_and_a_half_and_two():
    def cell(metric, real, simulated):
        return NormCell("tiktok", "1M-5M", metric, real, simulated, 100, 100)

    assert cell("er_like", (1, 10, 100), (1.9, 14, 51)).within == (True, True, True)
    assert cell("er_like", (1, 10, 100), (2.1, 16, 49)).within == (False, False, False)
    assert cell("ac1_log_like", (-0.2, 0.0, 0.3), (0.0, 0.1, 0.5)).within == (True, True, True)
    assert cell("ac1_log_like", (-0.2, 0.0, 0.3), (0.2, 0.2, 0.7)).within == (False, False, False)
    assert cell("er_comment", (0.0, 1, 2), (0.0, 1, 2)).worst == 0
    assert cell("er_comment", (0.0, 1, 2), (0.5, 1, 2)).within[0] is False


def norms_file(folder: Path, **changes: object) -> None:
    row = {"source": "tiktok_creators_2020", "platform": "tiktok", "tier": "500-1k", "metric": "er_like", "n": 50}
    row |= {"q05": 0.05, "q25": 0.06, "q50": 0.1, "q75": 0.15, "q95": 0.2, "note": ""}
    (folder / "accounts_norms").mkdir(exist_ok=True)
    pd.DataFrame([row | changes]).to_csv(folder / "accounts_norms" / "norms_by_tier.csv", index=False)


def test_norms_are_compared_within_the_tier(tmp_path):
    norms_file(tmp_path)
    inside = [account(np.full(20, 80.0), followers=800) for _ in range(40)]
    outside = [account(np.full(20, 9e6), followers=2_000) for _ in range(40)]
    (cell,) = compare_with_norms(tmp_path, "tiktok_creators_2020", inside + outside)
    assert cell.simulated == pytest.approx((0.1, 0.1, 0.1))
    assert cell.simulated_n == 40
    assert compare_with_norms(tmp_path, "ig_creators_2017", inside) == []
    assert compare_with_norms(tmp_path, "tiktok_creators_2020", inside[:29]) == []


def test_norms_of_few_accounts_are_left_out(tmp_path):
    norms_file(tmp_path, n=12)
    assert compare_with_norms(tmp_path, "tiktok_creators_2020", [account(np.full(20, 80.0), followers=800)] * 40) == []


# --- reading -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "read",
    [
        lambda folder: check_sets.vtubers(folder, "twitch_followers"),
        check_sets.politicians,
        check_sets.ig_creators_2020,
        check_sets.ig_creators_2017,
        check_sets.tiktok_creators_2020,
        check_sets.ig_ordinary_2018,
        check_sets.purba_followers,
        check_comments.instagram_celebrities,
        check_comments.youtube_indonesian,
        check_comments.youtube_english,
        ghostnet_shapes,
        lambda folder: compare_with_norms(folder, "ig_ordinary_2018", []),
    ],
)
def test_a_missing_data_set_is_named(read, tmp_path):
    with pytest.raises(InputError, match=r"data set '\w+' \(file [\w.]+\).*--datasets"):
        read(tmp_path)


def test_vtuber_curves_end_before_the_partial_day_and_zeros_are_missing(tmp_path):
    days = pd.date_range("2026-06-13", periods=72, freq="D").date
    twitch = np.arange(500, 572)
    twitch[10] = 0
    frame = pd.DataFrame({"creator_id": 3, "date": days, "yt_subscribers": None, "twitch_followers": twitch})
    folder = tmp_path / "growth_vtuber_daily"
    folder.mkdir()
    frame.astype({"yt_subscribers": "Int64", "twitch_followers": "Int64"}).to_parquet(
        folder / "followers_daily.parquet"
    )
    curves = check_sets.vtubers(tmp_path, "twitch_followers")
    assert curves.levels.shape == (1, 71)
    assert np.isnan(curves.levels[0, 10])
    assert curves.size.tolist() == [570]
    assert len(check_sets.vtubers(tmp_path, "twitch_followers", seen_at_least=71)) == 0


def test_stale_captures_are_dropped_but_a_fall_stays():
    levels = np.array([10, 12, np.nan, 11, 13, 14, 9, 8, 8], dtype=np.float64)
    kept = without_stale(levels)
    assert np.isnan(kept[3])
    assert kept[6:].tolist() == [9, 8, 8]


def test_ordinary_accounts_have_unknown_comments_where_disabled(tmp_path):
    record = {
        "mediaUploadTimes": [1_500_000_000 - 86_400 * i for i in range(40)],
        "mediaLikeNumbers": list(range(40)),
        "mediaCommentNumbers": [0] * 40,
        "mediaCommentsAreDisabled": [True] + [False] * 39,
        "userFollowerCount": 300,
    }
    folder = tmp_path / "accounts_ig_ordinary_2018"
    folder.mkdir()
    with gzip.open(folder / "accounts_posts.jsonl.gz", "wt") as file:
        file.writelines(json.dumps(record | changes) + "\n" for changes in ({}, {"userFollowerCount": 20}))
    (read,) = check_sets.ig_ordinary_2018(tmp_path)
    assert len(read) == 30
    assert np.isnan(read.comments[0])
    assert read.comments[1] == 0


def test_rounding_as_the_platforms_do():
    counts = np.array([9_999, 10_050, 12_345, 1_234_567, np.nan])
    shown = check_simulated.rounded_as_tiktok(counts)
    np.testing.assert_array_equal(shown[[0, 2, 3]], [9_999, 12_300, 1_200_000])
    assert np.isnan(shown[-1])
    np.testing.assert_array_equal(check_simulated.rounded(counts[:4], 3), [9_990, 10_000, 12_300, 1_230_000])


# --- comments ------------------------------------------------------------------------------------------------------


def test_comment_summary_measures_text_and_behaviour():
    packet = CommentPacket(
        group=1,
        texts=[
            "Keren banget kak semangat terus",
            "keren banget kak semangat terus",
            "😍😍",
            "@rina sini",
            "lucuuu ya?",
        ],
        times=np.array([0.0, 1, 2, 3, 4] * 1) * 60,
        authors=["a", "a", "b", "c", "d"],
        likes=np.array([0, 0, 0, 5, np.nan]),
    )
    summary = comment_summary(packet)
    assert summary["repeated"] == pytest.approx(0.4)
    assert summary["no_letters"] == pytest.approx(0.2)
    assert summary["emoji"] == pytest.approx(0.2)
    assert summary["starts_with_mention"] == pytest.approx(0.2)
    assert summary["stretched"] == pytest.approx(0.2)
    assert summary["question"] == pytest.approx(0.2)
    assert summary["starts_upper"] == pytest.approx(0.2)
    assert summary["authors_per_comment"] == pytest.approx(0.8)
    assert summary["log_most_likes"] == pytest.approx(np.log(6))


def test_handles_are_summarised_by_how_they_are_built():
    shapes = ["Aaaa-a0a", "aaa-aa0", "aaa-aaa", "aaa000", "Aaaa.aaa0", "a_a", "aaa000", "aaa000", "A", "aaa"]
    summary = comment_summary(CommentPacket(0, ["a b"] * 10, shapes=shapes))
    handles = {name: value for name, value in summary.items() if name.startswith("handle")}
    assert handles == pytest.approx(
        {"handle_given": 0.2, "handle_number": 0.4, "handle_parts": 0.2, "handle_alone": 0.7}
    )
    assert not any(name.startswith("handle") for name in comment_summary(CommentPacket(0, ["a b"] * 10)))


def test_regular_and_bursty_times_differ():
    even = CommentPacket(0, ["a b"] * 50, times=np.arange(50) * 60.0)
    bursty = CommentPacket(0, ["a b"] * 50, times=np.r_[np.arange(49.0), 1e6])
    assert comment_summary(even)["burstiness"] == pytest.approx(-1)
    assert comment_summary(bursty)["burstiness"] > 0.7


def test_simulated_packets_hold_top_level_comments_of_one_post():
    number = 130
    frame = pd.DataFrame(
        {
            "creator_id": "c",
            "comment_id": [f"k{i}" for i in range(number)],
            "post_id": ["p1"] * 70 + ["p2"] * 60,
            "text": [f"halo, kak {i} 😍" for i in range(number)],
            "commented_at": pd.date_range("2025-01-01", periods=number, freq="min", tz="UTC"),
            "author_id": "u",
            "likes": 0,
            "parent_comment_id": ["k9"] * 5 + [None] * 125,
            "by_creator": [0] * 5 + [1] * 5 + [0] * 120,
            "author_shape": ["A"] * 10 + ["aaa"] * 120,
        }
    )
    like = CommentPacket(0, [], times=np.zeros(1), authors=["u"], shapes=["A"])
    packets = check_comments.simulated_packets({"comments": frame}, like=like, before_emoji=True)
    assert [len(packet.texts) for packet in packets] == [50, 50]
    assert len({packet.group for packet in packets}) == 2
    assert packets[0].texts[0] == "halo  kak 10"
    assert packets[0].likes is None
    assert packets[0].shapes == ["aaa"] * 50
    assert packets[0].times is not None


# --- leaving out, and whole runs -------------------------------------------------------------------------------------


def test_settings_leave_out_mechanisms_and_evasion():
    settings = SimulationSettings(
        fake_share=1.0, exclude_mechanisms=("M1", "M2", "M14"), max_evasion=0, comments_median=5, comments_cap=10
    )
    truth = simulate(60, 5, settings).frames["truth"]
    codes = set("+".join(truth["mechanisms"]).split("+"))
    assert codes
    assert not codes & {"M1", "M2", "M14"}
    assert set(truth["evasion_level"].dropna()) == {0}
    usual = simulate(60, 5, SimulationSettings(fake_share=1.0, comments_median=5, comments_cap=10)).frames["truth"]
    assert {"M1", "M2"} & set("+".join(usual["mechanisms"]).split("+"))
    assert 2 in set(usual["evasion_level"].dropna())


def test_an_unknown_check_is_refused(tmp_path):
    with pytest.raises(ValueError, match="unknown check colour; known: curves"):
        check_simulation(tmp_path, only=("colour",))


def test_switches_need_no_data(tmp_path):
    report = check_simulation(tmp_path, creators=1_000, only=("switches",), progress=False)
    (row,) = report.rows
    assert row.value == 0
    assert row.passed
    assert "| 4 switches |" in report.markdown()
    assert report.markdown().startswith("1 of 1 reality checks reach their aim (1000 simulated creators, seed 101).")


def test_the_report_counts_only_what_is_judged():
    row = two_sample_row("1 posts", "none", None)
    report = CheckReport((row, replace(row, passed=True, value=0.6)), (), 10, 1)
    assert report.reached == 1
    assert "1 of 1 reality" in report.markdown()
    assert "| – |" in report.markdown()


def test_real_summaries_are_the_published_norms(datasets):
    reads = {
        "ig_creators_id2020": check_sets.ig_creators_2020,
        "ig_creators_2017": check_sets.ig_creators_2017,
        "tiktok_creators_2020": check_sets.tiktok_creators_2020,
        "ig_ordinary_2018": check_sets.ig_ordinary_2018,
    }
    for source, read in reads.items():
        assert source in NORM_WINDOWS
        cells = compare_with_norms(datasets, source, read(datasets))
        assert len(cells) >= 14
        assert np.mean([cell.worst < 0.35 for cell in cells]) > 0.97, source


def test_two_halves_of_real_accounts_cannot_be_told_apart(datasets):
    accounts = check_sets.tiktok_creators_2020(datasets)
    order = np.random.default_rng(0).permutation(len(accounts))[:600]
    halves = [[post_summary(accounts[i]) for i in part] for part in (order[:300], order[300:])]
    number = np.arange(300)
    result = compare(*halves, real_groups=number, simulated_groups=number, seed=1).result
    assert result.low <= 0.5 <= result.high


def test_a_run_on_real_data_reports_every_kind_of_row(datasets):
    report = check_simulation(datasets, creators=1_500, only=("ordinary", "rates"), progress=False)
    kinds = [row.check for row in report.rows]
    assert kinds[0] == "1 posts"
    assert kinds[-1] == "3 rates"
    assert "2 quantiles" in kinds
    assert report.cells
    assert 0.4 < report.rows[0].value < 1
    assert "life by the same code" in report.rows[-1].gives_away


def test_too_few_creators_are_said_not_judged(datasets):
    report = check_simulation(datasets, creators=40, only=("curves", "ordinary", "rates", "deliveries"), progress=False)
    assert len(report.rows) == 6
    assert {row.passed for row in report.rows} == {None}
    assert all("simulate more creators" in row.gives_away for row in report.rows)
