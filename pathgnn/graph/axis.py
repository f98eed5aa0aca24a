"""Pathway axes: the direction in which the signed edges of a pathway let its genes move."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from jaxtyping import Float

from pathgnn.graph.graph import PathwayGraph

CLOSE = 1e-8


def pathway_axes(graph: PathwayGraph) -> sp.csr_matrix:
    """A signed weight of each member, pathway x gene; absolute weights sum to 1 in a pathway.

    The weights are the leading eigenvector of the signed adjacency among the members, both
    directions of an edge alike: an activator weighs as its target, an inhibitor against it, and a
    gene that no edge joins with the largest connected part weighs 0. Of a pathway without signed
    edges all weigh the same.
    The whole is turned so that the weights add up to more than 0, or sources weigh more.

    Source: Kunegis et al., SDM 2010, "Spectral analysis of signed graphs".
    """
    pathway, gene = graph.members
    weight = np.zeros(len(pathway))
    shape = (len(graph.genes), len(graph.genes))
    source, target = graph.edges
    one_way = sp.csr_matrix((graph.sign.astype(float), (source, target)), shape).tocsr()
    for p in np.unique(pathway):
        at = np.flatnonzero(pathway == p)
        inside = one_way[gene[at]][:, gene[at]].toarray()
        weight[at] = _leading(inside)
    return sp.csr_matrix((weight, (pathway, gene)), (len(graph.pathways), len(graph.genes)))


def _leading(one_way: Float[np.ndarray, "source target"]) -> Float[np.ndarray, " member"]:
    if not one_way.any():
        return np.full(len(one_way), 1 / len(one_way))
    level, vectors = np.linalg.eigh(one_way + one_way.T)
    top = vectors[:, level > level[-1] - CLOSE]
    # Several axes may be as good, and any axis may be turned round: what is nearest to all genes
    # together is taken, or to sources against targets, so that no order of genes decides.
    downstream = np.abs(one_way).sum(1) - np.abs(one_way).sum(0)
    for wanted in (np.ones(len(one_way)), downstream):
        axis = top @ (top.T @ wanted)
        if np.abs(axis).max() > CLOSE:
            break
    else:
        axis = np.sqrt((top**2).sum(1))
    axis[np.abs(axis) < CLOSE * np.abs(axis).max()] = 0.0
    return np.asarray(axis / np.abs(axis).sum())
