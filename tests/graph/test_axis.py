"""Pathway axes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from conftest import ladder_graph
from pytest import approx

from pathgnn.graph.assemble import Sets, assemble
from pathgnn.graph.axis import pathway_axes
from pathgnn.graph.graph import Provenance
from pathgnn.graph.rewire import without_edges


def _graph(edges, members):
    table = pd.DataFrame(edges, columns=["source", "target", "sign"]).assign(mechanism="binding")
    return assemble(table, Provenance("test"), Sets({"PATH": members}))


def _weights(graph):
    return dict(zip(graph.genes, pathway_axes(graph).toarray()[0], strict=True))


def test_two_genes_known_answer():
    # Leading eigenvectors of [[0, 1], [1, 0]] and of [[0, -1], [-1, 0]].
    assert _weights(_graph([("A", "B", 1)], ["A", "B"])) == approx({"A": 0.5, "B": 0.5})
    inhibited = _weights(_graph([("A", "B", -1)], ["A", "B"]))
    assert inhibited["A"] * inhibited["B"] == approx(-0.25)


def test_an_inhibitor_weighs_against_what_it_inhibits():
    got = _weights(_graph([("A", "B", 1), ("B", "C", 1), ("I", "B", -1)], ["A", "B", "C", "I"]))
    assert got["A"] > 0 and got["B"] > 0 and got["C"] > 0 > got["I"]
    assert sum(abs(w) for w in got.values()) == approx(1)


def test_a_gene_without_an_edge_inside_weighs_nothing():
    got = _weights(_graph([("A", "B", 1), ("X", "Y", 1)], ["A", "B", "X"]))
    assert got["X"] == 0


def test_without_edges_it_is_the_mean():
    graph = without_edges(ladder_graph())
    size = np.bincount(graph.members[0])
    assert np.allclose(pathway_axes(graph).sum(1), 1)
    assert pathway_axes(graph).max() == approx(1 / size.min())


@pytest.mark.parametrize("flip", [1, -1])
def test_the_order_of_edges_and_members_does_not_matter(flip):
    edges = [("A", "B", 1), ("B", "C", -1), ("C", "D", 1), ("A", "D", 1)]
    one = _weights(_graph(edges, ["A", "B", "C", "D"]))
    two = _weights(_graph(edges[::flip], ["D", "C", "B", "A"]))
    assert one == approx(two)
