"""The simulated world: honest lives, sold engagement and innocent look-alikes, with the truth beside them.

One creator is made in this order (`creator`): who it is (`profile`, levels from `norms`), what it posts (`posting`),
what innocently happens to it (`lookalikes`), its follower curve (`life`), the followers it buys (`plan`, `services`,
`supply`), what its posts earn and what is bought for them (`engagement`, `bought`), what is written under them
(`conversation`, `words`, `text`), and what a collector sees of all that (`observe`). `shared` holds what all creators
of a world have in common; `world` and `write` bring it into frames and files.
"""

from realreach.simulate.settings import LOOK_ALIKES, MECHANISMS, SimulationSettings
from realreach.simulate.world import World, simulate

__all__ = ["LOOK_ALIKES", "MECHANISMS", "SimulationSettings", "World", "simulate"]
