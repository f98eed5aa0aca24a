"""Cascades: the exact optimum against brute force, ends, signs, stability."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import combinations

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_results import cascade_on

from pathgnn.attribute.cascade import cascades
from pathgnn.attribute.drug_targets import drugs_by_gene
from pathgnn.attribute.ends import asked_findings, why_no_cascade
from pathgnn.attribute.explain import explain
from pathgnn.attribute.solve import Terrain, solve, solve_many
from pathgnn.errors import ConfigError
from pathgnn.graph.assemble import Sets, assemble
from pathgnn.graph.graph import Provenance
from pathgnn.model.config import ExplainConfig

CONFIG = ExplainConfig(longest=5, permutations=199)


def _graph(pairs, kinds, signs=None):
    n = len(kinds)
    genes = [f"G{i}" for i in range(n)]
    ends = pd.DataFrame([(genes[u], genes[v]) for u, v in pairs], columns=["source", "target"])
    return assemble(
        ends.assign(sign=signs or 1),
        Provenance("test"),
        Sets({"P": genes[:1]}),
        pd.DataFrame({"symbol": genes, "kind": kinds}),
    )


KINDS = ("receptor", "kinase", "kinase", "transcription_factor", "receptor", "effector")
PAIRS = [(0, 1), (1, 2), (2, 3), (1, 3), (4, 2), (2, 5), (0, 2), (5, 3)]


def _by_hand(terrain, config):
    """Best value over all subsets of edges that the definition allows."""
    graph, best = terrain.graph, 0.0
    for size in range(1, len(PAIRS) + 1):
        for chosen in combinations(range(graph.edges.shape[1]), size):
            g = nx.DiGraph([tuple(map(int, graph.edges[:, e])) for e in chosen])
            starts = [v for v in g if g.in_degree(v) == 0]
            if len(starts) != 1 or not nx.is_directed_acyclic_graph(g):
                continue
            ends_right = all(
                graph.kind[v] in ("transcription_factor", "effector")
                for v in g
                if g.out_degree(v) == 0
            )
            if graph.kind[starts[0]] != "receptor" or not ends_right:
                continue
            best = max(best, terrain.prize[list(g)].sum() - config.edge_cost * size)
    return best


@settings(max_examples=25, deadline=None)
@given(st.lists(st.floats(0.1, 1), min_size=6, max_size=6))
def test_it_is_the_best_of_all_allowed_cascades(prizes):
    terrain = Terrain(_graph(PAIRS, KINDS), np.array(prizes), np.ones(6, dtype=int))
    route = solve(terrain, CONFIG, np.arange(len(PAIRS)))
    assert (route.value if route else 0.0) == pytest.approx(_by_hand(terrain, CONFIG), abs=1e-6)


def test_an_edge_against_the_directions_costs_more():
    # Two routes of equal genes; the inhibiting edge contradicts two genes that both help.
    graph = _graph([(0, 1), (1, 3), (0, 2), (2, 3)], KINDS[:4], [1, -1, 1, 1])
    terrain = Terrain(graph, np.array([1.0, 0.5, 0.5, 1.0]), np.ones(4, dtype=int))
    route = solve(terrain, ExplainConfig(edge_cost=0.4), np.arange(4))
    assert set(route.edges) == {2, 3}


def test_nothing_is_drawn_without_a_receptor_or_a_score():
    no_receptor = _graph([(0, 1)], ("kinase", "transcription_factor"))
    assert (
        solve(Terrain(no_receptor, np.ones(2), np.ones(2, dtype=int)), CONFIG, np.arange(1)) is None
    )
    graph = _graph(PAIRS, KINDS)
    assert solve(Terrain(graph, np.zeros(6), np.ones(6, dtype=int)), CONFIG, np.arange(8)) is None


def test_several_cascades_share_no_edge():
    graph = _graph([(0, 1), (1, 3), (4, 2), (2, 5)], KINDS)
    routes = solve_many(Terrain(graph, np.ones(6), np.ones(6, dtype=int)), CONFIG, 3)
    assert [len(r.edges) for r in routes] == [2, 2]
    assert not set(routes[0].edges) & set(routes[1].edges)


def test_the_planted_chain_comes_back_with_its_signs(fitted, nodes, trial, graph):
    found = explain(
        fitted, nodes, CONFIG.model_copy(update={"longest": 9, "edge_cost": 0.1})
    ).cascades
    assert found
    top = found[0]
    assert len(set(top.genes) & set(trial[1].cascade)) >= 0.7 * len(trial[1].cascade)
    assert top.pathway == "PATH0"
    assert top.kind[0] == "receptor"
    assert all(f >= CONFIG.stable for f in top.frequency)
    order = dict(zip(top.genes, top.order, strict=True))
    assert all(order[u] < order[v] for u, v, _ in top.edges)
    assert 0 < top.p < 0.05


def test_asking_for_no_cascade_gives_none(fitted, nodes):
    assert explain(fitted, nodes, CONFIG.model_copy(update={"cascades": 0})).cascades == ()
    assert cascades.__doc__


LONG = CONFIG.model_copy(update={"longest": 9, "edge_cost": 0.1})


def test_the_user_may_name_both_ends(fitted, nodes):
    chosen = LONG.model_copy(update={"receptors": ("P0G1",), "effectors": ("P0G3",)})
    for cascade in explain(fitted, nodes, chosen).cascades:
        assert cascade.genes[0] == "P0G1"
        last = {v for _, v, _ in cascade.edges} - {u for u, _, _ in cascade.edges}
        assert last <= {"P0G3"}
        assert cascade.kind[0] == "kinase"
    with pytest.raises(ConfigError, match="NOGENE"):
        explain(fitted, nodes, LONG.model_copy(update={"receptors": ("NOGENE",)}))


def test_a_subgroup_and_one_patient_have_cascades_of_the_stable_edges(fitted, nodes):
    explanation = explain(fitted, nodes, LONG)
    rng = np.random.default_rng(0)
    stable = {e for c in explanation.cascades for e in c.edges}
    best = np.argsort(fitted.benefit[:, 0])[-50:]
    for patients in (best, best[-1:]):
        found = cascades(explanation.attribution, fitted, LONG, rng, np.sort(patients))
        assert found
        # One patient has no p.
        assert all(0 < c.p <= 1 if len(patients) > 1 else np.isnan(c.p) for c in found)
        assert len(stable & {e for c in found for e in c.edges}) >= 2


def test_a_patient_who_does_not_tell_of_the_contrast_has_cascades_without_p(fitted, nodes):
    explanation = explain(fitted, nodes, LONG)
    informs = np.zeros_like(fitted.scores.informs)
    silent = replace(fitted, scores=fitted.scores._replace(informs=informs))
    rng, best = np.random.default_rng(0), np.argsort(fitted.benefit[:, 0])[-1:]
    found = cascades(explanation.attribution, silent, LONG, rng, best)
    assert found
    assert all(np.isnan(c.p) for c in found)


def test_approved_drugs_of_a_target_are_named():
    drugs = drugs_by_gene()
    assert "trametinib" in drugs["MAP2K1"]
    assert "pembrolizumab" in drugs["PDCD1"]
    assert "TP53" not in drugs


def test_the_card_names_every_parent_and_claims_no_sign_that_is_not_known():
    cascade = cascade_on(("R", "K", "T"))
    edges = (("R", "K", 0), ("R", "T", -1), ("K", "T", 1))
    card = replace(cascade, edges=edges, frequency=(1.0, 1.0, 1.0)).card()
    assert [row[1] for row in card.rows] == ["", "R acts on", "R inhibits, K activates"]


def _dense(seed, n=50, m=400):
    rng = np.random.default_rng(seed)
    pairs = sorted({tuple(map(int, rng.integers(0, n, 2))) for _ in range(m)})
    pairs = [(u, v) for u, v in pairs if u != v]
    graph = _graph(
        pairs, [KINDS[i % 6] for i in range(n)], rng.choice([-1, 1], len(pairs)).tolist()
    )
    prize = rng.gamma(2, 1, n)
    return Terrain(graph, prize / prize.max(), rng.choice([-1, 1], n))


def test_a_program_too_large_to_be_proven_has_the_same_answer_each_time(monkeypatch):
    terrain = _dense(0)
    edges = np.arange(terrain.graph.edges.shape[1])
    proven = solve(terrain, CONFIG, edges)
    monkeypatch.setattr("pathgnn.attribute.solve.BRANCHES", 1)
    first, again = (solve(terrain, CONFIG, edges) for _ in range(2))
    assert first == again
    assert 0 < first.value <= proven.value + 1e-6


@pytest.mark.parametrize(
    ("kinds", "directed", "cascades_asked", "said"),
    [
        (KINDS, True, 1, ""),
        (KINDS, True, 0, "none was asked for"),
        (KINDS, False, 1, "no edge of the graph has a direction"),
        (("kinase",) * 6, True, 1, "no receptor with an edge out of it .* and no effector"),
        (("receptor",) * 6, True, 1, "holds no effector or transcription factor"),
    ],
)
def test_a_graph_on_which_no_cascade_can_be_says_why(kinds, directed, cascades_asked, said):
    graph = _graph(PAIRS, kinds)
    graph = replace(graph, directed=np.full(len(PAIRS), directed))
    why = why_no_cascade(graph, CONFIG.model_copy(update={"cascades": cascades_asked}))
    assert re.search(said, why) and bool(said) == bool(why)


def test_what_cannot_be_answered_is_refused_before_training(nodes, graph):
    for wrong, said in (
        ({"contrast": "treatd"}, "no arm 'treatd'"),
        ({"receptors": ("NOGENE",)}, "NOGENE"),
        ({"receptors": ("P0G0",), "effectors": ("P0G0", "P0G5")}, "P0G0 stand in"),
    ):
        with pytest.raises(ConfigError, match=said):
            asked_findings(nodes, graph, CONFIG.model_copy(update=wrong))
    assert asked_findings(nodes, graph, CONFIG) == ()
    nowhere = replace(graph, kind=("kinase",) * len(graph.genes))
    (found,) = asked_findings(nodes, nowhere, CONFIG)
    assert (found.severity, "explain.receptors" in found.sentence) == ("warning", True)


def test_without_a_cascade_the_explanation_says_why(fitted, nodes):
    none = explain(fitted, nodes, CONFIG.model_copy(update={"cascades": 0}))
    assert "none was asked for" in none.no_cascade
