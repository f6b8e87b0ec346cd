"""MLflow: one run per training.

With ``pyfunc`` the only module that imports mlflow, and only when a run is tracked or a registry URI is loaded.
"""

from __future__ import annotations

import contextlib
import io
import math
import os
import re
import shutil
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from realreach.errors import ModelError, OutputError, RealreachError
from realreach.settings import to_toml

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

if TYPE_CHECKING:
    from realreach.training import TrainingResult

__all__ = ["DEFAULT_STORE", "Tracked", "fetched_model", "record_decision", "track", "version_behind"]

DEFAULT_STORE = "sqlite:///mlflow.db"
"""Where runs go unless --tracking-uri or MLFLOW_TRACKING_URI says otherwise.

Always set explicitly: an old ./mlruns must not change it.
"""


class Tracked(dict[str, str]):
    """What a tracked run left behind: ``run_id``, ``model_uri``, ``registered``, ``tracking_uri``."""


def _mlflow(tracking_uri: str | None) -> Any:
    """Import MLflow quietly, telemetry off, on an explicit store."""
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("DO_NOT_TRACK", "true")
    os.environ.setdefault("MLFLOW_SKIP_PIP_REQUIREMENTS_CHECK", "true")
    os.environ.setdefault("MLFLOW_UV_AUTO_DETECT", "false")
    os.environ.setdefault("MLFLOW_LOG_UV_FILES", "false")
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "10")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    # A scoring service gets plain files; nothing of ours is ever a pickle.
    os.environ.setdefault("MLFLOW_ALLOW_PICKLE_DESERIALIZATION", "false")
    try:
        import logging

        import mlflow
    except ImportError as err:
        raise RealreachError(
            "MLflow is not installed. Install the extra with: pip install 'realreach[train]', or say --no-mlflow."
        ) from err
    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.ERROR)
    uri = tracking_uri or os.environ.get("MLFLOW_TRACKING_URI") or DEFAULT_STORE
    mlflow.set_tracking_uri(uri)
    mlflow.set_registry_uri(uri)
    _make_tables(mlflow, uri)
    return mlflow


def _make_tables(mlflow: Any, uri: str) -> None:
    """Make the tables of a new SQLite store; of two processes that begin at once, the second waits and finds them made.

    Both at once would break the store for both.
    """
    path = Path(uri.removeprefix("sqlite:///"))
    lock = path.with_name(path.name + ".lock")
    if not uri.startswith("sqlite:///") or ":memory:" in uri or (not lock.exists() and _has_tables(path)):
        return
    # What is wrong with a store is told where it is used.
    with contextlib.suppress(Exception), warnings.catch_warnings(), _alone(lock):
        warnings.simplefilter("ignore")
        mlflow.MlflowClient().search_experiments(max_results=1)
        # Whoever still waits for this lock will find the tables made.
        lock.unlink(missing_ok=True)


def _has_tables(path: Path) -> bool:
    return path.is_file() and path.stat().st_size > 0


@contextlib.contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """Hold a lock between processes, where the system has such locks."""
    with lock.open("w", encoding="ascii") as handle:
        if fcntl is not None:
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def track(
    result: TrainingResult,
    *,
    experiment: str,
    run_name: str | None = None,
    tracking_uri: str | None = None,
    register: str | None = "realreach",
    alias: str = "challenger",
) -> Tracked:
    """Log a training run: settings, data digest, metrics with intervals, plots, card, registered bundle.

    Nothing private goes in: no creator key, no text, no path of this machine in parameters or tags.

    Parameters
    ----------
    result
        The training result.
    experiment, run_name
        Where the run is filed.
    tracking_uri
        Store; default ``MLFLOW_TRACKING_URI``, else SQLite in the working folder.
    register
        Name in the registry; None does not register.
    alias
        Alias the new version gets. ``champion`` is never moved here: promotion is a step of its own.

    Raises
    ------
    OutputError
        If the store cannot be reached or written.
    RealreachError
        If MLflow is missing.
    """
    mlflow = _mlflow(tracking_uri)
    try:
        # MLflow's advice to its callers (guessed sources, missing examples) is not for our users.
        with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):
            warnings.simplefilter("ignore")
            return _track(mlflow, result, experiment, run_name, register, alias)
    except Exception as err:
        if isinstance(err, RealreachError):
            raise
        raise OutputError(
            f"the run could not be tracked ({_reason(err)}). Check --tracking-uri, or say --no-mlflow; "
            "the model itself is "
            "not lost where --out was given."
        ) from err


