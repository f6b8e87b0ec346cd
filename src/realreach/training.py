"""The recipe: from a folder of tables to an evaluated, checked, saved and (if wished) tracked model."""

from __future__ import annotations

import hashlib
import platform
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from realreach.accounts.model import AccountModel
from realreach.bundle import Bundle, save_bundle, side_models
from realreach.calibration import RANGE_LEVEL
from realreach.card import model_card
from realreach.checks import Finding, Run, run_checks
from realreach.comment_text.model import CommentModel
from realreach.evaluation import Evaluation, Labelled, evaluate_by_folds, evaluate_held_out
from realreach.kept_work import KeptWork
from realreach.power import SimulatedWorld, refuse_trained_seeds, world_seeds
from realreach.power import judge as judge_model
from realreach.scores import Scorer
from realreach.settings import TrainSettings, to_toml
from realreach.splits import Split
from realreach.tables import ReadResult
from realreach.training_data import TrainingData, data_digest, labelled_creators, training_data
from realreach.tuning import Search, SearchPlan, search_settings

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["TrainingResult", "data_digest", "labelled_creators", "train"]

_FOLDS_BELOW = 3_000


@dataclass(frozen=True, eq=False)
class TrainingResult:
    """What a training run made.

    ``extras`` are further plain files for the model folder, by name; ``search`` is what the search of settings tried.
    """

    evaluation: Evaluation
    findings: list[Finding]
    metadata: Mapping[str, Any]
    card: str
    settings: TrainSettings
    extras: Mapping[str, str] = field(default_factory=dict)
    search: Search | None = None

    @property
    def passed(self) -> bool:
        """Whether no check found an error."""
        return all(f.severity != "error" for f in self.findings)

    def save(self, folder: str | Path, *, overwrite: bool = False) -> Path:
        """Write the model folder (see :func:`realreach.bundle.save_bundle`)."""
        model = self.evaluation.estimator.fitted_
        return save_bundle(
            folder,
            model,
            self.metadata,
            settings=to_toml(self.settings),
            card=self.card,
            heads=self.evaluation.heads,
            extras=self.extras,
            overwrite=overwrite,
        )


def train(
    result: ReadResult | TrainingData,
    settings: TrainSettings,
    *,
    as_of: object = None,
    data_name: str = "data",
    judge: SimulatedWorld | None = None,
    comment_model: CommentModel | None = None,
    account_model: AccountModel | None = None,
    search: SearchPlan | None = None,
    report: Callable[[str], None] = lambda _: None,
    kept: KeptWork | None = None,
) -> TrainingResult:
    """Fit, evaluate and check a model.

    Parameters
    ----------
    result
        What :func:`realreach.read_tables` returned, with labels; or :func:`~realreach.training_data.training_data` of
        it, where the features are there already.
    settings
        Settings of the run.
    as_of
        Day of the decision for all creators; None takes each label's own. Not for features that are there already.
    data_name
        Logical name of the data for card and run; no path.
    judge
        A simulated world of a seed that is not in the data: recall and false positives in it go into card and metadata.
    comment_model, account_model
        Models of single comments and accounts that the features use; None for those that ship. They go into the bundle.
    search
        Search the model settings first, in the part of the data that is never tested on.
    report
        Called with a short sentence at every step.
    kept
        Where fits and figures of earlier runs on the very same input are found; None does all the work.

    Returns
    -------
    TrainingResult
        Evaluation, findings of the checks, card; not yet written anywhere.

    Raises
    ------
    InputError
        If there are too few labels.
    UsageError
        If creators of the seed of ``judge`` are in the data.
    """
    if isinstance(result, TrainingData):
        prepared = result
        if judge is not None:
            refuse_trained_seeds(judge, prepared.seeds)
    else:
        if judge is not None:
            refuse_trained_seeds(judge, world_seeds(result.tables.creator_ids.to_pylist()))
        report(f"features of {len(result.tables):,} creators")
        prepared = training_data(result.tables, as_of, comment_model, account_model)
    data = prepared.labelled
    found: Search | None = None
    if search is not None:
        found = search_settings(data, settings, search, report, kept)
        settings = settings.model_copy(update={"model": found.best})
    by_folds = settings.folds > 0 or (len(data) < _FOLDS_BELOW and settings.time_split != "on" and search is None)
    evaluation = (evaluate_by_folds if by_folds else evaluate_held_out)(data, settings, report, kept)
    if kept is not None and kept.told():
        report(kept.told())
    return assembled(prepared, evaluation, settings, data_name=data_name, judge=judge, search=found, report=report)


