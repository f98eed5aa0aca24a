"""PathwayGraph to Cytoscape Exchange (CX2), which Cytoscape, NDEx and from_cx2 read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from pathgnn.errors import GraphError
from pathgnn.files import write_text
from pathgnn.graph.as_networkx import to_networkx
from pathgnn.graph.as_sif import relation
from pathgnn.graph.graph import PathwayGraph

NODE_TYPES = {"name": "string", "kind": "string", "compartment": "string", "drugs": "string"}
EDGE_TYPES = {
    "interaction": "string",
    "sign": "integer",
    "directed": "boolean",
    "mechanism": "string",
    "sources": "string",
    "place": "integer",
    "confidence": "double",
}


def to_cx2(graph: PathwayGraph, path: Path) -> None:
    """Write a graph to one CX2 file; `from_cx2` gives the same graph back.

    Nodes and edges have the attributes that `to_networkx` gives them, an edge also an interaction
    as in SIF. What belongs to the whole graph is JSON in the network attribute `pathgnn`.

    Raises:
        GraphError: an infinite confidence, which JSON cannot hold.

    Source: Cytoscape Exchange Format Specification (version 2), https://cytoscape.org/cx/.
    """
    if np.isinf(graph.confidence).any():
        raise GraphError("an edge has an infinite confidence; make it NaN where it is unknown")
    content = to_networkx(graph)
    place = {gene: i for i, gene in enumerate(graph.genes)}
    nodes = [{"id": place[g], "v": {"name": g, **data}} for g, data in content.nodes(data=True)]
    edges = [
        {"id": data["place"], "s": place[u], "t": place[v], "v": {**data, **_interaction(data)}}
        for u, v, data in content.edges(data=True)
    ]
    whole = [{"name": graph.provenance.name, "pathgnn": content.graph["pathgnn"]}]
    aspects = {
        "attributeDeclarations": [_declarations()],
        "networkAttributes": whole,
        "nodes": nodes,
        "edges": edges,
    }
    write_cx2(aspects, path)


def write_cx2(aspects: dict[str, list[dict[str, Any]]], path: Path) -> None:
    """Write aspects in their order as one CX2 file; ndex2 wants nodes before edges."""
    text = json.dumps(
        [
            {"CXVersion": "2.0", "hasFragments": False},
            {"metaData": [{"name": n, "elementCount": len(e)} for n, e in aspects.items()]},
            *({name: elements} for name, elements in aspects.items()),
            {"status": [{"success": True, "error": ""}]},
        ],
        allow_nan=False,
    )
    write_text(path, text)


def _interaction(edge: dict[str, Any]) -> dict[str, str]:
    return {"interaction": relation(edge["sign"], edge["directed"])}


def _declarations() -> dict[str, dict[str, dict[str, str]]]:
    typed = {
        "networkAttributes": {"name": "string", "pathgnn": "string"},
        "nodes": {**NODE_TYPES, "pathways": "string"},
        "edges": EDGE_TYPES,
    }
    return {a: {name: {"d": t} for name, t in types.items()} for a, types in typed.items()}
