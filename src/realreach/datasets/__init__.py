"""Public data sets as tables: one adapter per set turns a local copy into our six tables.

``ADAPTERS`` lists them with source and licence; ``load_dataset(name, folder)`` gives raw frames, which then take the
same road through ``realreach.tables`` as anybody's own data. ``ACCOUNT_SETS`` lists the sets of single accounts
(followers, not creators), which ``load_accounts`` reads for the account model and the benchmark. realreach ships none
of these rows.
"""

from realreach.datasets.account_sets import ACCOUNT_SETS, AccountSet, load_accounts
from realreach.datasets.adapter import Adapter, DatasetError, Options
from realreach.datasets.catalogue import ADAPTERS, find_adapter, load_dataset, snapshot_day
from realreach.datasets.writing import Format, write_frames

__all__ = [
    "ACCOUNT_SETS",
    "ADAPTERS",
    "AccountSet",
    "Adapter",
    "DatasetError",
    "Format",
    "Options",
    "find_adapter",
    "load_accounts",
    "load_dataset",
    "snapshot_day",
    "write_frames",
]
