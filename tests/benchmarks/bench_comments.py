# ruff: noqa: T201 -- a script that prints its figures
"""Speed of the comment pillar, from the text to the creator's features, beside scikit-learn's hashing of n-grams.

Not a test: machines differ, so that ratios of one run are what to compare. Run it with one thread::

    OMP_NUM_THREADS=1 python tests/benchmarks/bench_comments.py --comments 60000
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Callable

import numpy as np
import pandas as pd
import pyarrow as pa

from realreach.comment_text.likeness import near_groups, template_keys
from realreach.comment_text.measures import measure_comments
from realreach.comment_text.model import default_comment_model
from realreach.comment_text.normalise import normalise
from realreach.comment_text.words import split_words
from realreach.features import comments as family
from realreach.features.view import View, decision_days
from realreach.tables import Tables, tables_from_frames

_TEXT = """
kak bagus banget videonya suka terus semoga sukses ya love this so much where did you buy it cantik lucu
mantap keren harga berapa min ditunggu lagi wkwk anjir gila sih beneran pagi malam makan jalan rumah ibu teman resep
enak coba great light on that second photo what camera is this tutorial please thanks for sharing happy weekend
everyone
"""
_WORDS = np.array(_TEXT.split(), dtype=object)
_ENDS = ("", "", "", " 😍", " 🔥🔥", "!", "?", " ❤️", "...", " @teman_baik")


def comments(number: int, seed: int = 0) -> list[str]:
    """Return comments of about 60 characters."""
    rng = np.random.default_rng(seed)
    return [
        " ".join(_WORDS[rng.integers(len(_WORDS), size=max(1, int(rng.normal(10.5, 2))))]) + _ENDS[rng.integers(10)]
        for _ in range(number)
    ]


def tables(text: list[str], per_creator: int = 100) -> Tables:
    """Return creators with a hundred comments each, under ten posts, with times and authors."""
    rng = np.random.default_rng(1)
    number = len(text) // per_creator
    creator = np.repeat(np.arange(number), per_creator)
    post = rng.integers(10, size=len(creator))
    start = pd.Timestamp("2025-01-01", tz="UTC")
    posts = pd.DataFrame({"creator_id": np.repeat(np.arange(number), 10), "post": np.tile(np.arange(10), number)})
    posts = posts.assign(
        posted_at=start + pd.to_timedelta(posts["post"], unit="D"), caption="resep enak pagi ini di rumah"
    )
    rows = pd.DataFrame(
        {
            "creator_id": [f"c{i}" for i in creator],
            "comment_id": [f"m{i}" for i in range(len(creator))],
            "post_id": [f"p{i}" for i in post],
            "author_id": [f"a{i}" for i in rng.integers(5_000, size=len(creator))],
            "commented_at": start + pd.to_timedelta(post + rng.exponential(0.3, len(creator)), unit="D"),
            "likes": rng.poisson(0.5, len(creator)).astype(float),
            "text": text[: len(creator)],
        }
    )
    posts = posts.assign(creator_id="c" + posts["creator_id"].astype(str), post_id="p" + posts["post"].astype(str))
    creators = pd.DataFrame({"creator_id": [f"c{i}" for i in range(number)], "platform": "instagram", "language": "id"})
    return tables_from_frames({"creators": creators, "posts": posts.drop(columns="post"), "comments": rows}).tables


def seconds(work: Callable[[], object], repeats: int) -> float:
    """Return the shortest processor time of some runs."""
    times = []
    for _ in range(repeats):
        begun = time.process_time()
        work()
        times.append(time.process_time() - begun)
    return min(times)


def main() -> None:
    """Print one line per step and peer: comments a second, and the ratio to the whole pillar."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--comments", type=int, default=60_000)
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    text = comments(arguments.comments)
    array = pa.array(text, pa.large_string())
    held = tables(text)
    as_of = decision_days(held)
    model = default_comment_model()
    done = normalise(array)
    words = split_words(done.plain_points)
    owner = np.arange(len(text)) // 100

    def peer() -> object:
        from sklearn.feature_extraction.text import HashingVectorizer

        return HashingVectorizer(analyzer="char_wb", ngram_range=(3, 4)).transform(text)

    work: dict[str, Callable[[], object]] = {
        "whole pillar": lambda: family.compute(View(held, as_of)),
        "  normalise": lambda: normalise(array),
        "  words": lambda: split_words(done.plain_points),
        "  measures": lambda: measure_comments(done, words),
        "  near twins": lambda: near_groups(owner, template_keys(words), done.plain_points),
        "  comment model": lambda: model.sold(done),
        "peer: HashingVectorizer(char_wb 3-4)": peer,
    }
    family.compute(View(held.take(np.arange(5)), as_of[:5]))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    whole = 0.0
    print(f"{len(text):,} comments of {np.mean([len(t) for t in text]):.0f} characters, one thread")
    for name, run in work.items():
        rate = len(text) / seconds(run, arguments.repeats)
        whole = whole or rate
        print(f"{name:<40}{rate:>12,.0f} comments/s{rate / whole:>10.2f} x the pillar")
        if name == "whole pillar":
            grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
            print(f"  peak memory beyond the tables: {grown / 1024:,.0f} MiB")


if __name__ == "__main__":
    main()
