"""Cross-fitting: every patient is predicted and scored by models that never saw them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float, Int

from pathgnn.benefit.estimand import Estimand
from pathgnn.benefit.metrics import Estimate, autoc_with_se
from pathgnn.benefit.scores import overlap_weight
from pathgnn.errors import ConfigError
from pathgnn.graph.graph import PathwayGraph
from pathgnn.graph.project import Nodes
from pathgnn.graph.rewire import rewire
from pathgnn.model.network import PathwayNet
from pathgnn.model.scales import Scaling
from pathgnn.seeds import rng_for, seed_for
from pathgnn.train.baselines import LADDER, Benefits, Task
from pathgnn.train.fit import History, Recipe, fit_network
from pathgnn.train.folds import check_size, folds
from pathgnn.train.nuisance import Nuisances, fit_nuisances

NETWORK, REWIRED = "network", "network, rewired graph"
INNER_FOLDS = 3
# The test needs some spread in each fold to have a standard error at all.
FEWEST_TESTED = 8

Progress = Callable[[str], None]


class Member(NamedTuple):
    """One trained network and the fold it never saw."""

    fold: int
    seed: int
    net: PathwayNet
    history: History


@dataclass(frozen=True)
class Fitted:
    """Cross-fitted networks and, for every patient, out-of-fold predictions and scores.

    `ladder` holds the predicted benefit of every learner, the network's under "network";
    `sequential` its AUTOC in each later fold, ranked by a model of the earlier folds.
    """

    recipe: Recipe
    seed: int
    members: tuple[Member, ...]
    fold: Int[np.ndarray, " patient"]
    mu: Float[np.ndarray, "patient arm"]
    scores: Nuisances
    ladder: Mapping[str, Benefits]
    sequential: Mapping[str, tuple[tuple[Estimate, ...], ...]]

    @property
    def benefit(self) -> Benefits:
        """The network's benefit, before shrinkage."""
        return self.ladder[NETWORK]


def n_steps(n_folds: int) -> int:
    """How many progress steps `fit` reports."""
    return n_folds * 3 - 2


def fit(nodes: Nodes, recipe: Recipe, seed: int, progress: Progress = lambda _: None) -> Fitted:
    """Cross-fitted networks, baselines and the sequential test.

    Args:
        nodes: The projected cohort.
        recipe: Graph, estimand and settings.
        seed: Decides folds, first weights and dropout.
        progress: Called with a word before each step.

    Raises:
        CohortError: too few patients for the folds, or a horizon beyond the follow-up.
    """
    check_size(nodes, recipe.fit.folds)
    _check_estimand(nodes, recipe.estimand)
    if recipe.fit.center_sites and not nodes.sites:
        raise ConfigError("`center_sites` needs the column of sites: set `site` in [cohort.beside]")
    fold = folds(nodes, recipe.fit.folds, rng_for(seed, 0))
    control = recipe._replace(graph=rewire(recipe.graph, rng_for(seed, 1)))
    parts: list[_Part] = []
    for k in range(recipe.fit.folds):
        progress(f"fold {k + 1}")
        part = _fit_part(nodes, fold != k, fold == k, recipe, (seed, k))
        progress(f"fold {k + 1}, rewired graph")
        rewired = _networks(nodes, fold != k, part.train_scores, control, (seed, k))
        tau = _predict(rewired, nodes.take(part.test), recipe)[0]
        parts.append(part._replace(ladder=part.ladder | {REWIRED: tau}))
    earlier: list[_Part] = []
    for k in range(1, recipe.fit.folds - 1):
        progress(f"sequential test, fold {k + 1}")
        earlier.append(_fit_part(nodes, fold < k, fold == k, recipe, (seed, 100 + k)))
    # The model of all folds but the last is the cross-fitted one.
    return _assemble(parts, [*earlier, parts[-1]], nodes, recipe, fold, seed)


def fold_scores(nodes: Nodes, fitted: Fitted) -> tuple[Nuisances, ...]:
    """The benefit scores that the networks of each fold were trained on."""
    out = []
    for k in range(fitted.recipe.fit.folds):
        train = nodes.take(_places(fitted.fold != k))
        inner = folds(train, INNER_FOLDS, rng_for(fitted.seed, k, 2))
        out.append(_inner_scores(train, inner, fitted.recipe.fit.scaling))
    return tuple(out)


def refit(
    fitted: Fitted,
    nodes: Nodes,
    graph: PathwayGraph,
    scores: tuple[Nuisances, ...],
    draw: int,
) -> Fitted:
    """Networks on another graph, with the folds and scores of `fitted` and seeds of their own.

    Args:
        fitted: The cross-fitted model it is compared with.
        nodes: The same cohort.
        graph: The same genes; edges or pathways may differ.
        scores: From `fold_scores`.
        draw: Decides the first weights and hidden omics; the same draw, the same networks.
    """
    recipe = fitted.recipe._replace(graph=graph)
    members: list[Member] = []
    benefit, mu = np.empty_like(fitted.benefit), np.empty_like(fitted.mu)
    for k, train_scores in enumerate(scores):
        seed = seed_for(fitted.seed, 8, draw)
        nets = _networks(nodes, fitted.fold != k, train_scores, recipe, (seed, k))
        at = np.flatnonzero(fitted.fold == k)
        benefit[at], mu[at] = _predict(nets, nodes.take(torch.from_numpy(at)), recipe)
        members += nets
    return replace(
        fitted,
        recipe=recipe,
        members=tuple(members),
        mu=mu,
        ladder={NETWORK: benefit},
        sequential={},
    )


