"""PathwayGraph to Cytoscape's simple interaction format."""

from __future__ import annotations

from pathlib import Path

from pathgnn.files import write_text
from pathgnn.graph.graph import PathwayGraph

WORDS = {1: "activates", -1: "inhibits", 0: "acts_on"}


def to_sif(graph: PathwayGraph, path: Path) -> None:
    """Write edges, one on a line with tabs between, and genes without any as lone names.

    The relation is activates, inhibits or, where the sign is unknown, acts_on; an undirected edge
    is `binds`. Pathways, mechanisms and sources have no place in this format.
    """
    lines = [
        f"{graph.genes[source]}\t{relation(int(graph.sign[i]), bool(graph.directed[i]))}"
        f"\t{graph.genes[target]}\n"
        for i, (source, target) in enumerate(graph.edges.T.tolist())
    ]
    joined = set(graph.edges.ravel().tolist())
    lines += [f"{gene}\n" for i, gene in enumerate(graph.genes) if i not in joined]
    write_text(path, "".join(lines))


def relation(sign: int, directed: bool) -> str:
    """The word for an edge, as `from_sif` reads it."""
    return WORDS[sign] if directed else "binds"
