"""Small files of every graph format, and the readers that take them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from pathgnn.graph.assemble import edge_table
from pathgnn.graph.from_cx2 import from_cx2
from pathgnn.graph.from_gmt import from_gmt
from pathgnn.graph.from_graphml import from_graphml
from pathgnn.graph.from_kegg import from_kegg
from pathgnn.graph.from_omnipath import from_omnipath
from pathgnn.graph.from_psi_mitab import from_psi_mitab
from pathgnn.graph.from_reactome import from_reactome
from pathgnn.graph.from_regulons import from_regulons
from pathgnn.graph.from_sif import from_sif
from pathgnn.graph.from_signor import COLUMNS, from_signor
from pathgnn.graph.from_string import from_string
from pathgnn.graph.graph import PathwayGraph

GMT = "Cell Cycle\tR-HSA-1\tCDK1\tCCNB1\nM Phase\tR-HSA-2\tCDK1\nApoptosis\tR-HSA-3\tCASP3\tgag\n"
RELATIONS = "R-BTA-1\tR-BTA-2\nR-HSA-1\tR-HSA-2\nR-HSA-1\tR-HSA-99\n"
FI = "Gene1\tGene2\tAnnotation\tDirection\tScore\n" + "".join(
    f"G{i}\tH{i}\tactivate; catalyze\t{direction}\t0.9{i}\n"
    for i, direction in enumerate(["-", "->", "<-", "-|", "|-", "<->", "|-|", "<-|", "|->"])
)
OMNIPATH = (
    "source\ttarget\tsource_genesymbol\ttarget_genesymbol\tis_directed\tis_stimulation\t"
    "is_inhibition\tconsensus_direction\tconsensus_stimulation\tconsensus_inhibition\t"
    "curation_effort\tn_references\n"
    "P1\tP2\tA\tB\tTrue\tTrue\tTrue\tTrue\tTrue\tFalse\t7\t3\n"
    "P1\tP3\tA\tC\t1\t1\t1\t1\t1\t1\t2\t1\n"
    "P2\tP3\tB\tC\t1\t0\t1\t1\t0\t1\t2\t1\n"
    "P4\tP5\tD\tE\t0\t0\t0\t0\t0\t0\t1\t1\n"
    "COMPLEX:P6_P7\tP1\tHLA-A_F\tA\t1\t1\t0\t1\t1\t0\t4\t2\n"
)
SHORT = "source\tinteraction\ttarget\nA\t-1\tB\nCOMPLEX:C_D\t1\tA\nCOMPLEX:E1-F1\t1\tNKX2-5\n"
PTM = "enzyme_genesymbol\tsubstrate_genesymbol\tmodification\nLCK\tSOCS3\tphosphorylation\n"
CHANGES = {"TAX_ID": "9606", "SCORE": "0.5", "MECHANISM": "Phosphorylation"}


def signor_row(**given_values: str) -> str:
    values = {"TYPEA": "protein", "TYPEB": "protein", **CHANGES, **given_values}
    return "\t".join(values.get(c, "") for c in COLUMNS) + "\n"


SIGNOR_ROWS = (
    signor_row(ENTITYA="A", ENTITYB="B", EFFECT="up-regulates activity")
    + signor_row(ENTITYA="A", ENTITYB="C", EFFECT='"down-regulates quantity by repression"')
    + signor_row(ENTITYA="B", ENTITYB="C", EFFECT="form complex", TAX_ID="-1")
    + signor_row(ENTITYA="C", ENTITYB="D", EFFECT="unknown", TAX_ID="", SCORE="")
    + signor_row(ENTITYA="D", ENTITYB="A", EFFECT="up-regulates", TAX_ID="10090")
    + signor_row(ENTITYA="X/Y", ENTITYB="A", EFFECT="up-regulates", TYPEA="complex")
    + signor_row(ENTITYA="ATP", ENTITYB="A", EFFECT="up-regulates", TYPEA="smallmolecule")
)
SIGNOR = "\t".join(COLUMNS) + "\n" + SIGNOR_ROWS
INFO = (
    "#string_protein_id\tpreferred_name\tprotein_size\tannotation\n"
    + '9606.E1\tTP53\t393\tthe "guardian\n9606.E2\tMDM2\t491\t\n9606.E3\tATM\t3056\t\n'
)
LINKS = (
    "protein1 protein2 combined_score\n9606.E1 9606.E2 999\n9606.E1 9606.E3 700\n"
    "9606.E2 9606.E1 999\n9606.E2 9606.E3 699\n9606.E3 9606.E1 700\n9606.E3 9606.E2 699\n"
)
KEGG = """<?xml version="1.0"?>
<!DOCTYPE pathway SYSTEM "https://www.kegg.jp/kegg/xml/KGML_v0.7.2_.dtd">
<pathway name="path:hsa04010" org="hsa" number="04010" title="MAPK signaling pathway">
  <entry id="1" name="hsa:1956 hsa:2064" type="gene"><graphics name="EGFR, ERBB, HER1..."/></entry>
  <entry id="2" name="hsa:5594" type="gene"><graphics name="MAPK1, ERK2"/></entry>
  <entry id="3" name="hsa:4609" type="gene"><graphics name="MYC"/></entry>
  <entry id="4" name="cpd:C00076" type="compound"><graphics name="C00076"/></entry>
  <entry id="5" name="path:hsa04110" type="map"><graphics name="Cell cycle"/></entry>
  <entry id="6" name="undefined" type="group"><component id="2"/><component id="3"/></entry>
  <entry id="7" name="hsa:1843" type="gene"><graphics name="DUSP1"/></entry>
  <relation entry1="1" entry2="2" type="PPrel"><subtype name="activation" value="--&gt;"/>
    <subtype name="phosphorylation" value="+p"/></relation>
  <relation entry1="2" entry2="3" type="GErel"><subtype name="expression"/></relation>
  <relation entry1="7" entry2="6" type="PPrel"><subtype name="inhibition" value="--|"/></relation>
  <relation entry1="1" entry2="7" type="PPrel"><subtype name="binding/association"/></relation>
  <relation entry1="4" entry2="1" type="PCrel"><subtype name="activation"/></relation>
  <relation entry1="3" entry2="5" type="maplink"><subtype name="compound" value="4"/></relation>
