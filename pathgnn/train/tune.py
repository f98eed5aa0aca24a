"""Tuning: settings tried on inner folds, judged by doubly robust risk on held-out patients."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import optuna
import torch
from jaxtyping import Bool, Int

from pathgnn.errors import ConfigError
from pathgnn.graph.graph import PathwayGraph
from pathgnn.graph.nodes import Nodes
from pathgnn.seeds import seed_for
from pathgnn.train.bundle import versions
from pathgnn.train.fit import Recipe
from pathgnn.train.guard import Guard, guard_of
from pathgnn.train.part import Learned, Predicted, learn, places, predict_part
from pathgnn.train.pruner import pruner_of
from pathgnn.train.risk import Judge, average_risk, by_block, judge_of, losses, reserve
from pathgnn.train.search_space import (
    GRAPH,
    OWN,
    PATHWAYS,
    Values,
    own_values,
    points,
    space_of,
    with_values,
)
from pathgnn.train.sweep_config import SweepConfig
from pathgnn.train.trial_store import Store, open_store, storage_errors
from pathgnn.train.trials import Objective, Report, Search, work
from pathgnn.train.tried import OBJECTIVES, Tried, risk_at, tried

# Key of a random stream that nothing else uses.
PARTS = 34
# Kept of the whole sweep: what it belongs to, and what the numbers are compared with.
STAMP, AVERAGE = "stamp", "risk of the average effect"
DIRECTIONS: Mapping[str, str] = {"risk": "minimize", "stability": "maximize"}


class Layout(NamedTuple):
    """The patients on one graph with its pathways."""

    graph: PathwayGraph
    nodes: Nodes


# By the names of graph and pathways, each "study" for the study's own.
Layouts = Mapping[tuple[str, str], Layout]


class HeldOut(NamedTuple):
    """What one fold's training learned, and what it says of the patients it never saw."""

    learned: Learned
    predicted: Predicted
    at: Int[torch.Tensor, " patient"]


# From the folds of a trial to a value that is asked for beside the risk.
Measure = Callable[[Sequence[HeldOut], Judge, Nodes, Recipe], float]


class Job(NamedTuple):
    """What a worker needs for any trial; `layouts` hold the patients that a sweep may see."""

    layouts: Layouts
    recipe: Recipe
    config: SweepConfig
    seed: int
    judge: Judge
    measures: Mapping[str, Measure]

    @property
    def nodes(self) -> Nodes:
        """The patients on the study's own graph."""
        return self.layouts[OWN, OWN].nodes


class Tuned(NamedTuple):
    """The chosen settings, and how they were found: the recipe's own unless one is clearly better.

    `guard` says why; `least` has the settings of least risk, clearly better or not. `risk` made the
    choice, so it is too good by now and is no estimate of anything. `reserved` patients had no part
    in it: `verify` asks them.
    """

    recipe: Recipe
    least: Recipe
    settings: Values
    risk: float
    own_risk: float
    average_risk: float
    trials: tuple[Tried, ...]
    reserved: Bool[np.ndarray, " patient"]
    seed: int
    guard: Guard


def tune(
    nodes: Nodes,
    recipe: Recipe,
    config: SweepConfig | None = None,
    seed: int = 0,
    name: str = "sweep",
    layouts: Layouts | None = None,
) -> Tuned:
    """Settings of less doubly robust risk on inner folds, in this process; if none, the recipe's.

    The risk is that of the default prediction, of patients that it never saw, against scores of
    nuisances that never saw them. It ranks settings, and the least of many is often chance: `guard`
    keeps the recipe's own unless a trial is clearly better. Outcomes of all these patients made the
    choice, so nothing that is measured on them afterwards, cross-fitted or not, is a valid test of
    the winner: that is what the `reserved` patients are for, with `verify`.

    Args:
        nodes: The projected cohort; the reserved share of it is set aside first.
        recipe: The settings to start from, which are the first trial.
        config: What is tuned and how; without `storage` nothing is kept.
        seed: Decides reserved patients, folds, first weights and proposals.
        name: Name of the study in the storage; an interrupted sweep goes on there.
        layouts: The same patients on the graphs and collections that `config` names.

    Raises:
        ConfigError: an unknown setting, or a storage with a sweep of other data or settings.
        CohortError: too few patients.
    """
    config = config or SweepConfig()
    if "stability" in config.objectives:
        raise ConfigError("stability needs explanations: use `pathgnn sweep`, or `run_sweep`")
    everyone = layouts or {(OWN, OWN): Layout(recipe.graph, nodes)}
    reserved = reserve(nodes, config.reserved, seed)
    job = job_of(everyone, recipe, config, seed, reserved)
    store = store_of(job, config.storage, name)
    with storage_errors(config.storage):
        work(store, search_of(job), objective_of(job))
    return tuned_of(store, job, reserved)


def job_of(
    everyone: Layouts,
    recipe: Recipe,
    config: SweepConfig,
    seed: int,
    reserved: Bool[np.ndarray, " patient"],
    measures: Mapping[str, Measure] | None = None,
) -> Job:
    """The job of a sweep on the patients that are not reserved."""
    _check_layouts(everyone, config)
    seen = places(~reserved)
    layouts = {key: Layout(one.graph, one.nodes.take(seen)) for key, one in everyone.items()}
    judge = judge_of(layouts[OWN, OWN].nodes, recipe, config.folds, seed)
    return Job(layouts, recipe, config, seed, judge, measures or {})


