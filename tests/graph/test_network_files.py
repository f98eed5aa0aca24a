"""Files of network programs (SIF, GraphML, CX2): known answers, round trips, what is refused."""

from __future__ import annotations

import json
from dataclasses import replace

import networkx as nx
import numpy as np
import pytest
from graph_strategies import fields, same
from hypothesis import given, settings
from pytest import approx
from reader_cases import (
    CX2,
    GRAPHML,
    SIF,
    edges_of,
    written,
)

from pathgnn.errors import GraphError
from pathgnn.graph.as_cx2 import to_cx2
from pathgnn.graph.as_networkx import from_networkx, to_networkx
from pathgnn.graph.as_sif import to_sif
from pathgnn.graph.from_cx2 import from_cx2
from pathgnn.graph.from_graphml import from_graphml
from pathgnn.graph.from_sif import from_sif, meaning_of
from pathgnn.graph.graph import PathwayGraph


def test_sif_known_answer(tmp_path):
    graph = from_sif(written(tmp_path, SIF))
    expected = {
        ("A", "B"): (1, True, ""),
        ("A", "C"): (1, True, ""),
        ("B", "C"): (-1, True, ""),
        ("C", "D"): (0, False, "binding"),
        ("A", "D"): (0, False, "wonders"),
        ("B", "E"): (0, True, "transcription"),
    }
    assert edges_of(graph) == expected
    assert "LONE" in graph.genes
    assert edges_of(from_sif(written(tmp_path, SIF.replace(" ", "\t")))) == expected
    with pytest.raises(GraphError, match="line 2: 'A activates' has no target"):
        from_sif(written(tmp_path, "A pp B\nA activates\n"))


def test_relation_words_mean_what_they_say():
    assert meaning_of("Up-regulates").sign == meaning_of("STIMULATION").sign == 1
    assert meaning_of("down_regulates").sign == meaning_of("represses").sign == -1
    assert meaning_of("upstream").sign == meaning_of("downstream-of").sign == 0


@pytest.mark.parametrize(
    ("words", "meaning"),
    [
        (("increases", "stimulates", "Indirect-activation", "indirect activation"), (1, True, "")),
        (("inactivates", "deactivates", "suppresses", "blocks", "represses"), (-1, True, "")),
        (("decreases", "indirect_inhibition", "-1.0"), (-1, True, "")),
        (("transcriptional activation", "transcriptional_activation"), (1, True, "transcription")),
        (("transcriptional repression",), (-1, True, "transcription")),
        (("degrades",), (-1, True, "degradation")),
        (("phosphorylates",), (0, True, "phosphorylation")),
        (("binds", "binds to", "Binding"), (0, False, "binding")),
        (("acts_on",), (0, True, "")),
    ],
)
def test_words_whose_meaning_is_certain_are_known(words, meaning):
    assert {word: meaning_of(word) for word in words} == dict.fromkeys(words, meaning)


@pytest.mark.parametrize(
    "word", ["activated-by", "down-regulated by", "suppressive genetic interaction", "blocked", "_"]
)
def test_words_that_say_something_else_give_no_sign(word):
    assert meaning_of(word) == (0, False, word)


@pytest.mark.parametrize(
    ("word", "sign"), [("1", 1), ("+", 1), ("->", 1), ("-1", -1), ("-|", -1), ("--|", -1)]
)
def test_signs_of_causal_programs_are_signs(tmp_path, word, sign):
    graph = from_sif(written(tmp_path, f"PTEN\t{word}\tAKT1\n"))
    assert edges_of(graph) == {("PTEN", "AKT1"): (sign, True, "")}


def test_sif_round_trip(tmp_path, graph):
    to_sif(graph, tmp_path / "a.sif")
    again = from_sif(tmp_path / "a.sif")
    assert set(again.genes) == set(graph.genes)
    bare = {ends: (sign, directed, "") for ends, (sign, directed, _) in edges_of(graph).items()}
    assert edges_of(again) == bare


