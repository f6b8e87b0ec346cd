"""The adapters: on tiny made-up files of the same shape always, on the real files where they are."""

import argparse
import gzip
import json
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from realreach.commands import datasets as command
from realreach.datasets import ADAPTERS, DatasetError, load_dataset, snapshot_day, write_frames
from realreach.errors import OutputError, UsageError
from realreach.tables import read_tables, tables_from_frames
from realreach.tables.contract import CONTRACTS


def _starscout(folder):
    repos = [
        ("0012e456", "o1", "campaign", 1.0, 8),
        ("000000000002", "o2", "ordinary", 0.0, 7),
        ("a3", "o3", "flagged_excluded", None, 6),
        ("a4", "o4", "ambiguous", 0.0, 6),
        ("a5", "o5", "campaign", 1.0, 1),
    ]
    columns = ["repo_hash", "owner_hash", "label", "repo_gone", "n_months_span"]
    pd.DataFrame(repos, columns=columns).to_csv(folder / "repos.csv.gz", index=False)
    months = [("0012e456", "2023-11", 5), ("0012e456", "2024-02", 100), ("0012e456", "2024-06", 1)]
    months += [(repo, month, 3) for repo in ("000000000002", "a3", "a4") for month in ("2023-12", "2024-06")]
    months += [("a5", "2024-02", 90)]
    stars = pd.DataFrame(months, columns=["repo_hash", "month", "n_stars"])
    stars.assign(n_stars_suspected=stars["n_stars"], month_campaign=1).to_csv(
        folder / "stars_by_month.csv.gz", index=False
    )


def _ratios(folder):
    columns = ["repo_hash", "owner_hash", "label", "WatchEvent", "ForkEvent", "IssuesEvent", "IssueCommentEvent"]
    rows = [
        ("00b1", "o1", "campaign", 150, 0, 1, 0, 30),
        ("00b2", "o2", "random_sample", 110, 20, 4, 9, 12),
        ("00b3", "o3", "random_sample", 90, 11, 0, 0, 3),
        ("00b4", "o4", "suspected_other", 2_400, 260, 50, 70, 500),
    ]
    pd.DataFrame(rows, columns=[*columns, "PushEvent"]).to_csv(folder / "repo_event_totals.csv.gz", index=False)


def _vtuber(folder):
    people = {"creator_id": [0, 1], "creator_hash": ["p0", "p1"], "nationality": ["TW", "UNKNOWN"], "in_agency": [0, 1]}
    pd.DataFrame(people).to_csv(folder / "creators.csv", index=False)
    # 12:00 UTC on two days, then a later snapshot of the second day.
    rows = [(0, 1782129600, 100, 10), (0, 1782216000, 101, 11), (0, 1782219600, 102, 12), (1, 1782129600, 7, None)]
    rows += [(0, 1782302400, 0, 13), (1, 1782216000, 8, None)]
    daily = pd.DataFrame(rows, columns=["creator_id", "snapshot_unix", "yt_subscribers", "twitch_followers"])
    daily["twitch_followers"] = daily["twitch_followers"].astype("Int64")
    daily.to_parquet(folder / "followers_daily.parquet")


def _github(folder):
    pd.DataFrame({"repo_id": [0, 1], "repo_hash": ["r0", "r1"], "language": ["Rust", None]}).to_csv(
        folder / "repos.csv", index=False
    )
    rows = [(0, 0, 10, 1), (0, 1, 12, 1), (0, 5, 20, 1), (1, 1, 7, 0)]
    pd.DataFrame(rows, columns=["repo_id", "day", "stars", "forks"]).to_parquet(folder / "stars_daily.parquet")


def _politicians(folder):
    rows = [
        ("ann", "2019-03-20 17:25:51", 100),
        ("ann", "2019-03-20 01:00:00", 90),
        ("ann", "2019-03-22 00:00:00", 110),
    ]
    pd.DataFrame(rows, columns=["handle", "captured_at_utc", "followers"]).to_csv(
        folder / "followers.csv.gz", index=False
    )


