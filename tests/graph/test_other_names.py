"""Names that genes and metabolites share."""

from __future__ import annotations

import pandas as pd
import pytest
from reader_cases import edges_of, written

from pathgnn.graph.assemble import assemble
from pathgnn.graph.from_curated import from_curated
from pathgnn.graph.from_gmt import from_gmt, with_pathways
from pathgnn.graph.graph import Provenance
from pathgnn.graph.other_names import meant_by

ACID = "lysophosphatidic-acid"
LEFT = assemble(
    pd.DataFrame({"source": [ACID, "LPAR1"], "target": ["LPAR1", "GNA13"]}),
    Provenance("left"),
    nodes=pd.DataFrame({"symbol": [ACID], "kind": ["metabolite"]}),
    aliases={
        **dict.fromkeys(("LPA", "HMDB0000001", "C00681", "CHEBI:52288", "acyl-G3P"), (ACID,)),
        "EDG2": ("LPAR1",),
    },
)


def right(name, kind):
    edges = pd.DataFrame({"source": [name], "target": ["APOB"]})
    nodes = pd.DataFrame({"symbol": [name], "kind": [kind]})
    return assemble(edges, Provenance("right"), nodes=nodes)


@pytest.mark.parametrize("kind", ["unknown", "ligand"])
def test_a_gene_is_not_the_metabolite_of_the_same_short_name(kind):
    both = LEFT | right("LPA", kind)
    assert ("LPA", "APOB") in edges_of(both)
    assert (ACID, "APOB") not in edges_of(both)
    assert "LPA" not in both.aliases


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("LPA", "metabolite"),
        ("HMDB0000001", "unknown"),
        ("C00681", "unknown"),
        ("CHEBI:52288", "unknown"),
        ("acyl-G3P", "unknown"),  # symbols of genes are in capitals
    ],
)
def test_a_metabolite_is_found_by_what_no_gene_is_called(name, kind):
    assert (ACID, "APOB") in edges_of(LEFT | right(name, kind))


def test_a_gene_is_still_found_by_its_older_name():
    assert meant_by(LEFT, {"EDG2": "unknown", "LPA": "unknown"}) == {"EDG2": "LPAR1"}


def test_a_gene_set_with_the_gene_holds_no_metabolite(tmp_path):
    path = written(tmp_path, "LIPOPROTEINS\tR-1\tLPA\tEDG2\nLIPIDS\tR-2\tHMDB0000001\tGNA13\n")
    laid = with_pathways(LEFT, path)
    assert laid.members_of("LIPOPROTEINS") == ("LPAR1",)
    assert laid.members_of("LIPIDS") == (ACID, "GNA13")


def test_no_gene_of_reactome_is_a_metabolite_of_the_curated_graph(shared):
    path = shared / "data/graph/raw/ReactomePathways.gmt.gz"
    curated = from_curated()
    kind = dict(zip(curated.genes, curated.kind, strict=True))
    laid = with_pathways(curated, path)
    assert "metabolite" not in {kind[laid.genes[i]] for i in set(laid.members[1].tolist())}
    assert "LPA" in (curated | from_gmt(path)).genes
