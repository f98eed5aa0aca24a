"""The `graph` commands: built, shown and exported offline; fetched from a server of our own."""

from __future__ import annotations

import gzip
import json
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import networkx as nx
import pytest
import torch
from small_study import write_small_study
from torch_geometric.data import HeteroData
from typer.testing import CliRunner

from pathgnn.cli import app
from pathgnn.errors import GraphError
from pathgnn.graph import FORMATS, downloads
from pathgnn.graph.from_cx2 import from_cx2
from pathgnn.graph.from_sif import from_sif
from pathgnn.graph.keep import read_graph

EDGES = "source,target,sign\nEGFR,GRB2,1\nGRB2,NEWGENE,1\nDUSP6,MAPK1,-1\n"


def go(*words):
    return CliRunner().invoke(app, ["graph", *map(str, words)])


@pytest.fixture
def built(tmp_path):
    (tmp_path / "edges.csv.gz").write_bytes(gzip.compress(EDGES.encode()))
    out = tmp_path / "both.pathgraph"
    result = go("build", out, "curated", f"edges:{tmp_path / 'edges.csv.gz'}")
    assert result.exit_code == 0, result.output
    return out, result.output


def test_build_joins_and_says_what_each_added(built):
    out, said = built
    graph = read_graph(out)
    assert "NEWGENE" in graph.genes
    assert "edges.csv.gz" in said
    assert f"{len(graph.genes)} genes" in said
    assert f'file = "{out}"' in said.replace("\n", "")


def test_build_keeps_a_part(tmp_path):
    out = tmp_path / "part.pathgraph"
    assert go("build", out, "curated", "--pathway", "WNT", "--pathway", "MYC").exit_code == 0
    assert set(read_graph(out).pathways) == {"WNT", "MYC"}
    assert go("build", out, "curated", "--around", "EGFR", "--steps", "1").exit_code == 0
    graph = read_graph(out)
    at = graph.genes.index("EGFR")
    touching = (graph.edges == at).any(0)
    assert set(graph.edges[:, touching].ravel()) == set(range(len(graph.genes)))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["build", "x.txt", "curated"], "must end in .pathgraph"),
        (["build", "x.pathgraph", "kegg"], "cannot tell what 'kegg' is"),
        (["build", "x.pathgraph", "string:one"], "wants LINKS,INFO"),
        (["build", "x.pathgraph", "gmt:none.gmt"], "none.gmt"),
        (["show", "none.pathgraph"], "cannot be read"),
        (["show", "curated", "--pathway", "NONE"], "no pathway 'NONE'"),
        (["fetch", "nothing"], "there are hgnc"),
    ],
)
def test_wrong_words_end_in_a_sentence(words, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = go(*words)
    assert result.exit_code == 2
    assert said in result.output.replace("\n", " ")
    assert not list(tmp_path.iterdir())


def test_show_counts_members_and_coverage_of_a_study(built, tmp_path, graph):
    said = go("show", "curated").output
    assert "metabolite" in said and "largest connected part" in said
    assert "trastuzumab" in go("show", "curated", "--pathway", "HER2").output.lower()
    from pathgnn.graph.keep import save_graph

    save_graph(graph, tmp_path / "small.pathgraph")
    (tmp_path / "study").mkdir()
    study = write_small_study(tmp_path / "study")
    said = go("show", tmp_path / "small.pathgraph", "--study", study).output
    assert "PATH0" in said
    said = go("show", tmp_path / "small.pathgraph", "--study", study, "--pathway", "PATH0").output
    assert "P0G1" in said and "expression" in said


def test_exports_are_read_back_by_their_own_libraries(built, tmp_path):
    source = built[0]
    graph = read_graph(source)
    n, e = len(graph.genes), graph.edges.shape[1]
    for to in ("graphml", "cx2", "sif", "hetero", "networkx"):
        assert go("export", source, tmp_path / f"out.{to}", "--to", to).exit_code == 0
    again = nx.read_graphml(tmp_path / "out.graphml")
    assert (again.number_of_nodes(), again.number_of_edges()) == (n, e)
    assert from_cx2(tmp_path / "out.cx2").sha256 == graph.sha256
    assert from_sif(tmp_path / "out.sif").edges.shape[1] == e
    data = HeteroData.from_dict(torch.load(tmp_path / "out.hetero", weights_only=True))
    assert sum(s.edge_index.shape[1] for s in data.edge_stores[:-2]) == e
    link = nx.node_link_graph(json.loads((tmp_path / "out.networkx").read_text()), edges="edges")
    assert link.number_of_edges() == e


def test_every_format_and_download_is_listed(tmp_path):
    said = CliRunner().invoke(app, ["graph", "list", "--cache", str(tmp_path)]).output
    assert all(name in said for name in FORMATS)
    assert all(name[:12] in said for name in downloads.DOWNLOADS)
    assert {d.format for d in downloads.DOWNLOADS.values()} - {""} <= set(FORMATS)


@pytest.fixture
def server(tmp_path):
    folder = tmp_path / "served"
    folder.mkdir()
    (folder / "sets.gmt").write_text("S\tna\tA\tB\n")

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *args):
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    threading.Thread(target=http.serve_forever, daemon=True).start()
    yield folder, f"http://127.0.0.1:{http.server_port}"
    http.shutdown()
    http.server_close()


def test_a_file_is_fetched_once_and_then_checked(server, tmp_path):
    folder, address = server
    cache = tmp_path / "cache"
    path = downloads.fetch("hallmark", cache, f"{address}/sets.gmt")
    assert path.read_text() == "S\tna\tA\tB\n"
    assert json.loads((cache / "hashes.json").read_text()).keys() == {path.name}
    # The owner renews the file: the cached one is used as it is, the network is not asked.
    (folder / "sets.gmt").write_text("S\tna\tC\n")
    assert downloads.fetch("hallmark", cache, f"{address}/gone").read_text() == "S\tna\tA\tB\n"
    path.write_text("changed")
    with pytest.raises(GraphError, match="not the file that was fetched"):
        downloads.fetch("hallmark", cache, f"{address}/sets.gmt")
    path.unlink()
    with pytest.raises(GraphError, match="could not be fetched"):
        downloads.fetch("hallmark", cache, f"{address}/sets.gmt")
    assert not path.exists()


def test_without_a_network_the_message_names_the_file_to_put_where(tmp_path):
    result = go("fetch", "reactome", "--cache", tmp_path, "--url", "http://127.0.0.1:9/x")
    assert result.exit_code == 2
    said = result.output.replace("\n", "")
    assert str(tmp_path / "ReactomePathways.gmt.zip") in said
    assert not (tmp_path / "ReactomePathways.gmt.zip").exists()