def _youtube_tech(folder):
    rows = [("c1", "2026-01-17", 34700, 10, 5), ("c1", "2026-01-18", 34800, 20, 6), ("c2", "2026-01-17", 9, 1, 1)]
    columns = ["channel_hash", "date_utc", "subscribers", "views", "videos"]
    pd.DataFrame(rows, columns=columns).to_csv(folder / "channels_daily.csv.gz", index=False)


def _single(folder):
    rows = [("bilibili_1", "2022-06-10", 511), ("bilibili_1", "2022-06-11", 512)]
    rows += [("x_1", "2026-08-13T10:44:26Z", 25), ("x_1", "2026-08-13T11:44:26Z", 26)]
    pd.DataFrame(rows, columns=["account", "timestamp", "followers"]).to_csv(folder / "followers.csv", index=False)


def _id2020(folder):
    pd.DataFrame({"creator": ["a"], "followers": [2000000], "following": [1], "posts_total": [50]}).to_csv(
        folder / "accounts.csv", index=False
    )
    rows = [("a", 1594512000, "image", 1000, 10), ("a", 1594400000, "video", 900, 0)]
    pd.DataFrame(rows, columns=["creator", "ts", "type", "likes", "comments"]).to_csv(
        folder / "posts.csv.gz", index=False
    )


def _ig2017(folder):
    accounts = {"creator": ["a", "b"], "followers": [200000, 300000], "following": [10, 1838511], "posts_total": [5, 6]}
    pd.DataFrame(accounts).to_csv(folder / "accounts.csv", index=False)
    rows = [("a", "2017-04-29", 100, 0), ("a", "2017-04-29", 120, 1), ("b", "1970-01-01", 5, 0)]
    pd.DataFrame(rows, columns=["creator", "date", "likes", "multiple"]).to_csv(folder / "posts.csv.gz", index=False)


def _account(times, likes, comments, disabled):
    profile = {"userFollowerCount": 300, "userFollowingCount": 200, "userMediaCount": len(times)}
    lists = ("mediaUploadTimes", "mediaLikeNumbers", "mediaCommentNumbers", "mediaCommentsAreDisabled")
    return profile | dict(zip(lists, (times, likes, comments, disabled), strict=True))


def _ordinary(folder, records=None):
    first = _account([1541700368, 1540994565], [50, 60], [3, 0], [0, 1])
    records = records or [first, _account([], [], [], []), first]
    with gzip.open(folder / "accounts_posts.jsonl.gz", "wt", encoding="utf-8") as lines:
        lines.writelines(json.dumps(record) + "\n" for record in records)


def _tiktok(folder):
    rows = [
        ("a", 1604786417, 1000, 100, 5, 1, 0, 30),
        ("a", 1604700000, 1100, 90, 4, 1, 500, 30),
        ("b", 1593475200, 10, 1, 0, 0, 80, 2),
        ("b", 1593475300, 20, 2, 0, 0, 90, 2),
    ]
    columns = ["creator", "ts", "plays", "likes", "comments", "shares", "followers", "total_videos"]
    pd.DataFrame(rows, columns=columns).to_csv(folder / "videos.csv.gz", index=False)


def _follow_order(folder):
    rows = [("t1", 2, 16_070.0, 1_388_880_000), ("t1", 0, 16_060.0, 1_388_620_800), ("t1", 1, 15_000.0, 1_388_620_805)]
    rows += [("t2", 0, 15_000.0, 1_296_000_000)]
    columns = ["account", "rank", "created_day", "est_follow_unix"]
    pd.DataFrame(rows, columns=columns).to_csv(folder / "followers_in_order.csv.gz", index=False)


