"""Which nodes of a graph another source means by their other names."""

from __future__ import annotations

import re
from collections.abc import Mapping

from pathgnn.graph.graph import PathwayGraph

# A word in capitals, such as LPA, which is lysophosphatidic acid and a gene. Identifiers of HMDB
# and KEGG are none; those of ChEBI and PubChem have a colon.
MAYBE_A_GENE = re.compile(r"(?!HMDB\d+$|C\d{5}$)[A-Z][A-Z0-9-]*")


def meant_by(graph: PathwayGraph, kinds: Mapping[str, str]) -> dict[str, str]:
    """Node of the graph by each name that is an alias of it, and of no other.

    A name that could be the symbol of a gene means a metabolite only where its source says that it
    is one.

    Args:
        graph: The nodes, their kinds and aliases.
        kinds: Kind of node, as the other source tells it, by name; `unknown` where it does not.
    """
    metabolites = {g for g, k in zip(graph.genes, graph.kind, strict=True) if k == "metabolite"}
    meant: dict[str, str] = {}
    for name, kind in kinds.items():
        nodes = graph.aliases.get(name, ())
        is_gene = kind != "metabolite" and MAYBE_A_GENE.fullmatch(name)
        if len(nodes) == 1 and not (is_gene and nodes[0] in metabolites):
            meant[name] = nodes[0]
    return meant
