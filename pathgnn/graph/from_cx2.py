"""Cytoscape Exchange (CX2) files: ours, those of Cytoscape Web, and networks of NDEx."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import networkx as nx
import pandas as pd

from pathgnn.errors import GraphError
from pathgnn.graph.as_networkx import from_networkx
from pathgnn.graph.assemble import assemble
from pathgnn.graph.from_sif import meaning_of
from pathgnn.graph.graph import PathwayGraph
from pathgnn.graph.tables import open_text, provenance_of

BROKEN = (AttributeError, IndexError, KeyError, TypeError, ValueError, RecursionError)
TRUE = ("true", "1", "yes")

Table = dict[str, Any]
Aspects = dict[str, list[Table]]


def from_cx2(path: Path) -> PathwayGraph:
    """A graph from a CX2 file; one that `to_cx2` wrote comes back as it was.

    Of other files, nodes are read by their attribute `name`, edges with sign, directed, mechanism,
    sources and confidence where they have them. An edge without a sign is read by the word in
    `interaction` as in SIF files; where nothing says who acts on whom, it is undirected. Aliases
    and defaults of attributeDeclarations are followed.

    Raises:
        GraphError: an unreadable file, no CX2, a node without a name, an edge to a node that is
            not there, or a sign that is none.

    Source: Cytoscape Exchange Format Specification (version 2), https://cytoscape.org/cx/.
    """
    try:
        aspects = _aspects(path)
        nodes, edges, network = (
            _values(aspects, aspect) for aspect in ("nodes", "edges", "networkAttributes")
        )
        name = _names(aspects, nodes)
        ends = [(_end(e, "s", name), _end(e, "t", name)) for e in aspects["edges"]]
        whole = {k: v for one in network for k, v in one.items()}
        if "pathgnn" in whole:
            return _ours(list(name.values()), nodes, ends, edges, whole)
        return _foreign(list(name.values()), nodes, ends, edges, path)
    except BROKEN as error:
        raise GraphError(
            f"{path} cannot be read as CX2 ({type(error).__name__}: {str(error)[:120]}); export it "
            "again"
        ) from error


def _aspects(path: Path) -> Aspects:
    """Elements by aspect; an aspect may come in several pieces."""
    with open_text(path) as text:
        content = text.read()
    parts = json.loads(content)
    if not isinstance(parts, list) or not parts or "CXVersion" not in parts[0]:
        raise ValueError("it does not start with [{'CXVersion': ...")
    if not parts[-1].get("status", [{}])[0].get("success", True):
        raise ValueError("its status says that the export failed")
    wanted = ("attributeDeclarations", "networkAttributes", "nodes", "edges")
    out: Aspects = {aspect: [] for aspect in wanted}
    for part in parts[1:]:
        for aspect in wanted:
            out[aspect] += part.get(aspect, [])
    if not out["nodes"]:
        raise ValueError("it has no node")
    return out


def _values(aspects: Aspects, aspect: str) -> list[Table]:
    """Attributes of each element under their own names, defaults filled in."""
    declared: Table = {}
    for one in aspects["attributeDeclarations"]:
        declared |= one.get(aspect, {})
    own = {d.get("a", name): name for name, d in declared.items()}
    default = {name: d["v"] for name, d in declared.items() if "v" in d}
    # Attributes of the network stand bare, those of nodes and edges under v.
    found = [e if aspect == "networkAttributes" else e.get("v", {}) for e in aspects[aspect]]
    return [default | {own.get(k, k): v for k, v in one.items() if v is not None} for one in found]


def _names(aspects: Aspects, nodes: list[Table]) -> dict[Any, str]:
    out: dict[Any, str] = {}
    for element, values in zip(aspects["nodes"], nodes, strict=True):
        name = values.get("name", values.get("n", ""))
        if not isinstance(name, str) or not name:
            raise GraphError(f"node {element['id']!r} of the CX2 file has no attribute 'name'")
        if element["id"] in out:
            raise GraphError(f"node {element['id']!r} stands twice in the CX2 file")
        out[element["id"]] = name
    return out


def _end(edge: Table, end: str, name: dict[Any, str]) -> str:
    if edge[end] not in name:
        raise GraphError(f"edge {edge.get('id')!r} of the CX2 file joins no node {edge[end]!r}")
    return name[edge[end]]


def _ours(
    names: list[str],
    nodes: list[Table],
    ends: list[tuple[str, str]],
    edges: list[Table],
    whole: Table,
) -> PathwayGraph:
    graph: nx.DiGraph[str] = nx.DiGraph(**whole)
    graph.add_nodes_from(zip(names, nodes, strict=True))
    graph.add_edges_from((u, v, data) for (u, v), data in zip(ends, edges, strict=True))
    return from_networkx(graph)


def _foreign(
    names: list[str],
    nodes: list[Table],
    ends: list[tuple[str, str]],
    edges: list[Table],
    path: Path,
) -> PathwayGraph:
    rows = [{"source": u, "target": v, **_edge(e)} for (u, v), e in zip(ends, edges, strict=True)]
    known = [{c: str(n.get(c, "")) for c in ("kind", "compartment", "drugs")} for n in nodes]
    return assemble(
        pd.DataFrame(rows, columns=["source", "target", *_edge({})]),
        provenance_of(path),
        nodes=pd.DataFrame(known).assign(symbol=[name.strip() for name in names]),
    )


def _edge(values: Table) -> Table:
    word = meaning_of(str(values.get("interaction", "")))
    sign = values.get("sign", word.sign)
    directed = str(values.get("directed", word.directed or sign != 0)).lower() in TRUE
    sources = values.get("sources", "")
    return {
        "sign": sign,
        "directed": directed,
        "mechanism": str(values.get("mechanism") or word.mechanism),
        "sources": ";".join(map(str, sources)) if isinstance(sources, list) else str(sources),
        "confidence": float(values.get("confidence", "nan")),
    }
