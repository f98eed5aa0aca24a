"""Doubly robust risk of a predicted benefit: DR in a trial, residual on residual otherwise."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from pathgnn.errors import CohortError
from pathgnn.graph.nodes import Nodes
from pathgnn.seeds import rng_for
from pathgnn.train.blocks import blocks_of
from pathgnn.train.fit import Recipe
from pathgnn.train.folds import FEWEST_PER_FOLD, folds
from pathgnn.train.linear import Benefits
from pathgnn.train.nuisance import Nuisances, check_follow_up, fit_nuisances
from pathgnn.train.part import join, places

# Keys of random streams that nothing else uses.
FOLDS, RESERVED, BLOCKS = 33, 35, 38
# Patients are dealt into so many slices, some of which are reserved; a slice has four or more.
SLICES, FEWEST_PER_SLICE = 20, 4


class Losses(NamedTuple):
    """Squared errors with their weights: of patients and contrasts, or of rows; and whose."""

    loss: Float[np.ndarray, " unit"]
    weight: Float[np.ndarray, " unit"]
    patient: Int[np.ndarray, " unit"]

    @property
    def risk(self) -> float:
        """The weighted mean."""
        return float(self.loss @ self.weight / self.weight.sum())


class Judge(NamedTuple):
    """The same folds and scores for every trial, so that trials differ by their settings alone.

    Scores of a fold's patients come from nuisances of the other folds, on the study's own graph
    and scales: if they came from a trial's own, a trial could win by a better outcome model.
    Trials are compared by `block`, a few patients of one fold.
    """

    fold: Int[np.ndarray, " patient"]
    scores: Nuisances
    block: Int[np.ndarray, " patient"]

    @property
    def n_folds(self) -> int:
        """How many folds there are."""
        return int(self.fold.max()) + 1


def judge_of(nodes: Nodes, recipe: Recipe, n_folds: int, seed: int) -> Judge:
    """Folds of the patients, and scores that no model of their own fold has made.

    Raises:
        CohortError: too few patients for the folds, or a horizon beyond the follow-up.
    """
    if nodes.n_patients < FEWEST_PER_FOLD * n_folds:
        raise CohortError(
            f"{nodes.n_patients} patients are too few for a sweep on {n_folds} folds of "
            f"{FEWEST_PER_FOLD}: lower `sweep.folds` or `sweep.reserved`"
        )
    fold = folds(nodes, n_folds, rng_for(seed, FOLDS))
    check_follow_up(nodes, fold, recipe.estimand.at)
    parts = []
    for k in range(n_folds):
        at, rows = places(fold == k), np.flatnonzero((fold == k)[nodes.patient_of.numpy()])
        train = nodes.take(places(fold != k))
        scores = fit_nuisances(train, nodes.take(at), recipe.fit.scaling, recipe.estimand)
        parts.append((at, rows, scores))
    block = blocks_of(fold, nodes.group.numpy(), rng_for(seed, BLOCKS))
    return Judge(fold, join(parts, nodes), block)


def losses(
    nodes: Nodes, scores: Nuisances, tau: Benefits, on: Bool[np.ndarray, " patient"]
) -> Losses:
    """Squared errors of a predicted benefit against the scores of some of the patients.

    In a trial, known probabilities make the DR scores right whatever the outcome model says. In an
    observational cohort residuals on residuals are steadier where the arms hardly overlap.

    Source: Kennedy, arXiv 2004.14497 (DR); Nie & Wager, Biometrika 2021, 108:299 (R).
    """
    if nodes.randomised:
        weight = scores.weight
        whose = np.repeat(np.flatnonzero(on), weight.shape[1])
        return Losses(((scores.gain - tau) ** 2)[on].ravel(), weight[on].ravel(), whose)
    patient, arm = nodes.patient_of.numpy(), nodes.arm.numpy()
    rows = on[patient]
    treated = (arm[:, None] == np.arange(len(nodes.arms))).astype(float)
    e = scores.propensity
    expected = (e * scores.mu[patient]).sum(1)
    moved = ((treated - e)[:, 1:] * tau[patient]).sum(1)
    loss = (scores.value - expected - moved) ** 2
    return Losses(loss[rows], np.ones(int(rows.sum())), patient[rows])


def by_block(lost: Losses, judge: Judge) -> Float[np.ndarray, " block"]:
    """Weighted losses summed by block, of all the blocks of one fold."""
    block = judge.block[lost.patient]
    return np.bincount(block - block.min(), lost.loss * lost.weight)


def average_risk(nodes: Nodes, judge: Judge) -> float:
    """The risk of the average effect of the other folds, the same for everybody."""
    tau = np.empty_like(judge.scores.gain)
    weight = judge.scores.weight
    for k in range(judge.n_folds):
        others = judge.fold != k
        gain = judge.scores.gain[others] * weight[others]
        tau[~others] = gain.sum(0) / weight[others].sum(0)
    return losses(nodes, judge.scores, tau, np.ones(nodes.n_patients, dtype=bool)).risk


def reserve(nodes: Nodes, share: float, seed: int) -> Bool[np.ndarray, " patient"]:
    """Which patients a sweep never sees: about this share, balanced by arm and outcome class.

    Patients of a group stay together.
    """
    if share == 0:
        return np.zeros(nodes.n_patients, dtype=bool)
    n_groups = len(np.unique(nodes.group.numpy()))
    n = max(2, min(SLICES, nodes.n_patients // FEWEST_PER_SLICE, n_groups))
    kept = min(n - 1, max(1, round(share * n)))
    return np.asarray(folds(nodes, n, rng_for(seed, RESERVED)) < kept)
