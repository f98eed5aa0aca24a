"""CX2 of the scored graph with places and a visual style, as Cytoscape, NDEx and ndex2 read it."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import networkx as nx

from pathgnn.export.network_style import ENDS, HIGH, LINE, LOW, TEXT, ZERO, limit, positions
from pathgnn.export.results import Results
from pathgnn.export.to_graphml import scored_graph
from pathgnn.graph.as_cx2 import write_cx2
from pathgnn.graph.as_sif import relation

TYPES = {str: "string", bool: "boolean", int: "integer", float: "double"}


def to_cx2(results: Results, path: Path) -> Path:
    """Write the scored graph; `from_cx2` gives the graph back.

    Genes lie left to right by compartment. Colour is the signed score, white at 0, red where more
    of the gene goes with more benefit; an edge ends in an arrow (activates), a bar (inhibits) or a
    dot (unknown), and is the wider the more often its cascade comes back.

    Source: Cytoscape Exchange Format Specification (version 2), https://cytoscape.org/cx/.
    """
    graph = scored_graph(results)
    place, at = {gene: i for i, gene in enumerate(graph)}, positions(graph)
    nodes = [
        {"id": place[g], "x": at[g][0], "y": at[g][1], "v": {"name": g, **data}}
        for g, data in graph.nodes(data=True)
    ]
    edges = [
        {"id": d["place"], "s": place[u], "t": place[v], "v": {**d, "interaction": _word(d)}}
        for u, v, d in graph.edges(data=True)
    ]
    whole = {"name": results.name, "pathgnn": graph.graph["pathgnn"]}
    aspects = {
        "attributeDeclarations": [
            {
                "networkAttributes": _declared([whole]),
                "nodes": _declared([n["v"] for n in nodes]),
                "edges": _declared([e["v"] for e in edges]),
            }
        ],
        "networkAttributes": [whole],
        "nodes": nodes,
        "edges": edges,
        "visualProperties": [_style(graph)],
    }
    write_cx2(aspects, path)
    return path


def _word(edge: dict[str, Any]) -> str:
    return relation(edge["sign"], edge["directed"])


def _declared(rows: list[Any]) -> dict[str, dict[str, str]]:
    return {name: {"d": TYPES[type(value)]} for row in rows for name, value in row.items()}


def _style(graph: nx.DiGraph[str]) -> dict[str, Any]:
    top = limit(graph)
    colour = _continuous("signed_score", [(-top, LOW), (0.0, ZERO), (top, HIGH)])
    width = _continuous("cascade_frequency", [(0.0, 1), (1.0, 6)])
    ends = [{"v": word, "vp": end} for word, end in ENDS.items()]
    return {
        "default": {
            "network": {"NETWORK_BACKGROUND_COLOR": ZERO},
            "node": {
                "NODE_SHAPE": "round-rectangle",
                "NODE_WIDTH": 80,
                "NODE_HEIGHT": 30,
                "NODE_BACKGROUND_COLOR": ZERO,
                "NODE_BORDER_COLOR": TEXT,
                "NODE_BORDER_WIDTH": 1,
                "NODE_LABEL_COLOR": TEXT,
            },
            "edge": {
                "EDGE_LINE_COLOR": LINE,
                "EDGE_WIDTH": 1,
                "EDGE_TARGET_ARROW_COLOR": LINE,
                "EDGE_TARGET_ARROW_SHAPE": "none",
            },
        },
        "nodeMapping": {
            "NODE_LABEL": {"type": "PASSTHROUGH", "definition": {"attribute": "name"}},
            "NODE_BACKGROUND_COLOR": colour,
        },
        "edgeMapping": {
            "EDGE_WIDTH": width,
            "EDGE_TARGET_ARROW_SHAPE": {
                "type": "DISCRETE",
                "definition": {"attribute": "interaction", "map": ends},
            },
        },
    }


def _continuous(attribute: str, points: list[tuple[float, Any]]) -> dict[str, Any]:
    """Straight lines between the points, and the outermost values beyond them."""
    (first, at_first), (last, at_last) = points[0], points[-1]
    outside = {"includeMin": False, "includeMax": False}
    inside = [
        {"min": low, "minVPValue": at_low, "includeMin": True}
        | {"max": high, "maxVPValue": at_high, "includeMax": True}
        for (low, at_low), (high, at_high) in pairwise(points)
    ]
    ranges = [
        {"max": first, "maxVPValue": at_first, **outside},
        *inside,
        {"min": last, "minVPValue": at_last, **outside},
    ]
    return {"type": "CONTINUOUS", "definition": {"attribute": attribute, "map": ranges}}
