"""The card and the notice that lie beside a trained account model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from realreach.accounts.columns import ACCOUNT_FEATURES, GROUPS
from realreach.learning.account_figures import Judged, figures_table

if TYPE_CHECKING:
    from realreach.accounts.model import AccountModel

__all__ = ["account_card", "account_notice"]


def account_card(model: AccountModel, judged: Judged, sets: Sequence[tuple[str, str, str]]) -> str:
    """Return the model card as Markdown; every figure comes from the run.

    Parameters
    ----------
    model
        The model.
    judged
        Its recipe, judged in repeated cross-validation.
    sets
        (name, source, licence) of the data.
    """
    directions = {1: "rises", -1: "falls", 0: "free"}
    known = [g for bit, g in enumerate(GROUPS) if model.groups >> bit & 1]
    unknown = [g for g in GROUPS if g not in known]
    whole = model.patterns[model.groups]
    lines = [
        "# Card of the account model",
        "",
        "Probability that a follower account is suspicious: bought, automated, or of no value as an audience. A signal "
        "about a crowd of accounts, not a verdict on a person: single accounts are often judged wrongly.",
        "",
        "## Data and licence",
        "",
        *(f"- `{name}`: {source}. Licence: {licence}." for name, source, licence in sets),
        f"- {model.suspicious_count + model.real_count:,} accounts, {model.suspicious_count} of them suspicious "
        f"({model.trained_prevalence:.1%}): the base prevalence of the probabilities. No row of the data is in this folder.",
        "- See `NOTICE.md` for attribution and the terms of this folder.",
        "",
        "## Input",
        "",
        f"Columns it looks at: {', '.join(known)}; any of them may be unknown."
        + (f" Columns it does not look at, because its data lack them: {', '.join(unknown)}." if unknown else ""),
        "",
        "| derived feature | suspicion | meaning |",
        "|---|---|---|",
        *(f"| `{f.name}` | {directions[f.direction]} | {f.description} |" for f in ACCOUNT_FEATURES),
        "",
        "Counts from 1,000 on are rounded to two digits, as platforms show them; `following` is capped at 7,500.",
        "",
        "## Recipe",
        "",
        f"LightGBM with extremely random splits and monotone directions, trained on masked copies ({model.facts['recipe']}); "
        f"then a slope and an intercept for each of the {len(model.patterns)} combinations of known columns, fitted on "
        "margins of trees that had not seen the account.",
        "",
        "## How good it is",
        "",
        "The whole training, calibration included, inside each fold of five-fold cross-validation, repeated with other "
        f"folds and seeds ({next(iter(judged.p.values())).shape[0]} times); mean ± standard deviation over the "
        "repetitions. All figures are on real accounts of the data above; with so few suspicious ones the sampling error "
        "is larger than the spread shown (about ± 0.08 of PR-AUC for a hundred).",
        "",
        figures_table(judged),
        "",
        f"At the threshold of {model.threshold:g} with all columns (held-out): sensitivity {whole.sensitivity:.3f}, false "
        f"positives {whole.false_positive_rate:.3f}. Mean probability of suspicious accounts {whole.mean_suspicious:.3f}, "
        f"of real ones {whole.mean_real:.3f}.",
        "",
        "## Limits",
        "",
        "- The labels are one team's judgement in one year and one platform. In a crowd with another share of suspicious "
        "accounts the probabilities must be shifted (`at_prevalence`); where bought accounts look otherwise than in the "
        "data, a corrected count (`adjusted_share`) and a maximum-likelihood share (`saerens_share`) disagree: show both.",
        "- New accounts, lurkers and people with few friends look like bought accounts.",
    ]
    return "\n".join(lines) + "\n"


def account_notice(sets: Sequence[tuple[str, str, str]]) -> str:
    """Return attribution and terms of a model that was made of these sets."""
    lines = [
        "# Notice",
        "",
        "The files of this folder were made by realreach from the data below; nothing of the data itself is included. "
        "They stand under the terms of that data, not under the licence of realreach's code.",
        "",
    ]
    for name, source, licence in sets:
        lines.append(f"- `{name}`: {source}. Licence: {licence}.")
    if any("CC BY-SA 4.0" in licence for *_, licence in sets):
        lines += [
            "",
            "CC BY-SA 4.0 (https://creativecommons.org/licenses/by-sa/4.0/): you may share and change the files of this "
            'folder, also commercially, if you name "SRF Data" as the source of the training data, say what you changed, '
            "and share what you make of them under the same licence. Changes made here: user names were reduced to length "
            "and digits, the counts to derived features, and these to the trees and numbers of a model.",
        ]
    return "\n".join(lines) + "\n"
