"""What is done where a process is ours alone, and that nothing of it is done to anybody else's."""

import os
import subprocess
import sys

import pytest

linux_only = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="settings of glibc")


def run(code, **environment):
    given = {k: v for k, v in os.environ.items() if k not in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS")}
    done = subprocess.run(
        [sys.executable, "-c", code], env=given | environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


@linux_only
def test_freed_memory_is_used_again():
    """Ten arrays after each other are paged in once."""
    code = """
import resource, sys
import numpy as np
from realreach.own_process import take_over
if sys.argv[1:]: take_over()
def faults(): return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
np.ones(5_000_000)
before = faults()
for _ in range(10): np.ones(5_000_000)
print(faults() - before)
"""
    # Without huge pages, of which a system may have none.
    (usual,) = map(int, run(code, NUMPY_MADVISE_HUGEPAGE="0"))
    (kept,) = map(int, run(code.replace("sys.argv[1:]", "True"), NUMPY_MADVISE_HUGEPAGE="0"))
    assert kept < 1_000
    assert usual > 10_000, "then there is nothing to keep"


def test_numba_loads_without_scipy_and_still_multiplies():
    pytest.importorskip("numba")
    pytest.importorskip("scipy")
    code = """
import sys
from realreach.own_process import prepare_numba, take_over
take_over()
prepare_numba()
print("scipy.linalg" in sys.modules)
import numba, numpy as np
product = numba.njit(lambda a, b: a @ b)(np.eye(2), np.full((2, 2), 3.0))
print(product[0, 1] + product[0, 0], "scipy.linalg" in sys.modules)
"""
    assert run(code) == ["False", "6.0", "True"]


def test_nobody_elses_process_is_changed():
    pytest.importorskip("numba")
    code = """
import os, sys
import pyarrow as pa
pool = pa.default_memory_pool().backend_name
from realreach.own_process import is_ours, prepare_numba
import realreach
prepare_numba()
print(is_ours(), "numba" in sys.modules, pa.default_memory_pool().backend_name == pool)
print("OPENBLAS_NUM_THREADS" in os.environ)
"""
    assert run(code) == ["False", "False", "True", "False"]


@linux_only
def test_a_command_of_its_own_has_one_thread_until_workers_are_forked(tmp_path):
    """On a machine with many cores, too, and whatever its user has not set."""
    (tmp_path / "creators.csv").write_text("creator_id,platform\na,instagram\n", "utf-8")
    code = f"""
import os, sys
os.register_at_fork(before=lambda: print("forked", flush=True))
from realreach.cli import run_command
sys.argv[1:] = [{str(tmp_path)!r}, "--out", {str(tmp_path / "scores.csv")!r}, "--workers", "2", "--quiet"]
sys.exit(run_command("predict", prog="predict.py"))
"""
    assert run(code) == ["forked", "forked"]
    assert (tmp_path / "scores.csv").read_text("utf-8").count("\n") == 2
