"""Every export is written whole or not at all, and read back by the library it is made for."""

from __future__ import annotations

import json
import os
from colorsys import rgb_to_hsv

import gseapy
import networkx as nx
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from anndata import read_h5ad
from export_cases import renamed, results_of
from ndex2.cx2 import CX2Network
from small_study import write_small_study
from typer.testing import CliRunner

import pathgnn as pg
from pathgnn import run as run_module
from pathgnn.cli import app
from pathgnn.errors import ConfigError, StorageError
from pathgnn.export.formats import EXPORTS, USUAL
from pathgnn.export.to_rnk import ranking
from pathgnn.export.to_tables import pathways, tables
from pathgnn.graph.from_cx2 import from_cx2
from pathgnn.graph.from_graphml import from_graphml
from pathgnn.graph.from_sif import from_sif

# What breaks readers: a missing value, a formula, XML, quotes and spaces, a separator.
GENES = {"P0G1": "NA", "P0G2": "nan", "P0G3": "A<&>'\"", "P1G1": "fumaric acid"}
PATHWAYS = {"PATH0": "NA", "PATH1": "=1+1", "PATH2": "a|b;c/d"}


@pytest.fixture(scope="module")
def results(fitted, nodes):
    return results_of(fitted, nodes)


@pytest.fixture(scope="module")
def odd(results):
    return renamed(results, GENES, PATHWAYS)


@pytest.fixture(scope="module")
def written(results, tmp_path_factory):
    """A folder with every format, and the files that were said to be in it."""
    out = tmp_path_factory.mktemp("all")
    return out, pg.export(results, out, to=tuple(EXPORTS))


@pytest.fixture(scope="module")
def odd_folder(odd, tmp_path_factory):
    out = tmp_path_factory.mktemp("odd")
    pg.export(odd, out, to=[name for name in EXPORTS if name not in ("figures", "report")])
    return out


def test_the_files_said_are_the_files_written(written):
    out, said = written
    assert {p for p in out.rglob("*") if p.is_file()} == set(said)
    assert all(p.stat().st_size > 0 or p.name == "cascades.gmt" for p in said)


def test_without_a_format_the_usual_ones_are_written(results, tmp_path):
    names = {str(p.relative_to(tmp_path)) for p in pg.export(results, tmp_path)}
    want = {f"tables/{t}.{end}" for t in tables(results) for end in ("csv", "parquet")}
    want |= {"tables/tables.json", "tables/data_dictionary.csv", "report.html", "graph.graphml"}
    want |= {"tables/genes.rnk", "tables/cascades.gmt"}
    assert {n for n in names if not n.startswith("figures")} == want
    assert any(n.startswith("figures") for n in names)
    assert set(USUAL) <= set(EXPORTS)


@pytest.mark.parametrize("name", EXPORTS)
def test_an_export_that_fails_leaves_no_file(name, results, tmp_path, monkeypatch):
    def full(*_):
        raise OSError("disk full")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(StorageError, match="disk full"):
        pg.export(results, tmp_path, to=[name])
    assert not [p for p in tmp_path.rglob("*") if p.is_file()]


@pytest.mark.parametrize("name", EXPORTS)
def test_no_format_names_a_patient(name, results, tmp_path):
    files = pg.export(results, tmp_path, to=[name])
    assert not any(b"S00001" in p.read_bytes() for p in files if p.suffix != ".png")


@pytest.mark.parametrize("name", ["parquet", "sif", "cyjs", "cx2", "graphml", "gsea", "rnk"])
def test_the_same_results_give_the_same_bytes(name, results, tmp_path):
    first, second = (pg.export(results, tmp_path / w, to=[name]) for w in ("one", "two"))
    assert [p.read_bytes() for p in first] == [p.read_bytes() for p in second]


def test_a_wrong_format_is_named_with_those_there_are(results, tmp_path):
    with pytest.raises(ConfigError, match=r"no format 'xls'; the formats are tables, parquet, .*"):
        pg.export(results, tmp_path, to=["sif", "xls"])
    assert not list(tmp_path.iterdir())


def test_gene_sets_without_gsea_or_without_a_file_are_refused(results, tmp_path):
    with pytest.raises(ConfigError, match="--to gsea"):
        pg.export(results, tmp_path, gmt=tmp_path / "sets.gmt")
    with pytest.raises(ConfigError, match="no GMT file"):
        pg.export(results, tmp_path, to="gsea", gmt=tmp_path / "sets.gmt")


