"""Control graphs: degree- and sign-kept rewiring, size-kept shuffling of pathways, no edges."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Bool

from pathgnn.graph.graph import PathwayGraph

SWAPS_PER_EDGE = 10


def rewire(
    graph: PathwayGraph, rng: np.random.Generator, by_mechanism: bool = False
) -> PathwayGraph:
    """The same genes with edges swapped: in- and out-degree per sign stay, partners do not.

    Two edges of one sign exchange targets, ten tries per edge; a swap that would make a self
    loop or a second edge between the same pair is left out. An undirected edge is stored one way
    by chance: in half of its tries it is taken the other way.

    Args:
        graph: The graph.
        rng: Decides the swaps.
        by_mechanism: Swap edges of one mechanism only: their degrees stay, too.

    Source: Maslov & Sneppen, Science 2002, 296:910.
    """
    source, target = graph.edges.copy()
    taken = _Taken.of(graph)
    kind = 2 * graph.sign + graph.directed
    if by_mechanism:
        kind = 8 * pd.factorize(np.array(graph.mechanism, dtype=object))[0] + kind
    for value in np.unique(kind):
        edges = np.flatnonzero(kind == value)
        if len(edges) < 2:
            continue
        directed, n = bool(graph.directed[edges[0]]), SWAPS_PER_EDGE * len(edges)
        turned = ~directed & (rng.random(n) < 0.5)
        for (a, b), turn in zip(rng.choice(edges, (n, 2)), turned, strict=True):
            if turn:
                source[b], target[b] = target[b], source[b]
            _swap(source, target, (int(a), int(b)), taken, directed)
    return replace(graph, edges=np.stack([source, target]))


def share_moved(graph: PathwayGraph, control: PathwayGraph) -> float:
    """Share of the edges that the control graph no longer has."""
    before, after = _pairs(graph), _pairs(control)
    return len(before - after) / max(1, len(before))


def shuffle_pathways(
    graph: PathwayGraph,
    rng: np.random.Generator,
    measured: Bool[np.ndarray, " gene"] | None = None,
) -> PathwayGraph:
    """The same edges with genes dealt anew to pathways; every pathway keeps its size.

    A gene trades places only with its like: in some pathway or in none, metabolite or not and,
    where it is given, measured or not, so that every pathway keeps its coverage.
    """
    inside = np.zeros(len(graph.genes), dtype=int)
    inside[graph.members[1]] = 1
    metabolite = np.array([kind == "metabolite" for kind in graph.kind], dtype=int)
    seen = np.zeros_like(inside) if measured is None else measured.astype(int)
    likeness = 4 * inside + 2 * metabolite + seen
    place = np.arange(len(graph.genes))
    for like in np.unique(likeness):
        at = np.flatnonzero(likeness == like)
        place[at] = rng.permutation(at)
    return replace(graph, members=np.stack([graph.members[0], place[graph.members[1]]]))


def without_edges(graph: PathwayGraph) -> PathwayGraph:
    """The same genes and pathways without any edge."""
    return graph.take_edges(np.arange(0))


def _pairs(graph: PathwayGraph) -> set[tuple[int, int]]:
    """Edges as pairs, those without a direction in one order."""
    ends = np.where(graph.directed, graph.edges, np.sort(graph.edges, axis=0))
    return set(map(tuple, ends.T.tolist()))


class _Taken(NamedTuple):
    """Pairs that have an edge: from source to target, and without direction, in order."""

    directed: set[tuple[int, int]]
    undirected: set[tuple[int, int]]

    @staticmethod
    def of(graph: PathwayGraph) -> _Taken:
        """The pairs of a graph."""
        one_way = graph.edges[:, graph.directed].T.tolist()
        both_ways = np.sort(graph.edges[:, ~graph.directed], axis=0).T.tolist()
        return _Taken({(u, v) for u, v in one_way}, {(u, v) for u, v in both_ways})

    def is_free(self, u: int, v: int, directed: bool) -> bool:
        """May u and v be joined by an edge that is not there yet?"""
        pair = (min(u, v), max(u, v))
        crossed = not directed and (v, u) in self.directed
        return (u, v) not in self.directed and pair not in self.undirected and not crossed

    def move(self, old: tuple[int, int], new: tuple[int, int], directed: bool) -> None:
        """One edge is gone, another is there."""
        pairs = self.directed if directed else self.undirected
        if not directed:
            old, new = (min(old), max(old)), (min(new), max(new))
        pairs.remove(old)
        pairs.add(new)


def _swap(
    source: np.ndarray,
    target: np.ndarray,
    pair: tuple[int, int],
    taken: _Taken,
    directed: bool,
) -> None:
    a, b = pair
    (u, x), (v, y) = (int(source[a]), int(target[a])), (int(source[b]), int(target[b]))
    if u in (v, y) or x in (v, y):
        return
    if not (taken.is_free(u, y, directed) and taken.is_free(v, x, directed)):
        return
    taken.move((u, x), (u, y), directed)
    taken.move((v, y), (v, x), directed)
    target[a], target[b] = y, x
