"""Graphs combined, parts of them, and the round trips that are the identity."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from graph_strategies import fields, same
from hypothesis import given, settings
from safetensors import safe_open
from safetensors.numpy import save_file

from pathgnn.errors import GraphError, StorageError
from pathgnn.graph.as_hetero import from_hetero, to_hetero
from pathgnn.graph.as_networkx import from_networkx, to_networkx
from pathgnn.graph.assemble import Sets, assemble, edge_table
from pathgnn.graph.graph import PathwayGraph, Provenance
from pathgnn.graph.keep import read_graph, save_graph
from pathgnn.graph.select import Evidence, neighbourhood, only_pathways, with_evidence
from pathgnn.graph.union import added, disagreements

COLUMNS = ["source", "target", "sign", "directed", "sources", "confidence"]


def table(*rows):
    return pd.DataFrame(rows, columns=COLUMNS)


def small(name, *rows, sets=None):
    return assemble(table(*rows), Provenance(name), sets)


def edges(graph):
    frame = edge_table(graph)
    return {
        (r.source, r.target): (r.sign, r.directed, r.sources) for r in frame.itertuples(index=False)
    }


LEFT = small(
    "L",
    ("A", "B", 1, True, "", 0.5),
    ("B", "C", 0, True, "", np.nan),
    ("C", "D", 0, False, "", np.nan),
    sets=Sets({"P": ["A", "B"], "Q": ["C"]}, {"P": "id1"}, (("P", "Q"),)),
)
RIGHT = small(
    "R",
    ("A", "B", -1, True, "", 0.9),
    ("B", "C", -1, True, "", 0.2),
    ("D", "C", 1, True, "", np.nan),
    ("B", "A", 0, False, "", 0.95),
    ("E", "A", 1, True, "", np.nan),
    sets=Sets({"P": ["A", "E"], "Q": ["D"]}, {"P": "id2", "Q": "Q"}),
)


def test_rows_of_one_pair_become_one_edge_with_the_sign_of_their_sum():
    graph = small(
        "X",
        ("A", "B", 1, True, "s", 0.1),
        ("A", "B", -1, True, "t", 0.7),
        ("A", "B", -1, True, "s", 0.2),
        ("B", "A", 1, True, "s", np.nan),
        ("A", "A", 1, True, "s", np.nan),
        ("A", "C", 1, True, "s", np.nan),
        ("A", "C", -1, True, "s", np.nan),
    )
    assert edges(graph) == {
        ("A", "B"): (-1, True, "s;t"),
        ("B", "A"): (1, True, "s"),
        ("A", "C"): (0, True, "s"),
    }
    assert graph.confidence[0] == pytest.approx(0.7)


def test_union_known_answer():
    # A>B: the left sign stays. B>C: the left has none, so the right one fills it. C-D has no
    # direction on the left, the right one knows D>C. The undirected B-A only supports A>B.
    both = LEFT | RIGHT
    assert edges(both) == {
        ("A", "B"): (1, True, "L;R"),
        ("B", "C"): (-1, True, "L;R"),
        ("D", "C"): (1, True, "L;R"),
        ("E", "A"): (1, True, "R"),
    }
    assert both.confidence[0] == pytest.approx(0.95)
    assert both.pathways == ("P", "Q", "P (id2)")
    assert both.members_of("P (id2)") == ("A", "E")
    assert both.members_of("Q") == ("C", "D")
    assert both.hierarchy.tolist() == [[0], [1]]
    assert [p.name for p in both.provenance.parts] == ["L", "R"]


def test_an_old_name_on_the_right_is_the_same_gene():
    left = assemble(
        table(("KMT2D", "B", 1, True, "", np.nan)),
        Provenance("L"),
        aliases={"MLL2": ("KMT2D",), "TWO": ("B", "ZZZ")},
    )
    right = small("R", ("MLL2", "C", -1, True, "", np.nan))
    both = left | right
    assert both.genes == ("KMT2D", "B", "C")
    assert ("KMT2D", "C") in edges(both)
    # TWO could also be a gene outside the graph: it stays ambiguous, so it is no alias here.
    assert dict(both.aliases) == {"MLL2": ("KMT2D",)}


def test_names_that_clash_keep_no_other_name_from_its_gene():
    aliases = {"MLL2": ("KMT2D",), "ALR": ("KMT2D",), "HER2": ("ERBB2",)}
    rows = table(("KMT2D", "ERBB2", 1, True, "", np.nan))
    left = assemble(rows, Provenance("L"), aliases=aliases)
    right = small("R", ("MLL2", "ALR", 1, True, "", np.nan), ("HER2", "ALR", 1, True, "", np.nan))
    assert (left | right).genes == ("KMT2D", "ERBB2", "MLL2", "ALR")


def test_adding_a_source_twice_adds_no_pathway():
    once = LEFT | RIGHT
    assert (once | RIGHT).pathways == once.pathways


def test_a_row_without_a_source_gets_the_name_of_its_file():
    rows = pd.DataFrame(
        {"source": ["A", "B", "C"], "target": ["B", "C", "D"], "sources": ["KEGG", None, "SIGNOR"]}
    )
    graph = assemble(rows.assign(mechanism=[np.nan, "x", "y"]), Provenance("mine"))
    assert graph.sources == ("KEGG", "mine", "SIGNOR")
    assert graph.mechanism == ("", "x", "y")
    with pytest.raises(GraphError, match="row 2 of the edges lacks an end"):
        assemble(rows.assign(source=["A", None, "C"]), Provenance("mine"))


def test_what_each_source_added():
    report = added(LEFT | RIGHT).set_index("source")
    assert report.loc["L", ["edges", "only_here", "genes_only_here"]].tolist() == [3, 0, 0]
    assert report.loc["R", ["edges", "only_here", "genes_only_here"]].tolist() == [4, 1, 1]
    opposed = disagreements(LEFT, RIGHT)
    assert opposed[["source", "target", "sign_left", "sign_right"]].values.tolist() == [
        ["A", "B", 1, -1]
    ]


@settings(deadline=None)
@given(fields())
def test_a_graph_joined_with_itself_or_with_nothing_stays(drawn):
    graph = assemble(edge_table(PathwayGraph(**drawn)), Provenance("X"))
    nothing = small("X")
    for joined in (graph | graph, graph | nothing):
        same(joined, graph)


@settings(deadline=None)
@given(fields(), fields())
def test_union_loses_no_pair_and_invents_none(left, right):
    a, b = (assemble(edge_table(PathwayGraph(**f)), Provenance("X")) for f in (left, right))
    pairs = [{frozenset(pair) for pair in edges(g)} for g in (a, b, a | b)]
    assert pairs[2] == pairs[0] | pairs[1]
    known = edges(a)
    for pair, (sign, directed, _) in edges(a | b).items():
        if pair in known and known[pair][0] and known[pair][1]:
            assert (sign, directed) == known[pair][:2]


@settings(deadline=None)
@given(fields())
def test_round_trips_are_the_identity(tmp_path_factory, drawn):
    graph = PathwayGraph(**drawn)
    path = tmp_path_factory.getbasetemp() / "round.pathgraph"
    save_graph(graph, path)
    for again in (
        from_networkx(to_networkx(graph)),
        from_hetero(to_hetero(graph)),
        read_graph(path),
    ):
        same(again, graph)
        assert again.sha256 == graph.sha256


def test_undirected_edges_run_both_ways_in_hetero():
    data = to_hetero(LEFT)
    assert data["gene", "binds", "gene"].edge_index.tolist() == [[2, 3], [3, 2]]
    assert data["gene", "activates", "gene"].edge_index.tolist() == [[0], [1]]
    data.validate()
    with pytest.raises(GraphError, match="to_hetero"):
        from_hetero(type(data)())


def test_evidence_keeps_what_it_says():
    both = LEFT | RIGHT
    assert set(edges(with_evidence(both, Evidence(min_sources=2)))) == {
        ("A", "B"),
        ("B", "C"),
        ("D", "C"),
    }
    # Edges without a confidence stay: curated sources give none.
    assert set(edges(with_evidence(both, Evidence(min_confidence=0.5)))) == {
        ("A", "B"),
        ("D", "C"),
        ("E", "A"),
    }
    assert set(edges(with_evidence(LEFT, Evidence(directed=True, signed=True)))) == {("A", "B")}
    assert len(edges(with_evidence(both, Evidence(sources=("R",))))) == 4
    with pytest.raises(GraphError, match="the sources are L, R"):
        with_evidence(both, Evidence(sources=("KEGG",)))


def test_pathways_and_neighbourhoods():
    both = LEFT | RIGHT
    part = only_pathways(both, ["id2"])
    assert (part.genes, part.pathways) == (("A", "E"), ("P (id2)",))
    assert neighbourhood(LEFT, ["C"], 1, "up").genes == ("B", "C", "D")
    assert neighbourhood(LEFT, ["B"], 1, "down").genes == ("B", "C")
    assert neighbourhood(LEFT, ["A"], 2).genes == ("A", "B", "C")
    with pytest.raises(GraphError, match="names like it: P"):
        only_pathways(both, ["p"])
    with pytest.raises(GraphError, match="not in the graph: ZZZ"):
        neighbourhood(both, ["ZZZ"])


def test_the_graph_file_refuses_what_it_is_not(tmp_path):
    path = tmp_path / "g.pathgraph"
    save_graph(LEFT, path)
    raw = path.read_bytes()
    for bad in (raw[:-8], raw[:40], b"", b"{}" * 40, raw[:-4] + b"\x01\x02\x03\x04"):
        path.write_bytes(bad)
        with pytest.raises(GraphError, match=r"g\.pathgraph"):
            read_graph(path)
    path.write_bytes(raw.replace(b'"pathgraph":"2"', b'"pathgraph":"9"'))
    with pytest.raises(GraphError, match="newer"):
        read_graph(path)
    with pytest.raises(GraphError, match="cannot be read"):
        read_graph(tmp_path / "none.pathgraph")


def test_equal_graphs_are_equal_files_and_no_change_goes_unseen(tmp_path):
    paths = [tmp_path / f"{i}.pathgraph" for i in range(4)]
    for path in paths:
        save_graph(LEFT, path)
    assert len({path.read_bytes() for path in paths}) == 1
    with safe_open(paths[0], framework="numpy") as file:
        arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    arrays["confidence"] = arrays["confidence"] + np.float32(0.1)
    save_file(arrays, paths[1], metadata={"pathgraph": "2"})
    with pytest.raises(GraphError, match="not what its hash says"):
        read_graph(paths[1])


def test_a_file_of_the_first_version_is_still_read(tmp_path):
    path = tmp_path / "g.pathgraph"
    save_graph(LEFT, path)
    with safe_open(path, framework="numpy") as file:
        arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    names = arrays.pop("names").tobytes().decode()
    del arrays["digest"]
    save_file(arrays, path, metadata={"pathgraph": "1", "names": names})
    same(read_graph(path), LEFT)


def test_a_writer_that_dies_leaves_the_old_file(tmp_path, monkeypatch):
    from pathgnn.graph import keep

    path = tmp_path / "g.pathgraph"
    save_graph(LEFT, path)
    before = path.read_bytes()

    def killed(*args, **kwargs):
        raise OSError("disk full")

    monkeypatch.setattr(keep, "save_file", killed)
    with pytest.raises(StorageError, match="disk full"):
        save_graph(RIGHT, path)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["g.pathgraph"]


def test_the_union_of_everything_is_read_and_saved(shared, tmp_path):
    folder = shared / "data" / "graph"
    frame = pd.read_parquet(folder / "edges.parquet").rename(
        columns={"score": "confidence", "type": "mechanism", "databases": "sources"}
    )
    graph = assemble(frame, Provenance("all"))
    # Oracle: pairs of the table, an undirected one only where no directed one joins the two.
    way = set(zip(frame["source"], frame["target"], strict=True))
    one = frame[frame["directed"]]
    directed = set(zip(one["source"], one["target"], strict=True))
    loose = {frozenset(p) for p in way - directed} - {frozenset(p) for p in directed}
    assert graph.edges.shape[1] == len(directed) + len({p for p in loose if len(p) == 2})
    assert int(graph.directed.sum()) == len(directed)
    path = tmp_path / "all.pathgraph"
    save_graph(graph, path)
    assert read_graph(path).sha256 == graph.sha256
