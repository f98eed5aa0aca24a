"""Honest spread of each patient's benefit: the whole model trained again on halves of a fold."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import torch
from jaxtyping import Float

from pathgnn.graph.nodes import Nodes
from pathgnn.model.scales import learned_scales
from pathgnn.seeds import rng_for, seed_for
from pathgnn.train.baselines import learners_for
from pathgnn.train.checkpoints import NOTHING_KEPT, Checkpoints
from pathgnn.train.fit import fit_network
from pathgnn.train.fitted import Fitted
from pathgnn.train.folds import folds
from pathgnn.train.linear import Benefits, LinearTask
from pathgnn.train.part import INNER_FOLDS, inner_scores, places, stopped
from pathgnn.train.stack import Stack


def half_sample_spread(
    fitted: Fitted,
    nodes: Nodes,
    progress: Callable[[str], None] = lambda _: None,
    kept: Checkpoints = NOTHING_KEPT,
) -> Float[np.ndarray, "patient contrast"]:
    """Standard error of every patient's out-of-fold benefit, from models of half the patients.

    Each draw trains on a random half of a fold's training patients, balanced as the folds are:
    nuisances, network and other learners anew, with the shares and rounds of the fold. The mean
    squared distance to the model of all of them estimates its sampling variance; what shrinkage
    takes away from large effects is no part of it.

    Args:
        fitted: A cross-fitted model; its setting `half_samples` says how many halves per fold. Ten
            give the error to about a quarter.
        nodes: Its cohort.
        progress: Called with a word before each draw.
        kept: Where each finished draw is kept and taken up again.

    Source: Politis & Romano, Annals of Statistics 1994, 22:2031; Athey, Tibshirani & Wager,
    Annals of Statistics 2019, 47:1148, section 4.
    """
    total, draws = np.zeros_like(fitted.benefit), fitted.recipe.fit.half_samples
    for k in range(fitted.recipe.fit.folds):
        train, test = (nodes.take(places(m)) for m in (fitted.fold != k, fitted.fold == k))
        at = np.flatnonzero(fitted.fold == k)
        for b in range(draws):
            progress(f"half samples, fold {k + 1}, draw {b + 1}")
            make = partial(_draw, fitted, (k, b), train, test)
            again = kept.arrays(f"half-{k}-{b}", make)["benefit"]
            total[at] += (again - fitted.benefit[at]) ** 2
    return np.sqrt(total / draws)


def _draw(
    fitted: Fitted, which: tuple[int, int], train: Nodes, test: Nodes
) -> dict[str, np.ndarray]:
    """The benefit of a fold's patients by the model of half of the others."""
    half = folds(train, 2, rng_for(fitted.seed, 9, *which)) == 0
    return {"benefit": _benefit(fitted, *which, train.take(places(half)), test)}


def _benefit(fitted: Fitted, fold: int, draw: int, half: Nodes, test: Nodes) -> Benefits:
    """Benefit of the test patients by the default learner, trained on one half."""
    recipe, path = fitted.recipe, (fitted.seed, 10, fold, draw)
    stack = fitted.stacks[fold] if fitted.stacks else None
    inner = folds(half, INNER_FOLDS, rng_for(*path, 2))
    scores = inner_scores(half, inner, recipe)
    if stack is not None and stack.network_share == 0:
        network = np.zeros((test.n_patients, scores.gain.shape[1]))
    else:
        net = fit_network(half, scores, stopped(recipe, stack), seed_for(*path, 3)).net
        with torch.no_grad():
            network = recipe.estimand(net.predict(test)).double().numpy()
    if stack is None:
        return network
    scales = learned_scales(half, recipe.fit.scaling)
    task = LinearTask(half, scores, recipe.graph, scales, recipe.estimand)
    return np.asarray(stack.network_share * network + _beside(task, stack, test))


def _beside(task: LinearTask, stack: Stack, test: Nodes) -> Benefits:
    """What the other learners add; those without a share are not fitted."""
    out = np.zeros((test.n_patients, task.scores.gain.shape[1]))
    inputs = task.scales(test)
    for learn, share in zip(learners_for(task.train).values(), stack.share[:-1], strict=True):
        if share > 0:
            out += share * learn(task)(inputs).double().numpy()
    return out
