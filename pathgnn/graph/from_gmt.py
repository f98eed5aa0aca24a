"""Pathways from a GMT file, alone or laid over the edges of another graph."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from pathgnn.errors import GraphError
from pathgnn.graph.assemble import Sets, assemble
from pathgnn.graph.graph import PathwayGraph
from pathgnn.graph.other_names import meant_by
from pathgnn.graph.tables import provenance_of, read_lines


def from_gmt(path: Path) -> PathwayGraph:
    """A graph without edges: the sets of a GMT file as pathways, to be combined with others."""
    sets = read_gmt(path)
    return assemble(pd.DataFrame(columns=["source", "target"]), provenance_of(path), sets)


def read_gmt(path: Path) -> Sets:
    """Sets in file order; plain or gzipped. The second column is an identifier if it looks so.

    Raises:
        GraphError: an unreadable file, a set without genes, or two sets of one name.
    """
    sets: dict[str, tuple[str, ...]] = {}
    ids: dict[str, str] = {}
    for number, line in enumerate(read_lines(path), start=1):
        if not line.strip():
            continue
        name, *rest = (word.strip() for word in line.rstrip("\t").split("\t"))
        genes = tuple(dict.fromkeys(g for g in rest[1:] if g))
        if not genes:
            raise GraphError(f"{path.name}, line {number}: set {name!r} has no genes")
        identifier = rest[0] if _is_identifier(rest[0]) else name
        if name in sets and ids[name] != identifier:
            name = f"{name} ({identifier})"
        if name in sets:
            raise GraphError(f"{path.name}, line {number}: set {name!r} stands twice")
        sets[name], ids[name] = genes, identifier
    if not sets:
        raise GraphError(f"{path.name} holds no gene set")
    # What several sets share is the name of a library, and tells no set from another.
    n = Counter(ids.values())
    return Sets(sets, {name: one if n[one] == 1 else name for name, one in ids.items()})


def with_pathways(graph: PathwayGraph, path: Path) -> PathwayGraph:
    """The same graph with the pathways of a GMT file; sets without a gene of the graph drop out.

    A gene under another name that the graph knows, and knows of one gene alone, is that gene.
    """
    sets = read_gmt(path)
    place = _places(graph)
    known = {
        name: list(dict.fromkeys(place[g] for g in genes if g in place))
        for name, genes in sets.genes.items()
    }
    kept = {name: genes for name, genes in known.items() if genes}
    if not kept:
        raise GraphError(f"no gene of {path.name} is in the graph; are its ids HGNC symbols?")
    pairs = [(p, g) for p, genes in enumerate(kept.values()) for g in genes]
    return replace(
        graph,
        pathways=tuple(kept),
        pathway_ids=tuple(sets.ids[name] for name in kept),
        members=np.array(pairs, dtype=np.int64).T,
        hierarchy=np.zeros((2, 0), dtype=np.int64),
    )


def kept_of(graph: PathwayGraph, path: Path) -> str:
    """How much of a GMT file `with_pathways` laid on a graph, in words."""
    sets, place = read_gmt(path), _places(graph)
    listed = [g in place for genes in sets.genes.values() for g in genes]
    return (
        f"pathways of {path.name}: {len(graph.pathways):,} of {len(sets.genes):,} sets and "
        f"{sum(listed):,} of {len(listed):,} memberships are on the graph"
    )


def _places(graph: PathwayGraph) -> dict[str, int]:
    """Place of each gene by its name, and by other names that are its alone; see `meant_by`."""
    place = {gene: i for i, gene in enumerate(graph.genes)}
    meant = meant_by(graph, dict.fromkeys(graph.aliases, "unknown"))
    return {alias: place[gene] for alias, gene in meant.items()} | place


def _is_identifier(text: str) -> bool:
    """A word with a digit in it, such as R-HSA-73843; a link or a sentence is none."""
    return " " not in text and "/" not in text and any(c.isdigit() for c in text)
