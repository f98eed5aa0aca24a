"""A graph from a table of edges and, for the pathways, a GMT file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from pathgnn.errors import GraphError
from pathgnn.files import sha256
from pathgnn.graph.from_gmt import read_gmt
from pathgnn.graph.graph import PathwayGraph, Provenance


def from_edge_list(edges: Path, pathways: Path | None = None) -> PathwayGraph:
    """A graph from a csv or tsv table with source, target and, if there, sign and mechanism.

    Args:
        edges: The table; sign is 1, -1 or 0. Self loops and repeated pairs are left out.
        pathways: GMT file; genes of it that have no edge come in too. None: no pathways.

    Raises:
        GraphError: an unreadable file or a missing column.
    """
    table = _read(edges)
    table = table[table["source"] != table["target"]].drop_duplicates(["source", "target"])
    sets = read_gmt(pathways) if pathways else {}
    names = dict.fromkeys([*table["source"], *table["target"]])
    names.update(dict.fromkeys(gene for genes in sets.values() for gene in genes))
    genes = pd.Index(list(names))
    pairs = [(p, genes.get_loc(g)) for p, members in enumerate(sets.values()) for g in members]
    return PathwayGraph(
        genes=tuple(genes),
        kind=("unknown",) * len(genes),
        compartment=("",) * len(genes),
        edges=np.stack([genes.get_indexer(table["source"]), genes.get_indexer(table["target"])]),
        sign=table["sign"].to_numpy(dtype=np.int64),
        mechanism=tuple(table["mechanism"]),
        pathways=tuple(sets),
        members=np.array(pairs, dtype=np.int64).reshape(-1, 2).T,
        provenance=Provenance(name=edges.name, source=edges.name, sha256=sha256(edges)),
    )


def _read(path: Path) -> pd.DataFrame:
    try:
        columns = pd.read_csv(path, sep="\t", nrows=0).columns
        separator = "\t" if len(columns) > 1 else ","
        table = pd.read_csv(path, sep=separator, keep_default_na=False)
    except (OSError, ValueError) as error:
        raise GraphError(f"{path} cannot be read as an edge table: {error}") from error
    absent = {"source", "target"} - set(table.columns)
    if absent:
        raise GraphError(f"{path.name} lacks the column {sorted(absent)[0]!r} of an edge table")
    table["sign"] = pd.to_numeric(table.get("sign", 0), errors="coerce")
    table["mechanism"] = table.get("mechanism", "")
    if table["sign"].isna().any():
        raise GraphError(f"{path.name}: sign must be 1, -1 or 0")
    return table.astype({"source": str, "target": str, "mechanism": str})