def _comments_youtube(folder):
    rows = [
        ("v1", "u1", "aaa", "2025-11-25T12:39:49Z", 7, "satu"),
        ("v1", "u1", "aaa", "2025-11-25T12:39:49Z", 7, "satu"),
    ]
    rows += [("v1", "u2", "Aaa·Aaaa-a0a", "2025-11-26T12:39:49Z", 0, 'dua, "tiga"\n')]
    rows += [("v2", "u2", None, "2025-11-26T12:39:50Z", 0, "NA")]
    columns = ["video_id", "author", "author_shape", "published_at", "like_count", "text"]
    pd.DataFrame(rows, columns=columns).to_parquet(folder / "trending.parquet")


def _comments_instagram(folder):
    rows = [
        ("k", "p1", 0, "cantik"),
        ("k", "p1", 1, "cantik"),
        ("k", "p2", 0, "mau"),
        ("k", "CTdkVNSM-Cg", 0, "dua kali"),
    ]
    pd.DataFrame(rows, columns=["account", "post_id", "pos", "text"]).to_parquet(folder / "raw_comments.parquet")


MAKERS = {
    "growth_starscout_monthly": _starscout,
    "growth_starscout_ratios": _ratios,
    "growth_vtuber_daily": _vtuber,
    "growth_github_daily": _github,
    "growth_twitter_politicians": _politicians,
    "growth_youtube_tech_daily": _youtube_tech,
    "growth_single_accounts": _single,
    "growth_twitter_followorder": _follow_order,
    "accounts_ig_creators_id2020": _id2020,
    "accounts_ig_creators_2017": _ig2017,
    "accounts_ig_ordinary_2018": _ordinary,
    "accounts_tiktok_creators_2020": _tiktok,
    "comments_youtube_id_2025": _comments_youtube,
    "comments_instagram_id_celebs": _comments_instagram,
}

# Rows of the real files: a change means another version of the set, or an adapter that loses rows.
REAL_ROWS = {
    "growth_starscout_monthly": {"creators": 825, "follower_history": 24_797, "labels": 825},
    "growth_starscout_ratios": {"creators": 6_608, "posts": 6_608, "labels": 6_608},
    "growth_vtuber_daily": {"creators": 2_304, "follower_history": 160_669},
    "growth_github_daily": {"creators": 3_227, "follower_history": 3_941_896},
    "growth_twitter_politicians": {"creators": 15, "follower_history": 3_118},
    "growth_youtube_tech_daily": {"creators": 227, "follower_history": 4_628},
    "growth_single_accounts": {"creators": 6, "follower_history": 1_154},
    "growth_twitter_followorder": {"creators": 2, "follower_history": 2_360, "audience": 34_043},
    "accounts_ig_creators_id2020": {"creators": 524, "posts": 48_174},
    "accounts_ig_creators_2017": {"creators": 978, "posts": 16_536},
    "accounts_ig_ordinary_2018": {"creators": 348, "posts": 28_944},
    "accounts_tiktok_creators_2020": {"creators": 1_794, "posts": 50_124},
    "comments_youtube_id_2025": {"creators": 46, "comments": 6_834},
    "comments_instagram_id_celebs": {"creators": 10, "comments": 15_952},
}

# Rows that the table checks set aside: `bilibili_4` has a handful of followers and fell back to 0 for three days, which
# they take for the collector's fault. Whatever else the sources get wrong is mended or left out by the adapters.
REAL_SET_ASIDE = {"growth_single_accounts": {"zero_glitch": 3}}

every_set = pytest.mark.parametrize("name", list(ADAPTERS))


@pytest.fixture
def made(tmp_path):
    """Return a function that makes the tiny files of a set and gives their folder."""

    def make(name):
        folder = tmp_path / name
        folder.mkdir()
        MAKERS[name](folder)
        return folder

    return make


def _real_folder(name):
    root = os.environ.get("REALREACH_DATASETS")
    if not root or not (Path(root) / name).is_dir():
        pytest.skip(f"the real file of {name} is not here: set REALREACH_DATASETS to the folder of the data sets")
    return Path(root) / name


