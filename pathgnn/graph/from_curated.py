"""The curated signaling graph that ships with the package."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import numpy as np
import pandas as pd

from pathgnn.cohort.genes import read_aliases
from pathgnn.errors import GraphError
from pathgnn.files import sha256
from pathgnn.graph.graph import PathwayGraph, Provenance

VERSION = "2026.11"


def from_curated() -> PathwayGraph:
    """Cancer signaling written from knowledge and checked against public databases."""
    folder = data_folder()
    nodes = pd.read_csv(folder / "nodes.csv", dtype=str, keep_default_na=False)
    edges = pd.read_csv(folder / "edges.csv", keep_default_na=False)
    sets = pd.read_csv(folder / "pathways.csv", dtype=str, keep_default_na=False)
    index = pd.Index(nodes["symbol"])
    pairs = [
        (p, index.get_loc(gene))
        for p, names in enumerate(sets["members"])
        for gene in names.split(";")
    ]
    return PathwayGraph(
        genes=tuple(nodes["symbol"]),
        kind=tuple(nodes["kind"]),
        compartment=tuple(nodes["compartment"]),
        edges=np.stack([index.get_indexer(edges["source"]), index.get_indexer(edges["target"])]),
        sign=edges["sign"].to_numpy(dtype=np.int64),
        mechanism=tuple(edges["mechanism"]),
        pathways=tuple(sets["pathway"]),
        members=np.array(pairs, dtype=np.int64).T,
        provenance=Provenance(
            name="pathgnn curated signaling",
            version=VERSION,
            licence="BSD-3-Clause",
            source="embedded",
            sha256=sha256(folder / "edges.csv"),
        ),
        aliases=read_aliases(folder / "aliases.csv"),
    )


def data_folder() -> Path:
    """The data folder: inside an installed package, or beside it in a checkout."""
    for folder in (Path(str(files("pathgnn"))) / "data", Path(__file__).parents[2] / "data"):
        if (folder / "edges.csv").is_file():
            return folder
    raise GraphError("the curated graph is not in this installation; install pathgnn again")
