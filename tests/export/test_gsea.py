"""Enrichment by gseapy: its header and numbers, sets of the user, names that it loses."""

from __future__ import annotations

import json

import gseapy
import numpy as np
import pandas as pd
import pytest
from export_cases import renamed, results_of

import pathgnn as pg
from pathgnn.errors import GraphError
from pathgnn.export.to_gsea import LEAST
from pathgnn.export.to_rnk import ranking

GENES = {"P0G1": "NA", "P0G2": "nan"}
PATHWAYS = {"PATH0": "NA", "PATH1": "=1+1", "PATH2": "a|b;c/d"}
PRERANK = ["Name", "Term", "ES", "NES", "NOM p-val", "FDR q-val", "FWER p-val"]
PRERANK += ["Tag %", "Gene %", "Lead_genes"]


@pytest.fixture(scope="module")
def results(fitted, nodes):
    return results_of(fitted, nodes)


@pytest.fixture(scope="module")
def folder(results, tmp_path_factory):
    out = tmp_path_factory.mktemp("gsea")
    pg.export(results, out, to=("gsea", "rnk"))
    return out


def test_prerank_has_the_header_of_gseapy_and_its_numbers(results, folder, tmp_path):
    back = pd.read_csv(folder / "gsea/prerank.csv")
    assert list(back.columns) == PRERANK
    graph = results.fitted.recipe.graph
    sets = {p: list(graph.members_of(p)) for p in graph.pathways}
    rnk = str(folder / "tables/genes.rnk")
    seed = results.fitted.seed
    by_hand = gseapy.prerank(
        rnk, sets, min_size=LEAST, seed=seed, outdir=str(tmp_path), no_plot=True
    )
    theirs = pd.read_csv(tmp_path / "gseapy.gene_set.prerank.report.csv")
    assert list(theirs.columns) == PRERANK
    assert by_hand.res2d["Term"].tolist() == back["Term"].tolist()
    assert np.allclose(back["NES"], theirs["NES"], rtol=1e-5)
    assert gseapy.dotplot(back, column="NOM p-val", cutoff=1.0) is not None


def test_a_gene_named_na_counts_in_gsea(results, tmp_path):
    odd = renamed(results, GENES, PATHWAYS)
    pg.export(odd, tmp_path, to=["gsea"])
    back = pd.read_csv(tmp_path / "gsea/prerank.csv", keep_default_na=False)
    assert set(back["Term"]) == {"NA", "'=1+1", "a|b;c/d", "PATH3"}
    assert back.set_index("Term")["Tag %"]["NA"].endswith("/6")
    lead = ";".join(back["Lead_genes"]).split(";")
    assert set(lead) <= set(ranking(odd).index)
    assert {"NA", "nan"} & set(lead)


def test_ssgsea_is_high_where_the_genes_of_a_set_add_most(results, folder):
    back = pd.read_csv(folder / "gsea/ssgsea.csv")
    assert list(back.columns) == ["Name", "Term", "ES", "NES"]
    wide = back.pivot(index="Name", columns="Term", values="ES")
    assert len(wide) == len(results.nodes.patients)
    assert not wide.isna().any().any()
    sums = pd.DataFrame(
        results.explanation.attribution.pathway.numpy(),
        columns=results.fitted.recipe.graph.pathways,
    )
    first = results.fitted.recipe.graph.pathways[0]
    assert np.corrcoef(wide[first], sums[first])[0, 1] > 0.3


def test_gene_sets_of_the_user(results, tmp_path):
    graph = results.fitted.recipe.graph
    lines = [("MINE", "na", *graph.genes[:7], "ELSEWHERE"), ("SMALL", "na", graph.genes[0])]
    (tmp_path / "mine.gmt").write_text("".join("\t".join(line) + "\n" for line in lines))
    pg.export(results, tmp_path / "out", to=["gsea"], gmt=tmp_path / "mine.gmt")
    back = pd.read_csv(tmp_path / "out/gsea/prerank.csv")
    assert back["Term"].tolist() == ["MINE"]
    assert back["Tag %"][0].endswith("/7")
    settings = json.loads((tmp_path / "out/gsea/gsea.json").read_text())
    assert (settings["gene_sets"], settings["sets_tested"]) == ("mine.gmt", 1)
    (tmp_path / "ids.gmt").write_text("\t".join(("ENS", "na", *map(str, range(9)))) + "\n")
    with pytest.raises(GraphError, match=r"no gene set of ids\.gmt has 5 to 23 of the 24 ranked"):
        pg.export(results, tmp_path / "out", to=["gsea"], gmt=tmp_path / "ids.gmt")


def test_metabolites_in_small_letters_stay_in_their_sets(results, tmp_path):
    # gseapy looks at the first 20 sets alone before it turns all names to capitals.
    small = {"P1G0": "glucose", "P1G1": "lactate", "P1G2": "fumaric acid"}
    odd = renamed(results, small, {})
    upper = [(f"S{i}", "na", *odd.fitted.recipe.graph.members_of("PATH0")) for i in range(20)]
    lines = [*upper, ("LAST", "na", *odd.fitted.recipe.graph.members_of("PATH1"))]
    (tmp_path / "sets.gmt").write_text("".join("\t".join(line) + "\n" for line in lines))
    pg.export(odd, tmp_path, to=["gsea"], gmt=tmp_path / "sets.gmt")
    back = pd.read_csv(tmp_path / "gsea/prerank.csv").set_index("Term")
    assert back["Tag %"]["LAST"].endswith("/6")
