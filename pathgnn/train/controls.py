"""Do the graph's edges and pathways help prediction? The same training on control graphs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float

from pathgnn.benefit.metrics import Compared, loss_difference
from pathgnn.benefit.verdict import Finding, edges_finding, pathways_finding
from pathgnn.errors import ConfigError
from pathgnn.graph.graph import PathwayGraph
from pathgnn.graph.rewire import rewire, share_moved, shuffle_pathways, without_edges
from pathgnn.seeds import rng_for
from pathgnn.train.fitted import Fitted

TRUE, REWIRED, NO_EDGES, SHUFFLED = "true graph", "rewired edges", "no edges", "shuffled pathways"
FEWEST_DRAWS = 2


class Kept(NamedTuple):
    """What a control graph keeps: which genes are measured, and how edges of a mechanism meet."""

    measured: Bool[np.ndarray, " gene"]
    by_mechanism: bool = False


Make = Callable[[PathwayGraph, Kept, np.random.Generator], PathwayGraph]
CONTROLS: Mapping[str, Make] = MappingProxyType(
    {
        TRUE: lambda graph, kept, rng: graph,
        REWIRED: lambda graph, kept, rng: rewire(graph, rng, kept.by_mechanism),
        NO_EDGES: lambda graph, kept, rng: without_edges(graph),
        SHUFFLED: lambda graph, kept, rng: shuffle_pathways(graph, rng, kept.measured),
    }
)

# Kinds whose every training has a graph of its own.
DRAWN = frozenset({REWIRED, SHUFFLED})

Benefits = Float[np.ndarray, "draw patient"]


class Control(NamedTuple):
    """One kind of control graph against the true one."""

    name: str
    edges_moved: float
    difference: Compared


def control_graph(
    graph: PathwayGraph,
    name: str,
    path: tuple[int, int],
    kept: Kept,
) -> PathwayGraph:
    """The graph of one draw of a control; the same path (seed, draw) gives the same graph."""
    rng = rng_for(path[0], 9, list(CONTROLS).index(name), path[1])
    return CONTROLS[name](graph, kept, rng)


def compare(
    fitted: Fitted,
    benefits: Mapping[str, Benefits],
    contrast: int,
    measured: Bool[np.ndarray, " gene"],
) -> tuple[tuple[Control, ...], tuple[Finding, ...]]:
    """Every control against the true graph, and what follows for edges and pathways.

    Args:
        fitted: The run that is questioned; its scores are the yardstick.
        benefits: Kind of graph -> out-of-fold benefit of each training, "true graph" among them.
        contrast: Arm against the reference, as a place.
        measured: Which genes are measured.

    Raises:
        ConfigError: fewer than two trainings of a kind, or the true graph missing.
    """
    few = [name for name, tau in benefits.items() if len(tau) < FEWEST_DRAWS]
    if few or TRUE not in benefits:
        raise ConfigError(f"controls need {FEWEST_DRAWS} trainings or more of every kind of graph")
    on = fitted.scores.informs[:, contrast]
    gain, group = fitted.scores.gain[on, contrast], fitted.scores.group[on]
    difference = {
        name: loss_difference(benefits[TRUE][:, on], tau[:, on], gain, name in DRAWN, group)
        for name, tau in benefits.items()
        if name != TRUE
    }
    graph, kept = fitted.recipe.graph, Kept(measured, fitted.recipe.net.by_mechanism)
    controls = tuple(
        Control(name, share_moved(graph, control_graph(graph, name, (fitted.seed, 0), kept)), d)
        for name, d in difference.items()
    )
    findings = []
    if REWIRED in difference and NO_EDGES in difference:
        findings.append(edges_finding(difference[REWIRED], difference[NO_EDGES]))
    if SHUFFLED in difference:
        findings.append(pathways_finding(difference[SHUFFLED]))
    return controls, tuple(findings)
