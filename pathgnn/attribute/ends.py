"""Between which genes a cascade can be drawn, and why there may be none at all."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from pathgnn.attribute.solve import ENDS, STARTS
from pathgnn.benefit.verdict import Finding
from pathgnn.errors import ConfigError
from pathgnn.graph.graph import PathwayGraph
from pathgnn.graph.nodes import Nodes
from pathgnn.model.config import ExplainConfig
from pathgnn.train.estimate import contrast_of

# Kind of a gene that is no end once the user has named the ends.
NO_END = "adaptor"
NOT_STABLE = "none came back in enough of the networks (explain.stable)"


def with_ends(graph: PathwayGraph, config: ExplainConfig) -> PathwayGraph:
    """The graph with the genes that the user names as the only receptors, or effectors.

    Raises:
        ConfigError: a gene that is named is not on the graph, or is to be both.
    """
    lost = sorted({*config.receptors, *config.effectors} - set(graph.genes))
    if lost:
        raise ConfigError(
            f"explain.receptors or explain.effectors name {', '.join(lost[:5])}, which the graph "
            "does not hold; `pathgnn graph show` shows what it holds"
        )
    both = sorted({*config.receptors} & {*config.effectors})
    if both:
        raise ConfigError(
            f"{', '.join(both[:5])} stand in explain.receptors and in explain.effectors; a cascade "
            "leads from one to another, so name each gene once"
        )
    kind = list(graph.kind)
    for named, kinds in ((config.receptors, STARTS), (config.effectors, ENDS)):
        if named:
            kind = [NO_END if k in kinds else k for k in kind]
    for i, gene in enumerate(graph.genes):
        kind[i] = STARTS[0] if gene in config.receptors else kind[i]
        kind[i] = ENDS[1] if gene in config.effectors else kind[i]
    return replace(graph, kind=tuple(kind))


def why_no_cascade(graph: PathwayGraph, config: ExplainConfig) -> str:
    """Why no cascade can be drawn on a graph whatever the networks say; empty where one can."""
    if config.cascades == 0:
        return "none was asked for (explain.cascades = 0)"
    ends = with_ends(graph, config)
    if not ends.directed.any():
        return "no edge of the graph has a direction"
    source, target = ends.edges[:, ends.directed]
    kind = np.array(ends.kind)
    lacking = [
        f"no {what} {where} (name some in explain.{setting})"
        for what, kinds, side, where, setting in (
            ("receptor", STARTS, source, "with an edge out of it", "receptors"),
            ("effector or transcription factor", ENDS, target, "with an edge into it", "effectors"),
        )
        if not np.isin(kind[side], kinds).any()
    ]
    return f"the graph holds {' and '.join(lacking)}" if lacking else ""


def asked_findings(nodes: Nodes, graph: PathwayGraph, config: ExplainConfig) -> tuple[Finding, ...]:
    """Can what `[explain]` asks for be answered? Before anything is trained.

    Raises:
        ConfigError: an arm or a gene is named that there is not.
    """
    contrast_of(nodes, config.contrast)
    why = why_no_cascade(graph, config)
    if not why or config.cascades == 0:
        return ()
    return (Finding("warning", "cascades", 0.0, f"No cascade can be drawn: {why}."),)
