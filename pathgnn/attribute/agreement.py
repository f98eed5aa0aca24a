"""How far the folds of a trial agree on the genes behind the benefit."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pathgnn.attribute.attribute import attribute
from pathgnn.attribute.reference import Compared
from pathgnn.attribute.stability import rank_biased_overlap
from pathgnn.graph.nodes import Nodes
from pathgnn.model.config import ExplainConfig
from pathgnn.train.fit import Recipe
from pathgnn.train.fitted import Fitted
from pathgnn.train.part import STACKED
from pathgnn.train.risk import Judge
from pathgnn.train.stack import NETWORK
from pathgnn.train.tune import HeldOut

# One gradient per patient: a sweep asks for it in every trial.
FAST = ExplainConfig(method="input x gradient")


def gene_agreement(
    held: Sequence[HeldOut], judge: Judge, nodes: Nodes, recipe: Recipe, contrast: int = 0
) -> float:
    """Mean rank-biased overlap of the folds' genes, each ranked by mean absolute score; 1: equal.

    Networks of one fold are averaged first: they learn from the same patients.

    Args:
        held: What each fold learned, and says of the patients it never saw.
        judge: Folds and scores.
        nodes: The patients on the trial's graph.
        recipe: The trial's settings.
        contrast: Which arm is explained, among those after the reference.
    """
    tau, network = np.empty_like(judge.scores.gain), np.empty_like(judge.scores.gain)
    mu = np.empty_like(judge.scores.mu)
    for one in held:
        tau[one.at], network[one.at] = one.predicted.default, one.predicted.network
        mu[one.at] = one.predicted.mu
    stacks = tuple(h.learned.stack for h in held if h.learned.stack is not None)
    members = tuple(member for h in held for member in h.learned.members)
    ladder = {NETWORK: network} | ({STACKED: tau} if stacks else {})
    fitted = Fitted(recipe, 0, members, judge.fold, mu, judge.scores, ladder, {}, stacks)
    found = attribute(Compared(fitted, nodes, FAST, contrast))
    fold = np.array([member.fold for member in members])
    scores = found.member.double().numpy()[:, found.measured]
    return rank_biased_overlap(np.stack([scores[fold == k].mean(0) for k in np.unique(fold)]))
