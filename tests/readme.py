"""Fills the generated parts of README.md and data/README.md: `python tests/readme.py`. tests/test_readme.py holds them current.

Help texts, the number of features and the sample's scores are made here; the figures of "how good" come from the model's own
metadata and from the files that the commands named there have written.
"""

from __future__ import annotations

import io
import json
import os
import re
import sys
from collections.abc import Callable, Mapping
from contextlib import redirect_stdout, suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MODEL = ROOT / "models" / "default"
HEADLINES: tuple[tuple[str, str, str, str], ...] = (
    ("accounts_instafake_fake", "fake or real", "pr_auc", "PR-AUC"),
    ("accounts_srf_followers", "fake or real", "pr_auc", "PR-AUC"),
    ("accounts_srf_followers", "trained on instafake_fake", "pr_auc", "PR-AUC"),
    ("accounts_purba_bought_followers", "has_link = 1 (free of the leak)", "roc_auc", "ROC-AUC"),
    ("growth_starscout_monthly", "campaign against ordinary, pairs of equal size", "roc_auc", "ROC-AUC"),
    ("growth_starscout_ratios", "10 pushes and more, pairs of equal size", "roc_auc", "ROC-AUC"),
    ("comments_youtube_spam_2015", "youtube_spam: other video", "f1", "F1"),
    ("comments_instagram_id_celebs", "instagram_ads: other account", "f1", "F1"),
    ("comments_judol_id", "judol: other template", "f1", "F1"),
    ("comments_judol_id", "judol: leave one data set out", "roc_auc", "ROC-AUC"),
    ("comments_bot_praise_de", "bot_praise_de: leave one data set out", "roc_auc", "ROC-AUC"),
)
"""Lines of the benchmark that the README shows: set, task, metric and its short name."""


def helps() -> str:
    """Return the help texts of the two scripts as they are printed."""
    from realreach.cli import run_command

    os.environ["COLUMNS"] = "110"
    blocks = []
    for name in ("predict", "train"):
        text = io.StringIO()
        with redirect_stdout(text), suppress(SystemExit):
            run_command(name, ["--help"], prog=f"{name}.py")
        blocks.append(
            f"<details><summary><code>python {name}.py --help</code></summary>\n\n```\n{text.getvalue().strip()}\n```\n\n</details>\n"
        )
    return "\n" + "\n".join(blocks)


def features() -> str:
    """Return the number of features that a model sees."""
    from realreach.features import model_columns

    return f"{len(model_columns())} features"