def test_graphml_known_answer_and_round_trip(tmp_path, graph):
    small = from_graphml(written(tmp_path, GRAPHML))
    assert edges_of(small) == {("EGFR", "GRB2"): (1, True, "")}
    assert small.sources == ("file.txt",)
    nx.write_graphml(to_networkx(graph), tmp_path / "a.graphml")
    same(from_graphml(tmp_path / "a.graphml"), graph)
    twice = GRAPHML.replace("</graph>", '<edge source="n0" target="n1"/></graph>', 1)
    with pytest.raises(GraphError, match="multigraph"):
        from_graphml(written(tmp_path, twice))


def test_graphml_of_cytoscape_says_the_sign_in_the_interaction(tmp_path):
    nets = nx.DiGraph([("A", "B", {"interaction": "inhibits"}), ("B", "C", {"interaction": "pp"})])
    nx.write_graphml(nets, tmp_path / "a.graphml")
    edges = edges_of(from_graphml(tmp_path / "a.graphml"))
    assert edges == {("A", "B"): (-1, True, ""), ("B", "C"): (0, True, "binding")}


@pytest.mark.parametrize("wrong", [{"sign": 0.5}, {"sign": float("inf")}, {"confidence": "high"}])
def test_an_attribute_that_is_no_number_of_its_kind_is_refused(wrong):
    with pytest.raises(GraphError, match="edge A -> B has the"):
        from_networkx(nx.DiGraph([("A", "B", wrong)]))


def test_cx2_known_answer(tmp_path):
    graph = from_cx2(written(tmp_path, CX2))
    assert graph.genes == ("EGFR", "GRB2", "CBL")
    assert edges_of(graph) == {
        ("EGFR", "GRB2"): (1, True, ""),  # the declared default
        ("CBL", "EGFR"): (-1, True, ""),
        ("CBL", "GRB2"): (0, False, "binding"),
    }
    assert graph.confidence == approx([np.nan, 0.5, np.nan], nan_ok=True)
    content = json.loads(CX2)
    lone = [part for part in content if "edges" not in part]
    assert from_cx2(written(tmp_path, json.dumps(lone))).edges.shape == (2, 0)
    with pytest.raises(GraphError, match="joins no node 5"):
        from_cx2(written(tmp_path, CX2.replace('"id": 5', '"id": 6')))
    with pytest.raises(GraphError, match="no attribute 'name'"):
        from_cx2(written(tmp_path, CX2.replace('"n": "CBL"', '"label": "CBL"')))


def test_a_failed_cx2_export_is_refused(tmp_path):
    with pytest.raises(GraphError, match="the export failed"):
        from_cx2(written(tmp_path, CX2.replace('"success": true', '"success": false')))


def test_written_cx2_has_the_parts_of_the_format(tmp_path, graph):
    to_cx2(graph, tmp_path / "a.cx2")
    parts = json.loads((tmp_path / "a.cx2").read_text())
    assert parts[0] == {"CXVersion": "2.0", "hasFragments": False}
    assert parts[-1]["status"][0]["success"]
    content = {name: elements for part in parts[1:] for name, elements in part.items()}
    for aspect, n in (("nodes", len(graph.genes)), ("edges", graph.edges.shape[1])):
        assert {element["id"] for element in content[aspect]} == set(range(n))
        declared = content["attributeDeclarations"][0][aspect]
        assert all(set(element["v"]) <= set(declared) for element in content[aspect])
        assert {"name": aspect, "elementCount": n} in content["metaData"]
    with pytest.raises(GraphError, match="infinite"):
        to_cx2(replace(graph, confidence=np.full(24, np.inf)), tmp_path / "b.cx2")


@settings(deadline=None)
@given(fields())
def test_cx2_round_trip_is_the_identity(tmp_path_factory, drawn):
    one = PathwayGraph(**drawn)
    path = tmp_path_factory.getbasetemp() / "round.cx2"
    to_cx2(one, path)
    same(from_cx2(path), one)
