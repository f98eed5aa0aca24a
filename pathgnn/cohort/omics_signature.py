"""Signature: a score measured over several genes, attached to them by a feature map."""

from __future__ import annotations

import pandas as pd

from pathgnn.cohort.facts import Facts
from pathgnn.cohort.omic import Decision, Omic


def decide(facts: Facts, scale: str) -> Decision:
    """Scores have no scale to decide."""
    return Decision("score", "")


def apply(table: pd.DataFrame, scale: str) -> pd.DataFrame:
    """Scores as they are."""
    return table


SIGNATURE = Omic((), decide, apply)
