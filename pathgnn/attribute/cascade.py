"""Gene scores to connected, stable receptor-to-effector cascades with their evidence."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import networkx as nx
import numpy as np
from jaxtyping import Bool, Float, Int

from pathgnn.attribute.attribution import Attribution, Cascade
from pathgnn.attribute.drug_targets import drugs_by_gene
from pathgnn.attribute.ends import with_ends
from pathgnn.attribute.exchangeable import exchangeable
from pathgnn.attribute.significance import OF_SUMS, association
from pathgnn.attribute.solve import ENDS, STARTS, Route, Terrain, solve_many
from pathgnn.graph.graph import PathwayGraph
from pathgnn.model.config import ExplainConfig
from pathgnn.train.fitted import Fitted

FEWEST_STABLE = 2
# A patient carries a cascade when it makes up this share of their attribution.
CARRIED = 0.2


class Agreed(NamedTuple):
    """What the networks say together: `frequency` is the share of them that draw each edge."""

    attribution: Attribution
    fitted: Fitted
    config: ExplainConfig
    frequency: Float[np.ndarray, " edge"]


def cascades(
    attribution: Attribution,
    fitted: Fitted,
    config: ExplainConfig,
    rng: np.random.Generator,
    patients: Int[np.ndarray, " chosen"] | None = None,
) -> tuple[Cascade, ...]:
    """Receptor-to-effector cascades that come back in the networks; none if none does.

    Each network's scores are solved alone. Edges that come back in a share `stable` of the
    networks are the middle, of two edges at least; the consensus scores decide which of them are
    drawn and which receptor and effector are tied to their ends, with the frequency of each edge.
    Edges without a direction lead nowhere and are left out.
    Networks that agree on the middle can split between paralogues at its ends (MAPK1, MAPK3), so
    that no last edge alone is stable: in four simulated trials, edges that are stable themselves
    led from receptor to effector in three, with this rule in all four.

    Args:
        attribution: Scores of genes, by patient and by network.
        fitted: The networks' cohort.
        config: Ends, edge cost, stability.
        rng: Decides the permutations behind p.
        patients: Places of a subgroup, or of one patient: which of the edges that are stable in
            the cohort carry their benefit? None: everybody.

    Raises:
        ConfigError: a receptor or effector that is named is not on the graph.
    """
    return cascades_of(agreed(attribution, fitted, config), rng, patients)


def agreed(attribution: Attribution, fitted: Fitted, config: ExplainConfig) -> Agreed:
    """How often each edge comes back when the cascades are drawn on every network alone.

    Raises:
        ConfigError: a receptor or effector that is named is not on the graph.
    """
    graph = with_ends(fitted.recipe.graph, config)
    direction = directions(attribution)
    frequency = np.zeros(graph.edges.shape[1])
    for scores in attribution.member.double().numpy():
        terrain = Terrain(graph, _relative(scores), direction)
        found = solve_many(terrain, config, config.cascades, np.flatnonzero(graph.directed))
        frequency[list({e for route in found for e in route.edges})] += 1
    return Agreed(attribution, fitted, config, frequency / len(attribution.member))


def cascades_of(
    networks: Agreed, rng: np.random.Generator, patients: Int[np.ndarray, " chosen"] | None = None
) -> tuple[Cascade, ...]:
    """The cascades of some patients, as `cascades` gives them, where many groups are asked for."""
    attribution, fitted, config, frequency = networks
    graph = with_ends(fitted.recipe.graph, config)
    chosen = np.arange(len(attribution.score)) if patients is None else patients
    whole = consensus(attribution, graph, chosen)
    stable = frequency >= config.stable
    allowed = np.flatnonzero((stable | _at_the_ends(graph, stable)) & graph.directed)
    found = solve_many(whole, config, config.cascades, allowed)
    routes = [route for route in found if stable[list(route.edges)].sum() >= FEWEST_STABLE]
    return tuple(_describe(route, whole, networks, (rng, chosen)) for route in routes)


def consensus(
    attribution: Attribution,
    graph: PathwayGraph,
    patients: Int[np.ndarray, " chosen"] | None = None,
) -> Terrain:
    """Scores of all networks together, relative to the best gene, with the genes' directions."""
    by_gene = attribution.by_gene if patients is None else attribution.by_gene[patients]
    scores = by_gene.abs().mean(0).double().numpy()
    return Terrain(graph, _relative(scores), directions(attribution))


