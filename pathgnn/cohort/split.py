"""Folds: balanced by arm and outcome, all rows of a patient in one."""

from __future__ import annotations

import numpy as np
import pandas as pd
from jaxtyping import Int

from pathgnn.errors import CohortError

FEWEST_PER_FOLD = 4


def fold_of(
    kind: Int[np.ndarray, " row"],
    patient_of: Int[np.ndarray, " row"],
    n_folds: int,
    rng: np.random.Generator,
) -> Int[np.ndarray, " patient"]:
    """The fold of each patient.

    Args:
        kind: What the folds balance, per row: a number per combination of arm and outcome class.
        patient_of: The patient of each row, 0 to n - 1; each has one row or more.
        n_folds: How many folds.
        rng: Deals patients out in random order within each kind.

    Raises:
        CohortError: fewer than four patients per fold.
    """
    n = int(patient_of.max()) + 1
    if n < FEWEST_PER_FOLD * n_folds:
        raise CohortError(f"{n} patients are too few for {n_folds} folds; each needs 4 patients")
    rows = pd.Series(kind.astype(str)).groupby(patient_of).agg(lambda x: ",".join(sorted(x)))
    code = pd.factorize(rows.reindex(range(n)), sort=True)[0]
    order = rng.permutation(n)
    order = order[np.argsort(code[order], kind="stable")]
    fold = np.empty(n, dtype=int)
    # Start at a random fold, or the first folds would be the larger ones of every kind.
    fold[order] = (np.arange(n) + rng.integers(n_folds)) % n_folds
    return fold
