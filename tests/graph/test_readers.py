"""Readers of databases: known answers on small files, and the real ones of the shared folder."""

from __future__ import annotations

import gzip
from zipfile import ZipFile

import numpy as np
import pandas as pd
import pytest
from pytest import approx
from reader_cases import (
    COLLECTRI,
    DOROTHEA,
    FI,
    GMT,
    INFO,
    KEGG,
    LINKS,
    MITAB,
    OMNIPATH,
    PTM,
    READERS,
    RELATIONS,
    SHORT,
    SIGNOR,
    SIGNOR_ROWS,
    edges_of,
    hierarchy_of,
    signor_row,
    written,
)

from pathgnn.errors import GraphError
from pathgnn.graph.assemble import edge_table
from pathgnn.graph.from_gmt import from_gmt
from pathgnn.graph.from_kegg import from_kegg
from pathgnn.graph.from_omnipath import from_omnipath
from pathgnn.graph.from_psi_mitab import from_psi_mitab
from pathgnn.graph.from_reactome import from_reactome
from pathgnn.graph.from_regulons import from_regulons
from pathgnn.graph.from_signor import from_signor
from pathgnn.graph.from_string import from_string


def test_reactome_known_answer(tmp_path):
    graph = READERS["reactome relations"].read(written(tmp_path, RELATIONS))
    assert graph.pathways == ("Cell Cycle", "M Phase", "Apoptosis")
    assert graph.pathway_ids == ("R-HSA-1", "R-HSA-2", "R-HSA-3")
    assert graph.members_of("Apoptosis") == ("CASP3", "gag")
    assert hierarchy_of(graph) == {("Cell Cycle", "M Phase")}
    assert graph.provenance.licence == "CC0-1.0"


def test_reactome_directions_known_answer(tmp_path):
    graph = READERS["reactome fi"].read(written(tmp_path, FI))
    up, down = (1, True, "activate"), (-1, True, "activate")
    assert edges_of(graph) == {
        ("G0", "H0"): (0, False, "activate"),
        ("G1", "H1"): up,
        ("H2", "G2"): up,
        ("G3", "H3"): down,
        ("H4", "G4"): down,
        **{("G5", "H5"): up, ("H5", "G5"): up},
        **{("G6", "H6"): down, ("H6", "G6"): down},
        # <-| : Gene2 activates Gene1, which inhibits Gene2; |-> is the reverse.
        **{("H7", "G7"): up, ("G7", "H7"): down},
        **{("H8", "G8"): down, ("G8", "H8"): up},
    }
    assert graph.confidence[:2] == approx([0.90, 0.91])
    with pytest.raises(GraphError, match=r"line 2: the direction is '=>'"):
        READERS["reactome fi"].read(written(tmp_path, FI.replace("\t-\t", "\t=>\t")))


def test_reactome_from_a_zip(tmp_path):
    with ZipFile(tmp_path / "ReactomePathways.gmt.zip", "w") as packed:
        packed.writestr("ReactomePathways.gmt", GMT)
    assert len(from_reactome(tmp_path / "ReactomePathways.gmt.zip").pathways) == 3


def test_a_hierarchy_of_another_species_is_refused(tmp_path):
    with pytest.raises(GraphError, match="no line joins two pathways"):
        READERS["reactome relations"].read(written(tmp_path, "R-BTA-1\tR-BTA-2\n"))


def test_omnipath_known_answer(tmp_path):
    path = written(tmp_path, OMNIPATH)
    graph = from_omnipath(path)
    assert edges_of(graph) == {
        ("A", "B"): (1, True, ""),  # the consensus, not is_inhibition
        ("A", "C"): (0, True, ""),  # both
        ("B", "C"): (-1, True, ""),
        ("D", "E"): (0, False, ""),
        ("HLA-A", "A"): (1, True, ""),
        ("F", "A"): (1, True, ""),
    }
    assert graph.confidence.tolist() == [7, 2, 2, 1, 4, 4]
    assert from_omnipath(path, references=True).confidence.tolist() == [3, 1, 1, 1, 2, 2]
    assert set(graph.sources) == {"OmniPath"}
    table = pd.read_csv(path, sep="\t", dtype=str)
    bare = table.drop(columns=[c for c in table.columns if c.startswith("consensus")])
    bare.to_csv(path, sep="\t", index=False)
    assert edges_of(from_omnipath(path))[("A", "B")] == (0, True, "")
    bare.drop(columns="source_genesymbol").to_csv(path, sep="\t", index=False)
    with pytest.raises(GraphError, match="genesymbols=1"):
        from_omnipath(path)


