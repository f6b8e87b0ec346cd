"""The house: imports point one way, one module knows MLflow, and asking for help costs nothing."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

import realreach
from realreach.cli import COMMANDS

ROOT = Path(realreach.__file__).parent
PROJECT = ROOT.parent.parent

LAYERS = (
    {"_version", "errors", "pillars", "markdown", "lazy"},
    {"files", "tomlfile", "tables", "first_compile", "kept_kernels", "own_process", "compiled"},
    {"interpolation", "trees", "tree_kernels", "tree_text", "tree_contributions", "tree_batches"},
    {"comment_text", "accounts"},
    {"features"},
    {
        "references",
        "splits",
        "metrics",
        "calibration",
        "calibrating",
        "model",
        "baselines",
        "settings",
        "kept_work",
    },
    {
        "crossed_fit",
        "estimator",
        "fairness",
        "checks",
        "heads",
        "head_fitting",
        "confidence",
        "real",
        "output",
        "output_tables",
        "bundle",
    },
    {"head_evaluation", "one_answer", "evaluation", "head_card", "card", "scores", "plots", "warming"},
    {"reasons", "evidence", "policy"},
    {"false_alarms", "power", "learning"},
    {"benchmark"},
    {"training", "training_data", "training_cache", "tuning", "pyfunc", "engine"},
    {"tracking", "promotion"},
    {"cli", "commands", "__main__"},
)
"""From the ground up: a part imports from its own layer and from those before it."""

BESIDE = {"simulate", "datasets"}
"""They make input tables, and so know nothing of what comes after; only commands and benches use them."""
BESIDE_MAY_USE = {"_version", "errors", "files", "tomlfile", "tables"}
USES_BESIDE = {"commands", "false_alarms", "power", "learning", "benchmark"}

ONLY_FOR_TYPES = {
    ("plots", "training"): "a plot is of a training result, which training makes; plots are drawn by tracking",
}
HEAVY = ("numpy", "pandas", "pyarrow", "lightgbm", "sklearn", "scipy", "matplotlib", "mlflow", "joblib", "pydantic")


def modules(root=ROOT):
    """Return the path of every module by its dotted name below the package."""
    found = {}
    for path in sorted(root.rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports(source, inside=""):
    """Return what a module imports: (dotted name, only for types, at the top of the module)."""
    found = []

    def visit(node, for_types, top):
        if isinstance(node, ast.Import):
            found.extend((alias.name, for_types, top) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{inside}: relative imports hide the direction"
            found.extend((f"{node.module}.{alias.name}", for_types, top) for alias in node.names)
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            for child in node.body:
                visit(child, True, top)
        else:
            inner = top and not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            for child in ast.iter_child_nodes(node):
                visit(child, for_types, inner)

    visit(ast.parse(source), False, True)
    return found


def part_of(name):
    """Return the part of the package that a dotted import lies in, None for other packages."""
    pieces = name.split(".")
    return pieces[1] if pieces[0] == "realreach" and len(pieces) > 1 else None


def edges():
    """Yield (part, imported part, only for types) of all modules but the map itself."""
    for name, path in modules().items():
        if name:  # the package's own __init__ names everything, lazily
            for target, for_types, _ in imports(path.read_text("utf-8"), name):
                if part_of(target):
                    yield name.split(".")[0], part_of(target), for_types


def wrong_way(pairs):
    """Return the imports that point up, or out of the parts that stand beside."""
    height = {part: i for i, layer in enumerate(LAYERS) for part in layer}
    wrong = set()
    for part, target, for_types in pairs:
        if part == target or target not in height | dict.fromkeys(BESIDE):
            continue
        if part in BESIDE:
            fine = target in BESIDE_MAY_USE
        elif target in BESIDE:
            fine = part in USES_BESIDE
        else:
            fine = height[target] <= height[part] or (for_types and (part, target) in ONLY_FOR_TYPES)
        if not fine:
            wrong.add((part, target))
    return wrong


def test_every_module_has_its_place():
    parts = {name.split(".")[0] for name in modules() if name}
    placed = set().union(*LAYERS) | BESIDE
    assert parts == placed


def test_imports_point_one_way():
    assert wrong_way(edges()) == set()


def test_every_exception_is_still_needed():
    seen = {(part, target) for part, target, for_types in edges() if for_types}
    assert set(ONLY_FOR_TYPES) <= seen


@pytest.mark.parametrize(
    "planted",
    [
        ("tables", "features", False),
        ("features", "model", False),
        ("metrics", "estimator", True),
        ("training", "tracking", False),
        ("plots", "training", False),
        ("simulate", "features", False),
        ("datasets", "scores", False),
        ("estimator", "simulate", False),
    ],
)
def test_import_that_points_up_is_caught(planted):
    assert wrong_way([planted]) == {planted[:2]}


def test_imports_are_found_wherever_they_stand():
    source = """
