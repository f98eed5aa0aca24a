"""Trials without heterogeneity: how often does the sequential test say there is some?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from record import bar
from scipy import stats

from pathgnn import simulate
from pathgnn.benefit.estimand import mean_gained
from pathgnn.benefit.metrics import autoc_with_se, sequential_test
from pathgnn.cohort.mechanism import Mechanism
from pathgnn.cohort.simulation import Simulation
from pathgnn.graph.from_curated import from_curated
from pathgnn.graph.nodes import Nodes
from pathgnn.graph.project import project
from pathgnn.model.config import FitConfig, NetConfig
from pathgnn.model.scales import Scaling, learned_scales
from pathgnn.seeds import rng_for
from pathgnn.train.crossfit import FEWEST_TESTED, fit
from pathgnn.train.fit import Recipe
from pathgnn.train.folds import folds
from pathgnn.train.linear import LinearTask, ridge_genes
from pathgnn.train.nuisance import fit_nuisances
from pathgnn.train.part import INNER_FOLDS, inner_scores, places
from pathgnn.train.stack import NETWORK

LINEAR_TRIALS, WHOLE_TRIALS, N_PATIENTS, N_FOLDS = 300, 20, 500, 5
BATCH = 20
# Groups in each of four folds, of four patients each, and how many trials of them.
UNITS, GROUPED_FOLDS, GROUP, GROUPED_TRIALS = (5, 8, 12), 4, 4, 400
# About thirty genes.
PATHWAYS = ("TGF_BETA", "NOTCH")
QUICK = FitConfig(folds=3, members=1)


def cases(quick: bool) -> list[str]:
    """Batches of trials, by the learner."""
    if quick:
        return ["ridge 0"]
    ridge = [f"ridge {i}" for i in range(LINEAR_TRIALS // BATCH)]
    whole = [f"whole {i}" for i in range(WHOLE_TRIALS // 5)]
    return [*ridge, *whole, *(f"grouped {n}" for n in UNITS)]


def run(case: str, shared: Path, quick: bool) -> list[dict[str, Any]]:
    """p of the sequential test in each trial, and the p that pooled ranks would have given."""
    learner, batch = case.split()
    if learner == "grouped":
        return [_grouped_trial(int(batch), i) for i in range(GROUPED_TRIALS)]
    size = 2 if quick else BATCH if learner == "ridge" else 5
    return [_trial(learner, int(batch) * size + i) for i in range(size)]


def recorded(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """All of them, but of grouped noise the shares alone."""
    each = [row for row in rows if "groups" not in row]
    for n in sorted({row["groups"] for row in rows if "groups" in row}):
        told = [row for row in rows if row.get("groups") == n]
        shares = {key: float(np.mean([r[key] < 0.05 for r in told])) for key in ("p", "p_alone")}
        each.append({"learner": told[0]["learner"], "trials": len(told), **shares})
    return each


def bars(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rejections at 5 %, with their exact binomial interval."""
    out = []
    # Folds of fewer groups are not tested.
    grouped = dict.fromkeys(r["learner"] for r in rows if r.get("groups", 0) >= FEWEST_TESTED)
    for learner in ("ridge", "stacked", NETWORK, *grouped):
        p = [row["p"] for row in rows if row["learner"] == learner]
        if not p:
            continue
        rejected = int(np.sum(np.array(p) < 0.05))
        low, high = stats.binomtest(rejected, len(p)).proportion_ci()
        share = rejected / len(p)
        name = f"null: share rejected by the sequential test, {learner}, {len(p)} trials"
        met = low <= 0.09 if learner in ("stacked", NETWORK) else 0.02 <= share <= 0.09
        out.append(bar(name, share, ".02 to .09", met, low=float(low), high=float(high)))
    return out


def _trial(learner: str, number: int) -> list[dict[str, Any]] | dict[str, Any]:
    graph = from_curated()
    graph = graph.restrict({g for p in PATHWAYS for g in graph.members_of(p)})
    settings = Simulation(
        n_patients=N_PATIENTS if learner == "ridge" else 300,
        seed=1000 + number,
        mechanism=Mechanism(mean_benefit=0.5, sd_benefit=0.0),
    )
    nodes = project(simulate(graph, settings).cohort, graph)
    recipe = Recipe(graph, mean_gained(), NetConfig(), QUICK)
    if learner == "ridge":
        return {"learner": "ridge", "trial": number} | _ridge_trial(nodes, recipe, number)
    fitted = fit(nodes, recipe, number)
    test = sequential_test(list(fitted.sequential[fitted.default][0]))
    return {"learner": fitted.default, "trial": number, "p": test.p, "p_pooled": None}


def _grouped_trial(n_groups: int, number: int) -> dict[str, Any]:
    """A ranking and gains that patients of a group share for the most part, without relation.

    `p_alone` is that of a test which takes patients for independent.
    """
    rng = rng_for(number, 4, n_groups)
    group = np.repeat(np.arange(n_groups), GROUP)
    by_group, alone = [], []
    for _ in range(GROUPED_FOLDS):
        rank, shared = rng.normal(size=(2, n_groups))[:, group]
        gain = shared + 0.3 * rng.normal(size=len(group))
        by_group.append(autoc_with_se(rank, gain, rng, group))
        alone.append(autoc_with_se(rank, gain, rng))
    tests = (sequential_test(one).p for one in (by_group, alone))
    learner = f"noise of {n_groups} groups of {GROUP} a fold"
    return {
        "learner": learner,
        "groups": n_groups,
        **dict(zip(("p", "p_alone"), tests, strict=True)),
    }


def _ridge_trial(nodes: Nodes, recipe: Recipe, seed: int) -> dict[str, Any]:
    """Ridge on scores in place of network and stack: the same folds, scores and tests."""
    fold, later = folds(nodes, N_FOLDS, rng_for(seed, 0)), []
    tau, gain = np.empty(nodes.n_patients), np.empty(nodes.n_patients)
    for k in range(N_FOLDS):
        at = np.flatnonzero(fold == k)
        tau[at], gain[at] = _ranked(nodes, fold != k, fold == k, recipe, seed)
        if k:
            ranked = _ranked(nodes, fold < k, fold == k, recipe, seed)
            later.append(autoc_with_se(*ranked, rng_for(seed, 1, k)))
    pooled = autoc_with_se(tau, gain, rng_for(seed, 2))
    p_pooled = float(2 * stats.norm.sf(abs(pooled.value / pooled.se)))
    return {"p": sequential_test(later).p, "p_pooled": p_pooled}


def _ranked(
    nodes: Nodes, is_train: np.ndarray, is_test: np.ndarray, recipe: Recipe, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Predicted benefit of the test patients, and their scores."""
    train, test = nodes.take(places(is_train)), nodes.take(places(is_test))
    scores = inner_scores(train, folds(train, INNER_FOLDS, rng_for(seed, 3)), recipe)
    scales = learned_scales(train, Scaling())
    effect = ridge_genes(LinearTask(train, scores, recipe.graph, scales))
    return effect(scales(test)).double().numpy()[:, 0], fit_nuisances(train, test).gain[:, 0]
