"""Cytoscape JSON (.cyjs) and SIF of the scored graph, as Cytoscape and cytoscape.js read them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pathgnn.export.network_style import ENDS, HIGH, LINE, LOW, TEXT, ZERO, limit, positions
from pathgnn.export.plain import plain_text
from pathgnn.export.results import Results
from pathgnn.export.to_graphml import scored_graph
from pathgnn.files import write_json
from pathgnn.graph.as_sif import relation
from pathgnn.graph.as_sif import to_sif as write_sif


def to_sif(results: Results, path: Path) -> Path:
    """Write the graph's edges alone: the format has no place for scores."""
    write_sif(results.fitted.recipe.graph, path)
    return path


def to_cyjs(results: Results, path: Path) -> Path:
    """Write the scored graph with places and style; networkx reads it by `cytoscape_graph`."""
    graph = scored_graph(results)
    at, name = positions(graph), plain_text(results.name)
    nodes = [
        {
            "data": {"id": g, "name": g, "shared_name": g, "value": g, **data},
            "position": {"x": at[g][0], "y": at[g][1]},
        }
        for g, data in graph.nodes(data=True)
    ]
    edges = [{"data": _edge(u, v, data)} for u, v, data in graph.edges(data=True)]
    content = {
        "format_version": "1.0",
        "generated_by": "pathgnn",
        "target_cytoscapejs_version": "~3.0",
        "data": {**graph.graph, "name": name, "shared_name": name},
        "directed": True,
        "multigraph": False,
        "elements": {"nodes": nodes, "edges": edges},
        "style": _style(limit(graph)),
    }
    write_json(path, content)
    return path


def _edge(source: str, target: str, data: dict[str, Any]) -> dict[str, Any]:
    word = relation(data["sign"], data["directed"])
    name = f"{source} ({word}) {target}"
    ends = {"id": f"edge {data['place']}", "source": source, "target": target}
    return {**data, **ends, "name": name, "interaction": word, "shared_interaction": word}


def _style(top: float) -> list[dict[str, Any]]:
    """Selectors of cytoscape.js; two halves of the colours, for a mapper has two stops only."""
    half = "mapData(signed_score, {}, {}, {}, {})"
    node = {"label": "data(name)", "color": TEXT, "border-width": 1, "border-color": TEXT}
    node |= {"shape": "round-rectangle", "width": 80, "height": 30, "text-valign": "center"}
    line = {"curve-style": "bezier", "line-color": LINE, "target-arrow-color": LINE}
    line |= {"width": "mapData(cascade_frequency, 0, 1, 1, 6)"}
    return [
        {"selector": "node", "style": {**node, "background-color": ZERO}},
        {
            "selector": "node[signed_score < 0]",
            "style": {"background-color": half.format(-top, 0, LOW, ZERO)},
        },
        {
            "selector": "node[signed_score > 0]",
            "style": {"background-color": half.format(0, top, ZERO, HIGH)},
        },
        {"selector": "edge", "style": line},
        *(
            {"selector": f'edge[interaction = "{word}"]', "style": {"target-arrow-shape": end}}
            for word, end in ENDS.items()
        ),
    ]
