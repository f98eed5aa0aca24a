"""Network propagation: scores of genes that take in those of their neighbours on the graph."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float
from scipy import sparse

from pathgnn.graph.graph import PathwayGraph

# Share of its own score that a gene keeps. Area under precision and recall of the planted genes in
# nineteen simulated trials, weak then strong benefit: .38 and .95 without the graph, .46 and .95
# at .7, .52 and .94 at .5, .56 and .92 at .3.
KEPT = 0.5
# What is left to spread halves with each step: a millionth is, after these.
STEPS = 20
# Genes from which a unit is spread at once: bounds memory at so many numbers per gene.
AT_ONCE = 256


def propagated(
    scores: Float[np.ndarray, " gene"],
    measured: Bool[np.ndarray, " gene"],
    graph: PathwayGraph,
) -> Float[np.ndarray, " gene"]:
    """How much higher a gene with its neighbours scores than where the scores lie at random.

    Scores spread along the edges, whatever their direction and sign, by a random walk with
    restart. The answer is in standard deviations of what the same scores would give, dealt at
    random among the measured genes, above the mean of that. So a hub gains nothing by its many
    edges, and no gene by where a panel lies on the graph. All NaN where the scores do not differ.

    Args:
        scores: One per gene, 0 or more; what was not measured counts 0.
        measured: Whose scores are dealt.
        graph: Its genes in the same order.

    Source: Vanunu et al., PLoS Computational Biology 2010, 6:e1000641, for the spreading; Cowen
    et al., Nature Reviews Genetics 2017, 18:551, for what it is used for.
    """
    known = scores[measured]
    if not len(known) or np.ptp(known) == 0:
        return np.full(len(scores), np.nan)
    weight = _weights(graph)
    away = np.where(measured, scores - known.mean(), 0.0)
    sd = _sd_of_dealt(weight, measured) * known.std(ddof=1)
    return np.asarray(_spread(away, weight) / np.where(sd > 0, sd, np.inf))


def _sd_of_dealt(
    weight: sparse.csr_array, measured: Bool[np.ndarray, " gene"]
) -> Float[np.ndarray, " gene"]:
    """Standard deviation at each gene when scores of variance 1 are dealt without putting back."""
    n, places = len(measured), np.flatnonzero(measured)
    total, squared = np.zeros(n), np.zeros(n)
    for start in range(0, len(places), AT_ONCE):
        at = places[start : start + AT_ONCE]
        unit = np.zeros((n, len(at)))
        unit[at, np.arange(len(at))] = 1.0
        arrives = _spread(unit, weight)
        total += arrives.sum(1)
        squared += (arrives**2).sum(1)
    return np.asarray(np.sqrt((squared - total**2 / len(places)).clip(0)))


def _spread(
    scores: Float[np.ndarray, "gene *from"], weight: sparse.csr_array
) -> Float[np.ndarray, "gene *from"]:
    spread = scores
    for _ in range(STEPS):
        spread = (1 - KEPT) * (weight @ spread) + KEPT * scores
    return spread


def _weights(graph: PathwayGraph) -> sparse.csr_array:
    """Adjacency over the square root of both degrees; a pair of genes counts once."""
    n, (source, target) = len(graph.genes), graph.edges
    one_way = sparse.csr_array((np.ones(len(source)), (source, target)), shape=(n, n))
    linked = ((one_way + one_way.T) > 0).astype(float)
    root = sparse.diags_array(linked.sum(1).clip(1) ** -0.5)
    return sparse.csr_array(root @ linked @ root)
