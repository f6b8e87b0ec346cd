"""Warming up: everything that a request needs is loaded before the first one comes."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import nested_records
from realreach.simulate import simulate

MODEL = Path(__file__).parents[1] / "models" / "default"

CODE = """
import sys
{before}
from realreach import warm_up
print(warm_up(), "numba" in sys.modules and sys.modules["numba"] is not None)
from realreach.features import catalogue, feature_names
import numpy as np
from realreach.features import feature_matrix
from realreach.tables import tables_from_records
from realreach.warming import made_up_creator
row = feature_matrix(tables_from_records([made_up_creator()]).tables)[0]
known = {{f.family for f, value in zip(catalogue(), row, strict=True) if not np.isnan(value)}}
print(sorted({{f.family for f in catalogue()}} - known))
"""

FIRST = """
import sys
{before}
sys.modules |= dict.fromkeys(("lightgbm", "scipy", "sklearn", "pandas"))  # a service needs none of them
import json
from realreach import warm_up
from realreach.evidence.explaining import ExplainingScorer
from realreach.bundle import load_bundle

def kernels():
    modules = [m for name, m in sorted(sys.modules.items()) if name.startswith("realreach.") and "kernel" in name]
    return {{(m.__name__, name): len(v.signatures)
            for m in modules for name, v in vars(m).items() if hasattr(v, "py_func")}}

def counted(record):
    calls = [0]
    def count(frame, event, argument):
        calls[0] += event in ("call", "c_call")
    sys.setprofile(count)
    scorer.score(record)
    sys.setprofile(None)
    return calls[0]

scorer = ExplainingScorer(load_bundle(sys.argv[1]), explain="all")
warm_up(scorer)
for line in sys.stdin:
    record = json.loads(line)
    before, modules = kernels(), set(sys.modules)
    first = counted(record)
    # Loading is thousands of calls; a number of the day or a word seen for the first time is a few.
    print(kernels() == before, sorted(set(sys.modules) - modules), first <= 1.1 * counted(record) + 1_000)
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


@pytest.fixture(scope="module")
def requests():
    """Creators with everything, and with one table less each, as a service gets them."""
    frames = simulate(16, seed=5).frames
    wanted = ("creators", "follower_history", "posts", "comments", "audience")
    records = nested_records({name: frames[name] for name in wanted})
    full = max(records, key=lambda r: sum(len(r.get(n, ())) > 25 for n in wanted[1:]))
    lacking = [{n: v for n, v in full.items() if n != name} for name in ("audience", "comments", "posts")]
    return "\n".join(map(json.dumps, [full, *lacking, *records[:8]]))


@pytest.mark.parametrize("before", ["", "sys.modules['numba'] = None"])
def test_the_first_score_finds_everything_loaded(requests, before):
    if not before:
        pytest.importorskip("numba", reason="the extra fast is not installed")
    command = [sys.executable, "-c", FIRST.format(before=before), str(MODEL)]
    done = subprocess.run(command, input=requests, capture_output=True, text=True, check=True)
    assert set(done.stdout.splitlines()) == {"True [] True"}
