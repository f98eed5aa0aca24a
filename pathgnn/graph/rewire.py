"""Control graphs: degree- and sign-kept rewiring, size-kept shuffling of pathways, no edges."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from pathgnn.graph.graph import PathwayGraph

SWAPS_PER_EDGE = 10


def rewire(graph: PathwayGraph, rng: np.random.Generator) -> PathwayGraph:
    """The same genes with edges swapped: in- and out-degree per sign stay, partners do not.

    Two edges of one sign exchange targets, ten tries per edge; a swap that would make a self
    loop or a second edge between the same pair is left out.

    Source: Maslov & Sneppen, Science 2002, 296:910.
    """
    source, target = graph.edges.copy()
    taken = set(zip(source.tolist(), target.tolist(), strict=True))
    # An undirected pair is taken in both directions.
    taken |= {(v, u) for u, v in graph.edges[:, ~graph.directed].T.tolist()}
    kind = 2 * graph.sign + graph.directed
    for value in np.unique(kind):
        edges = np.flatnonzero(kind == value)
        if len(edges) < 2:
            continue
        for a, b in rng.choice(edges, (SWAPS_PER_EDGE * len(edges), 2)):
            _swap(source, target, int(a), int(b), taken)
    return replace(graph, edges=np.stack([source, target]))


def share_moved(graph: PathwayGraph, control: PathwayGraph) -> float:
    """Share of the edges that the control graph no longer has."""
    before = set(map(tuple, graph.edges.T.tolist()))
    after = set(map(tuple, control.edges.T.tolist()))
    return len(before - after) / max(1, len(before))


def shuffle_pathways(graph: PathwayGraph, rng: np.random.Generator) -> PathwayGraph:
    """The same edges with genes dealt anew to pathways; every pathway keeps its size."""
    place = rng.permutation(len(graph.genes))
    return replace(graph, members=np.stack([graph.members[0], place[graph.members[1]]]))


def without_edges(graph: PathwayGraph) -> PathwayGraph:
    """The same genes and pathways without any edge."""
    return graph.take_edges(np.arange(0))


def _swap(
    source: np.ndarray, target: np.ndarray, a: int, b: int, taken: set[tuple[int, int]]
) -> None:
    (u, x), (v, y) = (int(source[a]), int(target[a])), (int(source[b]), int(target[b]))
    if u in (v, y) or x in (v, y) or (u, y) in taken or (v, x) in taken:
        return
    taken -= {(u, x), (v, y)}
    taken |= {(u, y), (v, x)}
    target[a], target[b] = y, x
