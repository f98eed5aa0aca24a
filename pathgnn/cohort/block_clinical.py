"""Clinical block: covariates as numbers, text as indicators, missing as NaN."""

from __future__ import annotations

import pandas as pd

from pathgnn.errors import CohortError

MOST_LEVELS = 12


def clinical_block(table: pd.DataFrame) -> pd.DataFrame:
    """Patient x covariate as floats; a text column gives one indicator per level.

    Raises:
        CohortError: a text column with more than 12 levels, which is hardly a covariate.
    """
    parts = []
    for column in table.columns:
        values = table[column]
        if pd.api.types.is_numeric_dtype(values):
            parts.append(values.astype(float).to_frame(column))
            continue
        levels = sorted(values.dropna().astype(str).unique())
        if len(levels) > MOST_LEVELS:
            raise CohortError(
                f"clinical column {column!r} has {len(levels)} different texts; group them, or "
                "leave the column out"
            )
        for level in levels:
            flag = (values.astype(str) == level).astype(float).where(values.notna())
            parts.append(flag.to_frame(f"{column}={level}"))
    return pd.concat(parts, axis=1) if parts else pd.DataFrame(index=table.index)