def store_of(job: Job, where: str, name: str) -> Store:
    """The sweep's study in a storage, checked or stamped.

    Raises:
        ConfigError: it belongs to other data, settings or versions.
    """
    config, stamp = job.config, stamp_of(job)
    directions = tuple(DIRECTIONS[o] for o in config.objectives)
    store = open_store(where, name, directions, None, pruner_of(config.pruner))
    with storage_errors(where):
        found = store.study.user_attrs.get(STAMP)
        if found is None and not store.trials():
            store.study.set_user_attr(AVERAGE, average_risk(job.nodes, job.judge))
            store.study.set_user_attr(OBJECTIVES, list(config.objectives))
            store.study.set_user_attr(STAMP, stamp)
        elif found != stamp:
            raise ConfigError(
                f"the storage holds a sweep {name!r} of other data, settings or versions; give "
                "this one another --name, or another storage"
            )
    return store


def search_of(job: Job) -> Search:
    """What is searched, and how settings are proposed."""
    config = job.config
    space = space_of(config, job.recipe)
    planned = points(space, config, own_values(space, job.recipe), job.seed)
    alone = config.pruner == "reference" and len(config.objectives) == 1
    sampler = partial(_sampler, config.sampler, config.trials)
    return Search(space, planned, job.seed, sampler, alone)


def objective_of(job: Job) -> Objective:
    """From settings to risk and what else is asked, by fold; given up where a fold says so."""
    n_folds, fold = job.judge.n_folds, job.judge.fold

    def objective(values: Values, report: Report) -> tuple[float, ...] | None:
        recipe, nodes = chosen_of(job.layouts, job.recipe, values)
        total, weight = 0.0, 0.0
        held: list[HeldOut] = []
        for k in range(n_folds):
            learned = learn(nodes, fold != k, recipe, (seed_for(job.seed, PARTS), k))
            at = places(fold == k)
            predicted = predict_part(learned, nodes.take(at), recipe)
            tau = np.full_like(job.judge.scores.gain, np.nan)
            tau[at] = predicted.default
            lost = losses(job.nodes, job.judge.scores, tau, fold == k)
            total, weight = total + lost.loss @ lost.weight, weight + lost.weight.sum()
            held.append(HeldOut(learned, predicted, at))
            by = by_block(lost, job.judge).tolist()
            if report(k, float(total / weight), by) and k + 1 < n_folds:
                return None
        risk = float(total / weight)
        return tuple(
            risk if name == "risk" else job.measures[name](held, job.judge, nodes, recipe)
            for name in job.config.objectives
        )

    return objective


def chosen_of(layouts: Layouts, recipe: Recipe, values: Values) -> tuple[Recipe, Nodes]:
    """The recipe with a trial's settings, and the patients on its graph."""
    layout = layouts[str(values.get(GRAPH, OWN)), str(values.get(PATHWAYS, OWN))]
    return with_values(recipe, values)._replace(graph=layout.graph), layout.nodes


def tuned_of(store: Store, job: Job, reserved: Bool[np.ndarray, " patient"]) -> Tuned:
    """What a sweep ends with.

    Raises:
        ConfigError: the trial of the study's own settings is not complete.
    """
    trials, at = tried(store), risk_at(store)
    guard = guard_of(trials, job.config.level, job.seed)
    recipe, least = (
        chosen_of(job.layouts, job.recipe, t.settings)[0] for t in (guard.chosen, guard.least)
    )
    return Tuned(
        recipe=recipe,
        least=least,
        settings=guard.chosen.settings,
        risk=guard.chosen.values[at],
        own_risk=guard.own.values[at],
        average_risk=float(store.study.user_attrs[AVERAGE]),
        trials=trials,
        reserved=reserved,
        seed=job.seed,
        guard=guard,
    )


def stamp_of(job: Job) -> str:
    """Names all that decides a trial: data, settings, versions, seed; not how many trials."""
    config = job.config.model_dump_json(exclude={"trials", "storage", "chosen", "level"})
    words = [config, job.recipe.net.model_dump_json(), job.recipe.fit.model_dump_json()]
    words += [json.dumps(versions(), sort_keys=True), str(job.recipe.estimand), str(job.seed)]
    digest = hashlib.sha256("\n".join(words).encode())
    own = job.nodes
    design = (own.outcome, own.horizon, own.randomised, own.crossover, own.has_competing)
    names = (own.modalities, own.kinds, own.covariates, own.arms)
    digest.update(json.dumps([design, names]).encode())
    data = [own.clinical, own.clinical_seen, own.arm, own.value, own.event, own.competing]
    data += [own.propensity, own.stratum, own.patient_of, own.group, own.site]
    for key, layout in sorted(job.layouts.items()):
        digest.update(f"{key} {layout.graph.sha256}".encode())
        data += [layout.nodes.x, layout.nodes.seen]
    # No score: what is computed may differ in its last digit between machines.
    for part in [*(tensor.numpy() for tensor in data), job.judge.fold]:
        digest.update(np.ascontiguousarray(part).tobytes())
    return digest.hexdigest()


def _sampler(name: str, trials: int, seed: int) -> Any:
    if name == "tpe":
        return optuna.samplers.TPESampler(seed=seed, constant_liar=True)
    if name == "nsga2":
        return optuna.samplers.NSGAIISampler(seed=seed, population_size=max(4, trials // 5))
    return optuna.samplers.RandomSampler(seed=seed)


def _check_layouts(layouts: Layouts, config: SweepConfig) -> None:
    graphs, collections = (OWN, *config.graphs), (OWN, *config.collections)
    lacking = [(g, c) for g in graphs for c in collections if (g, c) not in layouts]
    if lacking:
        raise ConfigError(f"sweep: no patients are laid on {lacking[0]}; pass it in `layouts`")
    own = layouts[OWN, OWN].nodes
    for key, one in layouts.items():
        if one.nodes.patients != own.patients:
            raise ConfigError(f"sweep: the graph {key} holds other patients than the study's own")