def sample() -> str:
    """Return the scores of a few creators of the sample, by the default model."""
    import realreach

    scorer = realreach.Scorer.load(MODEL)
    scores = scorer.score_result(realreach.read_tables(ROOT / "data" / "sample"))
    scored = scores[scores["status"] == "scored"].sort_values("authenticity")
    full = scored[scored["coverage"] == "growth+engagement+comments"]
    rows = [full.iloc[0], full.iloc[len(full) // 2], scored[scored["coverage"] == "engagement"].iloc[-1]]
    rows += [row for _, row in scores[scores["status"] == "insufficient_data"].head(1).iterrows()]
    head = ["creator_id", "status", "authenticity", "flagged", "growth", "engagement", "comments", "coverage"]
    lines = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    for row in rows:
        names = ["authenticity", "growth_authenticity", "engagement_authenticity", "comments_authenticity"]
        shown = {n: "" if row[n] != row[n] else f"{row[n]:.0f}" for n in names}
        flagged = "" if row["status"] != "scored" else str(bool(row["flagged"])).lower()
        cells = [
            row["creator_id"],
            row["status"],
            shown[names[0]],
            flagged,
            *[shown[n] for n in names[1:]],
            row["coverage"],
        ]
        lines.append("| " + " | ".join(str(c) for c in cells) + " |")
    note = "\n(*simulated* creators of `data/sample`, scored by `models/default`; 0-100, high = authentic; the columns of the pillars are shortened)"
    return "\n" + "\n".join(lines) + "\n" + note + "\n"


def good() -> str:
    """Return what is known of the default model: simulated, on real labelled curves, and on real honest creators."""
    facts = json.loads((MODEL / "metadata.json").read_text(encoding="utf-8"))
    rows = "\n".join(f"| {label} | {' | '.join(cells)} |" for label, cells in _beside_baselines())
    head = (
        f"**On simulated creators** ({facts['data']['creators']:,} *simulated* creators, {facts['protocol']}; the world is made hard on "
        f"purpose, see its reality checks in [data/README.md](data/README.md)). Model of {facts['created_on']}, more baselines, slices, recall by "
        "purchased share and false positives per innocent look-alike in [its card](models/default/card.md). Made by "
        "`make model` and shown by the run.\n\n| *simulated*, 95 % interval | realreach | logistic regression, same features | rule of published norms |\n|---|---|---|---|\n"
    )
    noise = _card_table("roc_auc")["calibration_noise"][0]
    rows += (
        f"\n\nA perfectly calibrated model would show a calibration error of {noise} by chance alone; its interval is corrected for the noise "
        "that resampling adds, so that the value may lie above it."
    )
    parts = [head + rows, judged(facts["judged"]), policy_figures(), benchmark(), false_alarms()]
    return "\n" + "\n\n".join(parts) + "\n"


def _beside_baselines() -> list[tuple[str, list[str]]]:
    """Return by metric what the default model and two baselines reached on the same held-out creators, from its card."""
    labels = {
        "roc_auc": "ROC-AUC", "size-matched roc_auc": "ROC-AUC, size-matched pairs", "pr_auc_at_5pct": "PR-AUC at 5 % bought",
        "pr_auc_at_10pct": "PR-AUC at 10 % bought", "pr_auc_at_25pct": "PR-AUC at 25 % bought",
        "recall_at_1pct_fpr": "recall at 1 % false positives", "brier": "Brier score", "calibration_error": "calibration error",
    }  # fmt: skip
    found = _card_table("roc_auc") | {
        f"size-matched {name}": cells for name, cells in _card_table("roc_auc", after="Size-matched pairs").items()
    }
    columns = [found["metric"].index(name) for name in ("realreach", "logistic_regression", "norms_rule")]
    return [(label, [_bracketed(found[name][at]) for at in columns]) for name, label in labels.items()]


def _card_table(first: str, *, after: str = "") -> dict[str, list[str]]:
    """Return the first table of the card whose first row is so named, behind some words: cells by name of the row."""
    card = (MODEL / "card.md").read_text(encoding="utf-8")
    lines = card[card.index(after) :].splitlines()
    begin = next(at for at, line in enumerate(lines) if line.startswith(f"| {first} |")) - 2
    rows = {}
    for line in lines[begin:]:
        if not line.startswith("|"):
            break
        name, *cells = (cell.strip() for cell in line.strip("|").split("|"))
        rows[name] = cells
    return rows


def _bracketed(cell: str) -> str:
    """Return a card's ``0.870 (0.859-0.879)`` as ``0.870 [0.859, 0.879]``."""
    value, _, bounds = cell.rstrip(")").partition(" (")
    return f"{value} [{bounds.replace('-', ', ')}]" if bounds else value


def policy_figures() -> str:
    """Return what the shipped policy does to simulated honest creators, from the file itself."""
    from realreach.policy import default_policy

    found = default_policy().measured
    alike = sorted(found.look_alikes, key=lambda x: -x.declined)
    return (
        f"Under the policy that comes along (limits measured in a *simulated* world of seed {found.world_seed}; `realreach policy show` applies it to your "
        f"batch) {found.declined_honest:.2%} ({found.low:.2%} to {found.high:.2%}) of {found.honest:,} honest creators are declined and "
        f"{found.review_honest:.1%} reviewed; of the worst look-alike ({alike[0].kind}) {alike[0].declined:.1%}, of the median one "
        f"{alike[len(alike) // 2].declined:.1%} are declined. The price: of creators with bought engagement it declines {found.declined_fake:.0%} and sends "
        f"{found.review_fake:.0%} to review."
    )


def benchmark() -> str:
    """Return where the real-data benchmark stands, with a few of its lines."""
    lines = json.loads((ROOT / "docs" / "benchmark.json").read_text(encoding="utf-8"))
    rows = [
        "| public labelled set | task | plain baseline | realreach, trained there | shipped model, zero-shot |",
        "|---|---|---|---|---|",
    ]
    for dataset, task, metric, name in HEADLINES:
        of = [r for suite in lines.values() for r in suite if r["dataset"] == dataset and r["task"] == task]
        # Half of a labelled set is sold, which no section of a creator is: figures that lean on it are no headline.
        of = [r for r in of if not r["name"].endswith("without labels")]
        cells = []
        for method in ("baseline", "ours", "zero-shot"):
            found = [r["figures"][metric] for r in of if r["method"] == method and metric in r["figures"]]
            best = max(found, key=lambda f: f[0], default=None)
            cells.append("" if best is None else _told(name, best))
        rows.append(f"| `{dataset}` | {task} | {' | '.join(cells)} |")
    return (
        "**On real labelled data** (`realreach benchmark`; every line with interval, protocol, published figures and missed aims in "
        "[docs/benchmark.md](docs/benchmark.md)). Lines within a comment set are a little optimistic: how such models are made was decided "
        "after figures of these sets had been seen.\n\n" + "\n".join(rows)
    )


def _told(name: str, figure: list[float]) -> str:
    value, low, high = figure
    bounds = "" if low is None or low != low else f" [{low:.3f}, {high:.3f}]"
    return f"{name} {value:.3f}{bounds}"


def false_alarms() -> str:
    """Return the sum of the bench of real creators."""
    text = (ROOT / "docs" / "false-alarms.md").read_text(encoding="utf-8")
    total = [line for line in text.splitlines() if line.startswith("| all sets")]
    head = [line for line in text.splitlines() if line.startswith(("| set |", "| --- |"))]
    return (
        '**On real creators without labels** (most of them honest), share flagged at the operating point, beside the rules "any day with '
        'z > 3" and published norms; by set, platform and size in [docs/false-alarms.md](docs/false-alarms.md):\n\n'
        + "\n".join(head + total)
    )


def feature_list() -> str:
    """Return the catalogue as a table."""
    from realreach.features import catalogue

    lines = ["| feature | unit | range | missing when | meaning | expected | source |", "|---" * 7 + "|"]
    signs = {1: "suspicious when high", -1: "suspicious when low", 0: "depends"}
    for f in catalogue():
        low = "" if f.low is None else f"{f.low:g}"
        high = "" if f.high is None else f"{f.high:g}"
        span = f"{low} to {high}" if low or high else ""
        peers = " (the model sees the distance from similar creators)" if f.peers else ""
        sign = "not shown to the model" if f.family == "context" else signs[f.direction]
        lines.append(f"| `{f.name}` | {f.unit} | {span} | {f.missing} | {f.sentence}{peers} | {sign} | {f.source} |")
    return "\n" + "\n".join(lines) + "\n"


def output_list() -> str:
    """Return the output columns and the codes of status_reasons as tables."""
    from realreach.evidence.explaining import EXPLANATION_COLUMNS
    from realreach.policy import POLICY_COLUMNS
    from realreach.scores import OUTPUT_COLUMNS, STATUS_REASONS

    columns = {**OUTPUT_COLUMNS, **EXPLANATION_COLUMNS, **POLICY_COLUMNS}
    lines = ["| column | meaning |", "|---|---|", *(f"| `{k}` | {v} |" for k, v in columns.items())]
    lines += [
        "",
        "`reasons` and `explanation` come with `--explain`, the last four with a policy (`--policy none` leaves them out).",
    ]
    lines += [
        "",
        "| code in `status_reasons` | meaning |",
        "|---|---|",
        *(f"| `{k}` | {v} |" for k, v in STATUS_REASONS.items()),
    ]
    return "\n" + "\n".join(lines) + "\n"


def set_list() -> str:
    """Return the public data sets that realreach reads, with licence."""
    from realreach.datasets import ADAPTERS

    lines = ["| data set | what | source | licence |", "|---|---|---|---|"]
    for a in ADAPTERS.values():
        lines.append(f"| `{a.name}` | {a.title} | {a.source} | {a.licence} |")
    return "\n" + "\n".join(lines) + "\n"


def judged(found: dict) -> str:
    """Return in words what the model finds, and whom it wrongs, in a simulated world it was never trained on."""

    def share(lines: list[dict], name: str) -> str:
        value, low, high = lines[0][name]
        return f"{value:.0%} ({low:.0%} to {high:.0%})"

    lines = found["lines"]
    bands = [line for line in lines if line["table"] == "share"]
    picked = [(band, [x for x in bands if x["row"] == band]) for band in ("5-10 %", "20-30 %", "70-90 %")]
    power = ", ".join(f"{share(hit, 'at_1pct_fpr')} at {band} bought" for band, hit in picked)
    alike = sorted((x for x in lines if x["table"] == "look_alike"), key=lambda x: -x["flagged"][0])
    worst = ", ".join(f"{x['row']} {x['flagged'][0]:.1%}" for x in alike[:3])
    middle = alike[len(alike) // 2]["flagged"][0]
    return (
        f"In another *simulated* world (seed {found['seed']}, never trained on; whatever pillars a creator happens to show) it finds, at "
        f"1 % false positives, {power}; no band reaches 80 %; recall by evasion, delivery, "
        f"recency and mechanism stands in the card. Innocent look-alikes flagged most (*simulated*): {worst}; the median look-alike {middle:.1%}. A merger and an "
        "attack by a third party cannot be told from a purchase by these tables: ask the creator."
    )


DATA_PARTS: dict[str, Callable[[], str]] = {"features": feature_list, "output": output_list, "sets": set_list}
PARTS: dict[str, Callable[[], str]] = {"sample": sample, "good": good, "features": features, "help": helps}


def fill(text: str, name: str, content: str) -> str:
    """Return the text with a generated part replaced."""
    pattern = re.compile(rf"(<!-- {name}:begin -->).*?(<!-- {name}:end -->)", re.DOTALL)
    if not pattern.search(text):
        raise ValueError(f"there are no markers for {name}")
    return pattern.sub(lambda match: match.group(1) + content + match.group(2), text)


def rewrite(path: Path, parts: Mapping[str, Callable[[], str]]) -> None:
    """Rewrite the generated parts of a file."""
    text = path.read_text(encoding="utf-8")
    for name, make in parts.items():
        text = fill(text, name, make())
    path.write_text(text, encoding="utf-8")


def main() -> None:
    """Rewrite README.md and data/README.md; an argument names the output of `realreach simulate --check` to put in."""
    if len(sys.argv) > 1:
        table = Path(sys.argv[1]).read_text(encoding="utf-8").strip()
        rewrite(ROOT / "data" / "README.md", {"reality": lambda: f"\n{table}\n"})
    rewrite(ROOT / "data" / "README.md", DATA_PARTS)
    rewrite(ROOT / "README.md", PARTS)


if __name__ == "__main__":
    sys.exit(main())
