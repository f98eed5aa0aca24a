"""Metrics of predicted benefit against doubly robust scores: RATE, calibration, policy value."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from scipy import stats

from pathgnn.benefit.units import Groups, half_samples, n_units, robust_se

# Of a prediction, relative to its size: less spread than this is rounding.
ROUNDING = 1e-9


class Estimate(NamedTuple):
    """A number with its standard error."""

    value: float
    se: float

    @property
    def low(self) -> float:
        """Lower end of the 95 % interval."""
        return self.value - 1.96 * self.se

    @property
    def high(self) -> float:
        """Upper end of the 95 % interval."""
        return self.value + 1.96 * self.se

    @property
    def ranged(self) -> str:
        """The number with its 95 % interval, in words."""
        return ranged(self.value, self.low, self.high)


class Compared(NamedTuple):
    """A difference and its 95 % interval."""

    value: float
    low: float
    high: float


class SequentialTest(NamedTuple):
    """Valid test of whether the ranking finds those who benefit more; two-sided p."""

    z: float
    p: float
    t_by_fold: tuple[float, ...]


def ranged(value: float, low: float, high: float) -> str:
    """A number with its 95 % interval, in words; too few independent patients have none."""
    if np.isnan(low):
        return f"{value:.3g} (no interval)"
    return f"{value:.3g} ({low:.3g} to {high:.3g})"


def toc(
    priority: Float[np.ndarray, " patient"], gain: Float[np.ndarray, " patient"]
) -> Float[np.ndarray, " patient"]:
    """TOC at q = 1/n, ..., 1: mean gain of the top share minus the mean gain of all.

    Source: Yadlowsky et al., JASA 2025, 120:38.
    """
    ranked = _ranked(priority, gain)
    n = np.arange(1, len(ranked) + 1)
    return np.asarray(ranked.cumsum() / n - ranked.mean())


def autoc(priority: Float[np.ndarray, " patient"], gain: Float[np.ndarray, " patient"]) -> float:
    """Area under the TOC; 0 for a ranking that says nothing. tau = rank = U(0,1) gives 1/4."""
    return float(_ranked(priority, gain) @ _log_weights(len(gain)) / len(gain))


def qini(priority: Float[np.ndarray, " patient"], gain: Float[np.ndarray, " patient"]) -> float:
    """Integral of q TOC(q); tau = rank = U(0,1) gives 1/12."""
    n = len(gain)
    return float((np.arange(1, n + 1) / n * toc(priority, gain)).mean())


def autoc_with_se(
    priority: Float[np.ndarray, " patient"],
    gain: Float[np.ndarray, " patient"],
    rng: np.random.Generator,
    group: Groups = None,
) -> Estimate:
    """AUTOC with the half-sample bootstrap standard error; both are 0 where nobody is ahead.

    Args:
        priority: Who comes first; higher is earlier.
        gain: Doubly robust scores.
        rng: Decides the halves.
        group: Patients that go together, in halves of groups; None: everybody alone.
    """
    draws = [autoc(priority[i], gain[i]) for i in half_samples(len(gain), rng, group)]
    if np.ptp(priority) == 0:
        return Estimate(0.0, 0.0)
    return Estimate(autoc(priority, gain), float(np.std(draws, ddof=1)))


def toc_band(
    priority: Float[np.ndarray, " patient"],
    gain: Float[np.ndarray, " patient"],
    at: Float[np.ndarray, " share"],
    rng: np.random.Generator,
    group: Groups = None,
) -> tuple[Float[np.ndarray, " share"], Float[np.ndarray, " share"]]:
    """TOC at some shares and its half-sample standard error."""
    halves = half_samples(len(gain), rng, group)
    draws = [_toc_at(priority[i], gain[i], at) for i in halves]
    return _toc_at(priority, gain, at), np.std(draws, axis=0, ddof=1)


def sequential_test(by_fold: list[Estimate]) -> SequentialTest:
    """z = sum of the folds' t over sqrt(folds); each fold ranked by a model of earlier folds.

    NaN where no fold could be tested. A ranking that puts nobody ahead has t = 0.

    Source: Wager, "Sequential validation of treatment heterogeneity", arXiv 2405.05534.
    """
    t = tuple(e.value / e.se if e.se > 0 else 0.0 for e in by_fold)
    z = sum(t) / len(t) ** 0.5 if t else float("nan")
    return SequentialTest(z, float(2 * stats.norm.sf(abs(z))), t)


def blp_slope(
    benefit: Float[np.ndarray, " patient"],
    gain: Float[np.ndarray, " patient"],
    group: Groups = None,
) -> Estimate:
    """Slope of gain on predicted benefit with HC1 errors: 1 is calibrated, 0 says nothing.

    A constant prediction has slope 0 with no error to speak of (infinite).
    """
    x = benefit - benefit.mean()
    if np.ptp(benefit) <= ROUNDING * np.abs(benefit).max():
        return Estimate(0.0, float("inf"))
    n, slope = len(x), x @ gain / (x @ x)
    residual = gain - gain.mean() - slope * x
    se = robust_se(x * residual / (x @ x), group) * np.sqrt((n - 1) / max(1, n - 2))
    return Estimate(float(slope), float(se))


def mean_gain(
    gain: Float[np.ndarray, " patient"],
    group: Groups = None,
    weight: Float[np.ndarray, " patient"] | None = None,
) -> Estimate:
    """Average effect, weighted or not, with its standard error."""
    weight = np.ones(len(gain)) if weight is None else weight
    on = weight > 0
    share = weight[on] / weight[on].sum()
    mean = float(share @ gain[on])
    group = None if group is None else group[on]
    return Estimate(mean, robust_se(share * (gain[on] - mean), group))


def gain_by_group(
    benefit: Float[np.ndarray, " patient"],
    gain: Float[np.ndarray, " patient"],
    n_groups: int,
    group: Groups = None,
) -> list[tuple[float, Estimate]]:
    """Per part of equal size, from low to high predicted benefit: its mean, and the mean gain.

    Patients tied across a border are in both parts, with the shares that fall there.
    """
    value, tied, size = np.unique(benefit, return_inverse=True, return_counts=True)
    last = size.cumsum()
    out = []
    for part in np.array_split(np.arange(len(benefit)), n_groups):
        low, high = part[0], part[-1] + 1
        inside = np.minimum(last, high) - np.maximum(last - size, low)
        weight = (inside.clip(0) / size)[tied]
        mean = float(weight @ value[tied] / weight.sum())
        out.append((mean, mean_gain(gain, group, weight)))
    return out


def paired_difference(
    ours: Float[np.ndarray, " patient"],
    theirs: Float[np.ndarray, " patient"],
    gain: Float[np.ndarray, " patient"],
    group: Groups = None,
) -> Estimate:
    """Squared error of another's benefit against the gain minus ours; above 0: ours is nearer."""
    return mean_gain((gain - theirs) ** 2 - (gain - ours) ** 2, group)


