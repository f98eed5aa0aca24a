"""What a pathway is worth to each patient's benefit: without it (occlusion), and its fair share."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from pathgnn.attribute.predicted import Predicted, by_fold
from pathgnn.attribute.reference import Compared
from pathgnn.errors import ConfigError
from pathgnn.seeds import rng_for

LEAST_DRAWS = 2


class PathwayShapley(NamedTuple):
    """Shapley values of pathways, in the benefit's unit.

    `score` of every patient, `others` of the genes in no pathway: their sum is the benefit minus
    that of the same patient with all genes at the reference. `error` is the standard error of each
    score from the draws.
    """

    score: Float[np.ndarray, "patient pathway"]
    others: Float[np.ndarray, " patient"]
    error: Float[np.ndarray, "patient pathway"]


def pathway_occlusion(who: Compared) -> Float[np.ndarray, "patient pathway"]:
    """Benefit lost when all genes of a pathway are moved to the reference, in the benefit's unit.

    Says whether the prediction needs a pathway. Parts need not sum to the whole: pathways that
    share genes lose them twice, and those that stand in for each other lose nothing.

    Args:
        who: Cross-fitted networks, their cohort, and the reference.
    """
    member = _members(who)
    out = np.zeros((who.nodes.n_patients, len(member)))
    for predicted in by_fold(who):
        whole = predicted(predicted.inputs.z)
        lost = [whole - predicted.moved(genes) for genes in member]
        out[predicted.at.numpy()] = np.stack(lost, 1)
    return out


def pathway_shapley(who: Compared, draws: int = 8) -> PathwayShapley:
    """Every pathway's average gain over orders in which pathways come in, by random orders.

    A gene comes in with the first of its pathways, so shared genes are shared fairly. Each order is
    also walked backwards, which halves the work for the same error or better. One pass of all
    networks per pathway, order and direction.

    Args:
        who: Cross-fitted networks, their cohort, and the reference.
        draws: Random orders; each is used both ways.

    Raises:
        ConfigError: fewer than two draws, which tell no error.

    Source: Castro, Gomez & Tejada, Comput Oper Res 2009 (random orders); Mitchell et al., JMLR
    2022 (antithetic ones).
    """
    if draws < LEAST_DRAWS:
        raise ConfigError(f"{draws} orders tell no error; give {LEAST_DRAWS} or more")
    member = _members(who)
    # Genes in no pathway come in like a pathway of their own.
    players = torch.cat([member, ~member.any(0, keepdim=True)])
    n_patients = who.nodes.n_patients
    mean, error = np.zeros((2, n_patients, len(players)))
    rng = rng_for(who.fitted.seed, 7, 8)
    orders = [rng.permutation(len(players)) for _ in range(draws)]
    for predicted in by_fold(who):
        each = np.stack([_both_ways(predicted, players, order) for order in orders])
        at = predicted.at.numpy()
        mean[at] = each.mean(0)
        error[at] = each.std(0, ddof=1) / np.sqrt(draws)
    return PathwayShapley(mean[:, :-1], mean[:, -1], error[:, :-1])


def _both_ways(
    predicted: Predicted, players: Bool[Tensor, "player gene"], order: np.ndarray
) -> Float[np.ndarray, "patient player"]:
    there, back = (_walked(predicted, players, way) for way in (order, order[::-1]))
    return np.asarray((there + back) / 2)


def _walked(
    predicted: Predicted, players: Bool[Tensor, "player gene"], order: np.ndarray
) -> Float[np.ndarray, "patient player"]:
    """What each player adds when it comes in after those before it."""
    away = torch.ones(players.shape[1], dtype=torch.bool)
    before = predicted.moved(away)
    gain = np.zeros((len(before), len(players)))
    for player in order:
        away = away & ~players[player]
        after = predicted.moved(away)
        gain[:, player], before = after - before, after
    return gain


def _members(who: Compared) -> Bool[Tensor, "pathway gene"]:
    graph = who.fitted.recipe.graph
    member = torch.zeros(len(graph.pathways), len(graph.genes), dtype=torch.bool)
    member[tuple(torch.as_tensor(ends) for ends in graph.members)] = True
    return member
