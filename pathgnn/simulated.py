"""A simulated cohort on any graph: its cascade is a path of the graph, or the one that is named."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

import networkx as nx
import numpy as np
from jaxtyping import Float

from pathgnn.cohort.activity import standardised
from pathgnn.cohort.cohort import Cohort
from pathgnn.cohort.identifiers import Identifiers
from pathgnn.cohort.mechanism import Mechanism
from pathgnn.cohort.simulate import Plan
from pathgnn.cohort.simulation import Simulated, Simulation, simulate_cohort, treat_cohort
from pathgnn.errors import GraphError
from pathgnn.graph.graph import PathwayGraph
from pathgnn.graph.nodes import Nodes
from pathgnn.graph.project import project
from pathgnn.seeds import rng_for

STARTS, ENDS = ("ligand", "receptor"), ("transcription_factor", "effector")
SHORTEST = 3
# The branch of the seed that simulations use.
BRANCH = 98


def simulate(graph: PathwayGraph, settings: Simulation | None = None) -> Simulated:
    """A cohort on a graph, and the truth it was made from.

    Raises:
        GraphError: the graph has no such pathway, cascade, or path to plant one on.
        ConfigError, CohortError: settings that contradict each other, or too few patients.
    """
    settings = settings or Simulation()
    plan = plan_on_path(graph, settings.mechanism)
    return simulate_cohort(plan, settings, rng_for(settings.seed, BRANCH))


def semi_synthetic(
    cohort: Cohort,
    graph: PathwayGraph,
    settings: Simulation | None = None,
    known: Identifiers | None = None,
) -> Simulated:
    """A real cohort with its own omics and covariates, and simulated arms and outcomes.

    A gene's activity is the mean, over the omics it was seen in, of its standardised value,
    methylation counted negative; 0 where it was not seen. Every benefit that is planted is
    therefore in the data to be found.

    Args:
        cohort: Whose patients; its arms and outcomes are replaced, one row per patient.
        graph: Where the cascade is planted, among the genes that were measured.
        settings: `measurement` and `n_patients` do not count here.
        known: Names of genes; None: the aliases of the graph alone.
    """
    settings = settings or Simulation()
    nodes = project(cohort, graph, known)
    measured = [g for g, on in zip(graph.genes, nodes.measured, strict=True) if on]
    plan = plan_on_path(graph, settings.mechanism, measured)
    activity = observed_activity(nodes)
    return treat_cohort(plan, cohort, activity, settings, rng_for(settings.seed, BRANCH))


def observed_activity(nodes: Nodes) -> Float[np.ndarray, "patient gene"]:
    """What the omics say of every gene's activity, in sd over patients; 0 where unseen."""
    x, seen = nodes.x.double().numpy(), nodes.seen.numpy()
    by_patient = np.where(seen, x, np.nan).transpose(1, 0, 2)
    sign = np.array([-1.0 if kind == "methylation" else 1.0 for kind in nodes.kinds])
    total = (standardised(by_patient) * sign).sum(2)
    return standardised(total / seen.sum(2).T.clip(1))


def plan_on_path(
    graph: PathwayGraph, settings: Mechanism, measured: Iterable[str] | None = None
) -> Plan:
    """The genes of benefit and prognosis on a graph: those named, or a path that is found.

    Args:
        graph: Where.
        settings: What is named: pathway, cascade, prognostic pathway.
        measured: Genes that may be chosen; None: all. A cascade that is named is taken as it is.
    """
    allowed = set(graph.genes if measured is None else measured)
    cascade = settings.cascade or _longest_path(graph, settings, allowed)
    directions = directions_along(graph, cascade)
    pathway = settings.pathway or _pathway_with(graph, cascade)
    predictive = set(graph.members_of(pathway)) | set(cascade)
    other = settings.prognostic_pathway or _another(graph, pathway, predictive, allowed)
    outside = [g for g in graph.members_of(other) if g not in predictive and g in allowed]
    return Plan(
        genes=graph.genes,
        edges=graph.edges,
        sign=graph.sign,
        cascade=tuple(cascade),
        direction=directions,
        prognostic=tuple(outside),
        pathway=pathway,
        prognostic_pathway=other,
    )


