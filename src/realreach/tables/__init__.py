"""The input tables: contracts, reading, and the one place where input is checked.

``read_tables(folder)`` gives ``Tables`` (typed, sorted, nothing wrong left in them) and a ``Report`` (what was set
aside and why). Below it, one step per module: ``files`` and ``folders`` find and open, ``csv_source``, ``json_source``
and ``typed_source`` (with ``parquet_texts``) make parts, ``cells`` (with ``text_bytes``) and ``times`` check columns,
``draft``, ``owners`` and ``rows`` check rows, ``report`` and ``quarantine`` tell, ``contract`` and ``codes`` declare.
"""

from realreach.errors import InputError
from realreach.tables.codes import CODES, Code
from realreach.tables.contract import CONTRACTS, SCHEMA_VERSION, Column, TableContract
from realreach.tables.core import FloatArray, IntArray, Table, Tables
from realreach.tables.handles import handle_shape, handle_shapes
from realreach.tables.limits import Limits
from realreach.tables.problems import Problem
from realreach.tables.reading import ReadResult, read_tables, tables_from_frames, tables_from_records
from realreach.tables.report import Counts, NothingLeftError, Report

__all__ = [
    "CODES",
    "CONTRACTS",
    "SCHEMA_VERSION",
    "Code",
    "Column",
    "Counts",
    "FloatArray",
    "InputError",
    "IntArray",
    "Limits",
    "NothingLeftError",
    "Problem",
    "ReadResult",
    "Report",
    "Table",
    "TableContract",
    "Tables",
    "handle_shape",
    "handle_shapes",
    "read_tables",
    "tables_from_frames",
    "tables_from_records",
]
