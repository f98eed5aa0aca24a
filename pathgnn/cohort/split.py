"""Folds: balanced by arm and outcome, all rows of a patient in one."""

from __future__ import annotations

import numpy as np
import pandas as pd
from jaxtyping import Float, Int

from pathgnn.errors import CohortError

FEWEST_PER_FOLD = 4


def fold_of(
    kind: Int[np.ndarray, " row"],
    patient_of: Int[np.ndarray, " row"],
    n_folds: int,
    rng: np.random.Generator,
    group_of: Int[np.ndarray, " patient"] | None = None,
) -> Int[np.ndarray, " patient"]:
    """The fold of each patient.

    Args:
        kind: What the folds balance, per row: a number per combination of arm and outcome class.
        patient_of: The patient of each row, 0 to n - 1; each has one row or more.
        n_folds: How many folds.
        rng: Deals patients out in random order within each kind.
        group_of: The group of each patient, 0 to g - 1; a group stays in one fold. None: each
            patient is a group.

    Raises:
        CohortError: fewer than four patients per fold, or fewer groups than folds.
    """
    if group_of is not None:
        return _fold_of_groups(kind, patient_of, n_folds, rng, group_of)
    n = int(patient_of.max()) + 1
    if n < FEWEST_PER_FOLD * n_folds:
        raise CohortError(f"{n} patients are too few for {n_folds} folds; each needs 4 patients")
    rows = pd.Series(kind.astype(str)).groupby(patient_of).agg(lambda x: ",".join(sorted(x)))
    # Kinds in the order in which they come: other numbers of the same arms change no fold.
    code = pd.factorize(rows.reindex(range(n)))[0]
    order = rng.permutation(n)
    order = order[np.argsort(code[order], kind="stable")]
    fold = np.empty(n, dtype=int)
    # Start at a random fold, or the first folds would be the larger ones of every kind.
    fold[order] = (np.arange(n) + rng.integers(n_folds)) % n_folds
    return fold


def _fold_of_groups(
    kind: Int[np.ndarray, " row"],
    patient_of: Int[np.ndarray, " row"],
    n_folds: int,
    rng: np.random.Generator,
    group_of: Int[np.ndarray, " patient"],
) -> Int[np.ndarray, " patient"]:
    """Groups dealt out from the largest, each to the fold where it unbalances the kinds least.

    Source: the greedy rule of scikit-learn's StratifiedGroupKFold.
    """
    n_groups = int(group_of.max()) + 1
    if n_groups < n_folds:
        raise CohortError(f"{n_groups} groups are too few for {n_folds} folds; lower `fit.folds`")
    code = np.unique(kind, return_inverse=True)[1]
    count = np.zeros((n_groups, code.max() + 1))
    np.add.at(count, (group_of[patient_of], code), 1)
    share = count / count.sum(0)
    order = rng.permutation(n_groups)
    order = order[np.argsort(-count.std(1)[order], kind="stable")]
    load = np.zeros((n_folds, share.shape[1]))
    size, fold = np.zeros(n_folds), np.empty(n_groups, dtype=int)
    for g in order:
        spread = [_spread_with(load, k, share[g]) for k in range(n_folds)]
        best = np.flatnonzero(np.isclose(spread, np.min(spread)))
        fold[g] = best[np.argmin(size[best])]
        load[fold[g]] += share[g]
        size[fold[g]] += count[g].sum()
    return np.asarray(fold[group_of])


def _spread_with(
    load: Float[np.ndarray, "fold kind"], k: int, share: Float[np.ndarray, " kind"]
) -> float:
    """How unequal the folds would be if one got this share."""
    after = load.copy()
    after[k] += share
    return float(after.std(0).mean())