def loss_difference(
    ours: Float[np.ndarray, "draw patient"],
    theirs: Float[np.ndarray, "draw patient"],
    gain: Float[np.ndarray, " patient"],
    one_of_theirs: bool = False,
    group: Groups = None,
) -> Compared:
    """Mean squared error of their benefit against the gain minus ours, over several trainings.

    Three sources of chance add up: the patients, our trainings and theirs. The interval is that
    of Student's t with Welch's degrees of freedom, given the patients that were trained on.

    Args:
        ours: Benefit by each training of our model, two at least.
        theirs: The same of another model.
        gain: Doubly robust scores.
        one_of_theirs: Each of their trainings is on a graph drawn anew, and the question is
            whether ours could be one more of these: the spread of a single draw is added.
        group: Patients that go together.

    Source: Welch, Biometrika 1947, 34:28.
    """
    mine, other = ((gain - tau) ** 2 for tau in (ours, theirs))
    by_patient = other.mean(0) - mine.mean(0)
    parts = (mine.mean(1), other.mean(1))
    of_trainings = [part.var(ddof=1) / len(part) for part in parts]
    variances = np.array([mean_gain(by_patient, group).se ** 2, *of_trainings])
    if one_of_theirs:
        variances[2] *= 1 + len(theirs)
    se = float(np.sqrt(variances.sum()))
    sizes = np.array([n_units(len(gain), group), len(ours), len(theirs)]) - 1
    freedom = variances.sum() ** 2 / (variances**2 / sizes).sum() if se > 0 else np.inf
    half = float(stats.t.ppf(0.975, freedom)) * se if se > 0 else 0.0
    value = float(by_patient.mean())
    return Compared(value, value - half, value + half)


def autoc_difference(
    ours: Float[np.ndarray, " patient"],
    theirs: Float[np.ndarray, " patient"],
    gain: Float[np.ndarray, " patient"],
    rng: np.random.Generator,
    group: Groups = None,
) -> Estimate:
    """AUTOC of our ranking minus another's, with the paired half-sample standard error."""
    halves = half_samples(len(gain), rng, group)
    draws = [autoc(ours[i], gain[i]) - autoc(theirs[i], gain[i]) for i in halves]
    return Estimate(autoc(ours, gain) - autoc(theirs, gain), float(np.std(draws, ddof=1)))


def _ranked(
    priority: Float[np.ndarray, " patient"], gain: Float[np.ndarray, " patient"]
) -> Float[np.ndarray, " patient"]:
    """Gains from highest to lowest priority; tied patients share their mean gain."""
    order = np.argsort(-priority, kind="stable")
    sorted_priority, sorted_gain = priority[order], gain[order]
    _, group = np.unique(-sorted_priority, return_inverse=True)
    mean = np.bincount(group, weights=sorted_gain) / np.bincount(group)
    return np.asarray(mean[group])


def _log_weights(n: int) -> Float[np.ndarray, " patient"]:
    """Exact weights of the mean of the TOC: H_n - H_{j-1} - 1, near -ln q - 1; they sum to 0."""
    tail = (1 / np.arange(1, n + 1))[::-1].cumsum()[::-1]
    return np.asarray(tail - 1)


def _toc_at(
    priority: Float[np.ndarray, " patient"],
    gain: Float[np.ndarray, " patient"],
    at: Float[np.ndarray, " share"],
) -> Float[np.ndarray, " share"]:
    curve = toc(priority, gain)
    place = np.ceil(at * len(curve)).astype(int).clip(1, len(curve)) - 1
    return np.asarray(curve[place])