def _check_contract(name, frames):
    """Check what every adapter promises of its frames."""
    assert tuple(frames) == ADAPTERS[name].tables
    assert ("labels" in frames) == ADAPTERS[name].labelled
    known = set(frames["creators"]["creator_id"])
    for table, frame in frames.items():
        contract = CONTRACTS[table]
        assert set(frame.columns) <= set(contract.by_name), table
        assert {c.name for c in contract.columns if c.required} <= set(frame.columns), table
        assert not frame.duplicated(list(contract.key)).any(), table
        assert set(frame["creator_id"]) <= known, table


def _column(frames, table, creator, column):
    frame = frames[table]
    return frame.loc[frame["creator_id"] == creator, column].tolist()


def test_every_adapter_has_a_made_up_file_and_real_counts():
    assert set(MAKERS) == set(ADAPTERS) == set(REAL_ROWS)


@every_set
def test_says_where_it_comes_from(name):
    adapter = ADAPTERS[name]
    assert adapter.name == name
    assert all((adapter.title, adapter.source, adapter.licence, adapter.obtain, adapter.files, adapter.notes))


@every_set
def test_made_up_file_becomes_clean_tables(name, made):
    frames = load_dataset(name, made(name))
    _check_contract(name, frames)
    result = tables_from_frames(frames)
    assert {table: len(rows) for table, rows in result.tables.items()} == {t: len(f) for t, f in frames.items()}


@every_set
@pytest.mark.parametrize("file_format", ["csv", "parquet"])
def test_written_folder_reads_back_the_same(name, file_format, made, tmp_path):
    frames = load_dataset(name, made(name))
    write_frames(frames, tmp_path / "out", ADAPTERS[name], file_format=file_format)
    direct, read = tables_from_frames(frames).tables, read_tables(tmp_path / "out").tables
    for table, rows in direct.items():
        pd.testing.assert_frame_equal(getattr(read, table).to_pandas(), rows.to_pandas())
    text = (tmp_path / "out" / "README.md").read_text(encoding="utf-8")
    assert ADAPTERS[name].licence in text
    assert ADAPTERS[name].source in text


@every_set
def test_other_folder_is_refused_with_what_was_expected(name, tmp_path):
    (tmp_path / "holiday.txt").write_text("sun")
    with pytest.raises(DatasetError, match=r"is missing.*Found in the folder: holiday\.txt\. Expected `") as caught:
        load_dataset(name, tmp_path)
    for file, columns in ADAPTERS[name].files.items():
        assert f"file `{file}` is missing" in str(caught.value)
        assert all(column in str(caught.value) for column in columns)
    assert ADAPTERS[name].obtain in str(caught.value)


def test_missing_folder_is_refused(tmp_path):
    with pytest.raises(DatasetError, match="folder `nowhere` is not there"):
        load_dataset("growth_vtuber_daily", tmp_path / "nowhere")


def test_missing_columns_of_all_files_come_in_one_message(made):
    folder = made("growth_starscout_monthly")
    pd.DataFrame({"repo_hash": ["a"], "stars": [1]}).to_csv(folder / "repos.csv.gz", index=False)
    pd.DataFrame({"repo_hash": ["a"], "month": ["2024-01"]}).to_csv(folder / "stars_by_month.csv.gz", index=False)
    expected = (
        r"`repos\.csv\.gz` lacks columns `owner_hash`, `label`, `n_months_span` \(it has `repo_hash`, `stars`\); "
        r"file `stars_by_month\.csv\.gz` lacks column `n_stars`"
    )
    with pytest.raises(DatasetError, match=expected):
        load_dataset("growth_starscout_monthly", folder)


def test_words_in_a_number_column_are_counted_not_shown(made):
    folder = made("growth_youtube_tech_daily")
    rows = [("c1", "2026-01-17", "secret", 1, 1), ("c1", "2026-01-18", "34.7K", 1, 1), ("c1", "2026-01-19", "5", 1, 1)]
    columns = ["channel_hash", "date_utc", "subscribers", "views", "videos"]
    pd.DataFrame(rows, columns=columns).to_csv(folder / "channels_daily.csv.gz", index=False)
    with pytest.raises(DatasetError, match=r"column `subscribers` .* holds no number in 2 of 3 rows") as caught:
        load_dataset("growth_youtube_tech_daily", folder)
    assert "secret" not in str(caught.value)