def _reason(err: Exception) -> str:
    """Return kind and first line of an error of MLflow, without a password that an address in it may hold."""
    first = next(iter(str(err).splitlines()), "")
    return f"{type(err).__name__}: {_without_password(first)[:200]}"


def _without_password(text: str) -> str:
    return re.sub(r"://[^/@\s]+@", "://***@", text)


def _track(
    mlflow: Any, result: TrainingResult, experiment: str, run_name: str | None, register: str | None, alias: str
) -> Tracked:
    from realreach.plots import run_plots

    metadata = result.metadata
    _open_experiment(mlflow, experiment)
    # MLflow would note the path of the script.
    source = {"mlflow.source.name": "realreach train"}
    with mlflow.start_run(run_name=run_name, tags=source) as run, tempfile.TemporaryDirectory() as scratch:
        mlflow.log_params(_flat(result.settings.model_dump(mode="json")))
        mlflow.set_tags(
            {
                "simulated": str(metadata["simulated"]).lower(),
                "data.name": metadata["data"]["name"],
                "data.sha256": metadata["data"]["sha256"],
                "git_commit": metadata["git_commit"] or "unknown",
                "checks_passed": str(result.passed).lower(),
                **{f"package.{k}": v for k, v in metadata["packages"].items()},
            }
        )
        mlflow.log_metrics(_metrics(metadata["metrics"]))
        mlflow.log_text(to_toml(result.settings), "settings.toml")
        mlflow.log_text(result.card, "card.md")
        mlflow.log_dict(metadata, "metadata.json")
        mlflow.log_text(result.evaluation.table.to_csv(index=False), "metrics.csv")
        for name, figure in run_plots(result).items():
            mlflow.log_figure(figure, f"plots/{name}.png")
        _log_data(mlflow, result)
        folder = result.save(Path(scratch) / "bundle")
        info = _log_model(mlflow, folder, result)
        out = Tracked(
            run_id=run.info.run_id, model_uri=info.model_uri, tracking_uri=_without_password(mlflow.get_tracking_uri())
        )
        if register:
            model_version = mlflow.register_model(info.model_uri, register)
            mlflow.MlflowClient().set_registered_model_alias(register, alias, model_version.version)
            out["registered"] = f"models:/{register}@{alias}"
            out["version"] = str(model_version.version)
        _log_trials(mlflow, result, source)
    return out


def _log_trials(mlflow: Any, result: TrainingResult, source: Mapping[str, str]) -> None:
    """Log what a search of settings tried, each as a child of the open run."""
    for trial in result.search.trials if result.search is not None else ():
        with mlflow.start_run(run_name=f"trial {trial.number}", nested=True, tags=dict(source)):
            mlflow.log_params({f"model.{name}": str(value) for name, value in trial.parameters.items()})
            if not math.isnan(trial.loss):
                mlflow.log_metric("inner_log_loss", trial.loss)
            mlflow.set_tag("given_up", str(math.isnan(trial.loss)).lower())


def _open_experiment(mlflow: Any, name: str) -> None:
    """Set the experiment; a new one in an SQLite file keeps its artifacts beside that file."""
    uri = mlflow.get_tracking_uri()
    path = uri.removeprefix("sqlite:///")
    if path != uri and path and ":memory:" not in path and mlflow.get_experiment_by_name(name) is None:
        store = Path(path).resolve().parent / "mlruns"
        mlflow.create_experiment(name, artifact_location=store.as_uri())
    mlflow.set_experiment(name)


def _log_data(mlflow: Any, result: TrainingResult) -> None:
    """Log what was trained on as a data set: name, digest and shape, without a single row."""
    import pandas as pd

    data = result.metadata["data"]
    shape = pd.DataFrame({"creators": [float(data["creators"])], "fake": [float(data["fake"])]})
    logged = mlflow.data.from_pandas(shape, source=data["name"], name=data["name"], digest=data["sha256"][:32])
    mlflow.log_input(logged, context="training")


