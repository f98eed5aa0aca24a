"""What a graph holds, in numbers."""

from __future__ import annotations

from collections import Counter

import networkx as nx
import numpy as np
import pandas as pd

from pathgnn.graph.graph import PathwayGraph


def summary(graph: PathwayGraph) -> dict[str, str]:
    """Counts of nodes, edges, degrees, parts and pathways, as text by name."""
    n = len(graph.genes)
    degree = np.bincount(graph.edges.ravel(), minlength=n)
    whole: nx.Graph[int] = nx.Graph(graph.edges.T.tolist())
    largest = max((len(part) for part in nx.connected_components(whole)), default=0)
    in_none = n - len(np.unique(graph.members[1]))
    kinds = Counter(graph.kind).most_common()
    signs = Counter(graph.sign.tolist())
    quarters = np.percentile(degree, [25, 50, 75]) if n else np.zeros(3)
    return {
        "kinds": ", ".join(f"{kind} {count}" for kind, count in kinds),
        "edges": f"{int(graph.directed.sum())} directed of {len(graph.sign)}; "
        f"{signs[1]} activate, {signs[-1]} inhibit, {signs[0]} of unknown sign",
        "degree": f"median {quarters[1]:g} ({quarters[0]:g} to {quarters[2]:g}), "
        f"largest {degree.max(initial=0)}; {int((degree == 0).sum())} without an edge",
        "largest connected part": f"{largest} of {n}",
        "genes in no pathway": str(in_none),
        "aliases": str(len(graph.aliases)),
        "from": graph.provenance.name,
        "licence": graph.provenance.licence,
        "sha256": graph.sha256,
    }


def pathway_table(graph: PathwayGraph) -> pd.DataFrame:
    """Per pathway, largest first: identifier, genes, and edges between them."""
    pathway, gene = graph.members
    inside = np.zeros(len(graph.pathways), dtype=np.int64)
    of: list[set[int]] = [set() for _ in graph.genes]
    for p, g in zip(pathway.tolist(), gene.tolist(), strict=True):
        of[g].add(p)
    for source, target in graph.edges.T.tolist():
        inside[list(of[source] & of[target])] += 1
    table = pd.DataFrame(
        {
            "pathway": graph.pathways,
            "identifier": graph.pathway_ids,
            "genes": np.bincount(pathway, minlength=len(graph.pathways)),
            "edges_inside": inside,
        }
    )
    return table.sort_values("genes", ascending=False, kind="stable", ignore_index=True)
