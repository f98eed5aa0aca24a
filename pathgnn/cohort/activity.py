"""Hidden activity of simulated genes: mutations, copy numbers, and what flows along the edges."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

# Share of (patient, gene) pairs that are mutated.
MUTATED = 0.04


class Changes(NamedTuple):
    """What happened to the DNA: 1 for mutated, and copies lost (-1) or gained (1)."""

    mutation: Float[np.ndarray, "patient gene"]
    copies: Float[np.ndarray, "patient gene"]


def draw_changes(n_patients: int, n_genes: int, rng: np.random.Generator) -> Changes:
    """Mutations and copy numbers, each gene on its own."""
    shape = (n_patients, n_genes)
    mutation = (rng.random(shape) < MUTATED).astype(float)
    return Changes(mutation, rng.choice([-1.0, 0.0, 1.0], shape, p=[0.1, 0.8, 0.1]))


def own_activity(changes: Changes, rng: np.random.Generator) -> Float[np.ndarray, "patient gene"]:
    """Activity without what comes along the edges."""
    noise = rng.standard_normal(changes.mutation.shape)
    return np.asarray(noise + changes.mutation + 0.5 * changes.copies)


def flowing_activity(
    edges: Int[np.ndarray, "2 edge"],
    sign: Int[np.ndarray, " edge"],
    changes: Changes,
    rng: np.random.Generator,
) -> Float[np.ndarray, "patient gene"]:
    """Hidden activity, unit variance per gene, after two rounds of flow along the edges."""
    own = own_activity(changes, rng)
    activity = own
    source, target = edges
    n_in = np.bincount(target, minlength=own.shape[1]).clip(1)
    for _ in range(2):
        flow = np.zeros_like(own)
        np.add.at(flow.T, target, (activity[:, source] * sign).T)
        activity = own + 0.5 * flow / np.sqrt(n_in)
    return np.asarray((activity - activity.mean(0)) / activity.std(0))


def standardised(values: Float[np.ndarray, "..."]) -> Float[np.ndarray, "..."]:
    """Mean 0 and sd 1 over patients, NaN left out and set to 0; a constant becomes 0."""
    seen = ~np.isnan(values)
    n = seen.sum(0).clip(1)
    centred = np.where(seen, values - np.where(seen, values, 0).sum(0) / n, 0.0)
    spread = np.sqrt((centred**2).sum(0) / n)
    return np.asarray(centred / np.where(spread > 1e-12, spread, np.inf))
