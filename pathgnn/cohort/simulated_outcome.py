"""Simulated outcomes and their true benefit: continuous, binary, survival."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.optimize import brentq
from scipy.special import expit

from pathgnn.cohort.activity import standardised
from pathgnn.settings import Settings, setting

# Points of the quadrature per stretch of a hazard; the RMST is then good to about 1e-7 months.
POINTS = 64
# By how much an early dropout is likelier, per sd of the log hazard, when it informs.
INFORMATIVE = 0.8


class SimulatedOutcome(Settings):
    """What is observed at the end. Higher scores are better in every kind."""

    kind: Literal["continuous", "binary", "survival"] = setting(
        "continuous", "continuous, binary or survival"
    )
    noise: float = setting(1.0, "continuous: sd of what nobody can know", gt=0)
    good_share: float = setting(0.4, "binary: share with the good outcome as controls", gt=0, lt=1)
    median_months: float = setting(24.0, "survival: median of an average control", gt=0)
    power: float = setting(1.2, "survival: Weibull shape; above 1 the hazard rises", gt=0)
    horizon: float = setting(36.0, "survival: months up to which benefit counts", gt=0)
    hazards: Literal["proportional", "crossing"] = setting(
        "proportional", "survival: crossing: who gains later is worse off at first"
    )
    crossing_months: float = setting(6.0, "crossing: when the hazards cross", gt=0)
    early_harm: float = setting(0.7, "crossing: largest early rise of the log hazard", ge=0)
    censored: float = setting(0.3, "survival: share censored", ge=0, le=0.9)
    censoring: Literal["independent", "informative"] = setting(
        "independent", "informative: those at high hazard are lost early"
    )


class Drawn(NamedTuple):
    """Outcomes as observed, and the true benefit of every contrast."""

    value: Float[np.ndarray, " patient"]
    event: Bool[np.ndarray, " patient"]
    tau: Float[np.ndarray, "patient contrast"]
    unit: str
    estimand: str


class Curve(NamedTuple):
    """A Weibull survival curve per patient, whose log hazard changes once."""

    rate: Float[np.ndarray, " patient"]
    early: Float[np.ndarray, " patient"]
    late: Float[np.ndarray, " patient"]
    power: float
    change: float

    def cumulative_hazard(self, month: Float[np.ndarray, "..."]) -> Float[np.ndarray, "..."]:
        """Cumulative hazard at one month for all, or at one for each patient."""
        first = np.minimum(month, self.change) ** self.power
        then = np.maximum(month, self.change) ** self.power - self.change**self.power
        return np.asarray(self.rate * (np.exp(self.early) * first + np.exp(self.late) * then))

    def months_until(self, hazard: Float[np.ndarray, " patient"]) -> Float[np.ndarray, " patient"]:
        """Month at which each patient's cumulative hazard is reached."""
        left = hazard / self.rate
        at_change = np.exp(self.early) * self.change**self.power
        first = (left / np.exp(self.early)) ** (1 / self.power)
        beyond = np.maximum(left - at_change, 0) / np.exp(self.late)
        then = (self.change**self.power + beyond) ** (1 / self.power)
        return np.asarray(np.where(left <= at_change, first, then))

    def months_lived(self, horizon: float) -> Float[np.ndarray, " patient"]:
        """Area under the curve up to the horizon, by Gauss-Legendre on each stretch."""
        x, weight = np.polynomial.legendre.leggauss(POINTS)
        x, weight = (x + 1) / 2, weight / 2
        area = np.zeros(len(self.rate))
        middle = min(self.change, horizon)
        for start, end in ((0.0, middle), (middle, horizon)):
            # Squared, so that points are dense where the curve starts to fall.
            for point, w in zip(x, weight, strict=True):
                month = np.array(start + (end - start) * point**2)
                area += (end - start) * 2 * point * w * np.exp(-self.cumulative_hazard(month))
        return area


def draw_outcome(
    outlook: Float[np.ndarray, " patient"],
    benefit: Float[np.ndarray, "patient contrast"],
    arm: Int[np.ndarray, " patient"],
    settings: SimulatedOutcome,
    rng: np.random.Generator,
) -> Drawn:
    """Outcomes under the arms given.

    Args:
        outlook: Score of every patient under control, on the scale of the outcome.
        benefit: What each treated arm adds to it.
        arm: 0 is the control.
        settings: Kind and numbers of the outcome.
        rng: Chance; nothing of it is in tau.
    """
    score = outlook[:, None] + np.concatenate([np.zeros((len(arm), 1)), benefit], axis=1)
    if settings.kind == "survival":
        return _survival(outlook, score, arm, settings, rng)
    everyone = np.arange(len(arm))
    known = np.ones(len(arm), dtype=bool)
    if settings.kind == "continuous":
        value = score[everyone, arm] + settings.noise * rng.standard_normal(len(arm))
        return Drawn(value, known, benefit, "response score", "gain in the response score")
    shift = brentq(lambda c: expit(c + outlook).mean() - settings.good_share, -60, 60)
    good = expit(shift + score)
    value = (rng.random(len(arm)) < good[everyone, arm]).astype(float)
    said = "gain in the probability of the good outcome"
    return Drawn(value, known, good[:, 1:] - good[:, :1], "good outcome", said)


def curves(
    outlook: Float[np.ndarray, " patient"],
    score: Float[np.ndarray, "patient arm"],
    settings: SimulatedOutcome,
) -> tuple[Curve, ...]:
    """The survival curve of every patient under each arm."""
    crosses = settings.hazards == "crossing"
    change = settings.crossing_months if crosses else 0.0
    rate = np.log(2) / settings.median_months**settings.power * np.exp(-outlook)
    out = []
    for k in range(score.shape[1]):
        gain = score[:, k] - outlook
        early = settings.early_harm * np.tanh(gain) if crosses else -gain
        out.append(Curve(rate, early, -gain, settings.power, change))
    return tuple(out)


def _survival(
    outlook: Float[np.ndarray, " patient"],
    score: Float[np.ndarray, "patient arm"],
    arm: Int[np.ndarray, " patient"],
    settings: SimulatedOutcome,
    rng: np.random.Generator,
) -> Drawn:
    by_arm = curves(outlook, score, settings)
    event_rng, lost_rng = rng.spawn(2)
    hazard = event_rng.exponential(size=len(arm))
    died = np.stack([c.months_until(hazard) for c in by_arm], axis=1)[np.arange(len(arm)), arm]
    lost = _lost(died, score[np.arange(len(arm)), arm], settings, lost_rng)
    lived = np.stack([c.months_lived(settings.horizon) for c in by_arm], axis=1)
    said = f"months gained by month {settings.horizon:g}"
    value = np.minimum(died, lost)
    return Drawn(value, died <= lost, lived[:, 1:] - lived[:, :1], "months", said)


def _lost(
    died: Float[np.ndarray, " patient"],
    score: Float[np.ndarray, " patient"],
    settings: SimulatedOutcome,
    rng: np.random.Generator,
) -> Float[np.ndarray, " patient"]:
    """Months until each patient is lost, so that the share asked for is censored."""
    if settings.censored == 0:
        return np.full(len(died), np.inf)
    months = rng.weibull(1.5, len(died))
    if settings.censoring == "informative":
        months = months * np.exp(INFORMATIVE * standardised(score))
    # A common factor on all of them decides the share: that many have died / lost above it.
    return np.asarray(months * np.quantile(died / months, 1 - settings.censored))
