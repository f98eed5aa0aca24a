"""One training set and the patients it predicts: nuisances, networks, other learners, stack."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float, Int

from pathgnn.graph.nodes import Nodes
from pathgnn.model.network import PathwayNet
from pathgnn.model.scales import learned_scales
from pathgnn.seeds import rng_for, seed_for
from pathgnn.train.baselines import Effect, fitted_effects, ladder
from pathgnn.train.fit import History, Recipe, fit_network
from pathgnn.train.folds import folds, independent_units
from pathgnn.train.linear import Benefits, LinearTask, Task
from pathgnn.train.nuisance import Nuisances, contrast_weights, fit_nuisances
from pathgnn.train.stack import NETWORK, Stack, learn_shares, stack_of

STACKED = "stacked"
INNER_FOLDS = 3


class Member(NamedTuple):
    """One trained network and the fold it never saw."""

    fold: int
    seed: int
    net: PathwayNet
    history: History


class Part(NamedTuple):
    """One training set and the patients it predicts; no stack where the network is to be alone."""

    test: Int[torch.Tensor, " patient"]
    members: tuple[Member, ...]
    stack: Stack | None
    mu: Float[np.ndarray, "patient arm"]
    scores: Nuisances
    train_scores: Nuisances
    rows: Int[np.ndarray, " row"]
    ladder: dict[str, Benefits]


class Learned(NamedTuple):
    """What is learned from some patients; `effects` beside networks only where they are stacked."""

    members: tuple[Member, ...]
    stack: Stack | None
    task: LinearTask
    effects: Mapping[str, Effect]


class Predicted(NamedTuple):
    """Benefit of the network and of the default, which may be the same, and expected outcomes."""

    network: Benefits
    default: Benefits
    mu: Float[np.ndarray, "patient arm"]


def fit_part(
    nodes: Nodes,
    is_train: Bool[np.ndarray, " patient"],
    is_test: Bool[np.ndarray, " patient"],
    recipe: Recipe,
    path: tuple[int, int],
    compared: bool = True,
) -> Part:
    """Everything that is learned from some patients, and what it says of others.

    Without `compared` the learners that are only compared with are left out.
    """
    learned = learn(nodes, is_train, recipe, path)
    part = _predicted(nodes, learned, is_test, recipe)
    if not compared:
        return part
    effects = learned.effects or fitted_effects(learned.task)
    rungs = ladder(Task(learned.task, nodes.take(part.test), part.scores.mu), effects)
    return part._replace(ladder=rungs | part.ladder)


def _predicted(
    nodes: Nodes, learned: Learned, is_test: Bool[np.ndarray, " patient"], recipe: Recipe
) -> Part:
    at = places(is_test)
    test, train = nodes.take(at), learned.task.train
    scores = fit_nuisances(train, test, recipe.fit.scaling, recipe.estimand)
    predicted = predict_part(learned, test, recipe)
    rungs = {NETWORK: predicted.network}
    if learned.stack is not None:
        rungs[STACKED] = predicted.default
    rows = np.flatnonzero(is_test[nodes.patient_of.numpy()])
    members, stack, mu = learned.members, learned.stack, predicted.mu
    return Part(at, members, stack, mu, scores, learned.task.scores, rows, rungs)


def learn(
    nodes: Nodes, is_train: Bool[np.ndarray, " patient"], recipe: Recipe, path: tuple[int, int]
) -> Learned:
    """The default prediction, learned from some patients."""
    train = nodes.take(places(is_train))
    inner = folds(train, INNER_FOLDS, rng_for(*path, 2))
    scores = inner_scores(train, inner, recipe)
    scales = learned_scales(train, recipe.fit.scaling)
    task = LinearTask(train, scores, recipe.graph, scales, recipe.estimand)
    effects, stack = {}, None
    if recipe.fit.stack:
        effects = fitted_effects(task)
        stack = stack_of(learn_shares(task, inner, recipe, path), effects)
    members = networks(nodes, is_train, scores, stopped(recipe, stack), path)
    return Learned(members, stack, task, effects)


def predict_part(learned: Learned, test: Nodes, recipe: Recipe) -> Predicted:
    """The default prediction of other patients."""
    tau, mu = predict_benefit(learned.members, test, recipe)
    if learned.stack is None:
        return Predicted(tau, tau, mu)
    return Predicted(tau, learned.stack.benefit(tau, learned.task.scales(test)), mu)


def stopped(recipe: Recipe, stack: Stack | None) -> Recipe:
    """The recipe with as many rounds as the inner folds found best."""
    if stack is None:
        return recipe
    fit = recipe.fit.model_copy(update={"benefit_rounds": stack.rounds})
    return recipe._replace(fit=fit)


def networks(
    nodes: Nodes,
    is_train: Bool[np.ndarray, " patient"],
    scores: Nuisances,
    recipe: Recipe,
    path: tuple[int, int],
) -> tuple[Member, ...]:
    """An ensemble over seeds."""
    train = nodes.take(places(is_train))
    out = []
    for m in range(recipe.fit.members):
        seed = seed_for(*path, 3, m)
        trained = fit_network(train, scores, recipe, seed)
        out.append(Member(path[1], seed, trained.net, trained.history))
    return tuple(out)


def inner_scores(train: Nodes, inner: Int[np.ndarray, " patient"], recipe: Recipe) -> Nuisances:
    """Scores of the training patients, each from the other inner folds."""
    parts = []
    for k in range(INNER_FOLDS):
        at = places(inner == k)
        rows = np.flatnonzero((inner == k)[train.patient_of.numpy()])
        others = train.take(places(inner != k))
        scores = fit_nuisances(others, train.take(at), recipe.fit.scaling, recipe.estimand)
        parts.append((at, rows, scores))
    return join(parts, train)


def join(parts: list[tuple[torch.Tensor, np.ndarray, Nuisances]], nodes: Nodes) -> Nuisances:
    """Scores of disjoint groups of patients put back into the order of the cohort."""
    n, n_rows, n_arms = nodes.n_patients, len(nodes.arm), len(nodes.arms)
    value, propensity = np.empty(n_rows), np.empty((n_rows, n_arms))
    mu, gamma = np.empty((n, n_arms)), np.empty((n, n_arms))
    informs = np.empty((n, n_arms - 1), dtype=bool)
    for at, rows, part in parts:
        value[rows], propensity[rows] = part.value, part.propensity
        mu[at], gamma[at], informs[at] = part.mu, part.gamma, part.informs
    weight = contrast_weights(nodes, propensity)
    units = independent_units(nodes)
    return Nuisances(value, propensity, mu, gamma, weight, informs, units)


def predict_benefit(
    members: tuple[Member, ...], test: Nodes, recipe: Recipe
) -> tuple[Benefits, Float[np.ndarray, "patient arm"]]:
    """Mean benefit and mean outcome over the members."""
    predictions = [member.net.predict(test) for member in members]
    tau = torch.stack([recipe.estimand(p) for p in predictions]).mean(0)
    mu = torch.stack([p.mean for p in predictions]).mean(0)
    return tau.double().numpy(), mu.double().numpy()


def places(mask: Bool[np.ndarray, " patient"]) -> Int[torch.Tensor, " chosen"]:
    """Where a mask is true."""
    return torch.from_numpy(np.flatnonzero(mask))
