"""Non-negative intensities to a logarithmic scale, decided by the study file or from the values."""

from __future__ import annotations

import numpy as np
import pandas as pd

from pathgnn.errors import CohortError

# No log2 intensity of an array or of sequencing exceeds this; raw values nearly always do.
HIGHEST_LOG2 = 50.0


def to_log2(table: pd.DataFrame, scale: str) -> tuple[pd.DataFrame, list[str]]:
    """log2(x + 1) of raw values; logarithmic ones as they are. What was decided is said.

    Raises:
        CohortError: `scale` is "linear" and a value is negative.
    """
    if scale == "auto":
        scale = "linear" if bool((table > HIGHEST_LOG2).to_numpy().any()) else "log"
    if scale == "log":
        return table, []
    if (table < 0).to_numpy().any():
        raise CohortError("scale 'linear' asks for a logarithm, but a value is below 0; use 'log'")
    logged = pd.DataFrame(np.log2(table + 1), index=table.index, columns=table.columns)
    return logged, ["log2(x + 1) taken"]
