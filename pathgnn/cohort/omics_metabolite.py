"""Metabolite: abundance per metabolite, on a logarithmic scale."""

from __future__ import annotations

import pandas as pd

from pathgnn.cohort.log_scale import to_log2


def metabolite(table: pd.DataFrame, scale: str) -> tuple[pd.DataFrame, list[str]]:
    """Values on a logarithmic scale; raw ones are taken through log2(x + 1)."""
    return to_log2(table, scale)
