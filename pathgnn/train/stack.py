"""Stacking: how much the network and each learner beside it count, learned on inner folds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int
from scipy.optimize import nnls
from torch import Tensor

from pathgnn.graph.nodes import Nodes
from pathgnn.model.scales import Standardised, learned_scales
from pathgnn.seeds import seed_for
from pathgnn.train.baselines import Effect, fitted_effects, learners_for, stacked_learners
from pathgnn.train.fit import Recipe, fit_network
from pathgnn.train.linear import LinearEffect, LinearTask, combine
from pathgnn.train.nuisance import Nuisances
from pathgnn.train.trees import Trees, joined

NETWORK = "network"
# What is expected to be the network's and the forest's of the prediction; the rest is that of the
# linear models that tell patients apart. Chosen on simulated outcomes of METABRIC's patients. Some
# 40 trials with 300 in training, seven kinds of benefit: mean correlation with the true benefit .50
# without the forest, .52 with it; with parts of .06 to .25 for it .51 to .53.
NETWORKS_PART, FORESTS_PART = 0.45, 0.15
# How surely: up to so many training patients, and less so with the root of their number beyond. On
# other simulated outcomes of METABRIC's patients (4 each), 1,300 in training: correlation .87 at
# twice this spread where this alone reached .85, for survival .66 and .65.
PRIOR_SD, PRIOR_PATIENTS = 0.15, 325
# A survival head needs two events before the horizon.
FEWEST_EVENTS = 2
# Weight of the row that makes the shares sum to 1, in those of all patients.
TIGHT = 1e3


class Stack(NamedTuple):
    """Shares of the learners, which sum to 1, and the rounds after which the network is best.

    `linear` and `trees` are what linear models and the forest add to the prediction, their shares
    in them: the stacked benefit is `network_share` x the network's benefit + linear + trees.
    """

    share: Float[np.ndarray, " learner"]
    rounds: int
    linear: LinearEffect
    trees: Trees

    @property
    def network_share(self) -> float:
        """The network's share."""
        return float(self.share[-1])

    def benefit(
        self, network: Float[np.ndarray, "patient contrast"], inputs: Standardised
    ) -> Float[np.ndarray, "patient contrast"]:
        """The stacked benefit from that of the network and the patients' inputs."""
        return np.asarray(self.network_share * network + self.beside(inputs).double().numpy())

    def beside(self, inputs: Standardised) -> Float[Tensor, "patient contrast"]:
        """What linear models and the forest add to the prediction."""
        return self.linear(inputs) + self.trees(inputs)


class Shares(NamedTuple):
    """What the inner folds taught: shares, and rounds of the benefit stage."""

    share: Float[np.ndarray, " learner"]
    rounds: int


def learn_shares(
    task: LinearTask, inner: Int[np.ndarray, " patient"], recipe: Recipe, path: tuple[int, int]
) -> Shares:
    """Train network and other learners on all inner folds but one, in turn, and stack them there.

    The number of rounds is that after which the stack has the least doubly robust risk. Where the
    inner folds have too few events to train on, the shares are those expected beforehand.

    Args:
        task: The training patients.
        inner: Inner fold of each.
        recipe: As for the network that is to be stacked.
        path: Decides the seeds.
    """
    n_beside = len(learners_for(task.train))
    prior = expected_shares(n_beside)
    if not _can_be_learned(task.train, inner):
        return Shares(prior, recipe.fit.benefit_rounds)
    n, n_contrasts = task.scores.gain.shape
    n_rounds = recipe.fit.benefit_rounds + 1
    beside = np.empty((n_beside, n, n_contrasts))
    network = np.empty((n_rounds, n, n_contrasts))
    for j in np.unique(inner):
        held, others = np.flatnonzero(inner == j), np.flatnonzero(inner != j)
        part = _take(task, others, recipe)
        patients = _nodes(task.train, held)
        inputs = part.scales(patients)
        for i, effect in enumerate(fitted_effects(part).values()):
            beside[i, held] = effect(inputs).numpy()
        trained = fit_network(
            part.train, part.scores, recipe, seed_for(*path, 6, int(j)), watch=patients
        )
        network[:, held] = trained.watched
    fits = [_shares(np.concatenate([beside, one[None]]), task.scores, prior) for one in network]
    best = int(np.argmin([risk for _, risk in fits]))
    return Shares(fits[best][0], best)


