"""The growth suite: real labelled curves, totals, and real deliveries laid over real curves."""

from __future__ import annotations

from pathlib import Path

from realreach.benchmark.growth_doses import dose_lines
from realreach.benchmark.growth_stars import monthly_lines, ratio_lines
from realreach.benchmark.result import Result
from realreach.benchmark.suites import Options

__all__ = ["PROTOCOL", "run"]

PROTOCOL = """
Stars of GitHub repositories stand in for followers where the set is GitHub's.



- **growth_starscout_monthly** (labels by the study's heuristics): repositories with six months of stars or more;
  five folds by owner, the mean of three repetitions. *Pairs of equal size*: each campaign with the ordinary
  repository nearest in stars, one to one, since campaigns are far smaller and size alone ranks them at 0.96.
  Features of the last 30 and 90 days are left out: a removed repository's curve ends early. Viral projects (the raw
  detector fired, the final list does not hold them) are never trained on.
- **growth_starscout_ratios** (totals, no time axis): forks stand for likes, issues for shares, issue comments for
  comments, each repository is one row of posts, and the ordinary engagement levels are judged by the ordinary
  classifier; five folds by owner. Rows with ten pushes or more are the honest test; all rows are what published
  figures were measured on.
- **growth_ghostnet_events on growth_vtuber_daily**: deliveries of 10, 20, 30 and 50 % of a creator's own gain of
  ten weeks, with the timing of real deliveries (one or two days) or even over 30 days, laid over complete Twitch
  curves that win a follower a day or more. Clean curve and curve with a delivery of one creator always lie in one
  fold; deliveries of the test are of repositories that no training curve had. One model over all doses and both
  styles. Where `growth_github_daily` is there, ten-week windows of its repositories are trained on too, never
  tested.
- *Recipe*: the estimator of `train.py` with its defaults on the ordinary features of the pillar. *Untuned
  LightGBM*: its own defaults; over the deliveries it gets plain summaries of curves that share no code with the
  features.
- *Zero-shot*: the shipped model, trained on simulated creators only.
- Real deliveries weigh six times as much in training as even ones, and small doses least: chosen on simulated and
  GitHub curves with deliveries, never on these.
- *Checks*: the recipe on labels dealt out anew must fall to chance (over deliveries, all curves with one move
  alike, so that a single deal strays from 0.5 by up to 0.08). Before every fit each feature is tried alone: one
  that separates the classes perfectly stops the run. A base creator on both sides of a split stops it too.
"""


def run(datasets: Path, options: Options) -> list[Result]:
    """Run the sets that are there and return their lines."""
    lines: list[Result] = []
    for needed, make in (
        (("growth_starscout_monthly",), monthly_lines),
        (("growth_starscout_ratios",), ratio_lines),
        (("growth_ghostnet_events", "growth_vtuber_daily"), dose_lines),
    ):
        missing = [name for name in needed if not (datasets / name).is_dir()]
        if missing:
            options.report(f"{missing[0]}: not in the folder; its lines are left out")
            continue
        lines += make(datasets, options)
    return lines
