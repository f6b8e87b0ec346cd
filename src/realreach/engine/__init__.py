"""Scoring of any number of creators in flat memory: plan groups of creators, score each group, put the output together.

``plan`` lays the input out in *shards* (groups of creators in input order): tables that are sorted by creator are read
where they lie, others are first partitioned on disk. ``shards`` reads one shard through the ordinary checks. ``work``
scores one shard and leaves its part of the output on disk, whole or not at all, so that a killed run goes on where it
was. ``run`` drives it on this machine, ``cluster`` on an existing distributed engine: the function of one shard is the
same, and so are the bytes.
"""

from realreach.engine.plan import Plan, make_plan
from realreach.engine.run import Finished, Settings, merged_report, score_files
from realreach.engine.shards import read_shard
from realreach.engine.work import Job

__all__ = ["Finished", "Job", "Plan", "Settings", "make_plan", "merged_report", "read_shard", "score_files"]
