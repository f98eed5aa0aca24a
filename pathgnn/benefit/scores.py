"""Pseudo-outcomes: AIPW scores, and censoring-unbiased times for survival."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from pathgnn.errors import CohortError

LOWEST_G = 0.05
# Rows times censoring times worked on at once.
PIECE = 2**22


def aipw(
    value: Float[np.ndarray, " row"],
    arm: Int[np.ndarray, " row"],
    patient_of: Int[np.ndarray, " row"],
    propensity: Float[np.ndarray, "row arm"],
    mu: Float[np.ndarray, "patient arm"],
) -> Float[np.ndarray, "patient arm"]:
    """Doubly robust score of every patient in every arm; mean scores are mean outcomes.

    A patient seen in several arms gets the mean over the rows. With propensities equal to the
    share of the patient's rows in each arm, the score is the observed outcome itself.

    Source: Kennedy, arXiv 2004.14497; Robins, Rotnitzky & Zhao, JASA 1994.
    """
    residual = (value - mu[patient_of, arm]) / propensity[np.arange(len(arm)), arm]
    total = np.zeros_like(mu)
    np.add.at(total, (patient_of, arm), residual)
    n_rows = np.bincount(patient_of, minlength=len(mu)).clip(1)
    return np.asarray(mu + total / n_rows[:, None])


def crossover_propensity(
    arm: Int[np.ndarray, " row"], patient_of: Int[np.ndarray, " row"], n_arms: int
) -> Float[np.ndarray, "row arm"]:
    """Share of each patient's own rows in each arm, at every row of the patient."""
    count = np.zeros((patient_of.max() + 1, n_arms))
    np.add.at(count, (patient_of, arm), 1.0)
    share = count / count.sum(1, keepdims=True).clip(1)
    return np.asarray(share[patient_of])


def overlap_weight(
    propensity: Float[np.ndarray, "row arm"], patient_of: Int[np.ndarray, " row"], n: int
) -> Float[np.ndarray, " patient"]:
    """Overlap weight of each patient, mean 1: harmonic mean of the propensities over arms.

    Source: Li & Li, Annals of Applied Statistics 2019, 13:2389.
    """
    each = 1 / (1 / propensity.clip(1e-3)).sum(1)
    total = np.bincount(patient_of, weights=each, minlength=n)
    weight = total / np.bincount(patient_of, minlength=n).clip(1)
    return np.asarray(weight / weight[weight > 0].mean())


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
    time: Float[np.ndarray, " row"], event: Bool[np.ndarray, " row"]
) -> CensoringCurve:
    """Kaplan-Meier of the censoring: events before censorings at tied times."""
    at, d = np.unique(time[~event], return_counts=True)
    later = len(time) - np.searchsorted(np.sort(time), at, side="right")
    hazard = d / (later + d).clip(1)
    return CensoringCurve(at, hazard, np.cumprod(1 - hazard))


def usable_horizon(curve: CensoringCurve, longest: float) -> float:
    """The largest time up to which at least 5 % of the patients are uncensored."""
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
            f"largest usable horizon is {largest:.1f} months"
        )


def censoring_unbiased(
    time: Float[np.ndarray, " row"],
    event: Bool[np.ndarray, " row"],
    horizon: float,
    curve: CensoringCurve,
    survival: Float[np.ndarray, "row grid"],
    grid: Float[np.ndarray, " grid"],
) -> Float[np.ndarray, " row"]:
    """Months lived up to the horizon, with censored rows completed so that the mean is right.

    Args:
        time: Follow-up in months.
        event: True where the time ended with an event.
        horizon: Months.
        curve: Censoring curve of the rows' population.
        survival: Each row's predicted S(t) at the grid times.
        grid: Increasing months from 0 to the horizon.

    Right if the survival model or the censoring curve is right. Without censoring it is
    min(time, horizon).

    Source: Rubin & van der Laan, Int J Biostat 2007, 3(1):4; BENEFIT equation 2.2.
    """
    u, known = np.minimum(time, horizon), event | (time >= horizon)
    jumps = curve.time < horizon
    before = CensoringCurve(curve.time[jumps], curve.hazard[jumps], curve.free[jumps].clip(1e-9))
    step = max(1, PIECE // max(1, len(before.time)))
    pieces = [slice(i, i + step) for i in range(0, len(u), step)]
    return np.concatenate([_complete(u[i], known[i], before, survival[i], grid) for i in pieces])


def _complete(
    u: Float[np.ndarray, " row"],
    known: Bool[np.ndarray, " row"],
    curve: CensoringCurve,
    survival: Float[np.ndarray, "row grid"],
    grid: Float[np.ndarray, " grid"],
) -> Float[np.ndarray, " row"]:
    """The three terms of the censoring-unbiased time of some rows, known up to time u."""
    at, hazard, free = curve
    remaining = _mean_time(survival, grid)
    free_before = curve.before(u)
    # Just after a censoring time the curve has dropped; censored rows are divided by that level.
    place = np.searchsorted(at, u, side="right") - 1
    free_after = np.where(place >= 0, np.concatenate([free, [1.0]])[place], 1.0)
    q_at_u = _at(remaining, grid, u[:, None])[:, 0]
    first = np.where(known, u / free_before, q_at_u / free_after)
    q_at_jumps = _at(remaining, grid, np.broadcast_to(at, (len(u), len(at))))
    passed = (at < u[:, None]) | ((at == u[:, None]) & ~known[:, None])
    return np.asarray(first - (passed * q_at_jumps * (hazard / free)).sum(1))


def _mean_time(
    survival: Float[np.ndarray, "row grid"], grid: Float[np.ndarray, " grid"]
) -> Float[np.ndarray, "row grid"]:
    """Q(t) = t + int_t^h S(u)/S(t) du at every grid time."""
    area = (survival[:, 1:] + survival[:, :-1]) / 2 * np.diff(grid)
    left = np.concatenate([area[:, ::-1].cumsum(1)[:, ::-1], np.zeros((len(area), 1))], 1)
    return np.asarray(grid + left / survival.clip(1e-6))


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
