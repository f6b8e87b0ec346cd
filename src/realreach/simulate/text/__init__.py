"""Text of the simulated world: captions, honest comments in ten languages, and the styles in which comments are sold.

Texts come from grammars (``grammars/*.json``), pass through a person's typing (`surface`) and differ between creators
through their `Audience`. Honest and sold texts share most of their words; they differ in distribution.
"""

from realreach.simulate.text.audience import ACTS, Audience, draw_audience
from realreach.simulate.text.captions import write_captions
from realreach.simulate.text.corpus import STYLES, Corpus, read_corpus
from realreach.simulate.text.grammar import LANGUAGES, NICHES
from realreach.simulate.text.measure import measure, near_twin_share
from realreach.simulate.text.organic import KINDS, write_organic
from realreach.simulate.text.sold import SoldPool, make_pool

__all__ = [
    "ACTS",
    "KINDS",
    "LANGUAGES",
    "NICHES",
    "STYLES",
    "Audience",
    "Corpus",
    "SoldPool",
    "draw_audience",
    "make_pool",
    "measure",
    "near_twin_share",
    "read_corpus",
    "write_captions",
    "write_organic",
]