def test_bad_dates_are_refused_without_showing_them(made):
    folder = made("growth_youtube_tech_daily")
    path = folder / "channels_daily.csv.gz"
    pd.read_csv(path).assign(date_utc="yesterday").to_csv(path, index=False)
    with pytest.raises(DatasetError, match="some value in them has another form") as caught:
        load_dataset("growth_youtube_tech_daily", folder)
    assert "yesterday" not in str(caught.value)


@pytest.mark.parametrize(
    ("file", "content"), [("creators.csv", b"\x1f\x8b\x00\xff\x00"), ("followers_daily.parquet", b"PAR1 torn")]
)
def test_damaged_file_is_refused_by_name(file, content, made):
    folder = made("growth_vtuber_daily")
    (folder / file).write_bytes(content)
    with pytest.raises(DatasetError, match=f"file `{file}` cannot be read"):
        load_dataset("growth_vtuber_daily", folder)


def test_empty_file_is_refused(made):
    folder = made("growth_single_accounts")
    (folder / "followers.csv").write_text("account,timestamp,followers\n")
    with pytest.raises(DatasetError, match=r"`followers\.csv` has no rows"):
        load_dataset("growth_single_accounts", folder)


def test_files_may_be_unpacked_or_in_another_format(made):
    folder = made("growth_starscout_monthly")
    expected = load_dataset("growth_starscout_monthly", folder)
    for stem in ("repos", "stars_by_month"):
        packed = folder / f"{stem}.csv.gz"
        (folder / f"{stem}.csv").write_bytes(gzip.decompress(packed.read_bytes()))
        packed.unlink()
    frames = load_dataset("growth_starscout_monthly", folder)
    for table, frame in expected.items():
        pd.testing.assert_frame_equal(frames[table], frame)


def test_shapes_of_handles_are_carried_and_a_copy_may_lack_them(made):
    folder = made("comments_youtube_id_2025")
    given = load_dataset("comments_youtube_id_2025", folder)["comments"]["author_shape"]
    assert given.where(given.notna(), None).tolist() == ["aaa", "Aaa*Aaaa-a0a", None]
    file = folder / "trending.parquet"
    pd.read_parquet(file).drop(columns="author_shape").to_parquet(file)
    assert load_dataset("comments_youtube_id_2025", folder)["comments"]["author_shape"].isna().all()
    pd.read_parquet(file).drop(columns="author").to_parquet(file)
    with pytest.raises(DatasetError, match="lacks column `author`"):
        load_dataset("comments_youtube_id_2025", folder)


def test_keys_that_look_like_numbers_stay_text(made):
    folder = made("growth_youtube_tech_daily")
    path = folder / "channels_daily.csv.gz"
    pd.read_csv(path).assign(channel_hash=["007", "NA", "12e456"]).to_csv(path, index=False)
    frames = load_dataset("growth_youtube_tech_daily", folder)
    assert frames["creators"]["creator_id"].tolist() == ["007", "NA", "12e456"]


def test_unknown_set_and_option_are_refused(made):
    with pytest.raises(UsageError, match=r"no data set `growth`.*growth_vtuber_daily"):
        load_dataset("growth", ".")
    with pytest.raises(UsageError, match=r"has no option `min_months`\. It offers: none"):
        load_dataset("growth_vtuber_daily", ".", min_months=6)
    with pytest.raises(UsageError, match="`min_months` must be 1 or more, got 0"):
        load_dataset("growth_starscout_monthly", ".", min_months=0)
    folder = made("growth_starscout_monthly")
    with pytest.raises(UsageError, match="`include` must be `hard-negatives`, got `all`"):
        load_dataset("growth_starscout_monthly", folder, include="all")
    with pytest.raises(DatasetError, match="no creator is left"):
        load_dataset("growth_starscout_monthly", folder, min_months=99)


