"""Transport: the average effect of one cohort carried to the patients of another."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int
from sklearn.linear_model import LogisticRegression

from pathgnn.benefit.metrics import Estimate, mean_gain
from pathgnn.benefit.units import Groups, units_of
from pathgnn.graph.nodes import Nodes
from pathgnn.model.scales import learned_scales
from pathgnn.seeds import rng_for
from pathgnn.train.folds import independent_units
from pathgnn.train.nuisance import PLAIN, features
from pathgnn.train.survival_model import few_of

N_FOLDS = 5
HEAVIEST = 20.0


class Transport(NamedTuple):
    """Weights of the source patients, mean 1, that make them look like the target's.

    `ess_share` is the effective sample size over their number; `smd_before` and `smd_after` the
    largest standardised difference of a component or covariate between the cohorts.
    """

    weight: Float[np.ndarray, " patient"]
    ess_share: float
    smd_before: float
    smd_after: float


def transport_weights(source: Nodes, target: Nodes, seed: int) -> Transport:
    """Cross-fitted odds of being a target patient, cut at 20 times their mean.

    Args:
        source: Patients with known effects.
        target: Patients to carry them to, with the same omics and covariates.
        seed: Decides the folds.

    Source: Dahabreh et al., Statistics in Medicine 2020, 39:1999.
    """
    scales = learned_scales(source, PLAIN)
    x = few_of(features(source, scales), features(target, scales), source.clinical.shape[1])
    both = np.concatenate([x.train, x.test])
    is_target = np.arange(len(both)) >= len(x.train)
    fold = _fold_of_units(source, target, rng_for(seed, 13))
    odds = np.empty(len(both))
    for k in range(N_FOLDS):
        model = LogisticRegression(max_iter=1000).fit(both[fold != k], is_target[fold != k])
        p = model.predict_proba(both[fold == k])[:, 1].clip(1e-6, 1 - 1e-6)
        odds[fold == k] = p / (1 - p)
    weight = odds[~is_target]
    weight = weight.clip(max=HEAVIEST * weight.mean())
    weight = weight / weight.mean()
    return Transport(
        weight,
        float(weight.sum() ** 2 / (weight**2).sum() / len(weight)),
        _largest_difference(both, is_target, np.ones(len(weight))),
        _largest_difference(both, is_target, weight),
    )


def transported(
    gain: Float[np.ndarray, " informing"],
    weight: Float[np.ndarray, " informing"],
    group: Groups = None,
) -> Estimate:
    """Average effect that the source's scores promise the target's patients.

    Args:
        gain: Scores of the source's patients that tell of the contrast.
        weight: Theirs, of `transport_weights`.
        group: Patients that go together.
    """
    return mean_gain(gain, group, weight)


def _fold_of_units(
    source: Nodes, target: Nodes, rng: np.random.Generator
) -> Int[np.ndarray, " row"]:
    """Folds of both cohorts' patients; those of a group are in one."""
    own = units_of(source.n_patients, independent_units(source))
    theirs = units_of(target.n_patients, independent_units(target)) + own.max() + 1
    unit = np.concatenate([own, theirs])
    return np.asarray(rng.permutation(np.arange(unit.max() + 1) % N_FOLDS)[unit])


def _largest_difference(
    x: Float[np.ndarray, "row column"],
    is_target: Bool[np.ndarray, " row"],
    weight: Float[np.ndarray, " patient"],
) -> float:
    there = np.average(x[~is_target], axis=0, weights=weight)
    spread = np.where(x.std(0) > 1e-9, x.std(0), 1.0)
    return float(np.max(np.abs(x[is_target].mean(0) - there) / spread, initial=0.0))