def directions_along(graph: PathwayGraph, cascade: tuple[str, ...]) -> tuple[int, ...]:
    """+1 or -1 per gene: the product of the signs of the edges from the first gene to it.

    Raises:
        GraphError: a gene that is not in the graph, or a step without an edge.
    """
    if len(set(cascade)) < max(2, len(cascade)):
        raise GraphError("a cascade needs two genes or more, each once")
    place = {gene: i for i, gene in enumerate(graph.genes)}
    absent = [gene for gene in cascade if gene not in place]
    if absent:
        raise GraphError(f"gene {absent[0]!r} of the cascade is not in the graph")
    sign = {(int(u), int(v)): int(s) for (u, v), s in zip(graph.edges.T, graph.sign, strict=True)}
    for u, v in pairwise(cascade):
        if (place[u], place[v]) not in sign:
            raise GraphError(f"the graph has no edge from {u} to {v}, a step of the cascade")
    steps = [sign[place[u], place[v]] or 1 for u, v in pairwise(cascade)]
    return tuple(int(d) for d in np.cumprod([1, *steps]))


def _longest_path(graph: PathwayGraph, settings: Mechanism, allowed: set[str]) -> tuple[str, ...]:
    """The longest of the shortest ways within one pathway, best from a receptor to an effector."""
    kind = dict(zip(graph.genes, graph.kind, strict=True))

    def rank(path: tuple[str, ...]) -> tuple[bool, int]:
        whole = len(path) >= SHORTEST and kind[path[0]] in STARTS and kind[path[-1]] in ENDS
        return whole, len(path)

    best: tuple[str, ...] = ()
    for pathway in (settings.pathway,) if settings.pathway else graph.pathways:
        inside = [g for g in graph.members_of(pathway) if g in allowed]
        found = _path_within(graph, inside, kind, settings.longest)
        best = max(best, found, key=rank)
    if len(best) < SHORTEST:
        where = f"pathway {settings.pathway}" if settings.pathway else "no pathway of the graph"
        raise GraphError(
            f"{where} has{' no' if settings.pathway else ''} path of {SHORTEST} measured genes "
            f"to plant a cascade on; name another pathway, or the cascade itself"
        )
    return best


def _path_within(
    graph: PathwayGraph, inside: list[str], kind: dict[str, str], longest: int
) -> tuple[str, ...]:
    at = np.isin(graph.genes, inside)[graph.edges].all(0)
    net = nx.DiGraph([(graph.genes[u], graph.genes[v]) for u, v in graph.edges[:, at].T])
    starts, ends = ([g for g in net if kind[g] in kinds] for kinds in (STARTS, ENDS))
    # Where no such way is short enough, or the graph has no kinds: end, then start anywhere.
    for first, last in ((starts, ends), (starts, list(net)), (list(net), list(net))):
        found = _longest_way(net, first, set(last), longest)
        if len(found) >= SHORTEST:
            return found
    return ()


def _longest_way(
    net: nx.DiGraph[str], starts: list[str], ends: set[str], longest: int
) -> tuple[str, ...]:
    best: tuple[str, ...] = ()
    for start in starts:
        ways = nx.single_source_shortest_path(net, start, cutoff=longest - 1)
        best = max(best, *(tuple(way) for end, way in ways.items() if end in ends), (), key=len)
    return best


def _pathway_with(graph: PathwayGraph, cascade: Iterable[str]) -> str:
    """The pathway that holds most of the cascade; of several, the smallest."""
    if not graph.pathways:
        raise GraphError("the graph has no pathways; give a GMT file as `pathways`")
    wanted, members = set(cascade), {p: graph.members_of(p) for p in graph.pathways}
    return max(graph.pathways, key=lambda p: (len(wanted & set(members[p])), -len(members[p])))


def _another(graph: PathwayGraph, pathway: str, predictive: set[str], allowed: set[str]) -> str:
    """The pathway that shares the smallest part with the predictive one; of several, the largest.

    One with genes outside, where there is such a one.
    """

    def rank(name: str) -> tuple[bool, float, int]:
        members = set(graph.members_of(name)) & allowed
        outside = len(members - predictive)
        return outside > 0, -len(members & predictive) / max(1, len(members)), outside

    others = [p for p in graph.pathways if p != pathway]
    return max(others or [pathway], key=rank)
