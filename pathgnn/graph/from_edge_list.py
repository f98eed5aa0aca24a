"""A graph from a table of edges and, for the pathways, a GMT file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from pathgnn.errors import GraphError
from pathgnn.graph.assemble import COLUMNS, Sets, assemble
from pathgnn.graph.from_gmt import read_gmt
from pathgnn.graph.graph import PathwayGraph
from pathgnn.graph.tables import named, need, numbers, provenance_of, read_frame

DIRECTED = {"": True, "true": True, "1": True, "1.0": True, "yes": True}
DIRECTED |= {"false": False, "0": False, "0.0": False, "no": False}


def from_edge_list(edges: Path, pathways: Path | None = None) -> PathwayGraph:
    """A graph from a csv or tsv table with source and target, plain or gzipped.

    Args:
        edges: May also have sign (1, -1, 0), directed, mechanism, sources (`;` between) and
            confidence. Without a sign, that of `weight` counts, where a weight is below 0.
        pathways: GMT file; genes of it that have no edge come in too. None: no pathways.

    Raises:
        GraphError: an unreadable file, a missing column or a sign that is none.
    """
    ends = ("source", "target")
    table = named(need(read_frame(edges), ends, edges), ends, edges)
    kept = table[[c for c in (*ends, *COLUMNS) if c in table.columns]].copy()
    if "directed" in kept.columns:
        kept["directed"] = _yes_or_no(kept["directed"], edges)
    if "confidence" in kept.columns:
        kept["confidence"] = numbers(kept["confidence"], edges)
    if "sign" not in kept.columns and "weight" in table.columns:
        weight = numbers(table["weight"], edges).fillna(0)
        # Weights that are all positive are strengths, and say nothing of a sign.
        if (weight < 0).any():
            kept["sign"] = np.sign(weight).astype(int)
    sets = read_gmt(pathways) if pathways else Sets()
    return assemble(kept, provenance_of(edges), sets)


def _yes_or_no(column: pd.Series, path: Path) -> pd.Series:
    """True where nothing is said: an edge list runs from source to target."""
    words = column.str.strip().str.lower()
    known = words.map(DIRECTED)
    if known.isna().any():
        raise GraphError(
            f"{path.name}, row {int(known.isna().to_numpy().argmax()) + 1}: directed is "
            f"{column[known.isna()].iloc[0]!r}; it must be true or false"
        )
    return known.astype(bool)
