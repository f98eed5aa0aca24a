"""Which nodes of a graph another source means by their other names."""

from __future__ import annotations

from collections.abc import Mapping

from pathgnn.graph.graph import PathwayGraph

# Names of metabolites that are symbols of genes, or were, or are called so.
GENES_TOO = frozenset(["AA", "AIR", "E2", "FBP", "FPP", "GAP", "LPA", "PEP", "PRA", "S1P", "TAG"])


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
        is_gene = kind != "metabolite" and name in GENES_TOO
        if len(nodes) == 1 and not (is_gene and nodes[0] in metabolites):
            meant[name] = nodes[0]
    return meant
