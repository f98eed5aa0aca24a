"""Signature: a score measured over several genes, attached to them by a feature map."""

from __future__ import annotations

import pandas as pd


def signature(table: pd.DataFrame, scale: str) -> tuple[pd.DataFrame, list[str]]:
    """Scores as they are; `scale` has no meaning here."""
    return table, []
