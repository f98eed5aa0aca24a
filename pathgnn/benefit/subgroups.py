"""Subgroups: effect, calibration, recommended share and error by level, small cells hidden."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy import stats

from pathgnn.benefit.column_levels import NOT_RECORDED, Levels
from pathgnn.benefit.levels_differ import NO_TEST, Test, heterogeneity, shares_differ
from pathgnn.benefit.metrics import ROUNDING, blp_slope, mean_gain, ranged
from pathgnn.benefit.units import Groups, n_units, robust_se

# A level is shown from ten patients on, five of them in each of the two arms.
LEAST = (10, 5, 5)
FEWEST_FOR_SLOPE = 30


class Contrast(NamedTuple):
    """One arm against the reference for patients that inform on it.

    `benefit` is what is predicted and `gain` the doubly robust score; `in_arm` says whether the
    patient was observed in the reference and in the arm. Patients of one `group` go together.
    """

    arm: str
    benefit: Float[np.ndarray, " patient"]
    gain: Float[np.ndarray, " patient"]
    in_arm: Bool[np.ndarray, "patient 2"]
    group: Groups = None


class Interval(NamedTuple):
    """A number with its standard error and 95 % interval; NaN where there is none."""

    value: float
    se: float
    low: float
    high: float

    @property
    def ranged(self) -> str:
        """The number with its interval, in words."""
        return ranged(self.value, self.low, self.high)


class Level(NamedTuple):
    """What is known of the patients of one level; effects are in the unit of the outcome.

    `excess` is the mean predicted benefit minus the mean gain, above 0: benefit is overstated.
    `slope` is 1 where differences inside the level are right. `recommended` is the share with a
    predicted benefit above 0. `error_ratio` is the squared error of the predicted benefit over that
    of the average effect; `nearer` is the latter minus the former, above 0: the prediction helps.
    """

    name: str
    n: int
    n_reference: int
    n_arm: int
    effect: Interval
    predicted: float
    excess: Interval
    slope: Interval
    recommended: Interval
    error_ratio: float
    nearer: Interval


NO_INTERVAL = Interval(*[float("nan")] * 4)


class Tests(NamedTuple):
    """One test each over the levels that are shown."""

    effect: Test = NO_TEST
    calibration: Test = NO_TEST
    recommended: Test = NO_TEST
    error: Test = NO_TEST


class Subgroups(NamedTuple):
    """The levels of one column for one arm.

    `n_hidden` levels are too small to show, or would give such a one away. `why_empty` says why
    there is nothing to compare; it is empty where there is.
    """

    arm: str
    column: str
    levels: tuple[Level, ...]
    n_hidden: int
    why_empty: str
    tests: Tests


class Shown(NamedTuple):
    """The levels of a column that may be shown, as places among its names.

    `n_hidden` and `why_empty` as in `Subgroups`.
    """

    places: Int[np.ndarray, " shown"]
    n_hidden: int
    why_empty: str


def subgroups(labels: Levels, contrast: Contrast) -> Subgroups:
    """Every level of a column that may be shown, and whether the shown levels differ.

    Args:
        labels: Level per patient of the contrast.
        contrast: Predictions and scores of the same patients.
    """
    shown = shown_levels(labels, contrast.in_arm)
    average = float(contrast.gain.mean()) if len(shown.places) else float("nan")
    levels = tuple(
        _level(labels.names[i], _of(contrast, labels.code == i), average) for i in shown.places
    )
    on = np.isin(labels.code, shown.places)
    tests = _tests(labels.code[on], _of(contrast, on), average) if not shown.why_empty else Tests()
    return Subgroups(contrast.arm, labels.column, levels, shown.n_hidden, shown.why_empty, tests)


def shown_levels(labels: Levels, in_arm: Bool[np.ndarray, "patient 2"]) -> Shown:
    """Which levels may be shown, and why there is nothing to compare.

    Args:
        labels: Level per patient.
        in_arm: Whether the patient was observed in the reference, and in the arm.
    """
    names = [labels.names[i] for i in np.unique(labels.code)]
    if len(names) < 2:
        return Shown(np.zeros(0, dtype=int), 0, _all_the_same(names))
    counts = _counts(labels, in_arm)
    places = np.flatnonzero(may_be_shown(_of_the_recorded(counts, labels.names)))
    n_hidden = int((counts[:, 0] > 0).sum()) - len(places)
    why = "" if len(places) > 1 else "fewer than two levels may be shown: others are small"
    if n_hidden > 1 and why:
        why += ", or would tell of a small one by what is left of the total"
    return Shown(places, n_hidden, why)


def adjusted(found: tuple[Subgroups, ...]) -> tuple[Subgroups, ...]:
    """The same with q values, each question over all columns and arms that were tested.

    Source: Benjamini & Hochberg, J R Stat Soc B 1995, 57:289.
    """
    p = np.array([[test.p for test in one.tests] for one in found]).reshape(-1, len(Tests._fields))
    q = np.full_like(p, np.nan)
    for question in range(p.shape[1]):
        tested = np.isfinite(p[:, question])
        if tested.any():
            q[tested, question] = stats.false_discovery_control(p[tested, question])
    return tuple(
        one._replace(
            tests=Tests(*(t._replace(q=float(x)) for t, x in zip(one.tests, row, strict=True)))
        )
        for one, row in zip(found, q, strict=True)
    )


def may_be_shown(counts: Int[np.ndarray, "level 3"]) -> Bool[np.ndarray, " level"]:
    """Which levels may be shown so that no small one follows from the total of the cohort.

    Hidden levels are two at least and large enough together: else the next smallest is hidden too.

    Args:
        counts: Patients, and those of them observed in the reference and in the arm. A level
            without patients is neither shown nor hidden.
    """
    there = counts[:, 0] > 0
    hidden = there & (counts < LEAST).any(1)
    for level in np.argsort(counts[:, 0], kind="stable"):
        enough = hidden.sum() > 1 and bool((counts[hidden].sum(0) >= LEAST).all())
        if not hidden.any() or enough:
            break
        hidden[level] = there[level]
    return np.asarray(there & ~hidden)


def _of_the_recorded(
    counts: Int[np.ndarray, "level 3"], names: tuple[str, ...]
) -> Int[np.ndarray, "level 3"]:
    """The same without the few whose level is not recorded: that is no level to be known by."""
    out = counts.copy()
    few = np.array([name == NOT_RECORDED for name in names]) & (counts < LEAST).any(1)
    out[few] = 0
    return out


def _all_the_same(names: list[str]) -> str:
    if names == [NOT_RECORDED] or not names:
        return "it is recorded for nobody"
    return f"everybody has the level '{names[0]}'"


def _counts(labels: Levels, in_arm: Bool[np.ndarray, "patient 2"]) -> Int[np.ndarray, "level 3"]:
    """Patients of each level: all, in the reference, in the arm."""
    out = np.zeros((len(labels.names), 3), dtype=int)
    np.add.at(out, labels.code, np.column_stack([np.ones(len(labels.code)), in_arm]) > 0)
    return out


def _of(contrast: Contrast, on: Bool[np.ndarray, " patient"]) -> Contrast:
    group = None if contrast.group is None else contrast.group[on]
    benefit, gain, in_arm = contrast.benefit[on], contrast.gain[on], contrast.in_arm[on]
    return Contrast(contrast.arm, benefit, gain, in_arm, group)


def _level(name: str, inside: Contrast, average: float) -> Level:
    """Numbers of the patients inside a level, ten at least."""
    benefit, gain, group = inside.benefit, inside.gain, inside.group
    n_reference, n_arm = (int(x) for x in inside.in_arm.sum(0))
    wrong, of_average = (gain - benefit) ** 2, (gain - average) ** 2
    nearer = _nearer(inside, average)
    return Level(
        name=name,
        n=len(gain),
        n_reference=n_reference,
        n_arm=n_arm,
        effect=_mean(gain, group),
        predicted=float(benefit.mean()),
        excess=_mean(benefit - gain, group),
        slope=_slope(benefit, gain, group),
        recommended=_share(benefit > 0, group),
        error_ratio=float(wrong.sum() / of_average.sum()) if of_average.any() else float("nan"),
        nearer=_mean(nearer, group),
    )


def _tests(code: Int[np.ndarray, " patient"], shown: Contrast, average: float) -> Tests:
    benefit, gain, group = shown.benefit, shown.gain, shown.group
    nearer = _nearer(shown, average)
    return Tests(
        effect=heterogeneity(gain, code, group),
        calibration=heterogeneity(benefit - gain, code, group),
        recommended=shares_differ(benefit > 0, code, group),
        error=heterogeneity(nearer, code, group),
    )


def _nearer(some: Contrast, average: float) -> Float[np.ndarray, " patient"]:
    """Squared error of the average effect minus that of the prediction; 0 where it is the same."""
    size = max(abs(average), float(np.abs(some.gain).max()))
    if np.abs(some.benefit - average).max() <= ROUNDING * size:
        return np.zeros(len(some.gain))
    return np.asarray((some.gain - average) ** 2 - (some.gain - some.benefit) ** 2)


def _mean(value: Float[np.ndarray, " patient"], group: Groups) -> Interval:
    """Mean with Student's interval: a level may have ten patients."""
    mean = mean_gain(value, group)
    return _interval(mean.value, mean.se, n_units(len(value), group) - 1)


