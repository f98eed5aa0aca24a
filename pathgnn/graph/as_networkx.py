"""PathwayGraph to networkx and back; the round trip is the identity."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

import networkx as nx
import numpy as np

from pathgnn.errors import GraphError
from pathgnn.graph.graph import NODE_KINDS, PathwayGraph, Provenance

# Names of pathways stand in one node attribute, so the bar between them is escaped inside them.
BAR = "|"


def to_networkx(graph: PathwayGraph) -> nx.DiGraph[str]:
    """The same graph in networkx.

    Nodes have kind, compartment, drugs and pathways (`|` between); edges sign, directed,
    mechanism, sources and, where there is one, confidence. An undirected edge runs one way and says
    directed=False. What belongs to the whole graph is JSON in `graph.graph["pathgnn"]`.
    """
    out: nx.DiGraph[str] = nx.DiGraph(name=graph.provenance.name, pathgnn=_whole(graph))
    of: list[list[str]] = [[] for _ in graph.genes]
    for pathway, gene in graph.members.T:
        of[gene].append(_escaped(graph.pathways[pathway]))
    for i, gene in enumerate(graph.genes):
        out.add_node(
            gene,
            kind=graph.kind[i],
            compartment=graph.compartment[i],
            drugs=graph.drugs[i],
            pathways=BAR.join(of[i]),
        )
    for i, (source, target) in enumerate(graph.edges.T.tolist()):
        attributes: dict[str, Any] = {
            "sign": int(graph.sign[i]),
            "directed": bool(graph.directed[i]),
            "mechanism": graph.mechanism[i],
            "sources": graph.sources[i],
            "place": i,
        }
        if not np.isnan(graph.confidence[i]):
            attributes["confidence"] = float(graph.confidence[i])
        out.add_edge(graph.genes[source], graph.genes[target], **attributes)
    return out


def from_networkx(graph: nx.Graph[Any], provenance: Provenance | None = None) -> PathwayGraph:
    """A PathwayGraph from a networkx graph, directed or not.

    Attributes that `to_networkx` writes are read where they are; others are left out.

    Raises:
        GraphError: a multigraph, or a sign that is not 1, -1 or 0.
    """
    if graph.is_multigraph():
        raise GraphError("a networkx multigraph has several edges per pair; merge them first")
    nodes: list[dict[str, Any]] = [graph.nodes[n] for n in graph.nodes]
    genes = tuple(str(n) for n in graph.nodes)
    place = {n: i for i, n in enumerate(graph.nodes)}
    whole = _read_whole(graph, provenance)
    ours = "pathways" in whole
    edges = sorted(_edges(graph), key=lambda e: np.nan_to_num(_number(e, "place")) if ours else 0)
    pathways, members = _members(whole.get("pathways", []), nodes)
    ids = dict(zip(whole.get("pathways", ()), whole.get("pathway_ids", ()), strict=False))
    return PathwayGraph(
        genes=genes,
        kind=tuple(_kind(n) for n in nodes),
        compartment=tuple(str(n.get("compartment", "")) for n in nodes),
        drugs=tuple(str(n.get("drugs", "")) for n in nodes),
        edges=_pairs((place[u], place[v]) for u, v, _ in edges),
        sign=np.array([_sign(u, v, d) for u, v, d in edges], dtype=np.int64),
        directed=np.array(
            [_is_directed(d.get("directed", graph.is_directed())) for _, _, d in edges],
            dtype=bool,
        ),
        mechanism=tuple(str(d.get("mechanism", "")) for _, _, d in edges),
        sources=tuple(str(d.get("sources", "")) for _, _, d in edges),
        confidence=np.array([_number(edge, "confidence") for edge in edges], dtype=np.float32),
        pathways=pathways,
        pathway_ids=tuple(ids.get(name, name) for name in pathways),
        members=members,
        hierarchy=_pairs(whole.get("hierarchy", [])),
        provenance=provenance or provenance_from(whole["provenance"]),
        aliases={a: tuple(names) for a, names in whole.get("aliases", {}).items()},
    )


def _whole(graph: PathwayGraph) -> str:
    """What has no node or edge to stand at, and the order of the members."""
    return json.dumps(
        {
            "pathways": graph.pathways,
            "pathway_ids": graph.pathway_ids,
            "hierarchy": graph.hierarchy.T.tolist(),
            "provenance": asdict(graph.provenance),
            "aliases": dict(graph.aliases),
        }
    )


def _read_whole(graph: nx.Graph[Any], provenance: Provenance | None) -> dict[str, Any]:
    fallback: dict[str, Any] = {"provenance": {"name": str(graph.graph.get("name", "networkx"))}}
    text = graph.graph.get("pathgnn")
    if text is None:
        return fallback
    try:
        content = json.loads(text)
        if not isinstance(content, dict):
            raise ValueError("it is no object")
        provenance_from(content["provenance"])
    except (KeyError, TypeError, ValueError) as error:
        raise GraphError(
            f"the graph attribute 'pathgnn' is not what pathgnn wrote ({error}); remove it"
        ) from error
    return content


def provenance_from(content: dict[str, Any]) -> Provenance:
    """A Provenance from what `dataclasses.asdict` made of it."""
    parts = tuple(provenance_from(p) for p in content.get("parts", ()))
    return Provenance(**{**content, "parts": parts})


def _kind(node: dict[str, Any]) -> str:
    kind = str(node.get("kind", "unknown"))
    return kind if kind in NODE_KINDS else "unknown"


def _edges(graph: nx.Graph[Any]) -> list[tuple[Any, Any, dict[str, Any]]]:
    """Edges without self loops; of an undirected graph once."""
    return [(u, v, d) for u, v, d in graph.edges(data=True) if u != v]


def _is_directed(value: Any) -> bool:
    """Text of a file counts as what it says."""
    return str(value).strip().lower() not in ("false", "0", "no", "")


def _sign(u: Any, v: Any, data: dict[str, Any]) -> int:
    value = data.get("sign", 0)
    try:
        sign = float(value)
    except (TypeError, ValueError):
        sign = np.nan
    if sign not in (-1, 0, 1):
        raise GraphError(f"edge {u} -> {v} has the sign {value!r}; it must be 1, -1 or 0 (unknown)")
    return int(sign)


def _number(edge: tuple[Any, Any, dict[str, Any]], name: str) -> float:
    """An attribute of an edge; NaN where there is none."""
    u, v, data = edge
    value = data.get(name)
    try:
        return np.nan if value is None else float(value)
    except (TypeError, ValueError) as error:
        raise GraphError(f"edge {u} -> {v} has the {name} {value!r}, which is no number") from error


def _members(
    known: Iterable[str], nodes: list[dict[str, Any]]
) -> tuple[tuple[str, ...], np.ndarray]:
    named = [_split(str(n.get("pathways", ""))) for n in nodes]
    pathways = tuple(dict.fromkeys([*known, *(p for names in named for p in names)]))
    at = {p: i for i, p in enumerate(pathways)}
    pairs = [(at[p], i) for i, names in enumerate(named) for p in dict.fromkeys(names)]
    return pathways, _pairs(sorted(pairs))


def _escaped(name: str) -> str:
    return name.replace("\\", "\\\\").replace(BAR, "\\" + BAR)


def _split(text: str) -> list[str]:
    out, escaped = [""], False
    for letter in text:
        if escaped or letter not in ("\\", BAR):
            out[-1] += letter
            escaped = False
        elif letter == "\\":
            escaped = True
        else:
            out.append("")
    return [name for name in out if name]


def _pairs(pairs: Iterable[Any]) -> np.ndarray:
    return np.array(list(pairs), dtype=np.int64).reshape(-1, 2).T.copy()
