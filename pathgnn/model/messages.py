"""Messages between genes, or between pathways: who tells whom, and by which relation."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import scipy.sparse as sp
import torch
from jaxtyping import Int
from torch import Tensor

from pathgnn.graph.graph import PathwayGraph

SIGN_WORDS = {1: "activates", -1: "inhibits", 0: "unknown"}
# A mechanism with a smaller share of the edges has too few to learn weights of its own.
RARE = 0.01
# Pathways joined by crosstalk share this much of the smaller one, and each has so many partners.
LEAST_SHARED, MOST_PARTNERS = 0.1, 10
UP, DOWN, CROSSTALK = "child tells parent", "parent tells child", "crosstalk"


class Messages(NamedTuple):
    """Who tells whom: a directed edge is one message, an undirected one a message each way.

    `relation` points at `relations`; messages of a relation share weights. `edge` is the place of
    each message's edge in the graph, -1 where it has none.
    """

    ends: Int[Tensor, "2 message"]
    relation: Int[Tensor, " message"]
    edge: Int[Tensor, " message"]
    relations: tuple[str, ...]


def messages_of(graph: PathwayGraph, by: str = "sign", against: bool = False) -> Messages:
    """The messages along the edges of a graph.

    Args:
        graph: Where the edges are.
        by: What makes a relation: "sign", "mechanism" or "sign and mechanism".
        against: Do targets also tell sources, by relations of their own?
    """
    words = _words(graph, by)
    back = np.flatnonzero(~graph.directed)
    n_edges = len(graph.sign)
    edge = np.concatenate([np.arange(n_edges), back])
    ends = np.concatenate([graph.edges, graph.edges[::-1, back]], 1)
    word = words[edge]
    if against:
        directed = np.flatnonzero(graph.directed)
        edge = np.concatenate([edge, directed])
        ends = np.concatenate([ends, graph.edges[::-1, directed]], 1)
        reverse = np.array([f"{w}, against" for w in words[directed]], dtype=object)
        word = np.concatenate([word, reverse])
    # The first to come is the first relation: activating, inhibiting, unknown.
    names = sorted(set(word), key=_rank)
    place = {name: i for i, name in enumerate(names)}
    relation = np.array([place[w] for w in word], dtype=np.int64)
    return _messages(ends, relation, edge, tuple(names))


def pathway_messages(graph: PathwayGraph) -> Messages:
    """Messages between pathways: up and down the hierarchy, and where members are shared."""
    parent, child = graph.hierarchy
    one, other = _crosstalk(graph)
    sources = [child, parent, one]
    targets = [parent, child, other]
    relation = np.repeat(np.arange(3), [len(s) for s in sources])
    ends = np.stack([np.concatenate(sources), np.concatenate(targets)]).astype(np.int64)
    edge = np.full(len(relation), -1)
    return _messages(ends, relation, edge, (UP, DOWN, CROSSTALK))


def _messages(
    ends: np.ndarray, relation: np.ndarray, edge: np.ndarray, names: tuple[str, ...]
) -> Messages:
    return Messages(torch.as_tensor(ends), torch.as_tensor(relation), torch.as_tensor(edge), names)


def _words(graph: PathwayGraph, by: str) -> np.ndarray:
    """The relation of every edge as a word."""
    sign = np.array([SIGN_WORDS[int(s)] for s in graph.sign], dtype=object)
    if by == "sign":
        return sign
    mechanism = np.array([m or "unknown" for m in graph.mechanism], dtype=object)
    names, count = np.unique(mechanism.astype(str), return_counts=True)
    rare = set(names[count < RARE * len(mechanism)])
    mechanism = np.array(["other" if m in rare else m for m in mechanism], dtype=object)
    if by == "mechanism":
        return mechanism
    return np.array([f"{s}, {m}" for s, m in zip(sign, mechanism, strict=True)], dtype=object)


def _rank(name: str) -> tuple[bool, int, str]:
    first = name.split(",")[0]
    order = list(SIGN_WORDS.values())
    return name.endswith("against"), order.index(first) if first in order else 0, name


def _crosstalk(graph: PathwayGraph) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of pathways, each both ways, that share members: the nearest partners of each."""
    pathway, gene = graph.members
    n = len(graph.pathways)
    member = sp.csr_matrix((np.ones(len(gene)), (pathway, gene)), (n, len(graph.genes)))
    shared = (member @ member.T).tocoo()
    size = np.asarray(member.sum(1))[:, 0]
    share = shared.data / np.minimum(size[shared.row], size[shared.col])
    keep = (shared.row != shared.col) & (share >= LEAST_SHARED)
    one, other, share = shared.row[keep], shared.col[keep], share[keep]
    order = np.lexsort((other, -share, one))
    one, other = one[order], other[order]
    rank = np.arange(len(one)) - np.searchsorted(one, one)
    near = rank < MOST_PARTNERS
    pairs = np.stack([one[near], other[near]])
    both = np.unique(np.concatenate([pairs, pairs[::-1]], 1), axis=1)
    return both[0], both[1]
