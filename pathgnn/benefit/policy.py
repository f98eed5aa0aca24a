"""Value of treating as predicted, against treating all, none, or by the best single arm."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from pathgnn.benefit.metrics import Estimate, mean_gain
from pathgnn.benefit.units import Groups


class PolicyGain(NamedTuple):
    """Mean outcome under a policy minus that under another, paired over patients."""

    against: str
    gain: Estimate


class PolicyValues(NamedTuple):
    """What a policy is worth.

    `share` is the share of patients it gives another arm than the reference; `per_treated` the
    mean benefit of those, NaN where nobody is treated. For a binary outcome 1 / `per_treated` is
    the number needed to treat.
    """

    value: Estimate
    share: float
    per_treated: Estimate
    gains: tuple[PolicyGain, ...]


def choose(benefit: Float[np.ndarray, "patient contrast"]) -> Int[np.ndarray, " patient"]:
    """The arm of highest predicted benefit; the reference, 0, where none is above 0."""
    with_reference = np.concatenate([np.zeros((len(benefit), 1)), benefit], 1)
    return np.asarray(with_reference.argmax(1))


def policy_values(
    choice: Int[np.ndarray, " patient"],
    gamma: Float[np.ndarray, "patient arm"],
    arms: tuple[str, ...],
    fold: Int[np.ndarray, " patient"],
    group: Groups = None,
) -> PolicyValues:
    """Value of a choice of arm per patient, from doubly robust scores of every arm.

    Args:
        choice: Arm of each patient, chosen by a model that never saw them.
        gamma: Scores; the mean of a column is the mean outcome if all had that arm.
        arms: Names, the reference first.
        fold: The best single arm is chosen on the other folds than the patient's, or it would
            have the luck of the draw.
        group: Patients that go together.

    Source: Athey & Wager, Econometrica 2021, 89:133, section 2.
    """
    everyone = np.arange(len(choice))
    own = gamma[everyone, choice]
    fixed = [(f"{arm} for all", gamma[:, k]) for k, arm in enumerate(arms)]
    if len(arms) > 2:
        fixed.append(("the best single arm", gamma[everyone, _best_elsewhere(gamma, fold)]))
    treated = choice > 0
    gained, nothing = own - gamma[:, 0], Estimate(float("nan"), float("nan"))
    return PolicyValues(
        value=mean_gain(own, group),
        share=float(treated.mean()),
        per_treated=mean_gain(gained, group, treated.astype(float)) if treated.any() else nothing,
        gains=tuple(PolicyGain(name, mean_gain(own - other, group)) for name, other in fixed),
    )


def _best_elsewhere(
    gamma: Float[np.ndarray, "patient arm"], fold: Int[np.ndarray, " patient"]
) -> Int[np.ndarray, " patient"]:
    best = np.empty(len(gamma), dtype=int)
    for k in np.unique(fold):
        best[fold == k] = gamma[fold != k].mean(0).argmax()
    return best