def test_omnipath_short_and_enzymes_known_answer(tmp_path):
    short = from_omnipath(written(tmp_path, SHORT))
    assert edges_of(short) == {
        ("A", "B"): (-1, True, ""),
        ("C", "A"): (1, True, ""),
        ("D", "A"): (1, True, ""),
        ("E1", "NKX2-5"): (1, True, ""),
        ("F1", "NKX2-5"): (1, True, ""),
    }
    enzymes = from_omnipath(written(tmp_path, PTM))
    assert edges_of(enzymes) == {("LCK", "SOCS3"): (0, True, "phosphorylation")}
    with pytest.raises(GraphError, match="line 2: interaction is '7'"):
        from_omnipath(written(tmp_path, SHORT.replace("-1", "7")))
    with pytest.raises(GraphError, match="n_references"):
        from_omnipath(written(tmp_path, SHORT), references=True)


@pytest.mark.parametrize("text", [SIGNOR, SIGNOR_ROWS], ids=["header", "bare"])
def test_signor_known_answer(tmp_path, text):
    path = written(tmp_path, text)
    proteins = {
        ("A", "B"): (1, True, "phosphorylation"),
        ("A", "C"): (-1, True, "phosphorylation"),
        ("B", "C"): (0, False, "phosphorylation"),
        ("C", "D"): (0, True, "phosphorylation"),
    }
    graph = from_signor(path)
    assert edges_of(graph) == proteins
    assert graph.confidence == approx([0.5, 0.5, 0.5, np.nan], nan_ok=True)
    more = from_signor(path, metabolites=True)
    assert edges_of(more) == {**proteins, ("ATP", "A"): (1, True, "phosphorylation")}
    assert dict(zip(more.genes, more.kind, strict=True))["ATP"] == "metabolite"
    assert "metabolite" not in graph.kind


def test_signor_of_mice_is_refused(tmp_path):
    with pytest.raises(GraphError, match="none of its 1 rows joins two human proteins"):
        from_signor(written(tmp_path, signor_row(ENTITYA="A", ENTITYB="B", TAX_ID="10090")))


def test_string_known_answer(tmp_path):
    links, info = written(tmp_path, LINKS), written(tmp_path, INFO, "info.txt")
    graph = from_string(links, info)
    # 699 is below the cut; each pair stands twice.
    assert edges_of(graph) == {("TP53", "MDM2"): (0, False, ""), ("TP53", "ATM"): (0, False, "")}
    assert graph.confidence == approx([0.999, 0.7])
    assert from_string(links, info, score=699).edges.shape[1] == 3
    with pytest.raises(GraphError, match="no pair has a score of 1000"):
        from_string(links, info, score=1000)
    with pytest.raises(GraphError, match="from 0 to 1000"):
        from_string(links, info, score=1001)


def test_string_of_more_columns_gives_the_same(tmp_path):
    info = written(tmp_path, INFO, "info.txt")
    rows = [line.split(" ") for line in LINKS.splitlines()]
    text = "".join(f"{a} {b} {'fusion' if a[0] == 'p' else 0} {s}\n" for a, b, s in rows)
    detailed = from_string(written(tmp_path, text, "detailed.txt"), info)
    assert detailed.sha256 == from_string(written(tmp_path, LINKS), info).sha256


def test_string_in_small_pieces_gives_the_same(tmp_path, monkeypatch):
    links, info = written(tmp_path, LINKS), written(tmp_path, INFO, "info.txt")
    whole = from_string(links, info, score=0)
    monkeypatch.setattr("pathgnn.graph.from_string.ROWS_AT_ONCE", 2)
    assert from_string(links, info, score=0).sha256 == whole.sha256


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("9606.E3 9606.E2", "9606.E3 9606.E9", "line 7: protein '9606.E9' is not in the info"),
        ("9606.E3 699", "9606.E3 high", "line 5: combined_score is 'high'"),
        ("9606.E3 699", "9606.E3 1001", "line 5: combined_score is '1001'"),
        ("combined_score", "score", "lacks the column 'combined_score'"),
    ],
)
def test_a_wrong_string_line_is_named(tmp_path, before, after, said):
    info = written(tmp_path, INFO, "info.txt")
    with pytest.raises(GraphError, match=said):
        from_string(written(tmp_path, LINKS.replace(before, after)), info, score=0)


