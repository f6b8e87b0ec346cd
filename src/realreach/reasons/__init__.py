"""Why a creator got this score: coded reasons that add up to it, each with the value and that of similar creators."""

from realreach.reasons.code import ReasonCode
from realreach.reasons.codes import CODES, code_named, code_of
from realreach.reasons.contributions import Contributions, contributions_of
from realreach.reasons.reason import Parts, Reason, parts_of

__all__ = [
    "CODES",
    "Contributions",
    "Parts",
    "Reason",
    "ReasonCode",
    "code_named",
    "code_of",
    "contributions_of",
    "parts_of",
]