import numpy as np
from typing import TYPE_CHECKING
if TYPE_CHECKING:
    from realreach.training import train
def f():
    if True:
        from realreach.model import fit
class C:
    import realreach.bundle
"""
    assert imports(source) == [
        ("numpy", False, True),
        ("typing.TYPE_CHECKING", False, True),
        ("realreach.training.train", True, True),
        ("realreach.model.fit", False, False),
        ("realreach.bundle", False, True),
    ]


def cycle(graph):
    """Return the modules of one cycle, empty if there is none."""
    state = {}

    def walk(node, path):
        state[node] = "open"
        for target in sorted(graph.get(node, ())):
            if state.get(target) == "open":
                return [*path[path.index(target) :], target] if target in path else [node, target]
            if target not in state and (found := walk(target, [*path, target])):
                return found
        state[node] = "done"
        return []

    for node in sorted(graph):
        if node not in state and (found := walk(node, [node])):
            return found
    return []


def test_no_two_modules_need_each_other_to_be_imported():
    names = modules()
    graph = {}
    for name, path in names.items():
        graph[name] = set()
        for target, for_types, top in imports(path.read_text("utf-8"), name):
            dotted = target.removeprefix("realreach.")
            while target.startswith("realreach.") and dotted and dotted not in names:
                dotted = dotted.rpartition(".")[0]
            if top and not for_types and target.startswith("realreach.") and dotted not in ("", name):
                graph[name].add(dotted)
    assert cycle(graph) == []
    assert cycle({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b", "c", "b"]


def test_only_tracking_and_pyfunc_know_mlflow():
    knows = {
        name
        for name, path in modules().items()
        if any(target.split(".")[0] == "mlflow" for target, _, _ in imports(path.read_text("utf-8"), name))
    }
    assert knows == {"tracking", "pyfunc"}


def test_no_module_reads_the_network_or_a_pickle():
    # A model file is untrusted input, and the command line works offline.
    never = {"pickle", "cloudpickle", "dill", "requests", "urllib", "socket", "http"}
    found = {
        (name, target)
        for name, path in modules().items()
        for target, _, _ in imports(path.read_text("utf-8"), name)
        if target.split(".")[0] in never
    }
    assert found == set()


def loaded_after(code):
    """Run code in a fresh interpreter; return the heavy packages it has loaded, and what it printed."""
    script = f"""
import sys
try:
{code}
except SystemExit as end:
    assert not end.code, end.code
print("LOADED", *sorted(set(sys.modules) & set({HEAVY!r})))
"""
    # A bare environment, so that a plugin of the test run (coverage, say) loads nothing either.
    env = {k: v for k, v in os.environ.items() if k in ("PATH", "HOME", "SYSTEMROOT", "PYTHONPATH")}
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, env=env, cwd=PROJECT, check=False
    )
    assert done.returncode == 0, done.stderr
    text, _, names = done.stdout.rpartition("LOADED")
    return names.split(), text


def test_import_costs_nothing():
    loaded, _ = loaded_after("    import realreach; realreach.__version__; dir(realreach)")
    assert loaded == []


def test_what_is_loaded_is_seen():
    loaded, _ = loaded_after("    import realreach; realreach.build_features")
    assert {"numpy", "pyarrow"} <= set(loaded)


@pytest.mark.parametrize("command", [[], *([name] for name in COMMANDS)], ids=lambda c: " ".join(c) or "realreach")
def test_help_costs_nothing(command):
    loaded, text = loaded_after(f"    from realreach.cli import main; main({[*command, '--help']!r})")
    assert loaded == []
    assert "usage: realreach" in text
    assert "exit codes:" in text


@pytest.mark.parametrize("script", ["train.py", "predict.py"])
def test_help_of_a_script_costs_nothing(script):
    code = f"    import runpy, sys; sys.argv = [{script!r}, '--help']; runpy.run_path({script!r}, run_name='__main__')"
    loaded, text = loaded_after(code)
    assert loaded == []
    assert f"usage: {script}" in text


def test_every_public_name_can_be_had():
    code = "    import realreach\n    for name in realreach.__all__: assert getattr(realreach, name) is not None, name"
    loaded, _ = loaded_after(code)
    assert "mlflow" not in loaded