def _at_the_ends(
    graph: PathwayGraph, stable: Bool[np.ndarray, " edge"]
) -> Bool[np.ndarray, " edge"]:
    """Edges that tie a receptor or an effector to a gene of the stable middle."""
    middle = np.zeros(len(graph.genes), dtype=bool)
    middle[graph.edges[:, stable]] = True
    starts = np.array([kind in STARTS for kind in graph.kind])
    ends = np.array([kind in ENDS for kind in graph.kind])
    source, target = graph.edges
    return np.asarray((starts[source] & middle[target]) | (middle[source] & ends[target]))


def directions(attribution: Attribution) -> Int[np.ndarray, " gene"]:
    """+1 where more activity of a gene raises the predicted benefit, -1 where it lowers it."""
    return np.asarray(attribution.slope.sign().numpy().astype(int))


def _relative(scores: Float[np.ndarray, " gene"]) -> Float[np.ndarray, " gene"]:
    top = scores.max() if len(scores) else 0.0
    return np.asarray(scores / top) if top > 0 else np.zeros_like(scores)


def _describe(
    route: Route,
    terrain: Terrain,
    networks: Agreed,
    how: tuple[np.random.Generator, Int[np.ndarray, " chosen"]],
) -> Cascade:
    attribution, fitted, config, frequency = networks
    rng, chosen = how
    contrast = attribution.contrast
    graph = fitted.recipe.graph
    pairs = [(int(u), int(v)) for u, v in graph.edges[:, list(route.edges)].T]
    level = _levels(pairs)
    genes = sorted(level, key=lambda g: (level[g], graph.genes[g]))
    share = attribution.by_gene[chosen][:, genes].double().numpy()
    on = fitted.scores.informs[chosen, contrast]
    p = np.nan
    if on.sum() > 1:
        moves = exchangeable(attribution.group.numpy()[chosen][on], fitted.fold[chosen][on])
        gain, scored = fitted.scores.gain[chosen][on, contrast], share[on].sum(1, keepdims=True)
        p = association(scored, gain, moves, config.permutations, rng, OF_SUMS).p[0]
    whole = attribution.by_gene[chosen].abs().sum(1).double().numpy()
    drugs = drugs_by_gene()
    carried = np.abs(share).sum(1) / whole.clip(1e-12) >= CARRIED
    return Cascade(
        genes=tuple(graph.genes[g] for g in genes),
        order=tuple(level[g] for g in genes),
        kind=tuple(graph.kind[g] for g in genes),
        compartment=tuple(graph.compartment[g] for g in genes),
        score=tuple(float(terrain.prize[g]) for g in genes),
        direction=tuple(int(terrain.direction[g]) for g in genes),
        edges=tuple(
            (graph.genes[u], graph.genes[v], int(graph.sign[e]))
            for (u, v), e in zip(pairs, route.edges, strict=True)
        ),
        frequency=tuple(float(frequency[e]) for e in route.edges),
        pathway=_pathway_of(genes, graph),
        p=float(p),
        share_of_patients=float(carried.mean()),
        drugs=tuple(drugs.get(graph.genes[g], ()) for g in genes),
    )


def _levels(pairs: list[tuple[int, int]]) -> dict[int, int]:
    """Longest distance of each gene from the receptor; edges run from low to high."""
    level: dict[int, int] = {}
    for g in nx.topological_sort(nx.DiGraph(pairs)):
        level[g] = 1 + max((level[u] for u, v in pairs if v == g), default=-1)
    return level


def _pathway_of(genes: Iterable[int], graph: PathwayGraph) -> str:
    """The pathway that holds most of the genes; of equals the smaller one."""
    inside = np.isin(graph.members[1], list(genes))
    n = np.bincount(graph.members[0][inside], minlength=len(graph.pathways))
    size = np.bincount(graph.members[0], minlength=len(graph.pathways))
    if not n.any():
        return ""
    return graph.pathways[int(np.lexsort((size, -n))[0])]
