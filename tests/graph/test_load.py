"""What a study says of graph and names reaches the nodes, the checks and the files."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

from pathgnn.cohort.cohort import Cohort
from pathgnn.cohort.identifiers import Identifiers
from pathgnn.errors import GraphError
from pathgnn.graph.from_curated import from_curated
from pathgnn.graph.keep import save_graph
from pathgnn.graph.load import GraphSource, load_graph, load_identifiers
from pathgnn.graph.project import coverage, features, molecules_of, project
from pathgnn.model.config import NetConfig
from pathgnn.model.network import PathwayNet, layout_of
from pathgnn.train.check import check

HGNC = (
    "symbol\tstatus\tprev_symbol\talias_symbol\thgnc_id\tentrez_id\tensembl_gene_id\tuniprot_ids\n"
    "P0G0\tApproved\tOLD0\tTWO|NICK0\tHGNC:1\t10\tENSG00000000001\tP00001\n"
    "P0G1\tApproved\t\tTWO\tHGNC:2\t11\tENSG00000000002\tP00002\n"
    "ELSE\tApproved\t\t\tHGNC:3\t12\tENSG00000000003\tP00003\n"
)


@pytest.fixture
def renamed(trial):
    """The trial with other names for three genes, one that could be two, and two strangers."""
    cohort, _ = trial
    names = {"P0G0": "ENSG00000000001.4", "P0G1": "11", "P0G2": "TWO", "P0G3": "ELSE"}
    names |= {"P0G4": "2-Sep", "P1G0": "stranger"}
    omics = {k: t.rename(columns=names) for k, t in cohort.omics.items()}
    return replace(cohort, omics=omics)


def test_a_study_may_name_a_graph_file_and_some_of_its_pathways(graph, tmp_path):
    save_graph(graph, tmp_path / "g.pathgraph")
    part = load_graph(GraphSource(file="g.pathgraph", only=("PATH1", "PATH2")), tmp_path)
    assert part.pathways == ("PATH1", "PATH2")
    assert set(part.genes) == set(graph.members_of("PATH1") + graph.members_of("PATH2"))
    with pytest.raises(GraphError, match="both `file` and `edges`"):
        load_graph(GraphSource(file="g.pathgraph", edges="e.csv"), tmp_path)


def test_names_are_understood_by_the_hgnc_file_and_every_feature_is_told(renamed, graph, tmp_path):
    (tmp_path / "hgnc.tsv").write_text(HGNC)
    known = load_identifiers(GraphSource(hgnc="hgnc.tsv"), tmp_path, renamed, graph)
    nodes = project(renamed, graph, known)
    fate = features(nodes)
    fate = fate[fate["omic"] == "expression"].set_index("feature")
    assert fate.loc["ENSG00000000001.4", ["status", "gene", "how"]].tolist() == [
        "mapped",
        "P0G0",
        "ensembl",
    ]
    assert fate.loc["11", "how"] == "entrez"
    assert fate.loc["TWO", ["status", "gene"]].tolist() == ["ambiguous", "P0G0 or P0G1"]
    assert fate.loc["ELSE", "status"] == "not in graph"
    assert fate.loc["2-Sep", "status"] == "spreadsheet date"
    assert fate.loc["stranger", "status"] == "unknown"
    assert len(fate) == renamed.omics["expression"].shape[1]
    said = {f.topic: f for f in check(nodes, graph, 3, 0) if f.topic == "identifiers"}
    assert "left out" in said["identifiers"].sentence or "dates" in said["identifiers"].sentence
    assert not nodes.seen[graph.genes.index("P0G2")].any()


def test_a_user_can_ask_which_molecules_sit_in_a_pathway(renamed, graph, tmp_path):
    (tmp_path / "hgnc.tsv").write_text(HGNC)
    known = load_identifiers(GraphSource(hgnc="hgnc.tsv"), tmp_path, renamed, graph)
    nodes = project(renamed, graph, known)
    mine = molecules_of(nodes, graph, "PATH0")
    row = mine[(mine["gene"] == "P0G0") & (mine["omic"] == "expression")].iloc[0]
    assert (row["feature"], row["how"]) == ("ENSG00000000001.4", "ensembl")
    assert set(mine["gene"]) <= set(graph.members_of("PATH0"))
    with pytest.raises(GraphError, match="no pathway"):
        molecules_of(nodes, graph, "NONE")


def test_coverage_below_the_stated_share_warns(nodes, graph):
    share = float(coverage(nodes, graph)["share"].mean())
    stated = {
        least: next(f for f in check(nodes, graph, 3, 0, least) if f.topic == "coverage")
        for least in (share / 2, share + 0.01)
    }
    assert [f.severity for f in stated.values()] == ["ok", "warning"]


def _metabolic_cohort(trial, names):
    cohort, _ = trial
    values = np.random.default_rng(0).standard_normal((len(cohort.patients), len(names)))
    table = pd.DataFrame(values, index=list(cohort.patients), columns=names)
    rna = table.set_axis(["MET", "EGFR", "LDHA", "HK2"], axis=1)
    return Cohort(
        **{
            **cohort.__dict__,
            "omics": {"metabolites": table, "expression": rna},
            "kinds": {"metabolites": "metabolite", "expression": "expression"},
            "feature_maps": {},
        }
    )


def test_metabolites_and_genes_do_not_take_each_others_names(trial):
    graph = from_curated()
    cohort = _metabolic_cohort(trial, ["Pyruvate", "HMDB0000122", "MET", "unheard"])
    nodes = project(cohort, graph)
    by_omic = {r.omic: r for r in nodes.report}
    assert nodes.found[0].gene_of == {"Pyruvate": "pyruvate", "HMDB0000122": "glucose"}
    assert nodes.found[0].unknown == ("MET", "unheard")
    assert by_omic["expression"].by_symbol == 4


def test_metabolites_are_found_in_any_case_and_in_graphs_without_kinds(trial):
    from pathgnn.graph.assemble import Sets, assemble
    from pathgnn.graph.graph import Provenance

    rows = pd.DataFrame({"source": ["HK2", "lactate"], "target": ["alpha-ketoglutarate", "HK2"]})
    graph = assemble(rows, Provenance("plain"), Sets({"P": ["HK2", "lactate"]}))
    cohort = _metabolic_cohort(trial, ["Lactate", "Alpha-Ketoglutarate", "x", "y"])
    assert set(project(cohort, graph).found[0].gene_of.values()) == {
        "lactate",
        "alpha-ketoglutarate",
    }


def test_a_gene_under_its_old_name_is_found_by_the_new_one(trial, tmp_path):
    from pathgnn.cohort.identifiers import read_hgnc
    from pathgnn.graph.assemble import Sets, assemble
    from pathgnn.graph.graph import Provenance

    (tmp_path / "hgnc.tsv").write_text(HGNC)
    rows = pd.DataFrame({"source": ["OLD0"], "target": ["P0G1"]})
    graph = assemble(rows, Provenance("old"), Sets({"P": ["OLD0", "P0G1"]}))
    nodes = project(trial[0], graph, read_hgnc(tmp_path / "hgnc.tsv"))
    assert nodes.found[0].gene_of["P0G0"] == "OLD0"


def test_a_graph_without_a_sign_is_noted(trial, graph):
    unsigned = replace(graph, sign=np.zeros_like(graph.sign))
    topics = [f.topic for f in check(project(trial[0], unsigned), unsigned, 3, 0)]
    assert "signs" in topics
    assert "signs" not in [f.topic for f in check(project(trial[0], graph), graph, 3, 0)]


def test_mutations_under_two_names_of_a_gene_are_those_of_one(trial, graph):
    cohort, _ = trial
    gene, other = graph.genes[0], "OLDNAME"
    table = cohort.omics["mutation"].astype(float)
    first, second = table.index[:2]
    table[gene] = 0.0
    table[other] = 0.0
    table.loc[first, gene], table.loc[second, other], table.loc[table.index[2], gene] = 1, 1, None
    cohort = replace(cohort, omics={**cohort.omics, "mutation": table})
    known = Identifiers(frozenset(graph.genes), {"alias": {other: (gene,)}})
    nodes = project(cohort, graph, known)
    m = nodes.modalities.index("mutation")
    at = {p: i for i, p in enumerate(nodes.patients)}
    assert [float(nodes.x[0, at[p], m]) for p in table.index[:3]] == [1, 1, 0]
    assert nodes.found[m].to_frame().set_index("feature")["how"][other] == "joined"


def test_an_omic_that_meets_the_graph_nowhere_is_warned_of(trial, graph):
    cohort, _ = trial
    lost = cohort.omics["protein"].rename(columns=lambda c: f"ENSG{abs(hash(c)) % 10**11:011d}")
    cohort = replace(cohort, omics={**cohort.omics, "protein": lost})
    said = [f.sentence for f in check(project(cohort, graph), graph, 3, 0)]
    assert any("'protein': none of its" in s and "like Ensembl ids" in s for s in said)


def test_an_undirected_edge_speaks_both_ways(nodes, graph):
    none = graph.take_edges(np.arange(1))
    loose = replace(none, directed=np.array([False]), sign=np.array([1]))
    back = replace(none, edges=none.edges[::-1].copy(), sign=np.array([1]))
    there = replace(none, sign=np.array([1]))
    reached = {}
    for name, one in (("loose", loose), ("there", there), ("back", back)):
        torch.manual_seed(0)
        net = PathwayNet(one, layout_of(nodes), NetConfig(depth=1))
        z = torch.zeros(len(graph.genes), 1, len(nodes.modalities), requires_grad=True)
        h = net.convs[0](net.embed(z))
        source, target = none.edges[:, 0]
        (grad,) = torch.autograd.grad(h[target].sum(), z, retain_graph=True)
        (other,) = torch.autograd.grad(h[source].sum(), z)
        reached[name] = (bool(grad[source].any()), bool(other[target].any()))
    assert reached == {"loose": (True, True), "there": (True, False), "back": (False, True)}


def test_mygene_fills_in_what_the_file_does_not_know(renamed, graph, tmp_path):
    (tmp_path / "hgnc.tsv").write_text(HGNC)
    (tmp_path / "names.json").write_text('{"stranger": ["P1G0"], "2-Sep": [], "TWO": ["P0G2"]}')
    # All names that are asked for are in the cache, so that no network is needed.
    source = GraphSource(hgnc="hgnc.tsv", mygene="names.json")
    known = load_identifiers(source, tmp_path, renamed, graph)
    assert isinstance(known, Identifiers)
    found = project(renamed, graph, known).found[0]
    assert found.gene_of["stranger"] == "P1G0"
    # The file knows TWO as ambiguous; the answer from outside does not overrule it.
    assert "TWO" in found.ambiguous
