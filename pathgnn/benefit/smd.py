"""Standardised mean difference of a covariate between two arms."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float


def standardised_difference(
    one: Float[np.ndarray, " one"],
    other: Float[np.ndarray, " other"],
    weights: tuple[Float[np.ndarray, " one"], Float[np.ndarray, " other"]] | None = None,
) -> float:
    """Distance of two means in standard deviations inside the arms: root of the mean variance.

    In that of both together where neither varies; 0 where all values are the same, NaN where an arm
    has none.

    Args:
        one: Known values of an arm.
        other: Those of the other.
        weights: Of both, for the means alone: the yardstick stays as it is.

    Source: Austin, Statistics in Medicine 2009, 28:3083.
    """
    if not (len(one) and len(other)):
        return float("nan")
    w, v = weights or (np.ones(len(one)), np.ones(len(other)))
    spread = float(np.sqrt((one.var() + other.var()) / 2))
    spread = spread if spread > 0 else float(np.concatenate([one, other]).std())
    apart = abs(float(np.average(one, weights=w) - np.average(other, weights=v)))
    return apart / spread if spread > 0 else 0.0
