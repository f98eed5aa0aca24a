"""GraphML files, those of networkx, igraph, yEd or Cytoscape."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError

import networkx as nx

from pathgnn.errors import GraphError
from pathgnn.graph.as_networkx import from_networkx
from pathgnn.graph.from_sif import meaning_of
from pathgnn.graph.graph import PathwayGraph
from pathgnn.graph.tables import provenance_of
from pathgnn.graph.xml_text import read_xml

BROKEN = (nx.NetworkXException, AttributeError, KeyError, TypeError, ValueError, IndexError)


def from_graphml(path: Path) -> PathwayGraph:
    """A graph from a GraphML file, with the attributes that `to_networkx` gives.

    Of an edge without a sign, `interaction` says it, in the words of `meaning_of`.

    A node is called by its attribute `name` where every node has one of its own, as in files of
    Cytoscape, else by its identifier. Of edges without a sign the sign is 0, and they are directed
    where the file says so.

    Raises:
        GraphError: an unreadable file, one that declares entities, several edges for one pair, or
            a sign that is none.

    Source: Brandes et al., GraphML, http://graphml.graphdrawing.org.
    """
    text = read_xml(path)
    try:
        # Of a key without a type networkx warns that it takes it as text, which is right.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            graph = _named(nx.parse_graphml(text))
        ours = "pathgnn" in graph.graph
        if not ours:
            _read_interactions(graph)
        return from_networkx(graph, None if ours else _provenance(graph, path))
    except ParseError as error:
        raise GraphError(f"{path} is no XML ({error}); write or download it again") from error
    except BROKEN as error:
        raise GraphError(f"{path} cannot be read as GraphML ({error}); write it again") from error


def _named(graph: nx.Graph[Any]) -> nx.Graph[Any]:
    if not len(graph):
        raise ValueError("it has no node")
    names = {node: str(data.get("name", "")).strip() for node, data in graph.nodes(data=True)}
    if not all(names.values()) or len(set(names.values())) < len(names):
        return graph
    return nx.relabel_nodes(graph, names)


def _read_interactions(graph: nx.Graph[Any]) -> None:
    for _, _, data in graph.edges(data=True):
        word = meaning_of(str(data.get("interaction", "")))
        if "sign" not in data and word.sign:
            data |= {"sign": word.sign, "directed": data.get("directed", word.directed)}
        if word.mechanism:
            data.setdefault("mechanism", word.mechanism)


def _provenance(graph: nx.Graph[Any], path: Path) -> Any:
    """That of the file, which also becomes the source of edges that name none."""
    provenance = provenance_of(path)
    for _, _, data in graph.edges(data=True):
        data.setdefault("sources", provenance.name.replace(";", ","))
    return provenance
