"""Control graphs: degree- and sign-kept rewiring, size-kept shuffling of pathways, no edges."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from jaxtyping import Bool

from pathgnn.graph.graph import PathwayGraph

SWAPS_PER_EDGE = 10


def rewire(graph: PathwayGraph, rng: np.random.Generator) -> PathwayGraph:
    """The same genes with edges swapped: in- and out-degree per sign stay, partners do not.

    Two edges of one sign exchange targets, ten tries per edge; a swap that would make a self
    loop or a second edge between the same pair is left out.

    Source: Maslov & Sneppen, Science 2002, 296:910.
    """
    # An undirected edge is stored one way by chance; here chance decides it anew.
    flip = ~graph.directed & (rng.random(graph.edges.shape[1]) < 0.5)
    source, target = np.where(flip, graph.edges[::-1], graph.edges)
    taken = set(zip(source.tolist(), target.tolist(), strict=True))
    # An undirected pair is taken in both directions.
    taken |= {(v, u) for u, v in graph.edges[:, ~graph.directed].T.tolist()}
    kind = 2 * graph.sign + graph.directed
    for value in np.unique(kind):
        edges = np.flatnonzero(kind == value)
        if len(edges) < 2:
            continue
        for a, b in rng.choice(edges, (SWAPS_PER_EDGE * len(edges), 2)):
            _swap(source, target, (int(a), int(b)), taken, bool(graph.directed[a]))
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


def _swap(
    source: np.ndarray,
    target: np.ndarray,
    pair: tuple[int, int],
    taken: set[tuple[int, int]],
    directed: bool,
) -> None:
    a, b = pair
    (u, x), (v, y) = (int(source[a]), int(target[a])), (int(source[b]), int(target[b]))
    if u in (v, y) or x in (v, y) or (u, y) in taken or (v, x) in taken:
        return
    taken -= {(u, x), (v, y)}
    taken |= {(u, y), (v, x)}
    if not directed:
        taken -= {(x, u), (y, v)}
        taken |= {(y, u), (x, v)}
    target[a], target[b] = y, x
