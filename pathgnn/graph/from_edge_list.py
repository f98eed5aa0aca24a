"""A graph from a table of edges and, for the pathways, a GMT file."""

from __future__ import annotations

from pathlib import Path

from pathgnn.graph.assemble import COLUMNS, Sets, assemble
from pathgnn.graph.from_gmt import read_gmt
from pathgnn.graph.graph import PathwayGraph
from pathgnn.graph.tables import need, provenance_of, read_frame


def from_edge_list(edges: Path, pathways: Path | None = None) -> PathwayGraph:
    """A graph from a csv or tsv table with source and target, plain or gzipped.

    Args:
        edges: May also have sign (1, -1, 0), directed, mechanism, sources (`;` between) and
            confidence.
        pathways: GMT file; genes of it that have no edge come in too. None: no pathways.

    Raises:
        GraphError: an unreadable file, a missing column or a sign that is none.
    """
    table = need(read_frame(edges), ("source", "target"), edges)
    kept = table[[c for c in ("source", "target", *COLUMNS) if c in table.columns]].copy()
    if "directed" in kept.columns:
        kept["directed"] = kept["directed"].astype(str).str.lower().isin(("true", "1", "yes"))
    if "confidence" in kept.columns:
        kept["confidence"] = kept["confidence"].replace("", float("nan")).astype(float)
    sets = read_gmt(pathways) if pathways else Sets()
    return assemble(kept, provenance_of(edges), sets)
