"""Value of every subset of omics for benefit and for prognosis, cross-fitted on fixed scores."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Literal, NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int
from lifelines.utils import concordance_index
from sklearn.metrics import roc_auc_score

from pathgnn.benefit.metrics import autoc
from pathgnn.benefit.shapley import Cheapest, Coalition, cheapest, coalitions, shapley
from pathgnn.benefit.units import bootstrap
from pathgnn.errors import ConfigError
from pathgnn.graph.nodes import Nodes
from pathgnn.model.scales import learned_scales
from pathgnn.seeds import rng_for, seed_for
from pathgnn.train.fit import Recipe, fit_network
from pathgnn.train.folds import check_size, folds, independent_units
from pathgnn.train.linear import Benefits, LinearTask, combine, ridge_by_arm, ridge_genes
from pathgnn.train.linear_outcome import GENES, OutcomeTask, linear_outcomes
from pathgnn.train.nuisance import Nuisances, check_follow_up, fit_nuisances
from pathgnn.train.outcome import one_arm
from pathgnn.train.part import INNER_FOLDS, inner_scores, join, places

CLINICAL = "clinical"
PROGNOSIS = "prognosis"
MOST_PLAYERS = 6
NOTHING = {"survival": 0.5, "binary": 0.5, "continuous": 0.0}

Learner = Literal["linear", "network"]


class Worth(NamedTuple):
    """One metric: of every subset its value and error, of every omic its Shapley value.

    `share` is a player's Shapley value, then the ends of its 95 % interval, over draws of
    patients; given the models, which are not trained again.
    """

    metric: str
    value: Mapping[Coalition, float]
    se: Mapping[Coalition, float]
    share: Mapping[str, tuple[float, float, float]]
    cheapest: Cheapest


class _Fold(NamedTuple):
    train: Nodes
    test: Nodes
    at: Int[np.ndarray, " patient"]
    train_scores: Nuisances


class _Predicted(NamedTuple):
    benefit: Benefits
    outlook: Float[np.ndarray, " patient"]


def modality_value(
    nodes: Nodes,
    recipe: Recipe,
    seed: int,
    cost: Mapping[str, float] | None = None,
    learner: Learner = "linear",
    progress: Callable[[str], None] = lambda _: None,
) -> tuple[Worth, ...]:
    """Worth of the omics and the clinical block: AUTOC of each arm, and prognosis.

    Every subset is predicted by models trained on it alone, the others unseen, and judged on the
    same patients, folds and doubly robust scores, which are learned from all inputs. Prognosis is
    Harrell's C, the AUC, or the squared correlation (signed); none in a crossover.

    Args:
        nodes: The cohort.
        recipe: Graph, estimand and settings.
        seed: Decides folds, first weights and draws.
        cost: Of each omic and of "clinical"; 1 where it is not named.
        learner: "linear", the mean of two ridges; "network" trains one per subset and fold.
        progress: Called with a word before each subset.

    Raises:
        ConfigError: more than six players, or a cost of something else.
        CohortError: too few patients for the folds, or a horizon beyond the follow-up.
    """
    players = players_of(nodes)
    prices = _prices(players, cost or {})
    check_size(nodes, recipe.fit.folds)
    fold = folds(nodes, recipe.fit.folds, rng_for(seed, 0))
    check_follow_up(nodes, fold, recipe.estimand.at)
    parts, scores = _folds(nodes, fold, recipe, seed)
    found: dict[Coalition, _Predicted] = {}
    for subset in coalitions(players):
        progress(" + ".join(sorted(subset)) or "nothing")
        if subset:
            found[subset] = _predicted(subset, parts, recipe, (seed, len(found)), learner)
    metrics = _metrics(nodes, scores)
    return tuple(
        _worth(name, metric, found, (players, prices), _drawn(nodes, rng_for(seed, 17, i)))
        for i, (name, metric) in enumerate(metrics.items())
    )


def _drawn(nodes: Nodes, rng: np.random.Generator) -> list[Int[np.ndarray, " drawn"]]:
    """Everybody, then draws of the bootstrap."""
    return [
        np.arange(nodes.n_patients),
        *bootstrap(nodes.n_patients, rng, independent_units(nodes)),
    ]


def players_of(nodes: Nodes) -> tuple[str, ...]:
    """The omics, and the clinical block where there is one.

    Raises:
        ConfigError: more than six: all subsets of them would be too many.
    """
    players = (*nodes.modalities, *((CLINICAL,) if nodes.covariates else ()))
    if len(players) > MOST_PLAYERS:
        raise ConfigError(
            f"{len(players)} omics and blocks have {2 ** len(players)} subsets; keep the "
            f"{MOST_PLAYERS} that are in question in [cohort.omics]"
        )
    return players


def only(nodes: Nodes, subset: Coalition) -> Nodes:
    """The same patients with some of their inputs; the others count as unseen."""
    out = [m for m, name in enumerate(nodes.modalities) if name not in subset]
    seen = nodes.seen.clone()
    seen[:, :, out] = False
    nodes = replace(nodes, seen=seen, x=nodes.x * seen)
    if CLINICAL in subset:
        return nodes
    clinical_seen = torch.zeros_like(nodes.clinical_seen)
    return replace(nodes, clinical_seen=clinical_seen, clinical=nodes.clinical * clinical_seen)


def _prices(players: tuple[str, ...], cost: Mapping[str, float]) -> dict[str, float]:
    strange = [name for name in cost if name not in players]
    if strange:
        raise ConfigError(f"no omic {strange[0]!r} to give a cost; there are {', '.join(players)}")
    return {name: cost.get(name, 1.0) for name in players}


def _folds(
    nodes: Nodes, fold: Int[np.ndarray, " patient"], recipe: Recipe, seed: int
) -> tuple[list[_Fold], Nuisances]:
    """Training scores of every fold, and the scores that all subsets are judged by."""
    parts, joined = [], []
    for k in range(recipe.fit.folds):
        train, test = nodes.take(places(fold != k)), nodes.take(places(fold == k))
        inner = folds(train, INNER_FOLDS, rng_for(seed, k, 2))
        parts.append(
            _Fold(train, test, np.flatnonzero(fold == k), inner_scores(train, inner, recipe))
        )
        rows = np.flatnonzero((fold == k)[nodes.patient_of.numpy()])
        scores = fit_nuisances(train, test, recipe.fit.scaling, recipe.estimand)
        joined.append((places(fold == k), rows, scores))
    return parts, join(joined, nodes)


def _predicted(
    subset: Coalition,
    parts: list[_Fold],
    recipe: Recipe,
    path: tuple[int, int],
    learner: Learner,
) -> _Predicted:
    n = sum(len(part.at) for part in parts)
    benefit = np.empty((n, parts[0].train_scores.gain.shape[1]))
    outlook = np.zeros(n)
    for k, part in enumerate(parts):
        train, test = only(part.train, subset), only(part.test, subset)
        scales = learned_scales(train, recipe.fit.scaling)
        if learner == "network":
            net = fit_network(train, part.train_scores, recipe, seed_for(*path, k)).net
            tau = recipe.estimand(net.predict(test))
        else:
            task = LinearTask(train, part.train_scores, recipe.graph, scales)
            each = [ridge_by_arm(task), ridge_genes(task)]
            tau = combine(each, np.array([0.5, 0.5]))(scales(test))
        benefit[part.at] = tau.double().numpy()
        if not train.crossover:
            alone = one_arm(train)
            inner = folds(alone, INNER_FOLDS, rng_for(*path, k, 2))
            effects = linear_outcomes(OutcomeTask(alone, inner, recipe.graph, scales), (GENES,))
            outlook[part.at] = effects[GENES](scales(test)).numpy()
    return _Predicted(benefit, outlook)


Metric = Callable[[_Predicted | None, Int[np.ndarray, " drawn"]], float]


def _metrics(nodes: Nodes, scores: Nuisances) -> dict[str, Metric]:
    """Name -> metric of a subset's predictions for some patients; no subset, no predictions."""
    out: dict[str, Metric] = {}
    for k, arm in enumerate(nodes.arms[1:]):
        out[f"AUTOC, {arm}"] = _autoc_of(scores, k)
    if nodes.crossover:
        return out
    order = torch.argsort(nodes.patient_of)
    value, event = nodes.value[order].double().numpy(), nodes.event[order].numpy()
    kind = nodes.outcome

    def prognosis(found: _Predicted | None, at: Int[np.ndarray, " drawn"]) -> float:
        score = np.zeros(len(at)) if found is None else found.outlook[at]
        if np.ptp(score) < 1e-12:
            return NOTHING[kind]
        if kind == "survival":
            # Without an event before somebody's time no two patients can be compared.
            comparable = bool((event[at] & (value[at] < value[at].max())).any())
            c = concordance_index(value[at], score, event[at]) if comparable else NOTHING[kind]
            return float(c)
        if kind == "binary":
            return float(roc_auc_score(value[at], score)) if np.ptp(value[at]) else NOTHING[kind]
        r = float(np.corrcoef(value[at], score)[0, 1])
        return r * abs(r)

    return out | {PROGNOSIS: prognosis}


def _autoc_of(scores: Nuisances, k: int) -> Metric:
    def metric(found: _Predicted | None, at: Int[np.ndarray, " drawn"]) -> float:
        at = at[scores.informs[at, k]]
        return 0.0 if found is None else autoc(found.benefit[at, k], scores.gain[at, k])

    return metric


def _worth(
    name: str,
    metric: Metric,
    found: Mapping[Coalition, _Predicted],
    market: tuple[tuple[str, ...], Mapping[str, float]],
    drawn: Sequence[Int[np.ndarray, " drawn"]],
) -> Worth:
    players, prices = market
    subsets = coalitions(players)
    each = {s: np.array([metric(found.get(s), at) for at in drawn]) for s in subsets}
    value = {s: float(v[0]) for s, v in each.items()}
    draws = {s: v[1:] for s, v in each.items()}
    shares = shapley(players, each)
    limits = {p: np.quantile(v[1:], (0.025, 0.975)) for p, v in shares.items()}
    return Worth(
        name,
        value,
        {s: float(v.std(ddof=1)) for s, v in draws.items()},
        {p: (float(v[0]), float(limits[p][0]), float(limits[p][1])) for p, v in shares.items()},
        cheapest(value, draws, prices),
    )
