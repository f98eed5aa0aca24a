"""The graph that a study names: the curated one, or the user's files."""

from __future__ import annotations

from pathlib import Path

from pathgnn.graph.from_curated import from_curated
from pathgnn.graph.from_edge_list import from_edge_list
from pathgnn.graph.from_gmt import with_pathways
from pathgnn.graph.graph import PathwayGraph
from pathgnn.settings import Settings, setting


class GraphSource(Settings):
    """Where genes, edges and pathways come from."""

    edges: str = setting("", "csv or tsv with source, target, sign; empty: the curated graph")
    pathways: str = setting("", "GMT file; empty: those of the curated graph, or none")


def load_graph(source: GraphSource | None = None, folder: Path | None = None) -> PathwayGraph:
    """The curated graph, or one from files relative to `folder`."""
    source, folder = source or GraphSource(), folder or Path()
    pathways = folder / source.pathways if source.pathways else None
    if source.edges:
        return from_edge_list(folder / source.edges, pathways)
    return with_pathways(from_curated(), pathways) if pathways else from_curated()
