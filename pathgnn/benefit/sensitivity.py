"""Sensitivity to what was not measured: bounds of an effect under hidden confounding."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from pathgnn.benefit.metrics import Compared, Estimate
from pathgnn.benefit.units import Groups, bootstrap
from pathgnn.benefit.verdict import Finding

DRAWS, LEVEL = 200, 0.05
FEWEST = 10
# Beyond, no hidden confounder is worth talking of.
STRONGEST, CLOSE = 20.0, 0.01
WEAK = 1.5


class Arms(NamedTuple):
    """Rows of two arms, with what models that never saw them say.

    `value` is the outcome, higher is better; for survival the censoring-unbiased value, which is
    taken as if it had been observed. `propensity` is P(treated | measured), `mu` the expected
    outcome under control and under treatment. Rows of one `group` are drawn together.
    """

    value: Float[np.ndarray, " row"]
    treated: Bool[np.ndarray, " row"]
    propensity: Float[np.ndarray, " row"]
    mu: Float[np.ndarray, "row 2"]
    group: Groups = None

    @property
    def fewest(self) -> int:
        """Rows of the smaller arm."""
        return min(int(self.treated.sum()), int((~self.treated).sum()))

    def take(self, rows: Int[np.ndarray, " chosen"] | Bool[np.ndarray, " row"]) -> Arms:
        """Some of the rows, with repeats where an index repeats."""
        group = None if self.group is None else self.group[rows]
        value, treated = self.value[rows], self.treated[rows]
        return Arms(value, treated, self.propensity[rows], self.mu[rows], group)


class Sensitivity(NamedTuple):
    """Bounds of the average effect for each strength, and where its interval first holds 0.

    `lambdas` are strengths of hidden confounding; `bounds` the effect's lowest and highest value
    for each, `limits` the same with chance (95 %). `tipping` is the strength at which the limits
    reach 0: 1 where they hold it already, NaN where an arm is too small for limits.
    """

    lambdas: tuple[float, ...]
    bounds: tuple[tuple[float, float], ...]
    limits: tuple[Compared, ...]
    tipping: float


NOT_TESTED = Sensitivity((), (), (), float("nan"))


def effect_bounds(arms: Arms, strength: float) -> tuple[float, float]:
    """Lowest and highest average effect under the marginal sensitivity model.

    Given everything, hidden causes among it, a patient's odds of treatment may differ from those
    given what was measured by a factor of up to `strength` either way. At 1 it is the augmented
    inverse-probability estimate with normalised weights. The bounds hold, but are not the sharpest.

    Source: Tan, JASA 2006, 101:1619; Zhao, Small & Bhattacharya, JRSS-B 2019, 81:735.
    """
    low_1, high_1 = _mean_bounds(arms, 1, strength)
    low_0, high_0 = _mean_bounds(arms, 0, strength)
    return low_1 - high_0, high_1 - low_0


def sensitivity(
    arms: Arms, rng: np.random.Generator, lambdas: tuple[float, ...] = (1.0, 1.25, 1.5, 2.0, 3.0)
) -> Sensitivity:
    """Bounds with 95 % limits by the percentile bootstrap, and the tipping strength.

    Not told where an arm has fewer than ten rows, or draws are left without an arm.
    """
    if arms.fewest < FEWEST:
        return NOT_TESTED
    drawn = [arms.take(i) for i in bootstrap(len(arms.value), rng, arms.group, DRAWS)]
    if min(d.fewest for d in drawn) == 0:
        return NOT_TESTED

    def limits(strength: float) -> Compared:
        each = np.array([effect_bounds(d, strength) for d in drawn])
        low, high = effect_bounds(arms, strength)
        ends = np.quantile(each[:, 0], LEVEL / 2), np.quantile(each[:, 1], 1 - LEVEL / 2)
        return Compared((low + high) / 2, float(ends[0]), float(ends[1]))

    return Sensitivity(
        lambdas,
        tuple(effect_bounds(arms, s) for s in lambdas),
        tuple(limits(s) for s in lambdas),
        _tipping(limits),
    )


def sensitivity_finding(found: Sensitivity, what: str, average: Estimate) -> Finding:
    """How strong would what was not measured have to be to explain the effect?"""
    said = f"{what} {average.value:.3g}: "
    strength = f"odds of treatment {found.tipping:.2f} times as high or low"
    if np.isnan(found.tipping):
        said += "an arm is too small to say what a hidden cause could explain."
        return Finding("note", "sensitivity", 0.0, said)
    if found.tipping <= 1:
        said += "its interval holds 0 even if nothing was left unmeasured."
        return Finding("note", "sensitivity", 1.0, said)
    if found.tipping >= STRONGEST:
        said += (
            f"no hidden cause could explain it that moves the odds less than {STRONGEST:g}-fold."
        )
        return Finding("ok", "sensitivity", found.tipping, said)
    said += (
        f"an unmeasured cause that makes the {strength}, and the outcome as different as can be, "
    )
    said += "could explain it away"
    if found.tipping < WEAK:
        return Finding("warning", "sensitivity", found.tipping, f"{said}: that is little.")
    return Finding("note", "sensitivity", found.tipping, f"{said}.")


def _mean_bounds(arms: Arms, arm: int, strength: float) -> tuple[float, float]:
    """Of the mean outcome if all had this arm."""
    on = arms.treated if arm else ~arms.treated
    p = arms.propensity[on] if arm else 1 - arms.propensity[on]
    left = arms.value[on] - arms.mu[on, arm]
    odds = 1 / p.clip(1e-3) - 1
    base = float(arms.mu[:, arm].mean())
    low, high = 1 + odds / strength, 1 + odds * strength
    return base - _highest_mean(-left, low, high), base + _highest_mean(left, low, high)


def _highest_mean(
    y: Float[np.ndarray, " row"], low: Float[np.ndarray, " row"], high: Float[np.ndarray, " row"]
) -> float:
    """The largest weighted mean of y with each weight between its two limits.

    It is reached with the high weight above some rank of y and the low one below.
    """
    order = np.argsort(-y, kind="stable")
    y, low, high = y[order], low[order], high[order]
    zero = np.zeros(1)
    up = np.concatenate([zero, (high * y).cumsum()]), np.concatenate([zero, high.cumsum()])
    rest = (
        np.concatenate([(low * y)[::-1].cumsum()[::-1], zero]),
        np.concatenate([low[::-1].cumsum()[::-1], zero]),
    )
    return float(((up[0] + rest[0]) / (up[1] + rest[1])).max())


def _tipping(limits: Callable[[float], Compared]) -> float:
    """The least strength whose limits hold 0, by halving."""

    def holds(strength: float) -> bool:
        found = limits(strength)
        return found.low <= 0 <= found.high

    if holds(1.0):
        return 1.0
    if not holds(STRONGEST):
        return STRONGEST
    low, high = 1.0, STRONGEST
    while high - low > CLOSE:
        middle = (low + high) / 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high
