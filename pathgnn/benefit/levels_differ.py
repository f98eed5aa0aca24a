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
# Groups that a level is in. Beside 26 others, with nothing to find, 4 reject 5.6 % of simulated
# cohorts at 5 %, 3 7 %, and 2 13 %.
FEWEST_UNITS = 4


def heterogeneity(
    value: Float[np.ndarray, " patient"],
    level: Int[np.ndarray, " patient"],
    group: Groups = None,
) -> Test:
    """Do the means of the levels differ? Cochran's Q, with the p of Welch's F.

    By chi-squared, Q rejects too often in levels of ten to thirty; Welch's F is Q / (k - 1) with a
    correction for how badly their variances are known. If a level has no spread, all have
    the pooled variance; if there is no spread at all, nothing is tested. Where patients go
    together, the same by the totals of the groups; where these lie in several levels, Wald's test
    with the F of Hotelling.

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
    """Pearson's chi-squared, by groups `heterogeneity`; not tested where all answer the same."""
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
    return _welch(mean, variance / n, n - 1)


def _welch(
    mean: Float[np.ndarray, " level"],
    variance: Float[np.ndarray, " level"],
    df: Int[np.ndarray, " level"],
) -> Test:
    """Are the means equal, each with the variance of its error, known with so many degrees?"""
    k = len(mean)
    share = (1 / variance) / (1 / variance).sum()
    q = float((1 / variance) @ (mean - share @ mean) ** 2)
    unsure = float(((1 - share) ** 2 / df).sum())
    f = q / (k - 1) / (1 + 2 * (k - 2) / (k**2 - 1) * unsure)
    return Test(q, k - 1, float(stats.f.sf(f, k - 1, (k**2 - 1) / (3 * unsure))))


def _by_unit(
    value: Float[np.ndarray, " patient"],
    level: Int[np.ndarray, " patient"],
    unit: Int[np.ndarray, " patient"],
) -> Test:
    """The same where patients go together; nothing where a level is in fewer than four groups.

    Where each group lies in one level, Welch's F by the totals of the groups. Else Wald's test,
    with the degrees of freedom of the level in fewest groups: careful.
    """
    n = np.bincount(level)
    k, n_units = len(n), int(unit.max()) + 1
    mean = np.bincount(level, value) / n
    there, off = np.zeros((n_units, k)), np.zeros((n_units, k))
    np.add.at(there, (unit, level), 1)
    np.add.at(off, (unit, level), value - mean[level])
    units = (there > 0).sum(0)
    none = 1e-12 * max(1e-300, float(np.square(value).max(initial=0.0)))
    if k < 2 or units.min() < FEWEST_UNITS or (off**2).sum() <= none * len(value):
        return NO_TEST
    if units.sum() == n_units:
        variance = (off**2).sum(0) / n**2 * units / (units - 1)
        if (variance <= none / n).any():
            pooled = (off**2).sum() / n.sum() * n_units / max(1, n_units - k)
            variance = pooled / n
        return _welch(mean, variance, units - 1)
    return _wald(mean, off / n, int(units.min()))


def _wald(
    mean: Float[np.ndarray, " level"], influence: Float[np.ndarray, "unit level"], fewest: int
) -> Test:
    """Wald's test of equal means, by the F of Hotelling; groups may lie in several levels."""
    k, df = len(mean), fewest - len(mean) + 1
    apart = influence[:, 1:] - influence[:, :1]
    variance = apart.T @ apart * fewest / (fewest - 1)
    if df < 1 or np.linalg.matrix_rank(variance, hermitian=True) < k - 1:
        return NO_TEST
    difference = mean[1:] - mean[0]
    wald = float(difference @ np.linalg.solve(variance, difference))
    f = wald * df / ((fewest - 1) * (k - 1))
    return Test(wald, k - 1, float(stats.f.sf(f, k - 1, df)))
