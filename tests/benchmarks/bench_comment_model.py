# ruff: noqa: T201 -- a script that prints its figures
"""Speed of the comment model, NumPy and compiled, beside scikit-learn's hashing of n-grams with a linear model.

Not a test: machines differ, so that ratios of one run are what to compare. Run it with one thread::

    OMP_NUM_THREADS=1 python tests/benchmarks/bench_comment_model.py --comments 50000
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np
import pyarrow as pa

from realreach import compiled
from realreach.comment_text.likeness import signatures
from realreach.comment_text.model import default_comment_model
from realreach.comment_text.normalise import normalise
from realreach.simulate import simulate


def cpu(work: Callable[[], object], repeats: int) -> float:
    """Return the median CPU seconds of some runs."""
    out = []
    for _ in range(repeats):
        begun = time.thread_time()
        work()
        out.append(time.thread_time() - begun)
    return float(np.median(out))


def main() -> None:
    """Print microseconds a comment, and how many times faster than the peer."""
    from sklearn.feature_extraction.text import HashingVectorizer
    from sklearn.linear_model import SGDClassifier

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--comments", type=int, default=50_000)
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args()
    told = simulate(700, seed=9).frames["comments"]["text"].tolist()
    text = (told * (arguments.comments // len(told) + 1))[: arguments.comments]
    array = pa.array(text, pa.large_string())
    model, done = default_comment_model(), normalise(array)
    hashing = HashingVectorizer(analyzer="char_wb", ngram_range=(3, 4))
    linear = SGDClassifier(loss="log_loss").fit(hashing.transform(text[:2_000]), np.arange(2_000) % 2)
    peer = cpu(lambda: linear.decision_function(hashing.transform(text)), arguments.repeats)
    characters = np.mean([len(t) for t in text])
    print(f"{len(text):,} simulated comments of {characters:.0f} characters, one thread, CPU microseconds a comment")
    print(f"{'HashingVectorizer(char_wb 3-4) and linear':<46}{1e6 * peer / len(text):8.2f}")
    state = compiled._state
    for kind, wanted in (("NumPy", False), ("compiled", True)):
        state.update(loaded=False, wanted=wanted)
        if wanted and not compiled.load_from_now_on():
            print("numba is not installed")
            break
        work: dict[str, Callable[[], object]] = {
            "model, texts normalised already": lambda: model.sold(done),
            "model, from the text": lambda: model.sold_of(array),
            "MinHash": lambda: signatures(done.plain_points),
        }
        for name, run in work.items():
            run()
            spent = cpu(run, arguments.repeats)
            print(f"{name + ', ' + kind:<46}{1e6 * spent / len(text):8.2f}{peer / spent:8.1f} x the peer")


if __name__ == "__main__":
    main()