def _check_estimand(nodes: Nodes, estimand: Estimand) -> None:
    """Scores of survival are months up to the horizon, so nothing else can be learned from them."""
    if nodes.outcome != "survival":
        return
    if estimand.name != "months_gained" or abs(estimand.at - nodes.horizon) > 1e-6:
        raise ConfigError(
            f"survival is scored in months gained by the horizon ({nodes.horizon:g}); the "
            f"estimand {estimand.name} at {estimand.at:g} cannot be trained: set the outcome's "
            "`horizon` to the month you want"
        )


class _Part(NamedTuple):
    """One training set and the patients it predicts."""

    test: Int[torch.Tensor, " patient"]
    members: tuple[Member, ...]
    mu: Float[np.ndarray, "patient arm"]
    scores: Nuisances
    train_scores: Nuisances
    rows: Int[np.ndarray, " row"]
    ladder: dict[str, Benefits]


def _fit_part(
    nodes: Nodes,
    is_train: Bool[np.ndarray, " patient"],
    is_test: Bool[np.ndarray, " patient"],
    recipe: Recipe,
    path: tuple[int, int],
) -> _Part:
    train_at, test_at = _places(is_train), _places(is_test)
    train, test = nodes.take(train_at), nodes.take(test_at)
    inner = folds(train, INNER_FOLDS, rng_for(*path, 2))
    scaling = recipe.fit.scaling
    train_scores = _inner_scores(train, inner, scaling)
    scores = fit_nuisances(train, test, scaling)
    members = _networks(nodes, is_train, train_scores, recipe, path)
    tau, mu = _predict(members, test, recipe)
    task = Task(train, train_scores, test, scores.mu, recipe.graph, scaling)
    ladder = {name: learn(task) for name, learn in LADDER.items()}
    rows = np.flatnonzero(is_test[nodes.patient_of.numpy()])
    return _Part(test_at, members, mu, scores, train_scores, rows, ladder | {NETWORK: tau})


def _networks(
    nodes: Nodes,
    is_train: Bool[np.ndarray, " patient"],
    scores: Nuisances,
    recipe: Recipe,
    path: tuple[int, int],
) -> tuple[Member, ...]:
    train = nodes.take(_places(is_train))
    out = []
    for m in range(recipe.fit.members):
        seed = seed_for(*path, 3, m)
        net, history = fit_network(train, scores, recipe, seed)
        out.append(Member(path[1], seed, net, history))
    return tuple(out)


def _inner_scores(train: Nodes, inner: Int[np.ndarray, " patient"], scaling: Scaling) -> Nuisances:
    """Scores of the training patients, each from the other inner folds."""
    parts = []
    for k in range(INNER_FOLDS):
        at = _places(inner == k)
        rows = np.flatnonzero((inner == k)[train.patient_of.numpy()])
        others = train.take(_places(inner != k))
        parts.append((at, rows, fit_nuisances(others, train.take(at), scaling)))
    return _join(parts, train)


def _join(
    parts: list[tuple[torch.Tensor, np.ndarray, Nuisances]],
    nodes: Nodes,
) -> Nuisances:
    """Scores of disjoint groups of patients put back into the order of the cohort."""
    n, n_rows, n_arms = nodes.n_patients, len(nodes.arm), len(nodes.arms)
    value, propensity = np.empty(n_rows), np.empty((n_rows, n_arms))
    mu, gamma = np.empty((n, n_arms)), np.empty((n, n_arms))
    informs = np.empty((n, n_arms - 1), dtype=bool)
    for at, rows, part in parts:
        value[rows], propensity[rows] = part.value, part.propensity
        mu[at], gamma[at], informs[at] = part.mu, part.gamma, part.informs
    weight = overlap_weight(propensity, nodes.patient_of.numpy(), n)
    return Nuisances(value, propensity, mu, gamma, weight, informs)


def _predict(
    members: tuple[Member, ...], test: Nodes, recipe: Recipe
) -> tuple[Benefits, Float[np.ndarray, "patient arm"]]:
    """Mean benefit and mean outcome over the members."""
    predictions = [member.net.predict(test) for member in members]
    tau = torch.stack([recipe.estimand(p) for p in predictions]).mean(0)
    mu = torch.stack([p.mean for p in predictions]).mean(0)
    return tau.double().numpy(), mu.double().numpy()


def _assemble(
    parts: list[_Part],
    later: list[_Part],
    nodes: Nodes,
    recipe: Recipe,
    fold: Int[np.ndarray, " patient"],
    seed: int,
) -> Fitted:
    scores = _join([(p.test, p.rows, p.scores) for p in parts], nodes)
    mu = np.empty_like(scores.mu)
    ladder = {name: np.empty_like(scores.gain) for name in parts[0].ladder}
    for part in parts:
        mu[part.test] = part.mu
        for name, tau in part.ladder.items():
            ladder[name][part.test] = tau
    rng = rng_for(seed, 4)
    sequential = {name: _sequential(later, name, rng) for name in later[0].ladder}
    members = tuple(member for part in parts for member in part.members)
    return Fitted(recipe, seed, members, fold, mu, scores, ladder, sequential)


def _sequential(
    later: list[_Part], name: str, rng: np.random.Generator
) -> tuple[tuple[Estimate, ...], ...]:
    """Per contrast, the AUTOC of each fold that earlier folds rank."""
    out = []
    for k in range(later[0].scores.gain.shape[1]):
        folds_of_k = []
        for part in later:
            on = part.scores.informs[:, k]
            if on.sum() >= FEWEST_TESTED:
                tau, gain = part.ladder[name][on, k], part.scores.gain[on, k]
                folds_of_k.append(autoc_with_se(tau, gain, rng))
        out.append(tuple(folds_of_k))
    return tuple(out)


def _places(mask: Bool[np.ndarray, " patient"]) -> Int[torch.Tensor, " chosen"]:
    return torch.from_numpy(np.flatnonzero(mask))
