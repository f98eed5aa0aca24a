"""Flow of attribution from omics over genes and pathways to the benefit, kept to the largest."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from pathgnn.export.results import Results

GENES_SHOWN, PATHWAYS_SHOWN = 10, 8
OTHER_GENES, OTHER_PATHWAYS, NO_PATHWAY = "other genes", "other pathways", "in no pathway"


class Flow(NamedTuple):
    """Mean absolute attribution that passes; what enters a gene or pathway leaves it.

    The last gene is all genes not shown, the last pathway all pathways not shown; `direction` is
    +1 where more of a gene goes with more benefit.
    """

    modalities: tuple[str, ...]
    genes: tuple[str, ...]
    pathways: tuple[str, ...]
    to_gene: Float[np.ndarray, "modality gene"]
    to_pathway: Float[np.ndarray, "gene pathway"]
    direction: Float[np.ndarray, " gene"]


def flow_of(results: Results) -> Flow:
    """A gene's attribution goes in equal shares to the pathways that hold it."""
    a, graph = results.explanation.attribution, results.fitted.recipe.graph
    size = a.score.abs().mean(0).double().numpy()
    n_genes, n_pathways = len(size), len(graph.pathways)
    # One column more: genes that are in no pathway.
    share = np.zeros((n_genes, n_pathways + 1))
    share[graph.members[1], graph.members[0]] = 1
    share[share.sum(1) == 0, -1] = 1
    share /= share.sum(1, keepdims=True)
    through = size.sum(1)[:, None] * share
    gene = _largest(size.sum(1), GENES_SHOWN)
    pathway = _largest(through[:, :-1].sum(0), PATHWAYS_SHOWN)
    to_pathway = _gathered(_gathered(through[:, :-1], gene).T, pathway).T
    outside = _gathered(through[:, -1:], gene)
    direction = np.append(a.slope.sign().numpy()[gene], 0.0)
    return Flow(
        modalities=tuple(a.modalities),
        genes=(*(graph.genes[g] for g in gene), OTHER_GENES),
        pathways=(*(graph.pathways[p] for p in pathway), OTHER_PATHWAYS, NO_PATHWAY),
        to_gene=_gathered(size, gene).T,
        to_pathway=np.concatenate([to_pathway, outside], 1),
        direction=direction,
    )


def _largest(size: Float[np.ndarray, " item"], n: int) -> np.ndarray:
    return np.argsort(-size, kind="stable")[:n]


def _gathered(
    rows: Float[np.ndarray, "item column"], shown: np.ndarray
) -> Float[np.ndarray, "kept column"]:
    """The rows shown, and one that holds the sum of the others."""
    others = np.delete(rows, shown, axis=0).sum(0, keepdims=True)
    return np.concatenate([rows[shown], others])