def _can_be_learned(train: Nodes, inner: Int[np.ndarray, " patient"]) -> bool:
    """Has every training set among the inner folds events enough for a survival curve?"""
    if train.outcome != "survival":
        return True
    counted = (train.event & (train.value < train.horizon)).numpy()
    fold = inner[train.patient_of.numpy()]
    return all((counted & (fold != j)).sum() >= FEWEST_EVENTS for j in np.unique(inner))


def stack_of(shares: Shares, effects: Mapping[str, Effect]) -> Stack:
    """The stack of learners fitted on all training patients."""
    counted = list(zip(effects.values(), shares.share[:-1].tolist(), strict=True))
    linear = [(effect, s) for effect, s in counted if isinstance(effect, LinearEffect)]
    trees = [effect.times(s) for effect, s in counted if isinstance(effect, Trees)]
    level, share = zip(*linear, strict=True)
    return Stack(shares.share, shares.rounds, combine(level, np.array(share)), joined(trees))


def learners_of(outcome: str) -> tuple[str, ...]:
    """Names behind the shares of a stack, for an outcome as a network's layout names it."""
    return (*stacked_learners(outcome), NETWORK)


def expected_shares(n_beside: int) -> Float[np.ndarray, " learner"]:
    """Shares expected beforehand: of the average effect, linear models, forest and network."""
    n_linear = n_beside - 2
    each = (1 - NETWORKS_PART - FORESTS_PART) / n_linear
    return np.array([0.0, *[each] * n_linear, FORESTS_PART, NETWORKS_PART])


def _shares(
    predicted: Float[np.ndarray, "learner patient contrast"],
    scores: Nuisances,
    prior: Float[np.ndarray, " learner"],
) -> tuple[Float[np.ndarray, " learner"], float]:
    """Shares most likely given the scores, none below 0, and the risk they leave.

    Beforehand a share is expected near `prior`, as surely as PRIOR_SD says: least squares alone
    took what a hundred noisy scores happened to favour. The more patients, the less it counts.

    Source: Breiman, Machine Learning 1996, 24:49; van der Laan, Polley & Hubbard 2007.
    """
    weight = np.sqrt(scores.weight).reshape(-1)
    x = (predicted.reshape(len(predicted), -1) * weight).T
    y = scores.gain.reshape(-1) * weight
    free = _nearest(x, y, 0.0, prior)
    noise = float(np.sqrt(((y - x @ free) ** 2).sum() / (weight**2).sum()))
    spread = PRIOR_SD * max(1.0, len(scores.gain) / PRIOR_PATIENTS) ** 0.5
    share = _nearest(x, y, noise / spread, prior)
    return share, float(((y - x @ share) ** 2).sum() / (weight**2).sum())


def _nearest(
    x: Float[np.ndarray, "score learner"],
    y: Float[np.ndarray, " score"],
    pull: float,
    prior: Float[np.ndarray, " learner"],
) -> Float[np.ndarray, " learner"]:
    """Shares of least squares that sum to 1, pulled towards what is expected."""
    tight = TIGHT * max(float(np.abs(x).max()), pull, 1e-6) * np.sqrt(len(y))
    rows = np.concatenate([x, pull * np.eye(len(prior)), np.full((1, x.shape[1]), tight)])
    share = nnls(rows, np.concatenate([y, pull * prior, [tight]]))[0]
    return np.asarray(share / share.sum())


def _take(task: LinearTask, at: Int[np.ndarray, " chosen"], recipe: Recipe) -> LinearTask:
    train = _nodes(task.train, at)
    rows = np.flatnonzero(np.isin(task.train.patient_of.numpy(), at))
    scales = learned_scales(train, recipe.fit.scaling)
    return LinearTask(train, task.scores.take(at, rows), task.graph, scales, task.estimand)


def _nodes(nodes: Nodes, at: Int[np.ndarray, " chosen"]) -> Nodes:
    return nodes.take(torch.from_numpy(at))
