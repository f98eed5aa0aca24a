"""Overlap of the arms: how far treatment was decided by what is measured."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int
from sklearn.metrics import roc_auc_score

from pathgnn.benefit.smd import standardised_difference

LOW, HIGH = 0.05, 0.95
WARN_AUC, REFUSE_AUC = 0.85, 0.95
WARN_OUTSIDE, REFUSE_ESS = 0.20, 0.30


class Overlap(NamedTuple):
    """Worst contrast with the reference arm."""

    auc: float
    outside: float
    ess_share: float
    smd_before: float
    smd_after: float

    @property
    def refused(self) -> bool:
        """Too little overlap to print a benefit."""
        return self.auc > REFUSE_AUC or self.ess_share < REFUSE_ESS

    @property
    def doubtful(self) -> bool:
        """Enough to print, with a warning."""
        return self.auc > WARN_AUC or self.outside > WARN_OUTSIDE


def overlap(
    propensity: Float[np.ndarray, "row arm"],
    arm: Int[np.ndarray, " row"],
    covariates: Float[np.ndarray, "row covariate"],
) -> Overlap:
    """AUC of the propensity, share outside [.05, .95], effective sample size, balance.

    Args:
        propensity: Cross-fitted, one row per outcome.
        arm: 0 is the reference.
        covariates: For the standardised mean differences, before and after weighting.
    """
    worst = [
        _contrast(propensity, arm, covariates, k)
        for k in range(1, propensity.shape[1])
        if (arm == k).any()
    ]
    return Overlap(
        auc=max(o.auc for o in worst),
        outside=max(o.outside for o in worst),
        ess_share=min(o.ess_share for o in worst),
        smd_before=max(o.smd_before for o in worst),
        smd_after=max(o.smd_after for o in worst),
    )


def _contrast(
    propensity: Float[np.ndarray, "row arm"],
    arm: Int[np.ndarray, " row"],
    covariates: Float[np.ndarray, "row covariate"],
    k: int,
) -> Overlap:
    on = (arm == 0) | (arm == k)
    treated = arm[on] == k
    e = propensity[on, k] / (propensity[on, 0] + propensity[on, k])
    # Stabilised by the arm's share, or a small arm would pass for poor overlap.
    share = np.where(treated, treated.mean(), 1 - treated.mean())
    weight = share / np.where(treated, e, 1 - e).clip(1e-6)
    x = covariates[on]
    return Overlap(
        auc=float(roc_auc_score(treated, e)),
        outside=float(((e < LOW) | (e > HIGH)).mean()),
        ess_share=float(weight.sum() ** 2 / (weight**2).sum() / on.sum()),
        smd_before=_largest_smd(x, treated, np.ones(len(x))),
        smd_after=_largest_smd(x, treated, weight),
    )


def _largest_smd(
    x: Float[np.ndarray, "row covariate"],
    treated: Bool[np.ndarray, " row"],
    weight: Float[np.ndarray, " row"],
) -> float:
    apart = []
    for column in x.T:
        known = ~np.isnan(column)
        one, other = known & treated, known & ~treated
        weights = weight[one], weight[other]
        apart.append(standardised_difference(column[one], column[other], weights))
    return float(np.nanmax([0.0, *apart]))
