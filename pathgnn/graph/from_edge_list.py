"""A graph from a table of edges and, for the pathways, a GMT file."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from pathgnn.graph.assemble import COLUMNS, Sets, assemble
from pathgnn.graph.edge_signs import FLAGS, WORDS, signs_of_words, with_signs, yes_or_no
from pathgnn.graph.from_gmt import read_gmt
from pathgnn.graph.graph import PathwayGraph
from pathgnn.graph.tables import named, need, numbers, provenance_of, read_frame

ENDS = ("source", "target")
# Known in any case; other columns in other cases may mean something else.
OURS = {name: name for name in (*ENDS, "sign", "weight", *WORDS, *FLAGS)}
OURS["is_directed"] = "directed"


def from_edge_list(edges: Path, pathways: Path | None = None) -> PathwayGraph:
    """A graph from a csv or tsv table with source and target, plain or gzipped.

    Args:
        edges: May also have sign (1, -1, 0), directed, mechanism, sources (`;` between) and
            confidence. `sign` may hold words, too, such as activates. Without a sign, the words of
            interaction and effect count, see `meaning_of`; else the flags is_stimulation and
            is_inhibition of OmniPath; else the sign of `weight`, where a weight is below 0.
        pathways: GMT file; genes of it that have no edge come in too. None: no pathways.

    Raises:
        GraphError: an unreadable file, a missing column or a sign that is none.
    """
    table = named(need(_in_our_names(read_frame(edges)), ENDS, edges), ENDS, edges)
    kept = table[[c for c in (*ENDS, *COLUMNS) if c in table.columns]].copy()
    if "directed" in kept.columns:
        # An edge list runs from source to target.
        kept["directed"] = yes_or_no(kept["directed"], edges, unsaid=True)
    if "confidence" in kept.columns:
        kept["confidence"] = numbers(kept["confidence"], edges)
    if "sign" not in kept.columns:
        kept = with_signs(kept, table, edges)
    elif pd.to_numeric(kept["sign"], errors="coerce").isna().all():
        kept["sign"] = signs_of_words(kept["sign"], edges)
    sets = read_gmt(pathways) if pathways else Sets()
    return assemble(kept, provenance_of(edges), sets)


def _in_our_names(table: pd.DataFrame) -> pd.DataFrame:
    """Columns that we know under our names, whatever their case; of several the first counts."""
    found: dict[str, str] = {}
    for column in table.columns:
        ours = OURS.get(str(column).strip().lower(), "")
        if ours and ours not in table.columns:
            found.setdefault(ours, column)
    return table.rename(columns={column: ours for ours, column in found.items()})
