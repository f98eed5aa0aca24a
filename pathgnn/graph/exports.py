"""A graph as a file for other tools: GraphML, CX2, SIF, PyG's HeteroData, networkx JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from types import MappingProxyType

import networkx as nx
import torch

from pathgnn.files import whole_file, write_text
from pathgnn.graph.as_cx2 import to_cx2
from pathgnn.graph.as_hetero import to_hetero
from pathgnn.graph.as_networkx import to_networkx
from pathgnn.graph.as_sif import to_sif
from pathgnn.graph.graph import PathwayGraph


def to_graphml(graph: PathwayGraph, path: Path) -> None:
    """GraphML as Cytoscape and networkx read it; `from_graphml` reads it back."""
    with whole_file(path) as part:
        nx.write_graphml(to_networkx(graph), part)


def to_hetero_file(graph: PathwayGraph, path: Path) -> None:
    """HeteroData as a dict: `HeteroData.from_dict(torch.load(path))`, without pickled classes."""
    data = to_hetero(graph)
    data.provenance = json.dumps(asdict(graph.provenance))
    with whole_file(path) as part:
        torch.save(data.to_dict(), part)


def to_node_link(graph: PathwayGraph, path: Path) -> None:
    """networkx's node-link JSON: `nx.node_link_graph(json.load(file), edges="edges")`."""
    write_text(path, json.dumps(nx.node_link_data(to_networkx(graph), edges="edges")))


EXPORTS: Mapping[str, Callable[[PathwayGraph, Path], None]] = MappingProxyType(
    {
        "graphml": to_graphml,
        "cx2": to_cx2,
        "sif": to_sif,
        "hetero": to_hetero_file,
        "networkx": to_node_link,
    }
)
