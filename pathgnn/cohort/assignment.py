"""Assignment: who gets which arm, by chance or by what also moves the outcome."""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple

import numpy as np
from jaxtyping import Float, Int
from pydantic import Field
from scipy.special import expit

from pathgnn.cohort.activity import standardised
from pathgnn.settings import Settings, setting

Chance = Annotated[float, Field(gt=0, lt=1)]
# Nobody is sure of an arm, so that every benefit could be learned from many enough patients.
LEAST_CHANCE = 0.03


class Assignment(Settings):
    """How patients come to their arms. Treated patients are spread over the treated arms."""

    how: Literal["randomised", "stratified", "confounded", "hidden"] = setting(
        "randomised",
        "randomised; stratified (by chance within strata); confounded (by what is measured); "
        "hidden (also by what is measured nowhere)",
    )
    arms: int = setting(2, "how many, the control included", ge=2, le=6)
    strata: tuple[Chance, ...] = setting(
        (0.35, 0.65), "stratified: share treated in each stratum", min_length=2
    )
    stratum_effect: float = setting(0.5, "stratified: by how much each stratum does better")
    strength: float = setting(1.0, "confounded, hidden: log odds of treatment per sd", ge=0)
    hidden_effect: float = setting(1.0, "hidden: what one sd of the confounder adds to prognosis")


class Assigned(NamedTuple):
    """Arm of every patient and what came with it; `moved` is added to the outcome of every arm."""

    arm: Int[np.ndarray, " patient"]
    propensity: Float[np.ndarray, "patient arm"]
    stratum: Int[np.ndarray, " patient"]
    confounder: Float[np.ndarray, " patient"]
    moved: Float[np.ndarray, " patient"]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the arms."""
        n_treated = self.propensity.shape[1] - 1
        treated = [f"treated {k + 1}" for k in range(n_treated)] if n_treated > 1 else ["treated"]
        return ("control", *treated)


def assign(
    standing: Float[np.ndarray, " patient"], settings: Assignment, rng: np.random.Generator
) -> Assigned:
    """An arm for every patient.

    Args:
        standing: What is measured of a patient's outlook, higher is better, in sd. Under a
            confounded assignment, those better off are treated more often.
        settings: How.
        rng: Chance.
    """
    n = len(standing)
    if settings.how == "randomised":
        arm = rng.permutation(np.arange(n) % settings.arms)
        shares = np.bincount(arm, minlength=settings.arms) / n
        none = np.zeros(n)
        return Assigned(arm, np.tile(shares, (n, 1)), np.zeros(n, dtype=int), none, none)
    if settings.how == "stratified":
        return _within_strata(n, settings, rng)
    confounder = np.zeros(n)
    wish = standing
    if settings.how == "hidden":
        confounder = rng.standard_normal(n)
        wish = (confounder + 0.5 * standing) / 1.25**0.5
    treated = expit(settings.strength * wish).clip(LEAST_CHANCE, 1 - LEAST_CHANCE)
    propensity = _spread_over_arms(treated, settings.arms)
    # One number per patient cuts the row of shares at the arm.
    arm = (rng.random(n)[:, None] > propensity.cumsum(1)[:, :-1]).sum(1)
    moved = settings.hidden_effect * confounder
    return Assigned(arm, propensity, np.zeros(n, dtype=int), confounder, moved)


def _within_strata(n: int, settings: Assignment, rng: np.random.Generator) -> Assigned:
    """Within each stratum as many of each arm as its share says, by chance."""
    stratum = rng.integers(0, len(settings.strata), n)
    arm, propensity = np.zeros(n, dtype=int), np.zeros((n, settings.arms))
    for s, share in enumerate(settings.strata):
        rows = np.flatnonzero(stratum == s)
        shares = _spread_over_arms(np.array([share]), settings.arms)[0]
        ends = (shares.cumsum() * len(rows)).round().astype(int)
        arm[rows] = rng.permutation(np.searchsorted(ends, np.arange(len(rows)), side="right"))
        counts = np.bincount(arm[rows], minlength=settings.arms)
        propensity[rows] = counts / max(1, len(rows))
    moved = settings.stratum_effect * (stratum - (len(settings.strata) - 1) / 2)
    return Assigned(arm, propensity, stratum, np.zeros(n), moved)


def _spread_over_arms(
    treated: Float[np.ndarray, " patient"], arms: int
) -> Float[np.ndarray, "patient arm"]:
    each = np.repeat(treated[:, None] / (arms - 1), arms - 1, axis=1)
    return np.concatenate([1 - treated[:, None], each], axis=1)


def standing_of(*parts: Float[np.ndarray, " patient"]) -> Float[np.ndarray, " patient"]:
    """Sum of what is known of a patient's outlook, each part and the whole in sd."""
    return standardised(np.sum([standardised(p) for p in parts], axis=0))
