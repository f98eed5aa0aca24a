"""Predictive or prognostic: to which side each pathway leans, with an interval."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from pathgnn.attribute.attribution import Attribution
from pathgnn.benefit.units import n_units, units_of
from pathgnn.seeds import rng_for

DRAWS, SEED = 500, 0


class Leaning(NamedTuple):
    """1: the pathway tells benefit alone, -1: prognosis alone, 0: as much of both; 95 % limits."""

    value: Float[np.ndarray, " pathway"]
    low: Float[np.ndarray, " pathway"]
    high: Float[np.ndarray, " pathway"]

    def columns(self) -> dict[str, Float[np.ndarray, " pathway"]]:
        """As columns of a table."""
        return {"leaning": self.value, "leaning_low": self.low, "leaning_high": self.high}


def leaning(attribution: Attribution) -> Leaning:
    """(a - b) / (a + b) of a pathway's share in all attribution of benefit (a), of outcome (b).

    Limits by a bootstrap over groups of patients, where there are none over patients; the
    networks are held fixed.
    """
    a = attribution.pathway.abs().double().numpy()
    b = attribution.prognostic_pathway.abs().double().numpy()
    group = attribution.group.numpy()
    rng, n, unit = rng_for(SEED, 18), n_units(len(a), group), units_of(len(a), group)
    count = rng.multinomial(n, np.full(n, 1 / n), DRAWS)[:, unit].astype(float)
    drawn = _lean(count @ a, count @ b)
    low, high = np.quantile(drawn, [0.025, 0.975], axis=0)
    return Leaning(_lean(a.sum(0), b.sum(0)), low, high)


def _lean(
    a: Float[np.ndarray, "*draw pathway"], b: Float[np.ndarray, "*draw pathway"]
) -> Float[np.ndarray, "*draw pathway"]:
    a, b = (x / x.sum(-1, keepdims=True).clip(1e-12) for x in (a, b))
    return np.asarray((a - b) / (a + b).clip(1e-12))
