"""Attributes as every graph format takes them: texts without control characters, numbers, bools."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import networkx as nx
import numpy as np


def plain_text(text: str) -> str:
    """A text in which each control character, half a surrogate or line end is a space."""
    return "".join(c if c.isprintable() else " " for c in text)


def plain(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Attributes as str, int, float and bool; None, NaN and infinities are left out.

    A list becomes a text with `;` between, numpy's scalars Python's own.
    """
    known = {plain_text(name): _plain(value) for name, value in attributes.items()}
    return {name: value for name, value in known.items() if value is not None}


def plain_graph(graph: nx.DiGraph[str]) -> nx.DiGraph[str]:
    """The same graph with plain attributes; its nodes' names are checked when it is built."""
    out: nx.DiGraph[str] = nx.DiGraph(**plain(graph.graph))
    out.add_nodes_from((gene, plain(data)) for gene, data in graph.nodes(data=True))
    out.add_edges_from((u, v, plain(data)) for u, v, data in graph.edges(data=True))
    return out


def _plain(value: Any) -> str | int | float | bool | None:
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or (isinstance(value, float) and not np.isfinite(value)):
        return None
    if isinstance(value, bool | int | float):
        return value
    if isinstance(value, list | tuple | set | frozenset | np.ndarray):
        return ";".join(plain_text(str(one)) for one in value)
    return plain_text(str(value))
