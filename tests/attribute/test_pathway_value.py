"""Pathway occlusion and Shapley values against definitions worked out by hand."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from pathgnn.attribute.pathway_value import pathway_occlusion, pathway_shapley
from pathgnn.attribute.predicted import by_fold
from pathgnn.attribute.reference import Compared
from pathgnn.errors import ConfigError
from pathgnn.model.config import ExplainConfig


@pytest.fixture(scope="module")
def who(fitted, nodes):
    return Compared(fitted, nodes, ExplainConfig(), 0)


def _genes_of(who, pathway):
    graph = who.fitted.recipe.graph
    return {int(g) for p, g in zip(*graph.members, strict=True) if p == pathway}


def _value(predicted, genes):
    """Benefit with these genes at the patient's own, all others at the reference."""
    away = torch.tensor([g not in genes for g in range(len(predicted.inputs.z))])
    return predicted.moved(away)


def test_occlusion_is_the_benefit_minus_that_without_the_pathway(who):
    found = pathway_occlusion(who)
    everything = set(range(len(who.nodes.genes)))
    for predicted in by_fold(who):
        for p in range(found.shape[1]):
            wanted = _value(predicted, everything) - _value(
                predicted, everything - _genes_of(who, p)
            )
            assert found[predicted.at.numpy(), p] == pytest.approx(wanted, abs=1e-6)
    assert np.abs(found).max() > 0


def test_shapley_values_sum_to_the_whole_difference(who):
    found = pathway_shapley(who, 2)
    everything = set(range(len(who.nodes.genes)))
    for predicted in by_fold(who):
        at = predicted.at.numpy()
        whole = _value(predicted, everything) - _value(predicted, set())
        assert found.score[at].sum(1) + found.others[at] == pytest.approx(whole, abs=1e-5)


def test_shapley_values_by_random_orders_are_those_of_the_definition(who):
    found = pathway_shapley(who, 8)
    graph = who.fitted.recipe.graph
    n = len(graph.pathways)
    inside = [_genes_of(who, p) for p in range(n)]
    inside.append(set(range(len(graph.genes))) - set().union(*inside))
    predicted = by_fold(who)[0]
    at = predicted.at.numpy()
    for p in range(n):
        others = [q for q in range(n + 1) if q != p]
        exact = np.zeros(len(at))
        for size in range(n + 1):
            # |S|! (n - |S|)! / (n + 1)!, with n + 1 players.
            weight = 1 / ((n + 1) * math.comb(n, size))
            for some in itertools.combinations(others, size):
                before = set().union(*(inside[q] for q in some))
                exact += weight * (
                    _value(predicted, before | inside[p]) - _value(predicted, before)
                )
        error = np.sqrt((found.error[at, p] ** 2).mean())
        assert np.sqrt(((found.score[at, p] - exact) ** 2).mean()) < 3 * error + 1e-6


def test_one_order_is_refused(who):
    with pytest.raises(ConfigError, match="give 2 or more"):
        pathway_shapley(who, 1)


def test_pathways_with_the_same_genes_get_the_same(who):
    # Pathway 0 twice: each of the twins comes first in half of the orders.
    graph = who.fitted.recipe.graph
    twice = graph.members[:, graph.members[0] == 0].copy()
    twice[0] = len(graph.pathways)
    doubled = replace(
        graph,
        pathways=(*graph.pathways, "twin"),
        pathway_ids=(*graph.pathway_ids, "twin"),
        members=np.concatenate([graph.members, twice], 1),
    )
    recipe = who.fitted.recipe._replace(graph=doubled)
    found = pathway_shapley(who._replace(fitted=replace(who.fitted, recipe=recipe)), 12)
    apart = found.score[:, 0] - found.score[:, -1]
    error = np.sqrt(found.error[:, 0] ** 2 + found.error[:, -1] ** 2)
    assert np.sqrt((apart**2).mean()) < 3 * np.sqrt((error**2).mean())