def test_parquet_by_pyarrow(odd, odd_folder):
    for name, table in tables(odd).items():
        back = pq.read_table(odd_folder / "tables" / f"{name}.parquet").to_pandas()
        assert list(back.columns) == list(table.columns)
        assert len(back) == len(table)
    genes = pq.read_table(odd_folder / "tables" / "genes.parquet").to_pandas()
    assert set(GENES.values()) <= set(genes["symbol"])


def test_csv_read_as_the_header_says_keeps_a_gene_named_na(odd_folder):
    assert (
        "keep_default_na=False"
        in json.loads((odd_folder / "tables/tables.json").read_text())["csv"]
    )
    path = odd_folder / "tables" / "genes.csv"
    back = pd.read_csv(path, keep_default_na=False, na_values=[""])
    assert set(GENES.values()) <= set(back["symbol"])


def test_rnk_and_gmt_by_gseapy(results, written):
    out, _ = written
    rnk = pd.read_csv(out / "tables/genes.rnk", sep="\t", header=None, index_col=0)[1]
    assert np.allclose(rnk, ranking(results))
    if results.explanation.cascades:
        sets = gseapy.read_gmt(str(out / "tables/cascades.gmt"))
        assert sets["cascade_1"] == list(results.explanation.cascades[0].genes)


def test_graphml_by_networkx_and_by_us(odd, odd_folder):
    path, graph = odd_folder / "graph.graphml", odd.fitted.recipe.graph
    back = nx.read_graphml(path)
    assert list(back) == list(graph.genes)
    assert back.nodes[graph.genes[0]]["drugs"] == "bell   and   zero"
    assert (
        back.edges[graph.genes[graph.edges[0, 0]], graph.genes[graph.edges[1, 0]]]["mechanism"]
        == "line end"
    )
    assert not any("confidence" in d for _, _, d in back.edges(data=True))
    assert all(np.isfinite(d["signed_score"]) for _, d in back.nodes(data=True))
    assert from_graphml(path).genes == graph.genes


def test_cx2_by_ndex2_with_places_and_a_style(odd, odd_folder):
    path, graph = odd_folder / "graph.cx2", odd.fitted.recipe.graph
    network = CX2Network()
    network.create_from_raw_cx2(str(path))
    nodes, edges = network.get_nodes(), network.get_edges()
    assert [nodes[i]["v"]["name"] for i in range(len(nodes))] == list(graph.genes)
    assert len(edges) == graph.edges.shape[1]
    assert len({(n["x"], n["y"]) for n in nodes.values()}) == len(nodes)
    style = network.get_visual_properties()
    ends = style["edgeMapping"]["EDGE_TARGET_ARROW_SHAPE"]["definition"]["map"]
    assert {e["v"]: e["vp"] for e in ends}["inhibits"] == "tee"
    words = {e["v"]["interaction"] for e in edges.values()}
    assert words == {"activates", "inhibits"}
    back = from_cx2(path)
    assert (back.genes, back.pathways) == (graph.genes, graph.pathways)
    assert (back.edges == graph.edges).all()
    assert (back.sign == graph.sign).all()


def test_node_colours_are_white_at_zero_and_never_purple(written, results):
    network = CX2Network()
    network.create_from_raw_cx2(str(written[0] / "graph.cx2"))
    mapping = network.get_visual_properties()["nodeMapping"]["NODE_BACKGROUND_COLOR"]
    inside = [r for r in mapping["definition"]["map"] if "min" in r and "max" in r]
    assert mapping["definition"]["attribute"] == "signed_score"
    assert inside[0]["max"] == inside[1]["min"] == 0
    assert -inside[0]["min"] == inside[1]["max"] == pytest.approx(ranking(results).abs().max())
    for piece in inside:
        low, high = (_rgb(piece[f"{side}VPValue"]) for side in ("min", "max"))
        for share in np.linspace(0, 1, 21):
            hue, _, saturation = rgb_to_hsv(*(low + share * (high - low)) / 255)
            assert not (saturation > 0.02 and 245 / 360 < hue < 340 / 360)
    assert inside[0]["maxVPValue"] == inside[1]["minVPValue"] == "#ffffff"