def test_starscout_curve_is_cumulative_at_month_ends(made):
    frames = load_dataset("growth_starscout_monthly", made("growth_starscout_monthly"))
    assert _column(frames, "follower_history", "0012e456", "followers") == [0, 5, 5, 5, 105, 105, 105, 105, 106]
    days = [str(day.date()) for day in _column(frames, "follower_history", "0012e456", "observed_on")]
    assert days[:2] == ["2023-10-31", "2023-11-30"]
    assert days[4] == "2024-02-29"
    assert days[-1] == "2024-06-30"
    assert _column(frames, "creators", "0012e456", "followers") == [106]


def test_starscout_labels_stay_on_their_side(made):
    folder = made("growth_starscout_monthly")
    frames = load_dataset("growth_starscout_monthly", folder)
    labels = frames["labels"].set_index("creator_id")
    assert labels["is_fake"].to_dict() == {"0012e456": 1, "000000000002": 0}
    assert labels["group_id"].to_dict() == {"0012e456": "o1", "000000000002": "o2"}
    assert str(labels.loc["0012e456", "as_of"].date()) == "2024-07-01"
    outside = {column for table in ("creators", "follower_history") for column in frames[table].columns}
    assert outside == {"creator_id", "platform", "followers", "observed_on"}

    hard = load_dataset("growth_starscout_monthly", folder, include="hard-negatives")["labels"].set_index("creator_id")
    assert hard.loc["a3", ["is_fake", "label_source"]].tolist() == [0, "starscout_hard"]
    assert "a4" not in hard.index
    short = load_dataset("growth_starscout_monthly", folder, min_months=1)
    assert _column(short, "follower_history", "a5", "followers") == [0, 90]


def test_ratios_are_totals_of_one_row(made):
    folder = made("growth_starscout_ratios")
    frames = load_dataset("growth_starscout_ratios", folder)
    assert frames["creators"]["creator_id"].tolist() == ["00b1", "00b2"]
    assert frames["posts"][["likes", "comments_count", "shares"]].to_numpy().tolist() == [[0, 0, 1], [20, 9, 4]]
    assert frames["labels"]["is_fake"].tolist() == [1, 0]
    more = load_dataset("growth_starscout_ratios", folder, include="few-pushes")
    assert more["creators"]["creator_id"].tolist() == ["00b1", "00b2", "00b3"]


def test_repository_with_two_rows_of_totals_is_refused(made):
    folder = made("growth_starscout_ratios")
    path = folder / "repo_event_totals.csv.gz"
    rows = pd.read_csv(path, dtype=str)
    pd.concat([rows, rows.head(1)]).to_csv(path, index=False)
    with pytest.raises(DatasetError, match="1 repositories have more than one row"):
        load_dataset("growth_starscout_ratios", folder)


def test_vtuber_platforms_are_two_creators_and_zero_is_unknown(made):
    frames = load_dataset("growth_vtuber_daily", made("growth_vtuber_daily"))
    assert sorted(frames["creators"]["creator_id"]) == ["p0-twitch", "p0-youtube", "p1-youtube"]
    assert _column(frames, "follower_history", "p0-youtube", "followers") == [100, 102]
    assert _column(frames, "follower_history", "p0-twitch", "followers") == [10, 12, 13]
    assert _column(frames, "creators", "p0-twitch", "country") == ["tw"]
    assert frames["creators"].set_index("creator_id")["country"].isna()["p1-youtube"]


def test_rows_of_an_unknown_account_are_refused(made):
    folder = made("growth_vtuber_daily")
    pd.DataFrame({"creator_id": [0], "creator_hash": ["p0"], "nationality": ["TW"]}).to_csv(
        folder / "creators.csv", index=False
    )
    with pytest.raises(DatasetError, match="2 of 6 rows have a `creator_id` that is not in the file of the accounts"):
        load_dataset("growth_vtuber_daily", folder)


