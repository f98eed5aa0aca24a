"""Several sources in one graph, named as text: what `pathgnn graph build` reads."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import reduce
from operator import or_
from pathlib import Path

from pathgnn.errors import GraphError
from pathgnn.graph import FORMATS
from pathgnn.graph.from_curated import from_curated
from pathgnn.graph.graph import PathwayGraph
from pathgnn.graph.keep import SUFFIX, read_graph
from pathgnn.graph.select import Evidence, neighbourhood, only_pathways, with_evidence


@dataclass(frozen=True)
class Parts:
    """Which part of the joined graph to keep; empty: all of it."""

    evidence: Evidence = field(default_factory=Evidence)
    pathways: tuple[str, ...] = ()
    around: tuple[str, ...] = ()
    steps: int = 1


def build(sources: list[str], parts: Parts | None = None) -> PathwayGraph:
    """All sources in one graph; where two disagree, the one named first is right.

    Args:
        sources: `curated`, a graph file, or FORMAT:FILE[,FILE...] with a format of FORMATS.
        parts: What to keep of the whole.

    Raises:
        GraphError: an unknown format or an unreadable file.
    """
    if not sources:
        raise GraphError("no source is named; give `curated`, a graph file or FORMAT:FILE")
    graph = reduce(or_, [read_source(source) for source in sources])
    parts = parts or Parts()
    graph = with_evidence(graph, parts.evidence)
    if parts.pathways:
        graph = only_pathways(graph, parts.pathways)
    if parts.around:
        graph = neighbourhood(graph, parts.around, parts.steps)
    return graph


def read_source(source: str) -> PathwayGraph:
    """One source: `curated`, a graph file, or FORMAT:FILE[,FILE...]."""
    if source == "curated":
        return from_curated()
    if source.endswith(SUFFIX):
        return read_graph(Path(source))
    kind, colon, files = source.partition(":")
    if not colon or kind not in FORMATS:
        known = "; ".join(f"{name}:{one.files}" for name, one in FORMATS.items())
        raise GraphError(
            f"cannot tell what {source!r} is; name it as `curated`, a {SUFFIX} file, or one of "
            f"{known}"
        )
    paths = [Path(file) for file in files.split(",") if file]
    if not FORMATS[kind].takes(len(paths)):
        raise GraphError(f"{kind} wants {FORMATS[kind].files}, not {len(paths)} file(s): {source}")
    return FORMATS[kind].read(paths)
