"""Made-up accounts with a known kind, for the tests of the account model and its benchmark."""

import numpy as np
import pandas as pd


def made_accounts(n=600, share=0.25, seed=0, overlap=1.0):
    """Return (columns, y): bought accounts follow many, post little, have digits; the two kinds overlap."""
    rng = np.random.default_rng(seed)
    y = (np.arange(n) < share * n).astype(float)
    rng.shuffle(y)
    fake = y == 1

    def count(real, bought):
        return np.floor(np.exp(np.where(fake, bought, real) + overlap * rng.normal(0, 1.2, n)))

    length = rng.integers(6, 18, n).astype(float)
    columns = {
        "followers": count(5.8, 3.6),
        "following": np.minimum(count(5.8, 7.2), 7500.0),
        "posts_count": count(4.0, 1.0),
        "has_picture": (rng.random(n) < np.where(fake, 0.75, 0.98)).astype(float),
        "is_private": (rng.random(n) < 0.3).astype(float),
        "username_length": length,
        "username_digits": np.minimum(rng.poisson(np.where(fake, 2.0, 0.4)), length),
    }
    return columns, y


def write_srf(folder, n=600, seed=0, shuffled=False):
    """Write a folder of the shape of SRF's set, made-up rows."""
    folder.mkdir(parents=True, exist_ok=True)
    columns, y = made_accounts(n, 0.15, seed)
    if shuffled:
        y = np.random.default_rng(1).permutation(y)
    frame = pd.DataFrame(
        {
            "account": [f"a{i}" for i in range(n)],
            "username_len": columns["username_length"].astype(int),
            "username_digits": columns["username_digits"].astype(int),
            "posts": columns["posts_count"].astype(int),
            "following": columns["following"].astype(int),
            "followers": columns["followers"].astype(int),
            "has_profile_picture": columns["has_picture"].astype(int),
            "private": columns["is_private"].astype(int),
        }
    )
    frame.assign(fake=y.astype(int)).to_csv(folder / "labelled.csv", index=False)
    frame.to_csv(folder / "unlabelled_sample.csv.gz", index=False)


def write_instafake(folder, n=600, seed=3):
    """Write a folder of the shape of InstaFake, with one exact duplicate."""
    folder.mkdir(parents=True, exist_ok=True)
    columns, y = made_accounts(n, 0.3, seed)
    frame = pd.DataFrame(
        {
            "userFollowerCount": columns["followers"],
            "userFollowingCount": columns["following"],
            "userBiographyLength": np.where(y == 1, 0, 40),
            "userMediaCount": columns["posts_count"],
            "userHasProfilPic": columns["has_picture"],
            "userIsPrivate": columns["is_private"],
            "usernameDigitCount": columns["username_digits"],
            "usernameLength": columns["username_length"],
            "isFake": y,
        }
    ).astype(int)
    for name, label in (("fakeAccountData.json", 1), ("realAccountData.json", 0)):
        rows = frame[frame["isFake"] == label]
        pd.concat([rows, rows.head(1)]).to_json(folder / name, orient="records")


def write_purba(folder, n=300, seed=4):
    """Write a folder of the shape of Purba's set, with a caption length of -1."""
    folder.mkdir(parents=True, exist_ok=True)
    columns, y = made_accounts(n, 0.5, seed)
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "posts": columns["posts_count"],
            "followers": columns["followers"],
            "following": columns["following"],
            "bio_len": rng.integers(0, 150, n),
            "has_pic": columns["has_picture"],
            "has_link": rng.integers(0, 2, n),
            "caption_len": rng.integers(-1, 90, n),
            **{c: rng.random(n) for c in ("caption_zero_share", "non_image_share", "location_tag_share")},
            **{c: rng.random(n) for c in ("hashtags_per_post", "promo_keywords", "follower_keywords")},
            "er_like_pct": np.exp(rng.normal(2 - y, 1)),
            "er_comment_pct": np.exp(rng.normal(-1 - y, 1)),
            "caption_cosine_sim": rng.random(n),
            "post_interval_h": rng.integers(0, 900, n),
            "fake": y,
        }
    )
    frame.to_csv(folder / "part_a.csv.gz", index=False)


def write_free4ever1(folder, n=120, seed=5):
    """Write a folder of the shape of the Kaggle set, train and test."""
    folder.mkdir(parents=True, exist_ok=True)
    for part, size in (("train", n), ("test", n // 2)):
        columns, y = made_accounts(size, 0.5, seed + size)
        share = (columns["username_digits"] / columns["username_length"]).round(2)
        pd.DataFrame(
            {
                "profile pic": columns["has_picture"],
                "nums/length username": share,
                "fullname words": 1,
                "nums/length fullname": 0.0,
                "name==username": 0,
                "description length": 10,
                "external URL": 0,
                "private": columns["is_private"],
                "#posts": columns["posts_count"],
                "#followers": columns["followers"],
                "#follows": columns["following"],
                "fake": y,
            }
        ).to_csv(folder / f"{part}.csv", index=False)


def write_cresci(folder, n=120, seed=6):
    """Write a folder of the shape of Cresci's set; the columns that give the class away are there, too."""
    folder.mkdir(parents=True, exist_ok=True)
    columns, y = made_accounts(n, 0.5, seed)
    pd.DataFrame(
        {
            "statuses_count": columns["posts_count"],
            "followers_count": columns["followers"],
            "friends_count": columns["following"],
            "favourites_count": columns["posts_count"],
            "listed_count": 0,
            "lang": np.where(y == 1, "en", "it"),
            "created_at": "2010-01-01",
            "fake": y,
        }
    ).to_csv(folder / "profiles.csv.gz", index=False)


WRITERS = {
    "accounts_srf_followers": write_srf,
    "accounts_instafake_fake": write_instafake,
    "accounts_purba_bought_followers": write_purba,
    "accounts_free4ever1": write_free4ever1,
    "accounts_cresci_e13_int": write_cresci,
}
