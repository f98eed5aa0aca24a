"""Parts of a graph: by evidence, by pathway, around genes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from jaxtyping import Bool

from pathgnn.errors import GraphError
from pathgnn.graph.graph import PathwayGraph

Way = Literal["down", "up", "both"]


@dataclass(frozen=True)
class Evidence:
    """What an edge must have to stay.

    Attributes:
        sources: At least one of these; empty: any.
        min_sources: At least so many sources.
        min_confidence: At least this one; an edge without a confidence stays.
        directed: Only edges with a direction.
        signed: Only edges with a sign.
    """

    sources: tuple[str, ...] = ()
    min_sources: int = 1
    min_confidence: float = float("-inf")
    directed: bool = False
    signed: bool = False


def with_evidence(graph: PathwayGraph, wanted: Evidence) -> PathwayGraph:
    """The same genes and pathways with the edges that have the evidence.

    Raises:
        GraphError: a source that no edge has.
    """
    listed = [text.split(";") for text in graph.sources]
    absent = set(wanted.sources) - {s for names in listed for s in names}
    if absent:
        known = sorted({s for names in listed for s in names})
        raise GraphError(
            f"no edge comes from {sorted(absent)[0]!r}; the sources are {', '.join(known)}"
        )
    asked = set(wanted.sources)
    good = np.array(
        [len(n) >= wanted.min_sources and (not asked or not asked.isdisjoint(n)) for n in listed],
        dtype=bool,
    )
    good &= np.isnan(graph.confidence) | (graph.confidence >= wanted.min_confidence)
    if wanted.directed:
        good &= graph.directed
    if wanted.signed:
        good &= graph.sign != 0
    return graph.take_edges(np.flatnonzero(good))


def only_pathways(graph: PathwayGraph, names: Iterable[str]) -> PathwayGraph:
    """Some pathways, by name or identifier, with their genes and the edges between these.

    Raises:
        GraphError: a pathway that is not in the graph.
    """
    place = {name: i for i, name in enumerate(graph.pathway_ids)}
    place |= {name: i for i, name in enumerate(graph.pathways)}
    wanted = list(dict.fromkeys(names))
    absent = [name for name in wanted if name not in place]
    if absent:
        near = [p for p in graph.pathways if absent[0].lower() in p.lower()][:5]
        hint = f"; names like it: {', '.join(near)}" if near else ""
        raise GraphError(f"no pathway {absent[0]!r} in the graph{hint}")
    chosen = np.unique([place[name] for name in wanted])
    on = np.isin(graph.members[0], chosen)
    part = graph.restrict(graph.genes[i] for i in graph.members[1][on])
    kept = [i for i, name in enumerate(part.pathways) if place[name] in chosen]
    return _drop_pathways(part, np.array(kept))


def neighbourhood(
    graph: PathwayGraph, genes: Iterable[str], steps: int = 1, way: Way = "both"
) -> PathwayGraph:
    """The graph within `steps` edges of some genes, along (down), against (up) or both ways.

    Undirected edges lead both ways.

    Raises:
        GraphError: a gene that is not in the graph.
    """
    place = {gene: i for i, gene in enumerate(graph.genes)}
    wanted = list(genes)
    absent = [g for g in wanted if g not in place]
    if absent or not wanted:
        named = ", ".join(absent[:5]) or "no gene was named"
        raise GraphError(f"not in the graph: {named}; use the symbols of `graph.genes`")
    start = [place[g] for g in wanted]
    reached = np.zeros(len(place), dtype=bool)
    reached[start] = True
    for _ in range(steps):
        reached = _step(graph, reached, way)
    return graph.restrict(graph.genes[i] for i in np.flatnonzero(reached))


def _step(
    graph: PathwayGraph, reached: Bool[np.ndarray, " gene"], way: Way
) -> Bool[np.ndarray, " gene"]:
    source, target = graph.edges
    out = reached.copy()
    down = reached[source] if way != "up" else reached[source] & ~graph.directed
    up = reached[target] if way != "down" else reached[target] & ~graph.directed
    out[target[down]] = True
    out[source[up]] = True
    return out


def _drop_pathways(graph: PathwayGraph, kept: np.ndarray) -> PathwayGraph:
    on = np.isin(graph.members[0], kept)
    links = np.isin(graph.hierarchy, kept).all(0)
    return replace(
        graph,
        pathways=tuple(graph.pathways[i] for i in kept),
        pathway_ids=tuple(graph.pathway_ids[i] for i in kept),
        members=np.stack([np.searchsorted(kept, graph.members[0][on]), graph.members[1][on]]),
        hierarchy=np.searchsorted(kept, graph.hierarchy[:, links]),
    )
