"""The notebooks: stored clean, nothing defined in them, and they run from top to bottom."""

import ast
import re
import shutil
import tempfile
from pathlib import Path

import pytest

nbclient = pytest.importorskip("nbclient", reason="running notebooks needs the extra `dev` (nbclient, ipykernel)")
nbformat = pytest.importorskip("nbformat", reason="reading notebooks needs the extra `dev` (nbformat)")

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
MACHINE_PATH = re.compile(r"""(?:^|[\s"'=(])(?:/(?:home|root|work|tmp|Users|mnt|var)/|[A-Za-z]:\\)""", re.MULTILINE)

every_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def stored_results(notebook):
    """Return the ids of the cells that were stored with outputs, counts or times of a run."""
    return [
        c.id for c in code_cells(notebook) if c.outputs or c.execution_count is not None or "execution" in c.metadata
    ]


def definitions(notebook):
    """Return the names of functions and classes made in a notebook: what is worth testing belongs into the package."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return [n.name for c in code_cells(notebook) for n in ast.walk(ast.parse(c.source)) if isinstance(n, kinds)]


def shown(notebook):
    """Return everything that a run printed or displayed as text, by kind of output."""
    texts = {"stdout": "", "stderr": "", "data": ""}
    for output in (o for c in code_cells(notebook) for o in c.outputs):
        if output.output_type == "stream":
            texts[output.name] += output.text
        else:
            texts["data"] += "\n".join(v for k, v in output.get("data", {}).items() if k.startswith("text/"))
    return texts


def test_there_are_notebooks():
    assert NOTEBOOKS


@every_notebook
def test_is_stored_clean(path):
    notebook = nbformat.read(path, as_version=nbformat.NO_CONVERT)
    nbformat.validate(notebook)
    assert stored_results(notebook) == []
    assert not re.search(MACHINE_PATH, "\n".join(cell.source for cell in notebook.cells))
    # Ids given by hand do not change when the notebook is saved, so that diffs show what was changed.
    assert all(re.fullmatch(r"[a-z][a-z-]*", cell.id) for cell in notebook.cells)
    assert definitions(notebook) == []


@every_notebook
def test_says_what_it_is_and_what_was_learned(path):
    cells = nbformat.read(path, as_version=4).cells
    assert all(word in cells[0].source for word in ("**Purpose.**", "**Inputs.**", "**Run time.**", "imulated"))
    assert any(cell.source.startswith("## What was learned") for cell in cells[-2:])


@every_notebook
@pytest.mark.timeout(600)
def test_runs_from_top_to_bottom(path, tmp_path, monkeypatch):
    pytest.importorskip("ipykernel", reason="running notebooks needs the extra `dev` (ipykernel)")
    for name in ("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    folder = tmp_path / "notebooks"
    folder.mkdir()
    if (ROOT / "data" / "sample").is_dir():
        shutil.copytree(ROOT / "data" / "sample", tmp_path / "data" / "sample")
    notebook = nbformat.read(path, as_version=4)
    runner = nbclient.NotebookClient(
        notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(folder)}}
    )

    runner.execute()

    texts = shown(notebook)
    assert texts["stderr"] == ""
    assert "simulated" in texts["stdout"]
    places = {str(tmp_path), str(ROOT), str(Path.home()), tempfile.gettempdir()} - {"/"}
    assert [place for place in places if place in texts["stdout"] + texts["data"]] == []
    assert list(folder.iterdir()) == [], "a notebook leaves nothing beside itself"
    images = [o for c in code_cells(notebook) for o in c.outputs if "image/png" in o.get("data", {})]
    assert len(images) >= 2
    assert "batch, record and registry agree: True" in texts["stdout"]
