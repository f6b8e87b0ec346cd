"""What a model finds and whom it wrongs in a simulated world that it was never trained on, where the truth is known.

A world is scored once. Recall is then counted by how much was bought, how well hidden, how fast delivered and how long
ago; false positives by what innocently happened to honest creators. Everything here is simulated and says so.

One step per module: ``worlds`` makes or reads, ``scoring`` scores, ``counting`` and ``look_alikes`` count, ``judging``
does all of that, ``judgement`` holds the result and ``markdown`` tells it; ``left_out`` leaves a mechanism out of the
fit.
"""

from realreach.power.judgement import Judgement, Line
from realreach.power.judging import judge, judge_world
from realreach.power.left_out import LeftOut, leave_one_mechanism_out, left_out_markdown
from realreach.power.worlds import SimulatedWorld, load_world, make_world, refuse_trained_seeds, world_seeds

__all__ = [
    "Judgement",
    "LeftOut",
    "Line",
    "SimulatedWorld",
    "judge",
    "judge_world",
    "leave_one_mechanism_out",
    "left_out_markdown",
    "load_world",
    "make_world",
    "refuse_trained_seeds",
    "world_seeds",
]
