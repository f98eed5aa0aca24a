"""Clinical block: covariates as numbers, text as indicators, missing as NaN."""

from __future__ import annotations

import pandas as pd

from pathgnn.cohort.event_columns import UNKNOWN, labels
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


def without_unknown(table: pd.DataFrame) -> pd.DataFrame:
    """The same with nothing where a text says that nothing is known, and numbers where all are."""
    out = {}
    for column in table.columns:
        values = table[column]
        if not pd.api.types.is_numeric_dtype(values):
            unknown = labels(values).str.lower().isin(UNKNOWN)
            values = values.where(~unknown)
            numbers = pd.to_numeric(values, errors="coerce")
            if unknown.any() and numbers.notna().equals(values.notna()):
                values = numbers
        out[column] = values
    return pd.DataFrame(out, index=table.index)


def one_row_each(table: pd.DataFrame, where: str) -> pd.DataFrame:
    """A row per patient, of whom several rows tell the same or nothing.

    Raises:
        CohortError: they tell different things.
    """
    if not table.index.has_duplicates:
        return table
    rows = table.groupby(level=0, sort=False)
    differ = rows.nunique() > 1
    for column in table.columns:
        if n := int(differ[column].sum()):
            raise CohortError(
                f"clinical column {column!r} of {where} has different values in the rows of {n} "
                "patients; give one row per patient in a table of its own ([cohort.clinical] file)"
            )
    return rows.first()
