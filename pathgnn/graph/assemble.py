"""Tables of edges, nodes and pathways to a PathwayGraph: where every reader ends."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Int

from pathgnn.errors import GraphError
from pathgnn.graph.graph import NODE_KINDS, PathwayGraph, Provenance

COLUMNS: Mapping[str, Any] = {
    "sign": 0,
    "directed": True,
    "mechanism": "",
    "sources": "",
    "confidence": np.nan,
}
# The databases of an edge are held as bits of an int64 while edges are merged.
MOST_SOURCES = 62


@dataclass(frozen=True)
class Sets:
    """Pathways: name -> genes, name -> identifier, and (parent name, child name) pairs."""

    genes: Mapping[str, Iterable[str]] = field(default_factory=dict)
    ids: Mapping[str, str] = field(default_factory=dict)
    hierarchy: tuple[tuple[str, str], ...] = ()


def assemble(
    edges: pd.DataFrame,
    provenance: Provenance,
    sets: Sets | None = None,
    nodes: pd.DataFrame | None = None,
    aliases: Mapping[str, tuple[str, ...]] | None = None,
) -> PathwayGraph:
    """A graph from an edge table and, if there, pathways and node attributes.

    Args:
        edges: Columns source, target; may have sign, directed, mechanism, sources, confidence. Self
            loops are left out; rows of one pair become one edge whose sign is that of their sum.
        provenance: Its name is the source of edges that name none.
        sets: Pathways; genes that have no edge come in too.
        nodes: Columns symbol, kind, compartment, drugs; the first names, in this order.
        aliases: Other name -> symbols; those of genes outside the graph are left out.

    Raises:
        GraphError: a name that is empty or cannot be printed, or a sign that is none.
    """
    sets = sets or Sets()
    table = _clean(edges, provenance.name)
    table["sign"] = _summed_sign(table)
    table = merge_edges(table)
    genes = _gene_names(nodes, table, sets)
    pathways = tuple(sets.genes)
    return PathwayGraph(
        genes=tuple(genes),
        **_node_columns(genes, nodes),
        **edge_columns(table, genes),
        pathways=pathways,
        pathway_ids=tuple(sets.ids.get(name, name) for name in pathways),
        members=_members(sets, genes),
        hierarchy=_hierarchy(sets),
        provenance=provenance,
        aliases=_known(aliases or {}, set(genes)),
    )


def merge_edges(table: pd.DataFrame) -> pd.DataFrame:
    """One row per pair, in the order of their first rows; of each column, the first that says
    something, all sources and the highest confidence.

    An undirected row tells nothing of who acts how in a pair that has a directed one: that one
    takes its sources and confidence alone.
    """
    if table.empty:
        return table
    codes, _ = pd.factorize(pd.concat([table["source"], table["target"]], ignore_index=True))
    a, b = codes[: len(table)].astype(np.int64), codes[len(table) :].astype(np.int64)
    n = int(codes.max()) + 1
    directed = table["directed"].to_numpy(dtype=bool)
    pair = np.minimum(a, b) * n + np.maximum(a, b)
    row, key = _rows_of_edges(np.where(directed, a * n + b, -1), pair, directed)
    # Sorted by edge, rows of one edge in their order: each column is then one pass.
    order = np.lexsort((row, key))
    row = row[order]
    start = np.flatnonzero(np.r_[True, np.diff(key[order]) != 0])
    own = _first_row(row, start, directed)
    out = table.iloc[own].copy()
    masks, names = _source_bits(table["sources"])
    out["sources"] = _names_of(np.bitwise_or.reduceat(masks[row], start), names)
    out["confidence"] = np.fmax.reduceat(table["confidence"].to_numpy(dtype=float)[row], start)
    sign = table["sign"].to_numpy(dtype=np.int64)
    absorbed = ~directed & np.isin(pair, pair[directed])
    out["sign"] = sign[_first_that((sign != 0) & ~absorbed, row, start, own)]
    mechanism = table["mechanism"].to_numpy(dtype=object)
    out["mechanism"] = mechanism[_first_that((mechanism != "") & ~absorbed, row, start, own)]
    return out.iloc[np.argsort(own, kind="stable")].reset_index(drop=True)


def edge_columns(table: pd.DataFrame, genes: pd.Index) -> dict[str, Any]:
    """The edge fields of a PathwayGraph from a merged table."""
    return {
        "edges": np.stack(
            [genes.get_indexer(pd.Index(table[end])) for end in ("source", "target")]
        ).astype(np.int64),
        "sign": table["sign"].to_numpy(dtype=np.int64),
        "directed": table["directed"].to_numpy(dtype=bool),
        "mechanism": tuple(table["mechanism"]),
        "sources": tuple(table["sources"]),
        "confidence": table["confidence"].to_numpy(dtype=np.float32),
    }


def edge_table(graph: PathwayGraph) -> pd.DataFrame:
    """The edges of a graph as `assemble` takes them."""
    genes = np.array(graph.genes, dtype=object)
    return pd.DataFrame(
        {
            "source": genes[graph.edges[0]],
            "target": genes[graph.edges[1]],
            "sign": graph.sign,
            "directed": graph.directed,
            "mechanism": pd.Series(graph.mechanism, dtype=object),
            "sources": pd.Series(graph.sources, dtype=object),
            "confidence": graph.confidence,
        }
    )


def _clean(edges: pd.DataFrame, name: str) -> pd.DataFrame:
    ends = ["source", "target"]
    texts = pd.DataFrame(
        {end: edges[end].astype(object).fillna("").astype(str).str.strip() for end in ends}
    )
    missing = (texts == "").any(axis=1).to_numpy()
    if missing.any():
        raise GraphError(f"{name}: row {int(missing.argmax()) + 1} of the edges lacks an end")
    table = texts.astype(object)
    for column, default in COLUMNS.items():
        table[column] = edges[column] if column in edges.columns else default
    for column in ("mechanism", "sources"):
        table[column] = table[column].astype(object).fillna("").astype(str)
    table["sources"] = table["sources"].replace("", name.replace(";", ","))
    sign = pd.to_numeric(table["sign"], errors="coerce")
    if not sign.isin((-1, 0, 1)).all():
        at = int((~sign.isin((-1, 0, 1))).to_numpy().argmax())
        raise GraphError(
            f"{name}: row {at + 1} of the edges has the sign {table['sign'].iloc[at]!r}; it must "
            "be 1, -1 or 0 (unknown)"
        )
    table["sign"] = sign.astype(np.int64)
    return table[table["source"] != table["target"]].reset_index(drop=True)


def _summed_sign(table: pd.DataFrame) -> pd.Series:
    """The sign of the sum over the rows of the same pair, that of its direction where known."""
    low = table[["source", "target"]].min(axis=1).where(~table["directed"], table["source"])
    high = table[["source", "target"]].max(axis=1).where(~table["directed"], table["target"])
    total = table.groupby([low, high, table["directed"]], sort=False)["sign"].transform("sum")
    return pd.Series(np.sign(total), index=table.index)


def _rows_of_edges(
    key: Int[np.ndarray, " row"], pair: Int[np.ndarray, " row"], directed: np.ndarray
) -> tuple[Int[np.ndarray, " entry"], Int[np.ndarray, " entry"]]:
    """(row, edge) entries: an undirected row counts for every directed edge of its pair."""
    row = np.arange(len(key))
    of_edge = pd.DataFrame({"pair": pair[directed], "key": key[directed]}).drop_duplicates()
    loose = pd.DataFrame({"pair": pair[~directed], "row": row[~directed]})
    joined = loose.merge(of_edge, on="pair", how="left")
    # Edges that stay undirected get keys of their own, below all directed ones.
    own = joined["key"].fillna(-1).to_numpy(dtype=np.int64)
    own = np.where(own < 0, -1 - joined["pair"].to_numpy(dtype=np.int64), own)
    return (
        np.concatenate([row[directed], joined["row"].to_numpy(dtype=np.int64)]),
        np.concatenate([key[directed], own]),
    )


def _first_row(
    row: Int[np.ndarray, " entry"], start: Int[np.ndarray, " edge"], directed: np.ndarray
) -> Int[np.ndarray, " edge"]:
    """The first directed row of each edge, or its first row where none is directed."""
    return _first_that(directed, row, start, row[start])


def _first_that(
    good: np.ndarray,
    row: Int[np.ndarray, " entry"],
    start: Int[np.ndarray, " edge"],
    otherwise: Int[np.ndarray, " edge"],
) -> Int[np.ndarray, " edge"]:
    """The first row of each edge that is good, else the one given."""
    far = len(good)
    first = np.minimum.reduceat(np.where(good[row], row, far), start)
    return np.asarray(np.where(first < far, first, otherwise))


def _source_bits(sources: pd.Series) -> tuple[Int[np.ndarray, " row"], list[str]]:
    codes, values = pd.factorize(sources)
    parts = [[s.strip() for s in str(value).split(";") if s.strip()] for value in values]
    names = list(dict.fromkeys(s for listed in parts for s in listed))
    if len(names) > MOST_SOURCES:
        raise GraphError(
            f"{len(names)} sources of edges, at most {MOST_SOURCES} can be told apart; give "
            "references a column of their own"
        )
    bit = {name: 1 << i for i, name in enumerate(names)}
    mask = np.array([sum(bit[s] for s in set(listed)) for listed in parts], dtype=np.int64)
    return mask[codes], names


def _names_of(masks: Int[np.ndarray, " edge"], names: list[str]) -> np.ndarray:
    codes, values = pd.factorize(masks)
    text = [";".join(n for i, n in enumerate(names) if int(v) >> i & 1) for v in values]
    return np.array(text, dtype=object)[codes]


def _gene_names(nodes: pd.DataFrame | None, table: pd.DataFrame, sets: Sets) -> pd.Index:
    first = [] if nodes is None else list(nodes["symbol"])
    ends = table[["source", "target"]].to_numpy(dtype=object).ravel()
    inside = [g for members in sets.genes.values() for g in members]
    return pd.Index(list(dict.fromkeys([*first, *ends, *inside])), dtype=object)


def _node_columns(genes: pd.Index, nodes: pd.DataFrame | None) -> dict[str, Any]:
    empty = {"kind": "unknown", "compartment": "", "drugs": ""}
    known = pd.DataFrame(columns=["symbol", *empty]) if nodes is None else nodes
    known = known.drop_duplicates("symbol").set_index("symbol").reindex(genes)
    out: dict[str, Any] = {}
    for column, value in empty.items():
        values = known[column] if column in known.columns else pd.Series(value, index=genes)
        out[column] = tuple(values.astype(object).fillna(value).replace("", value))
    out["kind"] = tuple(k if k in NODE_KINDS else "unknown" for k in out["kind"])
    return out


def _members(sets: Sets, genes: pd.Index) -> Int[np.ndarray, "2 member"]:
    listed = [list(dict.fromkeys(members)) for members in sets.genes.values()]
    pathway = np.repeat(np.arange(len(listed)), [len(m) for m in listed])
    flat = [g for members in listed for g in members]
    return np.stack([pathway, genes.get_indexer(pd.Index(flat, dtype=object))]).astype(np.int64)


def _hierarchy(sets: Sets) -> Int[np.ndarray, "2 link"]:
    """Links between pathways that both are there."""
    at = {name: i for i, name in enumerate(sets.genes)}
    named = dict.fromkeys((p, c) for p, c in sets.hierarchy if p != c)
    links = [(at[p], at[c]) for p, c in named if p in at and c in at]
    return np.array(links, dtype=np.int64).reshape(-1, 2).T.copy()


def _known(aliases: Mapping[str, tuple[str, ...]], genes: set[str]) -> dict[str, tuple[str, ...]]:
    # An alias that could also mean a gene outside the graph stays ambiguous, so it is left out.
    return {a: n for a, n in aliases.items() if n and a not in genes and genes.issuperset(n)}
