"""Doubly robust scores: AIPW of every patient in every arm; overlap weights of contrasts."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int

# Lower propensities count as this in weights.
LOWEST = 1e-3


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
) -> Float[np.ndarray, "patient contrast"]:
    """Overlap weight of each patient for every arm against the reference; all have mean 1.

    It is the harmonic mean of the two arms' propensities, as the noise of that contrast's score
    asks for: who could not have had a third arm says as much of these two.

    Source: Li & Li, Annals of Applied Statistics 2019, 13:2389, for each pair of arms.
    """
    e = propensity.clip(LOWEST)
    each = 1 / (1 / e[:, :1] + 1 / e[:, 1:])
    total = np.zeros((n, each.shape[1]))
    np.add.at(total, patient_of, each)
    weight = total / np.bincount(patient_of, minlength=n).clip(1)[:, None]
    return np.asarray(weight / weight[weight > 0].mean())