def _slope(
    benefit: Float[np.ndarray, " patient"], gain: Float[np.ndarray, " patient"], group: Groups
) -> Interval:
    units = n_units(len(gain), group)
    if units < FEWEST_FOR_SLOPE:
        return NO_INTERVAL
    slope = blp_slope(benefit, gain, group)
    # A constant prediction has no slope.
    return _interval(slope.value, slope.se, units - 2) if np.isfinite(slope.se) else NO_INTERVAL


def _interval(value: float, se: float, df: int) -> Interval:
    half = float(stats.t.ppf(0.975, df)) * se if df > 0 else float("nan")
    return Interval(value, se, value - half, value + half)


def _share(yes: Bool[np.ndarray, " patient"], group: Groups) -> Interval:
    """Share with Wilson's interval, for as many patients as the groups are worth.

    Source: Wilson, J Am Stat Assoc 1927, 22:209; Korn & Graubard, Surv Methodol 1998, 24:193.
    """
    share, units = float(yes.mean()), n_units(len(yes), group)
    alone = np.sqrt(share * (1 - share) / len(yes))
    se = robust_se((yes - share) / len(yes), group) if units < len(yes) else alone
    n = min(len(yes), share * (1 - share) / se**2) if se > 0 else units
    z2 = float(stats.norm.ppf(0.975)) ** 2
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = np.sqrt(z2 * (share * (1 - share) / n + z2 / (4 * n**2))) / (1 + z2 / n)
    return Interval(share, float(se), max(0.0, middle - half), min(1.0, middle + half))
