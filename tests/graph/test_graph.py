"""Graph layer: the curated graph, round trips, rewiring, projection."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import networkx as nx
import numpy as np
import pandas as pd
import pytest
import torch

from pathgnn.cohort.cohort import Cohort
from pathgnn.errors import GraphError
from pathgnn.graph.as_networkx import to_networkx
from pathgnn.graph.assemble import assemble
from pathgnn.graph.from_curated import data_folder, from_curated
from pathgnn.graph.from_edge_list import from_edge_list
from pathgnn.graph.from_gmt import from_gmt, kept_of, read_gmt, with_pathways
from pathgnn.graph.graph import NODE_KINDS, Provenance
from pathgnn.graph.nodes import match_layout
from pathgnn.graph.project import coverage, project
from pathgnn.graph.rewire import rewire, share_moved, shuffle_pathways, without_edges


def test_the_curated_graph_is_as_large_as_promised():
    graph = from_curated()
    assert len(graph.genes) >= 900
    assert len(graph.pathways) >= 35
    assert graph.edges.shape[1] >= 2500
    assert set(np.unique(graph.sign)) == {-1, 1}
    assert set(graph.kind) == set(NODE_KINDS) - {"unknown"}
    assert all(graph.compartment)
    assert sum(bool(drugs) for drugs in graph.drugs) > 100


def test_most_curated_pathways_have_a_route_from_receptor_to_effector():
    graph = from_curated()
    whole = to_networkx(graph)
    routed = 0
    for pathway in graph.pathways:
        part = whole.subgraph(graph.members_of(pathway))
        starts = [g for g in part if part.nodes[g]["kind"] == "receptor"]
        ends = {g for g in part if part.nodes[g]["kind"] in ("transcription_factor", "effector")}
        routed += any(len(nx.descendants(part, g) & ends) for g in starts)
    assert routed >= 40


def test_aliases_lead_to_genes_of_the_graph_and_never_hide_a_symbol():
    graph = from_curated()
    assert all(g in graph.genes for names in graph.aliases.values() for g in names)
    assert not set(graph.aliases) & set(graph.genes)
    assert graph.aliases["HER2"] == ("ERBB2",)


def test_unsupported_curated_edges_carry_a_reason():
    edges = pd.read_csv(data_folder() / "edges.csv", keep_default_na=False)
    assert (edges.loc[edges["support"] == "none", "reason"] != "").all()
    assert (edges["support"] != "none").mean() >= 0.85


def test_rewiring_keeps_signed_degrees_and_moves_most_edges():
    graph = from_curated()
    control = rewire(graph, np.random.default_rng(0))
    for side in (0, 1):
        pairs = (
            Counter(zip(g.edges[side].tolist(), g.sign.tolist(), strict=True))
            for g in (graph, control)
        )
        assert next(pairs) == next(pairs)
    assert len(set(map(tuple, control.edges.T.tolist()))) == graph.edges.shape[1]
    assert (control.edges[0] != control.edges[1]).all()
    assert share_moved(graph, control) > 0.9


def test_rewiring_undirected_edges_keeps_degrees_and_makes_no_double_pair():
    rng = np.random.default_rng(3)
    pairs = sorted({tuple(sorted(p)) for p in rng.integers(0, 30, (120, 2)).tolist()})
    names = [(f"G{u}", f"G{v}", False) for u, v in pairs if u != v]
    graph = assemble(
        pd.DataFrame(names, columns=["source", "target", "directed"]), Provenance("test")
    )
    control = rewire(graph, rng)
    degree = [np.bincount(g.edges.ravel(), minlength=len(g.genes)) for g in (graph, control)]
    assert (degree[0] == degree[1]).all()
    assert len({frozenset(p) for p in control.edges.T.tolist()}) == graph.edges.shape[1]
    assert share_moved(graph, control) > 0.4
    with pytest.raises(GraphError, match="same pair"):
        replace(graph.take_edges(np.array([0, 1])), edges=np.array([[0, 1], [1, 0]]))


def test_undirected_edges_are_rewired_to_every_matching_alike():
    # A-B and C-D can become A-C and B-D, or A-D and B-C.
    edges = pd.DataFrame([("A", "B", False), ("C", "D", False)])
    graph = assemble(edges.set_axis(["source", "target", "directed"], axis=1), Provenance("test"))
    rng = np.random.default_rng(0)
    partner = [
        next({*pair} - {0} for pair in rewire(graph, rng).edges.T.tolist() if 0 in pair).pop()
        for _ in range(900)
    ]
    assert np.abs(np.bincount(partner, minlength=4)[1:] - 300).max() < 60


def test_rewiring_by_mechanism_keeps_the_degrees_of_each():
    graph = from_curated()
    control = rewire(graph, np.random.default_rng(0), by_mechanism=True)
    for side in (0, 1):
        before, after = (
            Counter(zip(g.edges[side].tolist(), g.mechanism, strict=True)) for g in (graph, control)
        )
        assert before == after
    assert share_moved(graph, control) > 0.8


def test_other_controls_keep_what_they_say(graph):
    shuffled = shuffle_pathways(graph, np.random.default_rng(0))
    assert shuffled.members.tolist() != graph.members.tolist()
    assert [len(shuffled.members_of(p)) for p in shuffled.pathways] == [6] * 4
    assert without_edges(graph).edges.shape == (2, 0)
    assert graph.edges.shape[1] > 0


def test_restricting_keeps_edges_between_the_chosen(graph):
    part = graph.restrict(["P0G1", "P0G0", "P2G5"])
    assert part.genes == ("P0G0", "P0G1", "P2G5")
    assert part.edges.tolist() == [[0], [1]]
    assert part.pathways == ("PATH0", "PATH2")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"genes": ("A",) * 24}, "twice"),
        ({"edges": np.full((2, 24), 99)}, "not in the graph"),
        ({"sign": np.full(24, 3)}, "\\+1, -1 or 0"),
        ({"pathways": ("a", "b", "c", "bad\x00name")}, "unprintable"),
        ({"pathways": ("a", "b", "c", " ")}, "blank"),
    ],
)
def test_an_impossible_graph_is_refused(graph, change, said):
    with pytest.raises(GraphError, match=said):
        replace(graph, **change)


def test_edge_list_and_gmt_from_files(tmp_path):
    (tmp_path / "edges.tsv").write_text(
        "source\ttarget\tsign\nA\tB\t1\nB\tC\t-1\nA\tA\t1\nA\tB\t1\n"
    )
    (tmp_path / "sets.gmt").write_text("S1\tna\tA\tB\nS2\tna\tC\tD\n")
    graph = from_edge_list(tmp_path / "edges.tsv", tmp_path / "sets.gmt")
    assert graph.genes == ("A", "B", "C", "D")
    assert graph.sign.tolist() == [1, -1]
    assert graph.members_of("S2") == ("C", "D")
    (tmp_path / "twice.gmt").write_text("S1\tna\tA\nS1\tna\tB\n")
    with pytest.raises(GraphError, match="line 2: set 'S1' stands twice"):
        read_gmt(tmp_path / "twice.gmt")


def test_an_identifier_that_several_sets_share_is_a_librarys(tmp_path):
    path = tmp_path / "library.gmt"
    path.write_text("S1\tEnrichr_2023\tA\tB\nS2\tEnrichr_2023\tC\tD\n S3 \tR-1\tA\n")
    graph = from_gmt(path)
    assert graph.pathway_ids == ("S1", "S2", "R-1")
    assert (graph | graph).pathways == graph.pathways
    path.write_text("T1\tEnrichr_2023\tA\nT2\tEnrichr_2023\tB\n")
    assert (graph | from_gmt(path)).pathways == ("S1", "S2", "S3", "T1", "T2")


def test_sets_meet_the_graph_under_old_names_too_and_what_is_lost_is_said(tmp_path):
    edges = pd.DataFrame([("ERBB2", "B")], columns=["source", "target"])
    aliases = {"HER2": ("ERBB2",), "TWO": ("ERBB2", "B")}
    graph = assemble(edges, Provenance("test"), aliases=aliases)
    path = tmp_path / "old.gmt"
    path.write_text("S\tna\tHER2\tERBB2\tTWO\tX\nT\tna\tHER2\nU\tna\tX\n")
    laid = with_pathways(graph, path)
    assert [laid.members_of(p) for p in laid.pathways] == [("ERBB2",), ("ERBB2",)]
    assert "2 of 3 sets and 3 of 6 memberships" in kept_of(laid, path)


@pytest.mark.parametrize(
    ("text", "sign"),
    [
        ("source,target,weight\nA,B,-0.5\nB,C,2\n", [-1, 1]),
        ("source,target,weight\nA,B,0.5\nB,C,2\n", [0, 0]),
        ('source\ttarget\tsign\n"A"\t"B"\t1\n"B"\t"C"\t-1\n', [1, -1]),
        ('"source"\t"target"\t"sign"\n"A"\t"B"\t1\n"B"\t"C"\t-1\n', [1, -1]),
    ],
)
def test_edge_lists_of_other_programs(tmp_path, text, sign):
    (tmp_path / "edges.txt").write_text(text)
    graph = from_edge_list(tmp_path / "edges.txt")
    assert (graph.genes, graph.sign.tolist()) == (("A", "B", "C"), sign)


@pytest.mark.parametrize("lacking", ["NA", "nan", ""])
def test_a_lacking_end_is_no_gene(tmp_path, lacking):
    (tmp_path / "edges.csv").write_text(f"source,target\nA,B\nB,{lacking}\n")
    with pytest.raises(GraphError, match="1 rows lack source or target, the first is row 2"):
        from_edge_list(tmp_path / "edges.csv")


def test_real_gene_sets_lie_on_the_curated_graph(shared):
    graph = with_pathways(from_curated(), shared / "data/graph/raw/h.all.v2022.1.Hs.symbols.gmt.gz")
    assert len(graph.pathways) == 50
    assert "TP53" in graph.members_of("HALLMARK_P53_PATHWAY")


def test_projection_puts_values_at_their_gene_patient_and_omic(nodes, trial):
    cohort = trial[0]
    table = cohort.omics["expression"]
    patient, gene = table.index[7], "P1G2"
    at = (
        nodes.genes.index(gene),
        nodes.patients.index(patient),
        nodes.modalities.index("expression"),
    )
    assert nodes.x[at].item() == pytest.approx(table.loc[patient, gene], rel=1e-6)
    lacking = (set(cohort.patients) - set(cohort.omics["protein"].index)).pop()
    column = nodes.patients.index(lacking)
    assert not nodes.seen[:, column, nodes.modalities.index("protein")].any()


def test_features_reach_genes_through_a_map_with_weights(graph, trial):
    cohort = trial[0]
    scores = pd.DataFrame({"s1": [2.0, np.nan], "s2": [4.0, 6.0]}, index=list(cohort.patients[:2]))
    weights = pd.DataFrame(
        [("s1", "P0G0", 1.0), ("s2", "P0G0", 3.0), ("s1", "P0G1", -1.0), ("s2", "ELSEWHERE", 1.0)],
        columns=["feature", "gene", "weight"],
    )
    mapped: Cohort = replace(
        cohort,
        omics={"score": scores},
        kinds={"score": "signature"},
        feature_maps={"score": weights},
    )
    nodes = project(mapped, graph)
    # (1 x 2 + 3 x 4) / 4 for the first patient; the second lacks s1: only s2 counts.
    assert nodes.x[0, :2, 0].tolist() == pytest.approx([3.5, 6.0])
    assert nodes.x[1, :2, 0].tolist() == pytest.approx([-2.0, 0.0])
    assert nodes.seen[1, :2, 0].tolist() == [True, False]
    assert nodes.report[0].mapped == 2


def test_coverage_counts_measured_genes(nodes, graph):
    table = coverage(nodes, graph)
    assert table["share"].tolist() == [1.0] * 4
    hidden = replace(nodes, seen=torch.zeros_like(nodes.seen))
    assert coverage(hidden, graph)["measured"].sum() == 0


def test_lacking_omics_count_as_unseen(nodes):
    other = match_layout(nodes, ("protein", "phospho"), ("age", "stage"))
    assert not other.seen[:, :, 1].any()
    assert torch.equal(other.x[:, :, 0], nodes.x[:, :, nodes.modalities.index("protein")])
    with pytest.raises(GraphError, match="name the same layers"):
        match_layout(nodes, ("phospho",), ())


def test_a_level_that_a_model_does_not_know_is_unknown_and_one_that_nobody_has_is_not(nodes):
    flags = torch.tensor([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [0.0, 0.0, 0.0]])
    seen = torch.tensor([[True] * 3] * 3 + [[False] * 3])
    four = replace(
        nodes.take(torch.arange(4)),
        clinical=flags,
        clinical_seen=seen,
        covariates=("stage=I", "stage=II", "stage=V"),
    )
    want = ("stage=I", "stage=II", "stage=III")
    met = match_layout(four, nodes.modalities, want)
    # Stage V, and a patient of whom no stage is known.
    assert met.clinical_seen.tolist() == [[True] * 3, [True] * 3, [False] * 3, [False] * 3]
    assert met.clinical[:2].tolist() == [[1, 0, 0], [0, 1, 0]]
    other = match_layout(four, nodes.modalities, ("sex=F", "sex=M"))
    assert not other.clinical_seen.any()
