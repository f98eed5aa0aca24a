"""Pathways from a GMT file, laid over the edges of another graph."""

from __future__ import annotations

import gzip
from dataclasses import replace
from pathlib import Path

import numpy as np

from pathgnn.errors import GraphError
from pathgnn.graph.graph import PathwayGraph


def read_gmt(path: Path) -> dict[str, tuple[str, ...]]:
    """Set name -> genes, in file order; plain or gzipped.

    Raises:
        GraphError: an unreadable file, a set without genes, or two sets of one name.
    """
    try:
        raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        lines = raw.decode("utf-8").splitlines()
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise GraphError(f"{path} cannot be read as GMT: {error}") from error
    sets: dict[str, tuple[str, ...]] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        name, *rest = line.rstrip("\t").split("\t")
        genes = tuple(dict.fromkeys(g for g in rest[1:] if g))
        if not genes:
            raise GraphError(f"{path.name}, line {number}: set {name!r} has no genes")
        if name in sets:
            raise GraphError(f"{path.name}, line {number}: set {name!r} stands twice")
        sets[name] = genes
    if not sets:
        raise GraphError(f"{path.name} holds no gene set")
    return sets


def with_pathways(graph: PathwayGraph, path: Path) -> PathwayGraph:
    """The same graph with the pathways of a GMT file; sets without a gene of the graph drop out."""
    place = {gene: i for i, gene in enumerate(graph.genes)}
    known = {
        name: [place[g] for g in genes if g in place] for name, genes in read_gmt(path).items()
    }
    kept = {name: genes for name, genes in known.items() if genes}
    if not kept:
        raise GraphError(f"no gene of {path.name} is in the graph; are its ids HGNC symbols?")
    pairs = [(p, g) for p, genes in enumerate(kept.values()) for g in genes]
    return replace(graph, pathways=tuple(kept), members=np.array(pairs, dtype=np.int64).T)