def test_kegg_known_answer(tmp_path):
    graph = from_kegg(written(tmp_path, KEGG))
    assert edges_of(graph) == {
        ("EGFR", "MAPK1"): (1, True, "phosphorylation"),
        ("MAPK1", "MYC"): (1, True, "transcription"),
        ("DUSP1", "MAPK1"): (-1, True, ""),
        ("DUSP1", "MYC"): (-1, True, ""),
        ("EGFR", "DUSP1"): (0, False, "binding"),
        ("C00076", "EGFR"): (1, True, ""),
    }
    assert graph.pathways == ("MAPK signaling pathway",)
    assert graph.pathway_ids == ("path:hsa04010",)
    assert set(graph.members_of(graph.pathways[0])) == {"EGFR", "MAPK1", "MYC", "DUSP1"}
    assert graph.kind[graph.genes.index("C00076")] == "metabolite"
    assert "academic" in graph.provenance.licence


def test_kegg_symbols_name_every_gene_of_an_entry(tmp_path):
    graph = from_kegg(written(tmp_path, KEGG), {"1956": "EGFR", "2064": "ERBB2"})
    assert edges_of(graph)[("ERBB2", "MAPK1")] == (1, True, "phosphorylation")


def test_kegg_maps_of_one_title_keep_apart(tmp_path):
    first = written(tmp_path, KEGG, "1.xml")
    second = written(tmp_path, KEGG.replace("hsa04010", "hsa04999"), "2.xml")
    graph = from_kegg([first, second])
    assert graph.pathway_ids == ("path:hsa04010", "path:hsa04999")
    assert [p.name for p in graph.provenance.parts] == ["1.xml", "2.xml"]
    assert set(graph.sources) == {"KEGG"}
    with pytest.raises(GraphError, match="at least one"):
        from_kegg([])
    with pytest.raises(GraphError, match="no human KEGG map"):
        from_kegg(written(tmp_path, KEGG.replace('org="hsa"', 'org="mmu"')))


@pytest.mark.parametrize("name", ["kegg", "graphml"])
def test_entities_are_refused(tmp_path, name):
    body = READERS[name].text.split("?>", 1)[1].replace("<!DOCTYPE", "<!--").replace('dtd">', "-->")
    bomb = '<!DOCTYPE a [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>' + body
    with pytest.raises(GraphError, match="line 1: an <!ENTITY>"):
        READERS[name].read(written(tmp_path, bomb))


def test_regulons_known_answer(tmp_path):
    graph = from_regulons(written(tmp_path, COLLECTRI))
    expected = {("MYC", "TERT"): (1, True, "transcription")}
    expected[("TP53", "MYC")] = (-1, True, "transcription")
    assert edges_of(graph) == expected
    assert graph.provenance.name == "CollecTRI"
    path = written(tmp_path, DOROTHEA)
    assert edges_of(from_regulons(path)) == expected
    assert list(edges_of(from_regulons(path, levels="E"))) == [("AHR", "CYP1A1")]
    with pytest.raises(GraphError, match="no row is left of levels B"):
        from_regulons(path, levels="B")
    with pytest.raises(GraphError, match="ABCDE"):
        from_regulons(path, levels="abc")


def test_psi_mitab_known_answer(tmp_path):
    graph = from_psi_mitab(written(tmp_path, MITAB))
    assert edges_of(graph) == {
        ("TP53", "MDM2"): (0, False, "physical association"),
        ("HLA-A", "TP53"): (0, False, "physical association"),
    }
    assert graph.confidence == approx([0.56, 0.56])
    only_mice = MITAB.replace("taxid:9606", "taxid:96061")
    with pytest.raises(GraphError, match=r"0 human interactions .*gene name"):
        from_psi_mitab(written(tmp_path, only_mice))


