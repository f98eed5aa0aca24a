"""Independent units of a cohort: groups of patients (donor, family, site), or single patients."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int

HALF_SAMPLES = 200

Groups = Int[np.ndarray, " patient"] | None


def units_of(n_patients: int, group: Groups) -> Int[np.ndarray, " patient"]:
    """Number of each patient's unit, from 0 up; without groups everybody is a unit."""
    if group is None:
        return np.arange(n_patients)
    return np.asarray(np.unique(group, return_inverse=True)[1])


def n_units(n_patients: int, group: Groups) -> int:
    """How many units there are."""
    return int(units_of(n_patients, group).max(initial=-1)) + 1


def half_samples(
    n_patients: int, rng: np.random.Generator, group: Groups = None
) -> list[Int[np.ndarray, " chosen"]]:
    """Places of the patients in each of 200 random halves of the units, without replacement.

    The spread of a mean over such halves is its standard error.
    """
    unit, n = units_of(n_patients, group), n_units(n_patients, group)
    chosen = np.argsort(rng.random((HALF_SAMPLES, n)), axis=1)[:, : n // 2]
    if n == n_patients:
        place = np.argsort(unit)
        return [place[units] for units in chosen]
    return [np.flatnonzero(np.isin(unit, units)) for units in chosen]


def bootstrap(
    n_patients: int, rng: np.random.Generator, group: Groups = None, draws: int = 200
) -> list[Int[np.ndarray, " drawn"]]:
    """Places of the patients in each draw of as many units as there are, with replacement."""
    unit = units_of(n_patients, group)
    order, size = np.argsort(unit, kind="stable"), np.bincount(unit)
    members = np.split(order, size.cumsum()[:-1])
    n = len(size)
    return [np.concatenate([members[u] for u in rng.integers(0, n, n)]) for _ in range(draws)]


def robust_se(influence: Float[np.ndarray, " patient"], group: Groups = None) -> float:
    """Standard error of a sum of influences whose mean is 0; those of a unit go together.

    Source: Liang & Zeger, Biometrika 1986, 73:13, with the factor units / (units - 1).
    """
    total = np.bincount(units_of(len(influence), group), weights=influence)
    n = len(total)
    return float(np.sqrt((total**2).sum() * n / (n - 1))) if n > 1 else float("nan")
