"""Regulons, CollecTRI or DoRothEA: transcription factors and the genes they regulate."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from pathgnn.errors import GraphError
from pathgnn.graph.assemble import assemble
from pathgnn.graph.graph import PathwayGraph
from pathgnn.graph.tables import need, numbers, provenance_of, read_frame

PARQUET = b"PAR1"
LEVELS = "ABCDE"


def from_regulons(path: Path, levels: str = "ABC") -> PathwayGraph:
    """Transcription factor -> gene, directed, with mechanism `transcription`.

    The sign is that of `weight` or `mor`. CollecTRI's AP1 and NFKB are names of complexes and stay
    as they are.

    Args:
        path: csv, tsv or parquet. CollecTRI: source, target, and weight or mor. DoRothEA: tf,
            confidence, target, mor.
        levels: DoRothEA's levels of confidence that are kept, from A (curated) to E (predicted);
            a table without them is kept whole.

    Raises:
        GraphError: an unreadable file, a missing column, an unknown level, or no row of a level.

    Source: Müller-Dott et al., Nucleic Acids Res 2023, 51:10934 for CollecTRI; Garcia-Alonso et
        al., Genome Res 2019, 29:1363 for DoRothEA.
    """
    if not levels or set(levels) - set(LEVELS):
        raise GraphError(f"the levels are {levels!r}; give some of the letters {LEVELS}")
    table = _read(path).rename(columns={"tf": "source", "mor": "weight"})
    need(table, ("source", "target", "weight"), path)
    weight = numbers(table["weight"], path)
    edges = table[["source", "target"]].assign(sign=np.sign(weight.fillna(0)).astype(int))
    rated = "confidence" in table.columns
    if rated:
        edges = edges[table["confidence"].isin(list(levels))]
    edges = edges[(edges["source"] != "") & (edges["target"] != "")]
    if edges.empty:
        raise GraphError(f"{path.name}: no row is left of levels {levels}; ask for more of them")
    provenance = provenance_of(
        path,
        name="DoRothEA" if rated else "CollecTRI",
        licence="that of each resource in it",
        url="https://github.com/saezlab/" + ("dorothea" if rated else "CollecTRI"),
    )
    return assemble(edges.assign(mechanism="transcription"), provenance)


def _read(path: Path) -> pd.DataFrame:
    try:
        with path.open("rb") as file:
            packed = file.read(4) == PARQUET
        if not packed:
            return read_frame(path)
        table = pd.read_parquet(path)
        return table.astype(str).where(table.notna(), "")
    except (OSError, ValueError, KeyError, TypeError, NotImplementedError) as error:
        raise GraphError(f"{path} cannot be read: {error}; download it again") from error