def test_psi_mitab_takes_the_locus_of_biogrid_and_leaves_out_negatives(tmp_path):
    row = ["entrez gene/locuslink:6416", "entrez gene/locuslink:2318"]
    row += ["biogrid:1|entrez gene/locuslink:MAP2K4", "entrez gene/locuslink:FLNC|refseq:x"]
    row += ["entrez gene/locuslink:JNKK(gene name synonym)", "-", "-", "-", "-"]
    row += ["taxid:9606", "taxid:9606", 'psi-mi:"MI:0407"(direct interaction)', "-", "-", "-"]
    graph = from_psi_mitab(written(tmp_path, "\t".join(row) + "\n"))
    assert edges_of(graph) == {("MAP2K4", "FLNC"): (0, False, "direct interaction")}
    assert np.isnan(graph.confidence).all()
    negative = "\t".join([*row, *["-"] * 20, "true"]) + "\n"
    with pytest.raises(GraphError, match="0 human interactions"):
        from_psi_mitab(written(tmp_path, negative))


def test_reactome_of_the_release(shared):
    raw = shared / "data/graph/raw"
    graph = from_reactome(raw / "ReactomePathways.gmt.gz", raw / "ReactomePathwaysRelation.txt.gz")
    with gzip.open(raw / "ReactomePathways.gmt.gz", "rt") as file:
        rows = [line.rstrip("\n").split("\t") for line in file]
    assert len(graph.pathways) == len(rows)
    assert graph.pathway_ids == tuple(row[1] for row in rows)
    assert graph.members.shape[1] == sum(len(set(row[2:])) for row in rows)
    known = {row[1] for row in rows}
    with gzip.open(raw / "ReactomePathwaysRelation.txt.gz", "rt") as file:
        links = {tuple(line.split()) for line in file}
    kept = {(p, c) for p, c in links if p in known and c in known}
    ids = np.array(graph.pathway_ids, dtype=object)
    assert {tuple(pair) for pair in ids[graph.hierarchy].T} == kept
    assert len(kept) > 2000


def test_hallmark_of_the_release(shared):
    path = shared / "data/graph/raw/h.all.v2022.1.Hs.symbols.gmt.gz"
    graph = from_gmt(path)
    with gzip.open(path, "rt") as file:
        rows = [line.split() for line in file]
    assert len(graph.pathways) == len(rows) == 50
    assert len(graph.genes) == len({gene for row in rows for gene in row[2:]})


def test_omnipath_of_the_release(shared):
    path = shared / "data/graph/raw/omnipath_carnival.tsv.gz"
    graph = from_omnipath(path)
    with gzip.open(path, "rt") as file:
        rows = [line.rstrip("\n").split("\t") for line in file][1:]
    total: dict[tuple[str, str], int] = {}
    for source, sign, target in rows:
        if source != target:
            total[source, target] = total.get((source, target), 0) + int(sign)
    assert edges_of(graph) == {pair: (np.sign(s), True, "") for pair, s in total.items()}


def test_omnipath_enzymes_of_the_release(shared, tmp_path):
    table = pd.read_parquet(shared / "data/graph/omnipath_ptm.parquet")
    table.to_csv(tmp_path / "ptm.tsv.gz", sep="\t", index=False)
    graph = from_omnipath(tmp_path / "ptm.tsv.gz")
    ends = table[table["enzyme_genesymbol"] != table["substrate_genesymbol"]]
    best = ends.groupby(["enzyme_genesymbol", "substrate_genesymbol"])["curation_effort"].max()
    assert set(edges_of(graph)) == set(best.index)
    found = edge_table(graph).set_index(["source", "target"])["confidence"]
    assert found[best.index].to_numpy() == approx(best.to_numpy())


@pytest.mark.parametrize(
    ("name", "factor", "sign"),
    [("collectri", "source", "weight"), ("dorothea_hs_ABC", "tf", "mor")],
)
def test_regulons_of_the_release(shared, name, factor, sign):
    path = shared / f"data/graph/{name}.parquet"
    table = pd.read_parquet(path)
    table = table[table[factor] != table["target"]]
    expected = {
        (source, target): (np.sign(value), True, "transcription")
        for source, target, value in zip(table[factor], table["target"], table[sign], strict=True)
    }
    assert edges_of(from_regulons(path)) == expected
    assert len(expected) == len(table)
