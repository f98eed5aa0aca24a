"""Roles, compartments and drugs of genes, from the curated graph, for graphs that tell none."""

from __future__ import annotations

from dataclasses import replace

from pathgnn.graph.from_curated import from_curated
from pathgnn.graph.graph import PathwayGraph

TOLD_NOTHING = ("", "unknown")


def with_known_nodes(graph: PathwayGraph) -> PathwayGraph:
    """The graph with what it does not tell of a gene as the curated graph has it.

    Lists of edges name no receptors, between which and effectors cascades are drawn. What the graph
    tells itself is kept.
    """
    curated = from_curated()
    return replace(
        graph,
        kind=_filled(graph, curated, "kind"),
        compartment=_filled(graph, curated, "compartment"),
        drugs=_filled(graph, curated, "drugs"),
    )


def _filled(graph: PathwayGraph, curated: PathwayGraph, name: str) -> tuple[str, ...]:
    known = dict(zip(curated.genes, getattr(curated, name), strict=True))
    own = zip(graph.genes, getattr(graph, name), strict=True)
    return tuple(known.get(g, v) if v in TOLD_NOTHING else v for g, v in own)
