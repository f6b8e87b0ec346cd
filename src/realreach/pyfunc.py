"""The model as MLflow loads it: feature rows in, probabilities out. Holds no state but the verified bundle."""

from __future__ import annotations

from typing import Any

import mlflow
import numpy as np
import pandas as pd

from realreach.bundle import load_bundle
from realreach.errors import ModelError


class RealreachModel(mlflow.pyfunc.PythonModel):
    """Scores feature tables made by :func:`realreach.build_features`."""

    def load_context(self, context: Any) -> None:
        """Load the bundle; every byte is checked against its manifest first."""
        self.model = load_bundle(context.artifacts["bundle"]).model

    def predict(self, context: Any, model_input: pd.DataFrame, params: dict[str, Any] | None = None) -> pd.DataFrame:
        """Return ``fake_probability`` and ``authenticity`` for each row; columns must be those of the signature."""
        names = self.model.layout.names
        missing = [name for name in names if name not in model_input.columns]
        if missing:
            raise ModelError(f"the input lacks {len(missing)} of {len(names)} feature columns, such as {missing[0]}")
        matrix = model_input.loc[:, list(names)].to_numpy(dtype=np.float64)
        if np.isinf(matrix).any():
            raise ModelError(f"the input holds {int(np.isinf(matrix).sum())} infinite values; unknown is NaN or null")
        probability = self.model.probabilities(matrix)
        return pd.DataFrame(
            {"fake_probability": probability, "authenticity": 100.0 * (1.0 - probability)}, index=model_input.index
        )


mlflow.models.set_model(RealreachModel())