def test_github_keeps_observed_days_only(made):
    frames = load_dataset("growth_github_daily", made("growth_github_daily"))
    days = [str(day.date()) for day in _column(frames, "follower_history", "r0", "observed_on")]
    assert days == ["2018-01-01", "2018-01-02", "2018-01-06"]
    assert _column(frames, "creators", "r0", "followers") == [20]
    assert "forks" not in frames["follower_history"]


def test_followers_in_order_become_a_curve_and_a_sample(made):
    frames = load_dataset("growth_twitter_followorder", made("growth_twitter_followorder"))
    assert _column(frames, "follower_history", "t1", "followers") == [2, 3]
    assert [str(d.date()) for d in _column(frames, "follower_history", "t1", "observed_on")] == [
        "2014-01-02",
        "2014-01-05",
    ]
    assert _column(frames, "creators", "t1", "followers") == [3]
    assert _column(frames, "audience", "t1", "follow_order") == [0, 1, 2]
    assert [str(d.date()) for d in _column(frames, "audience", "t1", "created_on")] == [
        "2013-12-21",
        "2011-01-26",
        "2013-12-31",
    ]


def test_last_capture_of_a_day_is_kept(made):
    politicians = load_dataset("growth_twitter_politicians", made("growth_twitter_politicians"))
    assert _column(politicians, "follower_history", "ann", "followers") == [100, 110]
    single = load_dataset("growth_single_accounts", made("growth_single_accounts"))
    assert _column(single, "follower_history", "x_1", "followers") == [26]
    assert single["creators"].set_index("creator_id")["platform"].to_dict() == {"bilibili_1": "bilibili", "x_1": "x"}


def test_instagram_2017_has_likes_at_noon(made):
    frames = load_dataset("accounts_ig_creators_2017", made("accounts_ig_creators_2017"))
    posts = frames["posts"]
    assert posts["posted_at"].tolist() == [pd.Timestamp("2017-04-29T12:00Z")] * 2  # the post of 1970 is gone
    assert posts["format"].tolist() == ["image", "carousel"]
    assert "comments_count" not in posts
    assert frames["creators"]["following"].isna().tolist() == [False, True]
    assert str(snapshot_day("accounts_ig_creators_2017", frames)) == "2017-04-30"


def test_switched_off_comments_are_unknown_not_zero(made):
    ordinary = load_dataset("accounts_ig_ordinary_2018", made("accounts_ig_ordinary_2018"))
    assert ordinary["posts"]["comments_count"].isna().tolist() == [False, True]
    assert ordinary["posts"]["likes"].tolist() == [50, 60]
    assert len(ordinary["creators"]) == 2  # the third record repeats the first
    id2020 = load_dataset("accounts_ig_creators_id2020", made("accounts_ig_creators_id2020"))
    assert id2020["posts"]["comments_count"].isna().tolist() == [False, True]
    assert "following" not in id2020["creators"]


def test_lists_of_uneven_length_are_refused(tmp_path):
    _ordinary(tmp_path, [_account([1541700368, 1540994565], [50], [3, 0], [0, 0])])
    with pytest.raises(DatasetError, match=r"in 1 of 1 records .* differ in length"):
        load_dataset("accounts_ig_ordinary_2018", tmp_path)


def test_lists_must_be_lists(tmp_path):
    _ordinary(tmp_path, [_account([1541700368], [50], [3], [0]) | {"mediaLikeNumbers": 50}])
    with pytest.raises(DatasetError, match=r"column `mediaLikeNumbers` .* holds no list in 1 of 1 rows"):
        load_dataset("accounts_ig_ordinary_2018", tmp_path)


def test_tiktok_followers_stand_beside_the_newest_video(made):
    frames = load_dataset("accounts_tiktok_creators_2020", made("accounts_tiktok_creators_2020"))
    followers = frames["creators"].set_index("creator_id")["followers"]
    assert pd.isna(followers["a"])  # 0 = not known
    assert followers["b"] == 90
    assert _column(frames, "posts", "a", "views") == [1000, 1100]
    assert str(snapshot_day("accounts_tiktok_creators_2020", frames)) == "2020-11-08"


