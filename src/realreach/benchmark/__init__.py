"""The real-data benchmark: public labelled sets under one written protocol, our numbers beside the published ones.

``result`` says what one line of the table is, ``measure`` turns scores into a line, ``suites`` lists what can be run,
``report`` writes the table. Each suite is one module that runs its sets and returns lines. Nothing is tuned on what is
reported: choices are made inside the training part of a split, and every model that is judged has not seen the group
that it judges.
"""

from realreach.benchmark.measure import from_scores
from realreach.benchmark.report import markdown_report, results_to_json
from realreach.benchmark.result import Figure, Result
from realreach.benchmark.suites import SUITES, Suite, run_suites

__all__ = ["SUITES", "Figure", "Result", "Suite", "from_scores", "markdown_report", "results_to_json", "run_suites"]
