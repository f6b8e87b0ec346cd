"""Warming up: everything that a request needs is loaded before the first one comes."""

import subprocess
import sys

import pytest

CODE = """
import sys
{before}
from realreach import warm_up
print(warm_up(), "numba" in sys.modules and sys.modules["numba"] is not None)
from realreach.features import catalogue, feature_names
import numpy as np
from realreach.features import feature_matrix
from realreach.tables import tables_from_records
from realreach.warming import _creator
row = feature_matrix(tables_from_records([_creator()]).tables)[0]
known = {{f.family for f, value in zip(catalogue(), row, strict=True) if not np.isnan(value)}}
print(sorted({{f.family for f in catalogue()}} - known))
"""


def _run(before=""):
    code = CODE.format(before=before)
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def test_the_made_up_creator_takes_every_path_and_loads_the_kernels():
    pytest.importorskip("numba", reason="the extra fast is not installed")
    assert _run() == ["True True", "[]"]


def test_without_numba_it_only_loads_the_models():
    assert _run("sys.modules['numba'] = None") == ["False False", "[]"]