def assembled(
    prepared: TrainingData,
    evaluation: Evaluation,
    settings: TrainSettings,
    *,
    data_name: str,
    judge: SimulatedWorld | None = None,
    search: Search | None = None,
    facts: Mapping[str, Any] | None = None,
    report: Callable[[str], None] = lambda _: None,
) -> TrainingResult:
    """Return the result of a run whose model is fitted and judged: checks, metadata and card.

    ``facts`` go into ``metadata["data"]`` over those of the labelled creators at hand, where they are a sample.
    """
    report("checks of the run")
    data = prepared.labelled
    findings = _checks(data, evaluation, settings)
    settings = settings.model_copy(update={"simulated": settings.simulated or prepared.simulated})
    metadata = _metadata(data, evaluation, findings, settings, data_name)
    metadata["data"].update(facts or {})
    metadata["data"]["simulated_seeds"] = sorted(prepared.seeds)
    if search is not None:
        metadata["search"] = search.to_dict()
    extras = prepared.extras or side_models()
    judged = None
    if judge is not None:
        known = {"name": settings.name, "version": metadata["version"]}
        bundle = Bundle(evaluation.estimator.fitted_, known, "", "", "", extras=extras)
        judged = judge_model(Scorer(bundle, heads=False), judge, report=report)
    if judged is not None:
        metadata["judged"] = judged.to_dict(("honest", "share", "look_alike"))
    card = model_card(metadata, evaluation, findings, data.features, "" if judged is None else judged.markdown())
    return TrainingResult(evaluation, findings, metadata, card, settings, extras, search=search)


def _checks(data: Labelled, evaluation: Evaluation, settings: TrainSettings) -> list[Finding]:
    held_out = evaluation.split is not None
    nothing = np.empty(0, dtype=np.int64)
    # By folds every creator is tested once by models that did not see it: there is one part, and it is the test.
    split = evaluation.split or Split(nothing, nothing, nothing, evaluation.test_rows)
    own = evaluation.table[evaluation.table["model"] == "realreach"].drop(columns="model")
    # Context columns are never shown to the model, so they are no leak.
    seen = data.features[[c for c in data.features.columns if not c.startswith("context__")]]
    run = Run(
        split,
        data.target,
        data.features.index.to_numpy(dtype=object),
        seen,
        groups=data.group,
        as_of_days=data.as_of,
        test_scores=evaluation.frame["p"].to_numpy(),
        rule_scores=evaluation.rule,
        metrics=own,
        shuffled_auc=evaluation.shuffled_auc,
        seed=settings.seed,
    )
    findings = run_checks(run)
    return (
        findings
        if held_out
        else [f for f in findings if not (f.code == "few_of_a_class" and " test " not in f.sentence)]
    )


def _metadata(
    data: Labelled, evaluation: Evaluation, findings: list[Finding], settings: TrainSettings, data_name: str
) -> dict[str, Any]:
    from datetime import UTC, datetime

    digest = data_digest(data)
    own = evaluation.table[
        (evaluation.table["model"] == "realreach") & evaluation.table["slice"].isin(["all", "size_matched"])
    ]
    metrics = {
        f"{row['slice']}/{row['metric']}": [_number(row[k]) for k in ("value", "low", "high")]
        for row in own.to_dict("records")
    }
    names = ("numpy", "pandas", "pyarrow", "scikit-learn", "lightgbm")
    booster = hashlib.sha256(evaluation.estimator.fitted_.booster.model_to_string().encode()).hexdigest()
    return {
        "name": settings.name,
        "version": f"{datetime.now(UTC):%Y%m%d}-{booster[:8]}",
        "created_on": f"{datetime.now(UTC):%Y-%m-%d}",
        "simulated": settings.simulated,
        "data": {
            "name": data_name,
            "sha256": digest,
            "creators": len(data),
            "fake": int(data.target.sum()),
            "first_as_of": _day(data.as_of.min()),
            "last_as_of": _day(data.as_of.max()),
        },
        # Of the creators that were fitted and calibrated on, not of those held out.
        "prevalence": evaluation.estimator.base_rate_,
        "operating_fpr": settings.model.operating_fpr,
        "protocol": evaluation.protocol,
        "trees": evaluation.estimator.best_iteration_,
        "metrics": metrics,
        "range": {"level": RANGE_LEVEL, "coverage": dict(evaluation.range_coverage)},
        "heads": _head_figures(evaluation),
        "findings": [{"code": f.code, "severity": f.severity, "sentence": f.sentence} for f in findings],
        "seed": settings.seed,
        "git_commit": _git_commit(),
        "python": platform.python_version(),
        "packages": {name: version(name) for name in names},
    }


def _head_figures(evaluation: Evaluation) -> dict[str, list[float | None]]:
    """Return what the heads reached on held-out creators: by head and metric value, low and high."""
    table = evaluation.head_table
    return {
        f"{row['head']}/{row['metric']}": [_number(row[k]) for k in ("value", "low", "high")]
        for row in table[table["slice"] == "all"].to_dict("records")
    }


def _number(value: Any) -> float | None:
    number = float(value)
    return None if np.isnan(number) else round(number, 6)


def _day(days: float) -> str | None:
    return str(np.datetime64(int(days), "D")) if days > 0 else None


def _git_commit() -> str | None:
    """Return the commit of the code, if it runs from a checkout; never a path."""
    here = Path(__file__)
    # Only where git knows this very file: an installed package may lie in somebody else's repository.
    for command in (["git", "ls-files", "--error-unmatch", here.name], ["git", "rev-parse", "HEAD"]):
        try:
            done = subprocess.run(  # noqa: S603 - the two commands above
                command, capture_output=True, text=True, timeout=5, cwd=here.parent, check=True
            )
        except (OSError, subprocess.SubprocessError):
            return None
    return done.stdout.strip() or None


def features_frame(data: Labelled) -> pd.DataFrame:
    """Return the features of the labelled creators with their label, for notebooks."""
    return data.features.assign(is_fake=data.target)
