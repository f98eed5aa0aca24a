"""Mutation: 1 where a gene is mutated, 0 where it was sequenced and is wild type."""

from __future__ import annotations

import pandas as pd

from pathgnn.errors import CohortError


def mutation(table: pd.DataFrame, scale: str) -> tuple[pd.DataFrame, list[str]]:
    """0/1 per patient and gene from 0/1 or counts of mutations; `scale` has no meaning here."""
    if (table < 0).to_numpy().any():
        raise CohortError(
            "a mutation table holds 0 (wild type), 1 or counts; found a value below 0"
        )
    return table.gt(0).astype(float).where(table.notna()), []
