"""Falsification: what can have no effect must show none, known effects must be found."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from scipy import stats

from pathgnn.benefit import metrics
from pathgnn.benefit.metrics import Estimate
from pathgnn.benefit.sensitivity import Arms, effect_bounds, sensitivity, sensitivity_finding
from pathgnn.benefit.verdict import Finding
from pathgnn.errors import CohortError
from pathgnn.graph.nodes import Nodes
from pathgnn.model.scales import Scaling
from pathgnn.seeds import rng_for
from pathgnn.train.fitted import Fitted
from pathgnn.train.folds import folds, independent_units
from pathgnn.train.nuisance import fit_nuisances

Z95 = 1.96
FEWEST, N_FOLDS = 40, 3
MOST_REJECTED = 0.1


class NegativeOutcome(NamedTuple):
    """Effect on an outcome that treatment cannot have changed, and how the ranking does on it.

    `looks` is how many contrasts the study looks at. The average alone is a test: pooled over
    folds, the AUTOC of a cross-fitted ranking is called significant too often.
    """

    average: Estimate
    autoc: Estimate
    looks: int = 1

    @property
    def shows_effect(self) -> bool:
        """Is the average beyond chance, at 5 % over all contrasts (Bonferroni)?"""
        return abs(self.average.value) > self.z * self.average.se

    @property
    def z(self) -> float:
        """How many standard errors from 0 are beyond chance."""
        return float(stats.norm.isf(0.025 / self.looks))


class NegativeArm(NamedTuple):
    """Share of random splits of one arm that show an effect at 5 %, with its exact 95 % limits."""

    share: float
    low: float
    high: float


def sensitivity_findings(fitted: Fitted, nodes: Nodes, contrast: int) -> tuple[Finding, ...]:
    """How strong a hidden cause would explain the average effect, and that of the top half.

    None in a trial or a crossover, where nothing hidden moves the arm.
    """
    if nodes.randomised or nodes.crossover:
        return ()
    rows = np.flatnonzero(np.isin(nodes.arm.numpy(), [0, contrast + 1]))
    patient = nodes.patient_of.numpy()[rows]
    e, scores = fitted.scores.propensity[rows], fitted.scores
    arms = Arms(
        value=scores.value[rows],
        treated=nodes.arm.numpy()[rows] > 0,
        propensity=e[:, contrast + 1] / (e[:, 0] + e[:, contrast + 1]),
        mu=scores.mu[patient][:, [0, contrast + 1]],
        group=scores.group[patient],
    )
    rank = fitted.benefit[patient, contrast]
    top = rank >= np.median(rank)
    out = []
    whole = "The average effect"
    if len(nodes.arms) > 2:
        whole += f" among patients of {nodes.arms[0]} and {nodes.arms[contrast + 1]}"
    for i, (what, part) in enumerate(
        ((whole, arms), ("The effect in the top half", arms.take(top)))
    ):
        found = sensitivity(part, rng_for(fitted.seed, 14, contrast, i))
        value = effect_bounds(part, 1.0)[0] if part.fewest else float("nan")
        out.append(sensitivity_finding(found, what, Estimate(value, 0.0)))
    return tuple(out)


def negative_outcome(
    fitted: Fitted, nodes: Nodes, value: Float[np.ndarray, " patient"], contrast: int = 0
) -> NegativeOutcome:
    """A cross-fitted model against an outcome that treatment cannot have changed.

    Args:
        fitted: The model; its folds and its predicted benefit are used as they are.
        nodes: Its cohort.
        value: Known before treatment, such as a baseline measurement that is no input; NaN is
            unknown.
        contrast: 0 is the first arm after the reference.

    Raises:
        CohortError: fewer than 40 patients with a value, or a crossover.
    """
    if nodes.crossover:
        raise CohortError(
            "a patient of a crossover has the same negative outcome in every arm, so that it "
            "cannot tell them apart"
        )
    known = np.flatnonzero(~np.isnan(value))
    if len(known) < FEWEST:
        raise CohortError(
            f"{len(known)} patients have the negative-control outcome; {FEWEST} are needed"
        )
    part = nodes.take(torch.from_numpy(known))
    told = torch.from_numpy(value[known].astype(np.float32))[part.patient_of]
    nothing = torch.zeros_like(part.competing)
    part = replace(part, outcome="continuous", value=told, event=~nothing, competing=nothing)
    gain, group = _gain(part, fitted.fold[known])[:, contrast], independent_units(nodes)[known]
    rank = fitted.benefit[known, contrast]
    rng = rng_for(fitted.seed, 15, contrast)
    return NegativeOutcome(
        metrics.mean_gain(gain, group),
        metrics.autoc_with_se(rank, gain, rng, group),
        looks=len(nodes.arms) - 1,
    )


def negative_outcome_finding(found: NegativeOutcome) -> Finding:
    """No effect on it may be shown."""
    average, autoc = found.average, found.autoc
    said = f"average effect {average.ranged}; AUTOC of the ranking {autoc.ranged}, descriptive"
    if found.shows_effect:
        said = f"An effect shows on an outcome that treatment cannot have changed: {said}. Arms "
        said += "differ in what was not measured; do not read the benefit as one of treatment."
        return Finding("warning", "negative outcome", average.value, said)
    said = f"No effect shows on an outcome that treatment cannot have changed: {said}"
    if found.looks > 1:
        said += f"; of {found.looks} contrasts one is beyond chance from {found.z:.1f} standard "
        said += "errors on"
    said += "."
    return Finding("ok", "negative outcome", average.value, said)


def negative_arm(nodes: Nodes, draws: int, seed: int) -> NegativeArm:
    """The reference arm split at random, again and again: how often does a half show an effect?

    Raises:
        CohortError: fewer than 40 reference patients, or a crossover.
    """
    own = np.flatnonzero(nodes.arm.numpy() == 0)
    if nodes.crossover or len(own) < FEWEST:
        raise CohortError(
            f"a negative-control arm needs {FEWEST} patients of the reference alone, not of a "
            f"crossover; there are {len(own)}"
        )
    alone = nodes.take(torch.from_numpy(np.unique(nodes.patient_of.numpy()[own])))
    rejected = 0
    for draw in range(draws):
        rng = rng_for(seed, 16, draw)
        arm = torch.from_numpy(rng.permutation(np.arange(len(alone.arm)) % 2))
        split = replace(
            alone, arm=arm, arms=("half", "other half"), propensity=alone.propensity[:, :0]
        )
        gain = _gain(split, folds(split, N_FOLDS, rng))[:, 0]
        average = metrics.mean_gain(gain, independent_units(split))
        rejected += abs(average.value / average.se) > Z95
    low, high = stats.binomtest(int(rejected), draws).proportion_ci()
    return NegativeArm(rejected / draws, float(low), float(high))


def negative_arm_finding(found: NegativeArm) -> Finding:
    """About 5 % may."""
    said = f"Of random splits of the reference arm {found.share:.0%} show an effect at 5 % "
    said += f"({found.low:.0%} to {found.high:.0%})"
    if found.low > MOST_REJECTED:
        said += ": intervals are too narrow here, so read p-values with care."
        return Finding("warning", "negative arm", found.share, said)
    return Finding("ok", "negative arm", found.share, said + ".")


def positive_control_finding(average: Estimate, known: Estimate) -> Finding:
    """Is an average effect that is known from elsewhere found again, within two standard errors?

    Args:
        average: Estimated here.
        known: From a published trial, in the same unit; an error of 0 where none is known.
    """
    apart = abs(average.value - known.value) / max(float(np.hypot(average.se, known.se)), 1e-12)
    said = f"Average effect {average.value:.3g} beside the known {known.value:.3g}: "
    said += f"{apart:.1f} standard errors apart"
    if apart <= 2:
        return Finding("ok", "positive control", apart, said + ".")
    said += ". Another population, another outcome, or bias: find out which before reading on."
    return Finding("warning", "positive control", apart, said)


def _gain(nodes: Nodes, fold: np.ndarray) -> Float[np.ndarray, "patient contrast"]:
    gain = np.empty((nodes.n_patients, len(nodes.arms) - 1))
    for k in np.unique(fold):
        train, test = (torch.from_numpy(np.flatnonzero(m)) for m in (fold != k, fold == k))
        gain[fold == k] = fit_nuisances(nodes.take(train), nodes.take(test), Scaling()).gain
    return gain