</pathway>
"""
COLLECTRI = "source,target,weight\nMYC,TERT,1\nTP53,MYC,-1\n"
DOROTHEA = (
    "tf\tconfidence\ttarget\tmor\nMYC\tA\tTERT\t1.0\nTP53\tC\tMYC\t-1.0\nAHR\tE\tCYP1A1\t1.0\n"
)
SIF = "A activates B C\nB inhibits C\nC pp D\nLONE\nA wonders D\nB controls-expression-of E\n"
MITAB_ROWS = [
    ["uniprotkb:TP53(gene name)", "uniprotkb:MDM2(gene name)|psi-mi:x(display_short)", "9606"],
    ['psi-mi:"HLA-A"(display_short)', "uniprotkb:TP53(gene name)", "9606"],
    ["uniprotkb:Trp53(gene name)", "uniprotkb:TP53(gene name)", "10090"],
    ["-", "uniprotkb:TP53(gene name)", "9606"],
]
TERM = 'psi-mi:"MI:0915"(physical association)'
MITAB = "#ID(s) interactor A\tID(s) interactor B\n" + "".join(
    "\t".join(
        ["-", "-", "-", "-", a, b, "-", "-", "-", f"taxid:{taxon}(x)", "taxid:9606(human)", TERM]
    )
    + "\t-\t-\tintact-miscore:0.56\n"
    for a, b, taxon in MITAB_ROWS
)
GRAPHML = """<?xml version="1.0" encoding="UTF-8"?>
<graphml xmlns="http://graphml.graphdrawing.org/xmlns">
  <key id="d0" for="node" attr.name="name" attr.type="string"/>
  <key id="d1" for="edge" attr.name="sign" attr.type="int"/>
  <graph edgedefault="directed">
    <node id="n0"><data key="d0">EGFR</data></node><node id="n1"><data key="d0">GRB2</data></node>
    <edge source="n0" target="n1"><data key="d1">1</data></edge>
  </graph>
