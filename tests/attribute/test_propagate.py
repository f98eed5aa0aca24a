"""Propagated scores know the neighbours, and gain nothing by the graph's shape."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import spearmanr

from pathgnn.attribute.propagate import _spread, _weights, propagated
from pathgnn.graph.from_curated import from_curated
from pathgnn.graph.rewire import without_edges

GRAPH = from_curated()
ALL = np.ones(len(GRAPH.genes), dtype=bool)
PATH = ("EGFR", "GRB2", "SOS1", "KRAS", "BRAF", "MAP2K1", "MAPK1", "FOS")


def _noise(seed=1):
    return np.random.default_rng(seed).exponential(size=len(GRAPH.genes))


def test_high_neighbours_lift_a_gene():
    scores = _noise()
    at = [GRAPH.genes.index(gene) for gene in PATH]
    scores[at[2]] = np.median(scores)
    before = propagated(scores, ALL, GRAPH)
    scores[np.delete(at, 2)] = scores.max()
    after = propagated(scores, ALL, GRAPH)
    assert after[at[2]] > before[at[2]] + 1
    assert spearmanr(np.delete(before, at), np.delete(after, at)).statistic > 0.9


def test_hubs_gain_nothing_where_scores_are_chance():
    degree = np.bincount(GRAPH.edges.ravel(), minlength=len(GRAPH.genes))
    mean = np.mean([propagated(_noise(i), ALL, GRAPH) for i in range(20)], axis=0)
    assert abs(spearmanr(mean, degree).statistic) < 0.1
    assert np.abs(mean).max() < 1


def test_without_edges_the_order_is_that_of_the_scores():
    scores = _noise()
    z = propagated(scores, ALL, without_edges(GRAPH))
    assert spearmanr(z, scores).statistic > 0.99


def test_a_panel_on_one_pathway_does_not_raise_it():
    panel = np.isin(GRAPH.genes, GRAPH.members_of("RTK_RAS_MAPK"))
    mean = np.mean([propagated(_noise(i), panel, GRAPH)[panel] for i in range(40)])
    assert abs(mean) < 0.1


def test_the_scale_is_that_of_scores_dealt_anew():
    scores, measured = _noise() ** 3, _noise(2) > 1
    rng, known = np.random.default_rng(5), np.flatnonzero(measured)
    weight = _weights(GRAPH)
    dealt = np.zeros((len(scores), 4000))
    dealt[known] = rng.permuted(np.tile(scores[known], (4000, 1)), axis=1).T
    chance = _spread(dealt, weight)
    reached = chance.std(1) > 1e-3
    above = _spread(np.where(measured, scores, 0), weight) - chance.mean(1)
    z = above[reached] / chance.std(1)[reached]
    assert np.allclose(propagated(scores, measured, GRAPH)[reached], z, rtol=0.1, atol=0.1)


def test_what_was_not_measured_counts_nothing_and_no_input_is_changed():
    scores, measured = _noise(), _noise(2) > 1
    wild = np.where(measured, scores, 1e6)
    kept = wild.copy()
    one, two = (propagated(x, measured, GRAPH) for x in (scores, wild))
    assert np.array_equal(one, two)
    assert np.array_equal(wild, kept)


def test_the_order_of_genes_does_not_matter():
    scores = np.zeros(len(GRAPH.genes))
    scores[[GRAPH.genes.index(gene) for gene in PATH]] = 1.0
    order = np.random.default_rng(3).permutation(len(GRAPH.genes))
    place = np.argsort(order)
    turned = replace(
        GRAPH,
        genes=tuple(GRAPH.genes[i] for i in order),
        kind=tuple(GRAPH.kind[i] for i in order),
        compartment=tuple(GRAPH.compartment[i] for i in order),
        edges=place[GRAPH.edges],
        members=np.stack([GRAPH.members[0], place[GRAPH.members[1]]]),
    )
    here = propagated(scores, ALL, GRAPH)[order]
    there = propagated(scores[order], ALL, turned)
    assert np.corrcoef(here, there)[0, 1] > 0.999999


@pytest.mark.parametrize("scores", [np.zeros(len(GRAPH.genes)), np.ones(len(GRAPH.genes))])
def test_scores_that_do_not_differ_say_nothing(scores):
    assert np.isnan(propagated(scores, ALL, GRAPH)).all()
