"""Do the levels of a column differ: means and shares of single patients, or of groups of them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy import stats

from pathgnn.benefit.units import Groups, n_units, units_of


class Test(NamedTuple):
    """Do the levels differ? NaN: not tested. `q` is `p` after Benjamini and Hochberg."""

    statistic: float
    df: int
    p: float
    q: float = float("nan")


NO_TEST = Test(float("nan"), 0, float("nan"))


def heterogeneity(
    value: Float[np.ndarray, " patient"],
    level: Int[np.ndarray, " patient"],
    group: Groups = None,
) -> Test:
    """Do the means of the levels differ? Cochran's Q, with the p of Welch's F.

    By chi-squared, Q rejects too often in levels of ten to thirty; Welch's F is Q / (k - 1) with a
    correction for how badly their variances are known. If a level has no spread, all have
    the pooled variance; if there is no spread at all, nothing is tested. Where patients go
    together, Wald's test by the errors of the groups, with the F of Hotelling.

    Source: Cochran, Biometrics 1954, 10:101; Welch, Biometrika 1951, 38:330; Liang & Zeger,
    Biometrika 1986, 73:13.
    """
    _, level = np.unique(level, return_inverse=True)
    if n_units(len(value), group) == len(value):
        return _alone(value, level)
    return _by_unit(value, level, units_of(len(value), group))


def shares_differ(
    yes: Bool[np.ndarray, " patient"],
    level: Int[np.ndarray, " patient"],
    group: Groups = None,
) -> Test:
    """Pearson's chi-squared, by groups Wald's test; not tested where all have the same answer."""
    if yes.all() or not yes.any():
        return NO_TEST
    if n_units(len(yes), group) < len(yes):
        return heterogeneity(yes.astype(float), level, group)
    _, level = np.unique(level, return_inverse=True)
    table = np.stack([np.bincount(level[yes == x], minlength=level.max() + 1) for x in (0, 1)])
    statistic, p, df, _ = stats.chi2_contingency(table, correction=False)
    return Test(float(statistic), int(df), float(p))


def _alone(value: Float[np.ndarray, " patient"], level: Int[np.ndarray, " patient"]) -> Test:
    n = np.bincount(level)
    k = len(n)
    mean = np.bincount(level, value) / n
    squares = np.bincount(level, (value - mean[level]) ** 2)
    none = 1e-12 * max(1e-300, float(np.square(value).max(initial=0.0)))
    if k < 2 or n.min() < 2 or squares.sum() <= none * len(value):
        return NO_TEST
    variance = squares / (n - 1)
    if (variance <= none).any():
        variance = np.full(k, squares.sum() / (n.sum() - k))
    weight = n / variance
    share = weight / weight.sum()
    q = float(weight @ (mean - share @ mean) ** 2)
    unsure = float(((1 - share) ** 2 / (n - 1)).sum())
    f = q / (k - 1) / (1 + 2 * (k - 2) / (k**2 - 1) * unsure)
    return Test(q, k - 1, float(stats.f.sf(f, k - 1, (k**2 - 1) / (3 * unsure))))


def _by_unit(
    value: Float[np.ndarray, " patient"],
    level: Int[np.ndarray, " patient"],
    unit: Int[np.ndarray, " patient"],
) -> Test:
    """Wald's test of equal means; a group may lie in several levels, a level in one group may not.

    Degrees of freedom are those of groups that each lie in one level: careful where they do not.
    """
    n = np.bincount(level)
    k, n_units = len(n), int(unit.max()) + 1
    there = np.zeros((n_units, k))
    np.add.at(there, (unit, level), 1)
    df = n_units - 2 * k + 2
    if k < 2 or df < 1 or ((there > 0).sum(0) < 2).any():
        return NO_TEST
    mean = np.bincount(level, value) / n
    influence = np.zeros((n_units, k))
    np.add.at(influence, (unit, level), (value - mean[level]) / n[level])
    apart = influence[:, 1:] - influence[:, :1]
    variance = apart.T @ apart * n_units / (n_units - 1)
    if np.linalg.matrix_rank(variance, hermitian=True) < k - 1:
        return NO_TEST
    difference = mean[1:] - mean[0]
    wald = float(difference @ np.linalg.solve(variance, difference))
    f = wald * df / ((n_units - k) * (k - 1))
    return Test(wald, k - 1, float(stats.f.sf(f, k - 1, df)))