def _log_model(mlflow: Any, folder: Path, result: TrainingResult) -> Any:
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, Schema

    names = result.evaluation.estimator.fitted_.layout.names
    signature = ModelSignature(
        inputs=Schema([ColSpec("double", name, required=False) for name in names]),
        outputs=Schema([ColSpec("double", name) for name in ("fake_probability", "authenticity")]),
    )
    packages = result.metadata["packages"]
    # A copy, since MLflow writes the path of the code into the model.
    code = Path(shutil.copy(Path(__file__).with_name("pyfunc.py"), folder.parent))
    return mlflow.pyfunc.log_model(
        name="bundle",
        python_model=str(code),
        artifacts={"bundle": str(folder)},
        signature=signature,
        pip_requirements=[f"realreach=={result.metadata.get('realreach_version') or _version()}"]
        + [f"{name}=={packages[name]}" for name in ("numpy", "pandas", "pyarrow", "lightgbm")],
    )


def _version() -> str:
    from realreach._version import __version__

    return __version__


def _flat(data: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    out: dict[str, str] = {}
    for key, value in data.items():
        if isinstance(value, Mapping):
            out |= _flat(value, f"{prefix}{key}.")
        else:
            out[prefix + key] = str(value)[:500]
    return out


def _metrics(metrics: Mapping[str, list[float | None]]) -> dict[str, float]:
    out: dict[str, float] = {}
    for name, values in metrics.items():
        for suffix, value in zip(("", "/low", "/high"), values, strict=True):
            if value is not None:
                out[name + suffix] = value
    return out


@contextlib.contextmanager
def fetched_model(uri: str, tracking_uri: str | None = None) -> Iterator[Path]:
    """Yield a local folder with the bundle behind a registry URI such as ``models:/realreach@champion``.

    Only the files of the bundle are used; no code that lies in the registry is run. The folder is gone afterwards.

    Raises
    ------
    ModelError
        If there is no such model.
    """
    mlflow = _mlflow(tracking_uri)
    with tempfile.TemporaryDirectory(prefix="realreach-") as scratch:
        try:
            with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):
                warnings.simplefilter("ignore")
                local = Path(mlflow.artifacts.download_artifacts(artifact_uri=uri, dst_path=scratch))
        except Exception as err:
            raise ModelError(f"{uri}: no such model in the registry ({_reason(err)})") from err
        found = sorted(local.rglob("manifest.json"))
        if len(found) != 1:
            raise ModelError(f"{uri}: the registered model holds no realreach bundle")
        yield found[0].parent


def version_behind(name: str, alias: str, tracking_uri: str | None = None) -> str | None:
    """Return the version of a registered model that an alias stands for; None if there is none.

    Raises
    ------
    OutputError
        If the store cannot be reached.
    """
    mlflow = _mlflow(tracking_uri)
    from mlflow.exceptions import MlflowException

    missing = ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE")
    try:
        with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):
            warnings.simplefilter("ignore")
            return str(mlflow.MlflowClient().get_model_version_by_alias(name, alias).version)
    except MlflowException as err:
        if err.error_code in missing:
            return None
        raise OutputError(f"the registry could not be read ({_reason(err)}). Check --tracking-uri.") from err
    except Exception as err:
        raise OutputError(f"the registry could not be read ({_reason(err)}). Check --tracking-uri.") from err


def record_decision(
    name: str, version: str, tags: Mapping[str, str], *, alias: str | None = None, tracking_uri: str | None = None
) -> None:
    """Write tags to a registered version and, where an alias is given, move it there.

    The tags go first: an alias never stands at a version without the reason why.

    Raises
    ------
    OutputError
        If the store cannot be written.
    """
    mlflow = _mlflow(tracking_uri)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):
            warnings.simplefilter("ignore")
            client = mlflow.MlflowClient()
            for key, value in tags.items():
                client.set_model_version_tag(name, version, key, str(value)[:5000])
            if alias is not None:
                client.set_registered_model_alias(name, alias, version)
    except Exception as err:
        raise OutputError(f"the registry could not be written ({_reason(err)}). Check --tracking-uri.") from err