</graphml>
"""
CX2 = json.dumps(
    [
        {"CXVersion": "2.0", "hasFragments": False},
        {
            "attributeDeclarations": [
                {
                    "nodes": {"name": {"d": "string", "a": "n"}},
                    "edges": {"interaction": {"a": "i", "v": "activates"}, "confidence": {}},
                }
            ]
        },
        {"networkAttributes": [{"name": "small"}]},
        {"nodes": [{"id": 0, "x": 1.5, "v": {"n": "EGFR"}}, {"id": 5, "v": {"n": "GRB2"}}]},
        {"edges": [{"id": 0, "s": 0, "t": 5}]},
        {"nodes": [{"id": 7, "v": {"n": "CBL"}}]},
        {"edges": [{"id": 1, "s": 7, "t": 0, "v": {"i": "inhibits", "confidence": 0.5}}]},
        {"edges": [{"id": 2, "s": 7, "t": 5, "v": {"i": "binds", "sign": 0}}]},
        {"status": [{"success": True, "error": ""}]},
    ]
)


class Reader(NamedTuple):
    read: Callable[[Path], PathwayGraph]
    text: str  # a file it reads


def beside(path: Path, name: str, text: str) -> Path:
    """Another file in the same folder."""
    other = path.with_name(name)
    other.write_text(text)
    return other


READERS = {
    "gmt": Reader(from_gmt, GMT),
    "reactome": Reader(from_reactome, GMT),
    "reactome relations": Reader(
        lambda p: from_reactome(beside(p, "good.gmt", GMT), relations=p), RELATIONS
    ),
    "reactome fi": Reader(lambda p: from_reactome(beside(p, "good.gmt", GMT), fi=p), FI),
    "omnipath": Reader(from_omnipath, OMNIPATH),
    "omnipath short": Reader(from_omnipath, SHORT),
    "omnipath enzymes": Reader(from_omnipath, PTM),
    "signor": Reader(from_signor, SIGNOR),
    "signor bare": Reader(from_signor, SIGNOR_ROWS),
    "string links": Reader(lambda p: from_string(p, beside(p, "good.info", INFO)), LINKS),
    "string info": Reader(lambda p: from_string(beside(p, "good.links", LINKS), p), INFO),
    "kegg": Reader(from_kegg, KEGG),
    "collectri": Reader(from_regulons, COLLECTRI),
    "dorothea": Reader(from_regulons, DOROTHEA),
    "sif": Reader(from_sif, SIF),
    "psi-mitab": Reader(from_psi_mitab, MITAB),
    "graphml": Reader(from_graphml, GRAPHML),
    "cx2": Reader(from_cx2, CX2),
}
TABLES = [n for n in READERS if n not in ("kegg", "graphml", "cx2", "gmt", "reactome")]


def written(folder: Path, text: str, name: str = "file.txt") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def edges_of(graph: PathwayGraph) -> dict[tuple[str, str], tuple[int, bool, str]]:
    """Sign, direction and mechanism by pair."""
    table = edge_table(graph)
    ends = zip(table["source"], table["target"], strict=True)
    return dict(
        zip(
            ends,
            zip(table["sign"], table["directed"], table["mechanism"], strict=True),
            strict=True,
        )
    )


def hierarchy_of(graph: PathwayGraph) -> set[tuple[str, str]]:
    return {(graph.pathways[p], graph.pathways[c]) for p, c in graph.hierarchy.T}