def _rgb(colour):
    return np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)], dtype=float)


def test_more_of_a_gene_with_more_benefit_is_red_and_membrane_is_left_of_cytosol(written):
    network = CX2Network()
    network.create_from_raw_cx2(str(written[0] / "graph.cx2"))
    top = network.get_visual_properties()["nodeMapping"]["NODE_BACKGROUND_COLOR"]["definition"]
    red, _, blue = _rgb(top["map"][-1]["minVPValue"])
    assert red > blue
    left = {"membrane": [], "cytosol": []}
    for node in network.get_nodes().values():
        left[node["v"]["compartment"]].append(node["x"])
    assert max(left["membrane"]) < min(left["cytosol"])


def test_sif_by_us_and_by_line(odd, odd_folder):
    path, graph = odd_folder / "graph.sif", odd.fitted.recipe.graph
    rows = [line.split("\t") for line in path.read_text().splitlines()]
    assert rows[0][0] == graph.genes[graph.edges[0, 0]]
    back = from_sif(path)
    assert set(back.genes) == set(graph.genes)
    assert back.edges.shape == graph.edges.shape


def test_cyjs_by_networkx(odd, odd_folder):
    content = json.loads((odd_folder / "graph.cyjs").read_text())
    back = nx.cytoscape_graph(content)
    graph = odd.fitted.recipe.graph
    assert list(back) == list(graph.genes)
    assert back.is_directed()
    assert back.number_of_edges() == graph.edges.shape[1]
    first = back.edges[graph.genes[graph.edges[0, 0]], graph.genes[graph.edges[1, 0]]]
    assert first["sign"] == graph.sign[0]
    assert len({n["data"]["id"] for n in content["elements"]["nodes"]}) == len(graph.genes)
    assert all({"x", "y"} == set(n["position"]) for n in content["elements"]["nodes"])


def test_h5ad_by_anndata(odd, odd_folder):
    back = read_h5ad(odd_folder / "pathways.h5ad")
    attribution, benefit = odd.explanation.attribution, odd.benefit
    assert np.array_equal(back.X, attribution.pathway.numpy())
    assert np.array_equal(back.layers["prognostic"], attribution.prognostic_pathway.numpy())
    assert list(back.var_names) == list(attribution.pathways)
    assert list(back.obs_names[:2]) == ["P00001", "P00002"]
    assert np.allclose(back.obs["benefit"], benefit.benefit)
    assert np.allclose(back.obs["low"], benefit.low)
    assert np.allclose(back.obs["high"], benefit.high)
    table = pathways(odd).set_index("Term")
    assert np.allclose(back.var["q"], table["q"].loc[list(back.var_names)])
    assert back.var["lead_genes"].dtype == object
    assert "NA" in ";".join(back.var["lead_genes"]).split(";")
    assert back.uns["estimand"] == benefit.estimand.unit


def test_ids_are_in_h5ad_and_ssgsea_only_on_request(results, tmp_path):
    pg.export(results, tmp_path, with_ids=True, to=["h5ad", "gsea"])
    ids = set(results.nodes.patients)
    assert set(read_h5ad(tmp_path / "pathways.h5ad").obs_names) == ids
    assert set(pd.read_csv(tmp_path / "gsea/ssgsea.csv")["Name"]) == ids


def test_the_command_line_refuses_a_wrong_format_before_it_reads_a_study(tmp_path):
    result = CliRunner().invoke(app, ["export", str(tmp_path / "no.toml"), "--to", "xls"])
    assert result.exit_code == 2
    assert "no format 'xls'; the formats are tables" in " ".join(result.output.split())


def test_the_command_line_passes_formats_and_gene_sets_on(tmp_path, monkeypatch):
    study, seen = write_small_study(tmp_path), []
    monkeypatch.setattr(run_module, "run", lambda given, out, options: seen.append(options.order))
    args = ["export", str(study), "--to", "gsea", "--to", "sif", "--with-ids"]
    result = CliRunner().invoke(app, [*args, "--gmt", str(tmp_path / "pathways.gmt")])
    assert result.exit_code == 0, result.output
    assert seen == [(True, ("gsea", "sif"), tmp_path / "pathways.gmt")]


def test_the_help_names_every_format():
    said = CliRunner().invoke(app, ["export", "--help"]).output
    assert all(name in said for name in EXPORTS)
