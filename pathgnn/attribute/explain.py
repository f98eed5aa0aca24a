"""Attribution with its evidence and cascades, in one call."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float
from torch import Tensor

from pathgnn.attribute.attribute import attribute
from pathgnn.attribute.attribution import Attribution, Cascade, Evidence
from pathgnn.attribute.cascade import agreed, cascades_of
from pathgnn.attribute.ends import NOT_STABLE, why_no_cascade
from pathgnn.attribute.exchangeable import exchangeable
from pathgnn.attribute.reference import Compared
from pathgnn.attribute.significance import OF_SUMS, among, association, univariate_t, with_measured
from pathgnn.attribute.stability import TOP_GENES, jaccard_at, rank_biased_overlap
from pathgnn.graph.nodes import Nodes
from pathgnn.model.config import ExplainConfig
from pathgnn.seeds import rng_for
from pathgnn.train.estimate import contrast_of
from pathgnn.train.fitted import Fitted


class Explanation(NamedTuple):
    """Attribution, its evidence per gene and pathway, and the cascades.

    `stability` is Jaccard@20 and rank-biased overlap of the measured genes over networks;
    `univariate` the t of every measured value alone, `edge_frequency` the share of networks that
    draw each edge. `no_cascade` says why there is no cascade; it is empty where there is one.
    """

    attribution: Attribution
    gene: Evidence
    pathway: Evidence
    cascades: tuple[Cascade, ...]
    stability: tuple[float, float]
    univariate: Float[np.ndarray, "gene modality"]
    edge_frequency: Float[np.ndarray, " edge"]
    no_cascade: str = ""


def explain(
    fitted: Fitted,
    nodes: Nodes,
    config: ExplainConfig | None = None,
    healthy: Nodes | None = None,
    attribution: Attribution | None = None,
) -> Explanation:
    """Why the benefit of one arm is predicted as it is, for patients the networks never saw.

    Args:
        fitted: Cross-fitted networks.
        nodes: The cohort they were fitted on.
        config: Method, reference, permutations, cascades.
        healthy: Samples without disease on the same graph, for the reference "healthy".
        attribution: Made before with the same arguments, in shards; None: it is made here.

    Raises:
        CohortError: not the patients it was fitted on, or in another order.
    """
    fitted.refuse_others(nodes)
    config = config or ExplainConfig()
    k = contrast_of(nodes, config.contrast)
    attribution = attribution or attribute(Compared(fitted, nodes, config, k, healthy))
    on = fitted.scores.informs[:, k]
    gain = fitted.scores.gain[on, k]
    moves = exchangeable(fitted.scores.group[on], fitted.fold[on])

    measured, graph = attribution.measured, fitted.recipe.graph
    named = with_measured(graph.members, measured, len(graph.pathways))

    def evidence(
        items: Tensor, known: Bool[np.ndarray, " item"], path: int, inflation: float
    ) -> Evidence:
        rng, of = rng_for(fitted.seed, 7, path), items.double().numpy()[on][:, known]
        found = association(of, gain, moves, config.permutations, rng, inflation)
        return Evidence(*(among(known, x) for x in found))

    scores = attribution.member.double().numpy()[:, measured]
    networks = agreed(attribution, fitted, config)
    drawn = cascades_of(networks, rng_for(fitted.seed, 7, 2))
    seen = nodes.seen.permute(1, 0, 2).numpy()[on]
    values = nodes.x.permute(1, 0, 2).double().numpy()[on]
    return Explanation(
        attribution=attribution,
        gene=evidence(attribution.by_gene, measured, 0, 1.0),
        pathway=evidence(attribution.pathway, named, 1, OF_SUMS),
        cascades=drawn,
        stability=(jaccard_at(scores, TOP_GENES), rank_biased_overlap(scores)),
        univariate=univariate_t(values, seen, gain),
        edge_frequency=networks.frequency,
        no_cascade="" if drawn else why_no_cascade(graph, config) or NOT_STABLE,
    )
