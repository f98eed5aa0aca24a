"""Cross-fitting: every patient is predicted and scored by models that never saw them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Int

from pathgnn.benefit.estimand import Estimand
from pathgnn.benefit.metrics import Estimate, autoc_with_se
from pathgnn.errors import ConfigError
from pathgnn.graph.graph import PathwayGraph
from pathgnn.graph.nodes import Nodes
from pathgnn.graph.rewire import rewire
from pathgnn.ranks import ALONE, Ranks
from pathgnn.seeds import rng_for, seed_for
from pathgnn.train.checkpoints import NOTHING_KEPT, Checkpoints
from pathgnn.train.fit import Recipe
from pathgnn.train.fitted import Fitted, hash_of
from pathgnn.train.folds import check_groups, check_size, folds, independent_units, tested_folds
from pathgnn.train.half_samples import half_sample_spread
from pathgnn.train.linear import Benefits
from pathgnn.train.nuisance import Nuisances, check_follow_up
from pathgnn.train.over_time import OverTime, average_over_time
from pathgnn.train.part import (
    INNER_FOLDS,
    Member,
    Part,
    fit_part,
    inner_scores,
    join,
    networks,
    places,
    predict_benefit,
    stopped,
)
from pathgnn.train.stack import NETWORK

REWIRED = "network, rewired graph"
# Patients, or groups of them, that a fold needs to have a standard error: with fewer the test calls
# noise significant too often (benchmarks/benefit_null.py).
FEWEST_TESTED = 8

Progress = Callable[[str], None]


def n_steps(n_folds: int, half_samples: int = 0) -> int:
    """How many progress steps `fit` reports."""
    return n_folds * 3 - 2 + n_folds * half_samples


def fit(
    nodes: Nodes,
    recipe: Recipe,
    seed: int,
    progress: Progress = lambda _: None,
    kept: Checkpoints = NOTHING_KEPT,
    ranks: Ranks = ALONE,
) -> Fitted:
    """Cross-fitted networks, baselines and the sequential test.

    Args:
        nodes: The projected cohort.
        recipe: Graph, estimand and settings.
        seed: Decides folds, first weights and dropout.
        progress: Called with a word before each step.
        kept: Where each finished part is kept and taken up again; nothing is without it.
        ranks: Several processes with the same arguments share the work through `kept`, and all
            come back with the same.

    Raises:
        CohortError: too few patients for the folds, or a horizon beyond the follow-up.
        ConfigError: settings that do not fit the cohort, or several processes and no `kept`.
    """
    fold = _fold(nodes, recipe, seed)
    # An encoder knows the true graph; a network on a rewired one starts afresh.
    rewired = rewire(recipe.graph, rng_for(seed, 1), recipe.net.by_mechanism)
    control = recipe._replace(graph=rewired, start=None)
    work = _Work(nodes, recipe, control, fold, seed, kept)
    _share(work, ranks, progress)
    parts: list[Part] = []
    for k in range(recipe.fit.folds):
        progress(f"fold {k + 1}")
        part = work.part(k)
        progress(f"fold {k + 1}, rewired graph")
        parts.append(part._replace(ladder=part.ladder | {REWIRED: work.rewired(k, part)}))
    earlier: list[Part] = []
    for k in tested_folds(nodes, fold, INNER_FOLDS):
        progress(f"sequential test, fold {k + 1}")
        earlier.append(work.earlier(k))
    # The model of all folds but the last is the cross-fitted one.
    fitted = _assemble(parts, [*earlier, parts[-1]], nodes, recipe, fold, seed)
    if nodes.outcome == "survival":
        progress("average benefit over time")
        make = partial(average_over_time, nodes, fold, recipe.fit.scaling)
        over_time = kept.arrays("over-time", lambda: make()._asdict())
        fitted = replace(fitted, over_time=OverTime(**over_time))
    if not recipe.fit.half_samples:
        return fitted
    return replace(fitted, spread=half_sample_spread(fitted, nodes, progress, kept))


def fit_networks(nodes: Nodes, recipe: Recipe, seed: int) -> Fitted:
    """What `fit` gives, without what networks are compared with and without the sequential test.

    The same networks, stacks, folds and scores at less than half the cost: all that attributions
    need. The ladder holds the network and the default prediction alone.

    Raises:
        CohortError, ConfigError: as `fit` does.
    """
    fold = _fold(nodes, recipe, seed)
    parts = [
        fit_part(nodes, fold != k, fold == k, recipe, (seed, k), compared=False)
        for k in range(recipe.fit.folds)
    ]
    return _assemble(parts, [], nodes, recipe, fold, seed)


def fold_scores(nodes: Nodes, fitted: Fitted) -> tuple[Nuisances, ...]:
    """The benefit scores that the networks of each fold were trained on."""
    out = []
    for k in range(fitted.recipe.fit.folds):
        train = nodes.take(places(fitted.fold != k))
        inner = folds(train, INNER_FOLDS, rng_for(fitted.seed, k, 2))
        out.append(inner_scores(train, inner, fitted.recipe))
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
    # All start afresh, the true graph too: an encoder would carry that into its controls.
    recipe = fitted.recipe._replace(graph=graph, start=None)
    members: list[Member] = []
    benefit, mu = np.empty_like(fitted.benefit), np.empty_like(fitted.mu)
    for k, train_scores in enumerate(scores):
        seed = seed_for(fitted.seed, 8, draw)
        stack = fitted.stacks[k] if fitted.stacks else None
        nets = networks(nodes, fitted.fold != k, train_scores, stopped(recipe, stack), (seed, k))
        at = np.flatnonzero(fitted.fold == k)
        benefit[at], mu[at] = predict_benefit(nets, nodes.take(torch.from_numpy(at)), recipe)
        members += nets
    return replace(
        fitted,
        recipe=recipe,
        members=tuple(members),
        mu=mu,
        ladder={NETWORK: benefit},
        sequential={},
        stacks=(),
        spread=None,
    )


class _Work(NamedTuple):
    """The trainings of a cross-fit, each kept when it is finished."""

    nodes: Nodes
    recipe: Recipe
    control: Recipe
    fold: Int[np.ndarray, " patient"]
    seed: int
    kept: Checkpoints

    def part(self, k: int) -> Part:
        """All folds but one, for that one."""
        path = (self.seed, k)
        make = partial(fit_part, self.nodes, self.fold != k, self.fold == k, self.recipe, path)
        return self.kept.part(f"fold-{k}", (self.nodes, self.recipe), make)

    def rewired(self, k: int, part: Part) -> Benefits:
        """The benefit of a fold's patients by networks on the rewired graph."""

        def make() -> dict[str, np.ndarray]:
            again = stopped(self.control, part.stack)
            chosen = self.fold != k
            nets = networks(self.nodes, chosen, part.train_scores, again, (self.seed, k))
            held = self.nodes.take(part.test)
            return {"benefit": predict_benefit(nets, held, self.control)[0]}

        return self.kept.arrays(f"rewired-{k}", make)["benefit"]

    def earlier(self, k: int) -> Part:
        """The folds before one, for that one."""
        path = (self.seed, 100 + k)
        make = partial(fit_part, self.nodes, self.fold < k, self.fold == k, self.recipe, path)
        return self.kept.part(f"earlier-{k}", (self.nodes, self.recipe), make)


