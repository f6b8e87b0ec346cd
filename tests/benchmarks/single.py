"""Small things that are done often: the comment model, one creator, the start of the command line."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import numpy as np
from tests.benchmarks.data import make
from tests.benchmarks.engine import with_and_without_numba
from tests.benchmarks.measure import ROOT, Context, Part, Row, cpu, median, python, run
from tests.benchmarks.world import small_model

from realreach.scores import Scorer
from realreach.tables import read_tables

_COMMENTS = """
import sys
import pyarrow as pa
from realreach.comment_text.model import default_comment_model
from realreach.comment_text.normalise import normalise
from realreach.tables import read_tables
from tests.benchmarks.measure import cpu
text = read_tables(sys.argv[1]).tables.comments.strings("text").to_pylist()[: int(sys.argv[2])]
array, model = pa.array(text, pa.large_string()), default_comment_model()
print(cpu(lambda: model.sold(normalise(array)), int(sys.argv[3])), int(sys.modules.get("numba") is not None))
"""


def comment_model(context: Context) -> Part:
    """Return comments a second of the comment model, beside hashed n-grams and a linear model of scikit-learn."""
    from sklearn.feature_extraction.text import HashingVectorizer
    from sklearn.linear_model import SGDClassifier

    number = 10_000 if context.quick else 50_000
    folder = make(context.work, 1_000, comments=True)
    tables = read_tables(folder).tables
    text = tables.comments.strings("text").to_pylist()[:number]
    hashing = HashingVectorizer(analyzer="char_wb", ngram_range=(3, 4))
    linear = SGDClassifier(loss="log_loss").fit(hashing.transform(text[:2_000]), np.arange(2_000) % 2)
    other = len(text) / cpu(lambda: linear.decision_function(hashing.transform(text)), context.repeats)
    part = Part(
        f"Comment model ({len(text):,} comments of {np.mean([len(t) for t in text]):.0f} characters, normalising included)"
    )
    for kind, spent in with_and_without_numba(_COMMENTS, [folder, len(text), context.repeats]).items():
        own, aim = len(text) / spent, ">= 20x" if kind == "numba" else ">= 1x"
        against = f"{other:,.0f} (HashingVectorizer char_wb 3-4, linear model)"
        part.rows.append(
            Row(
                f"comment model, {kind}",
                f"{own:,.0f} comments a second",
                against,
                f"{own / other:.1f}x",
                aim,
                context.repeats,
            )
        )
    return part


def one_creator(context: Context) -> Part:
    """Return the time of one creator, as a record, warm, beside the bare booster on one row."""
    folder = make(context.work, 10, comments=True)
    record = _record(folder)
    scorer = Scorer.load(small_model(context))
    width = len(scorer.bundle.model.layout.used)
    row = np.zeros((1, width))
    bare = _wall(lambda: scorer.bundle.model.booster.predict(row, raw_score=True, num_threads=1), 2_000)
    runs = 50 if context.quick else 300
    scored = _wall(lambda: scorer.score(record), runs)
    part = Part("One creator in this process, warm, all pillars, heads included (180 days, 30 posts, 100 comments)")
    p50, p99 = (float(np.quantile(scored, q)) * 1e3 for q in (0.5, 0.99))
    against = f"{median(bare) * 1e3:.3f} ms (bare Booster.predict, one row)"
    part.rows.append(Row("one creator, without reasons", f"p50 {p50:.2f} ms, p99 {p99:.2f} ms", against, f"{p50 / (median(bare) * 1e3):,.0f}x", "p50 <= 2 ms, with fast <= 0.3 ms", runs))  # fmt: skip
    part.rows.append(Row("p99 against p50", f"{p99:.2f} ms", f"{p50:.2f} ms", f"{p99 / p50:.1f}x", "<= 3x", runs))
    return part


def _record(folder: object) -> dict[str, object]:
    import json

    import pandas as pd

    def rows(name: str) -> list[dict[str, object]]:
        frame = pd.read_parquet(f"{folder}/{name}")
        return json.loads(frame[frame["creator_id"] == "c00000000"].drop(columns="creator_id").to_json(orient="records", date_format="iso"))  # fmt: skip

    history = rows("follower_history")
    for row in history:
        row["observed_on"] = str(row["observed_on"])[:10]
    return {
        "creator_id": "c",
        **rows("creators")[0],
        "follower_history": history,
        "posts": rows("posts"),
        "comments": rows("comments"),
    }


def _wall(work: Callable[[], object], runs: int) -> list[float]:
    for _ in range(5):
        work()
    times = []
    for _ in range(runs):
        begun = time.perf_counter()
        work()
        times.append(time.perf_counter() - begun)
    return times


def start(context: Context) -> Part:
    """Return what it costs to start ``predict.py`` up to its first score, beside a process that only loads the booster."""
    model, folder = small_model(context), make(context.work, 10, comments=True)
    repeats = context.repeats
    code = f"import lightgbm as lgb, numpy as np; b = lgb.Booster(model_file={str(model / 'model.txt')!r}); b.predict(np.zeros((1, b.num_feature())), num_threads=1)"
    bare = python(code, repeats)
    own = [run([sys.executable, ROOT / "predict.py", folder, "--model", model, "--quiet"]) for _ in range(repeats)]
    a, b = median([r.cpu for r in own]), median([r.cpu for r in bare])
    wall = f"{median([r.wall for r in own]):.2f} s wall"
    part = Part("Start of predict.py to the scores of ten creators")
    part.rows.append(Row("start of predict.py", f"{a:.2f} CPU-s, {wall}", f"{b:.2f} CPU-s (lgb.Booster and one row)", f"{a / b:.2f}x", "<= 1.3x", repeats))  # fmt: skip
    return part
