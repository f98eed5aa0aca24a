"""Pseudo-outcomes of survival: censored follow-ups completed so that the mean is right."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float

from pathgnn.errors import CohortError

LOWEST_G = 0.05
# Rows times censoring times worked on at once.
PIECE = 2**22


class FollowUp(NamedTuple):
    """How long each row was followed in months, and what ended it; neither: censored."""

    time: Float[np.ndarray, " row"]
    event: Bool[np.ndarray, " row"]
    competing: Bool[np.ndarray, " row"]

    @property
    def ended(self) -> Bool[np.ndarray, " row"]:
        """True where an event of either kind was seen."""
        return np.asarray(self.event | self.competing)

    def take(self, chosen: Bool[np.ndarray, " row"] | slice) -> FollowUp:
        """Some of the rows."""
        return FollowUp(self.time[chosen], self.event[chosen], self.competing[chosen])


class Curves(NamedTuple):
    """What a model expects of each row: free of both events, and the event, by each grid time.

    Args of every function below: `grid` increases from 0 to the month that is asked about;
    `survival` starts at 1 and `incidence` at 0. Without competing events they add up to 1.
    """

    survival: Float[np.ndarray, "row grid"]
    incidence: Float[np.ndarray, "row grid"]
    grid: Float[np.ndarray, " grid"]


class Counted(NamedTuple):
    """What is counted of each row, where it is known, and what is expected from any time on.

    `value` stands where `known`. `expected` is the mean of the value given that neither event was
    seen up to the grid time.
    """

    value: Float[np.ndarray, " row"]
    known: Bool[np.ndarray, " row"]
    last: Float[np.ndarray, " row"]
    expected: Float[np.ndarray, "row grid"]
    grid: Float[np.ndarray, " grid"]

    def take(self, rows: Bool[np.ndarray, " row"] | slice) -> Counted:
        """Some of the rows."""
        value, known, last, expected, grid = self
        return Counted(value[rows], known[rows], last[rows], expected[rows], grid)


class CensoringCurve(NamedTuple):
    """Kaplan-Meier curve of the censoring times: the share not yet censored after each time."""

    time: Float[np.ndarray, " time"]
    hazard: Float[np.ndarray, " time"]
    free: Float[np.ndarray, " time"]

    def before(self, t: Float[np.ndarray, " row"]) -> Float[np.ndarray, " row"]:
        """Share still uncensored just before each time."""
        place = np.searchsorted(self.time, t, side="left")
        return np.asarray(np.concatenate([[1.0], self.free])[place])


def censoring_curve(
    time: Float[np.ndarray, " row"], ended: Bool[np.ndarray, " row"]
) -> CensoringCurve:
    """Kaplan-Meier of the censoring: events of any kind before censorings at tied times."""
    at, d = np.unique(time[~ended], return_counts=True)
    later = len(time) - np.searchsorted(np.sort(time), at, side="right")
    hazard = d / (later + d).clip(1)
    return CensoringCurve(at, hazard, np.cumprod(1 - hazard))


def usable_horizon(curve: CensoringCurve, longest: float) -> float:
    """The largest time up to which at least 5 % of the patients are uncensored.

    Infinite where nobody was censored: nothing is unknown of later times.
    """
    if not len(curve.time):
        return float("inf")
    below = curve.time[curve.free < LOWEST_G]
    return float(min(longest, below[0] if len(below) else longest))


def check_horizon(curve: CensoringCurve, horizon: float, longest: float) -> None:
    """Refuse a horizon at which almost nobody is followed any more.

    Raises:
        CohortError: naming the largest usable horizon.
    """
    largest = usable_horizon(curve, longest)
    if horizon > largest:
        raise CohortError(
            f"at {horizon:g} months fewer than 5 % of the patients are still followed; the "
            f"largest usable horizon is {np.floor(10 * largest) / 10:g} months"
        )


def months_free(rows: FollowUp, curves: Curves) -> Counted:
    """Months without the event up to the last grid time; min(time, horizon) where it is known.

    A row that ended by a competing event never has the event: it counts in full.
    """
    horizon = float(curves.grid[-1])
    last = np.minimum(rows.time, horizon)
    value = np.where(rows.competing, horizon, last)
    lost = _area_to_the_end(curves.incidence, curves.grid)
    lost = lost - curves.incidence * (horizon - curves.grid)
    expected = horizon - lost / curves.survival.clip(1e-6)
    known = rows.ended | (rows.time >= horizon)
    return Counted(value, known, last, expected, curves.grid)


def free_at_end(rows: FollowUp, curves: Curves) -> Counted:
    """1 without the event by the last grid time, else 0."""
    horizon = float(curves.grid[-1])
    value = 1.0 - (rows.event & (rows.time <= horizon))
    to_come = curves.incidence[:, -1:] - curves.incidence
    expected = 1 - to_come / curves.survival.clip(1e-6)
    known = rows.ended | (rows.time >= horizon)
    return Counted(value, known, np.minimum(rows.time, horizon), expected, curves.grid)


def censoring_unbiased(counted: Counted, curve: CensoringCurve) -> Float[np.ndarray, " row"]:
    """What is counted of every row, censored ones completed so that the mean over rows is right.

    Right if the expectation or the censoring curve is right. Without censoring it is what was
    counted, exactly. A share still followed of less than .05 counts as .05.

    Args:
        counted: From `months_free` or `free_at_end`.
        curve: Censoring curve of the rows' population.

    Source: Rubin & van der Laan, Int J Biostat 2007, 3(1):4; BENEFIT equation 2.2.
    """
    jumps = curve.time < counted.grid[-1]
    free = curve.free[jumps].clip(LOWEST_G)
    # Where the share stays at its least, nobody is censored any more, as its hazard must say.
    hazard = 1 - free / np.concatenate([[1.0], free[:-1]])
    before = CensoringCurve(curve.time[jumps], hazard, free)
    step = max(1, PIECE // max(1, len(before.time)))
    pieces = [slice(i, i + step) for i in range(0, len(counted.value), step)]
    return np.concatenate([_complete(counted.take(i), before) for i in pieces])


def _complete(counted: Counted, curve: CensoringCurve) -> Float[np.ndarray, " row"]:
    """The three terms of the censoring-unbiased value of some rows."""
    value, known, u, expected, grid = counted
    at, hazard, free = curve
    free_before = curve.before(u)
    # Just after a censoring time the curve has dropped; censored rows are divided by that level.
    place = np.searchsorted(at, u, side="right") - 1
    free_after = np.where(place >= 0, np.concatenate([free, [1.0]])[place], 1.0)
    q_at_u = _at(expected, grid, u[:, None])[:, 0]
    first = np.where(known, value / free_before, q_at_u / free_after)
    q_at_jumps = _at(expected, grid, np.broadcast_to(at, (len(u), len(at))))
    passed = (at < u[:, None]) | ((at == u[:, None]) & ~known[:, None])
    return np.asarray(first - (passed * q_at_jumps * (hazard / free)).sum(1))


def _area_to_the_end(
    curve: Float[np.ndarray, "row grid"], grid: Float[np.ndarray, " grid"]
) -> Float[np.ndarray, "row grid"]:
    """Area under each curve from every grid time to the last, by trapezoids."""
    area = (curve[:, 1:] + curve[:, :-1]) / 2 * np.diff(grid)
    return np.concatenate([area[:, ::-1].cumsum(1)[:, ::-1], np.zeros((len(area), 1))], 1)


def _at(
    curve: Float[np.ndarray, "row grid"],
    grid: Float[np.ndarray, " grid"],
    t: Float[np.ndarray, "row point"],
) -> Float[np.ndarray, "row point"]:
    """Each row's curve at its own times, straight between grid times."""
    right = np.searchsorted(grid, t).clip(1, len(grid) - 1)
    share = (t - grid[right - 1]) / (grid[right] - grid[right - 1])
    low = np.take_along_axis(curve, right - 1, 1)
    high = np.take_along_axis(curve, right, 1)
    return np.asarray(low * (1 - share) + high * share)