def _share(work: _Work, ranks: Ranks, progress: Progress) -> None:
    """Do this process's trainings, and wait for those of the others."""
    if ranks.size == 1 or work.recipe.fit.together:
        return
    if work.kept.folder is None:
        raise ConfigError("several processes share a fit through a folder: give `kept` one")
    n = work.recipe.fit.folds
    earlier = tested_folds(work.nodes, work.fold, INNER_FOLDS)
    # A fold trains on all folds but one, twice; an earlier one on those before it.
    cost = [2.0 * (n - 1)] * n + [float(k) for k in earlier]
    for job in ranks.mine(cost):
        progress(f"training {job + 1}")
        if job < n:
            work.rewired(job, work.part(job))
        else:
            work.earlier(earlier[job - n])
    ranks.wait()


def _fold(nodes: Nodes, recipe: Recipe, seed: int) -> Int[np.ndarray, " patient"]:
    """The fold of every patient, where cohort and settings go together."""
    if nodes.genes != recipe.graph.genes:
        raise ConfigError("the patients are projected on another graph; project them on `graph`")
    check_size(nodes, recipe.fit.folds)
    _check_estimand(nodes, recipe.estimand)
    if recipe.fit.center_sites and not nodes.sites:
        raise ConfigError("`center_sites` needs the column of sites: set `site` in [cohort.beside]")
    fold = folds(nodes, recipe.fit.folds, rng_for(seed, 0))
    # A half of the others is dealt to inner folds, too.
    check_groups(nodes, fold, INNER_FOLDS * (2 if recipe.fit.half_samples else 1))
    check_follow_up(nodes, fold, recipe.estimand.at)
    return fold


def _check_estimand(nodes: Nodes, estimand: Estimand) -> None:
    """A survival estimand is read at a month up to the horizon, others at none."""
    timed = estimand.name in ("months_gained", "survival_gained")
    if timed != (nodes.outcome == "survival"):
        raise ConfigError(f"the estimand {estimand.name} does not fit a {nodes.outcome} outcome")
    if timed and not 0 < estimand.at <= nodes.horizon * (1 + 1e-6):
        raise ConfigError(
            f"the estimand {estimand.name} at month {estimand.at:g} lies outside the cohort's "
            f"horizon of {nodes.horizon:g} months: set the outcome's `horizon`, or `estimand.at`"
        )


def _assemble(
    parts: list[Part],
    later: list[Part],
    nodes: Nodes,
    recipe: Recipe,
    fold: Int[np.ndarray, " patient"],
    seed: int,
) -> Fitted:
    scores = join([(p.test, p.rows, p.scores) for p in parts], nodes)
    mu = np.empty_like(scores.mu)
    ladder = {name: np.empty_like(scores.gain) for name in parts[0].ladder}
    for part in parts:
        mu[part.test] = part.mu
        for name, tau in part.ladder.items():
            ladder[name][part.test] = tau
    rng = rng_for(seed, 4)
    tested = later[0].ladder if later else ()
    units = independent_units(nodes)
    sequential = {name: _sequential(later, name, units, rng) for name in tested}
    members = tuple(member for part in parts for member in part.members)
    stacks = tuple(part.stack for part in parts if part.stack is not None)
    own = hash_of(nodes)
    return Fitted(recipe, seed, members, fold, mu, scores, ladder, sequential, stacks, cohort=own)


def _sequential(
    later: list[Part],
    name: str,
    units: Int[np.ndarray, " patient"],
    rng: np.random.Generator,
) -> tuple[tuple[Estimate, ...], ...]:
    """Per contrast, the AUTOC of each fold that earlier folds rank and that is large enough."""
    out = []
    for k in range(later[0].scores.gain.shape[1]):
        folds_of_k = []
        for part in later:
            on = part.scores.informs[:, k]
            unit = units[part.test.numpy()][on]
            if len(np.unique(unit)) >= FEWEST_TESTED:
                tau, gain = part.ladder[name][on, k], part.scores.gain[on, k]
                folds_of_k.append(autoc_with_se(tau, gain, rng, unit))
        out.append(tuple(folds_of_k))
    return tuple(out)