def test_videos_and_posts_stand_for_creators(made):
    youtube = load_dataset("comments_youtube_id_2025", made("comments_youtube_id_2025"))
    assert _column(youtube, "comments", "v1", "text") == ["satu", 'dua, "tiga"\n']  # fetched twice, kept once
    assert _column(youtube, "comments", "v2", "text") == ["NA"]
    instagram = load_dataset("comments_instagram_id_celebs", made("comments_instagram_id_celebs"))
    assert instagram["creators"]["creator_id"].tolist() == ["p1", "p2"]  # without the post that was scraped twice
    assert _column(instagram, "comments", "p1", "text") == ["cantik", "cantik"]


def test_sets_with_own_ends_have_no_common_day(made):
    frames = load_dataset("growth_github_daily", made("growth_github_daily"))
    assert snapshot_day("growth_github_daily", frames) is None


def test_full_folder_is_not_written_over(made, tmp_path):
    frames = load_dataset("growth_single_accounts", made("growth_single_accounts"))
    with pytest.raises(OutputError, match="is not empty"):
        write_frames(frames, tmp_path, ADAPTERS["growth_single_accounts"])


def _run(*words):
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    return command.run(parser.parse_args([str(word) for word in words]))


def test_command_lists_sets_with_licence(capsys):
    assert _run() == 0
    shown = capsys.readouterr().out
    for adapter in ADAPTERS.values():
        assert f"{adapter.name}\n" in shown
        assert f"licence: {adapter.licence}\n" in shown


def test_command_converts(made, tmp_path, capsys):
    source, out = made("accounts_tiktok_creators_2020"), tmp_path / "out"
    assert _run("convert", "accounts_tiktok_creators_2020", "--from", source, "--out", out) == 0
    assert len(read_tables(out).tables) == 2
    shown = capsys.readouterr()
    assert shown.out == f"{out}\n"
    assert "posts.csv: 4 rows" in shown.err
    assert "--as-of 2020-11-08" in shown.err


def test_command_passes_the_options_on(made, tmp_path):
    source, out = made("growth_starscout_monthly"), tmp_path / "out"
    words = ("--from", source, "--out", out, "--format", "parquet", "--min-months", 1, "--include", "hard-negatives")
    assert _run("convert", "growth_starscout_monthly", *words) == 0
    assert len(pd.read_parquet(out / "labels.parquet")) == 4


@every_set
def test_real_file(name):
    frames = load_dataset(name, _real_folder(name))
    assert {table: len(frame) for table, frame in frames.items()} == REAL_ROWS[name]
    _check_contract(name, frames)
    result = tables_from_frames(frames)
    assert {problem.code: problem.count for problem in result.report.problems} == REAL_SET_ASIDE.get(name, {})
    aside = sum(REAL_SET_ASIDE.get(name, {}).values())
    assert sum(len(rows) for _, rows in result.tables.items()) == sum(REAL_ROWS[name].values()) - aside


def test_real_starscout_is_the_meaningful_test():
    folder = _real_folder("growth_starscout_monthly")
    labels = load_dataset("growth_starscout_monthly", folder, include="hard-negatives")["labels"]
    counts = labels.groupby(["label_source", "is_fake"]).size().to_dict()
    assert counts == {("starscout", 0): 505, ("starscout", 1): 320, ("starscout_hard", 0): 97}
    everything = load_dataset("growth_starscout_monthly", folder, min_months=1)
    assert everything["labels"]["is_fake"].value_counts().to_dict() == {1: 9_323, 0: 632}
    last = everything["follower_history"].groupby("creator_id")["followers"].last()
    listed = pd.read_csv(folder / "repos.csv.gz", dtype={"repo_hash": str}).set_index("repo_hash")["stars_total"]
    assert np.array_equal(last, listed.loc[last.index])
