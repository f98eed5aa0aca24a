"""How networks are drawn elsewhere: a gene's place by compartment, its colour, an edge's end."""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType

import networkx as nx

# Left to right as a signal runs; other compartments stand between cytosol and nucleus.
LAYERS: Mapping[str, int] = MappingProxyType(
    {"extracellular": 0, "membrane": 1, "cytosol": 2, "nucleus": 4}
)
OTHER_LAYER = 3
ACROSS, DOWN, BETWEEN = 120, 60, 160
# Both halves start at white: blue to red in one step would pass through purple.
LOW, ZERO, HIGH = "#2166ac", "#ffffff", "#b2182b"
LINE, TEXT = "#666666", "#222222"
ENDS: Mapping[str, str] = MappingProxyType(
    {"activates": "triangle", "inhibits": "tee", "acts_on": "circle", "binds": "none"}
)


def positions(graph: nx.DiGraph[str]) -> dict[str, tuple[float, float]]:
    """x and y in pixels: a block of columns per compartment, pathways together; not random."""
    layers: dict[int, list[str]] = {}
    for gene, data in graph.nodes(data=True):
        layers.setdefault(LAYERS.get(data["compartment"], OTHER_LAYER), []).append(gene)
    n_rows = max(1, math.ceil(math.sqrt(len(graph))))
    out: dict[str, tuple[float, float]] = {}
    left = 0.0
    for layer in sorted(layers):
        # Sorted is stable: within a pathway the graph's order stays.
        genes = sorted(layers[layer], key=lambda g: str(graph.nodes[g]["pathways"]))
        top = -DOWN * (min(n_rows, len(genes)) - 1) / 2
        for i, gene in enumerate(genes):
            column, row = divmod(i, n_rows)
            out[gene] = (left + ACROSS * column, top + DOWN * row)
        left += ACROSS * ((len(genes) - 1) // n_rows) + BETWEEN
    return out


def limit(graph: nx.DiGraph[str]) -> float:
    """Largest absolute signed score, where the colours end; 1 where all are 0."""
    return max((abs(d["signed_score"]) for _, d in graph.nodes(data=True)), default=0.0) or 1.0
