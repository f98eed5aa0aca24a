"""Folds inside the training rows, by which a penalty is tuned: whole units stay together."""

from __future__ import annotations

import numpy as np
from jaxtyping import Int

from pathgnn.benefit.units import Groups, n_units, units_of

N_FOLDS = 3

# Training and held-out rows of each fold.
Splits = list[tuple[np.ndarray, np.ndarray]]


def tuning_folds(n_rows: int, unit: Groups = None) -> Int[np.ndarray, " row"]:
    """Fold of each row; rows of one `unit`, a patient or a group, are in one fold.

    Rows come in the cohort's order, which is not that of the outcome.
    """
    if n_units(n_rows, unit) == n_rows:
        return np.arange(n_rows) % N_FOLDS
    return units_of(n_rows, unit) % N_FOLDS


def unit_splits(n_rows: int, unit: Groups) -> Splits | None:
    """Training and held-out rows of each fold; None where rows are units, or there is one alone."""
    if n_units(n_rows, unit) in (1, n_rows):
        return None
    fold = tuning_folds(n_rows, unit)
    return [(np.flatnonzero(fold != k), np.flatnonzero(fold == k)) for k in np.unique(fold)]
