"""The curated signaling graph that ships with the package."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from pathgnn.cohort.genes import read_aliases
from pathgnn.files import shipped
from pathgnn.graph.assemble import Sets, assemble
from pathgnn.graph.graph import PathwayGraph
from pathgnn.graph.tables import provenance_of

NAME, VERSION = "pathgnn curated", "2026.11.3"


def from_curated() -> PathwayGraph:
    """Cancer signaling and metabolism, from knowledge and checked against public databases."""
    folder = data_folder()
    nodes = pd.read_csv(folder / "nodes.csv", dtype=str, keep_default_na=False)
    edges = pd.read_csv(folder / "edges.csv", keep_default_na=False)
    sets = pd.read_csv(folder / "pathways.csv", dtype=str, keep_default_na=False)
    return assemble(
        edges[["source", "target", "sign", "mechanism"]],
        provenance_of(
            folder / "edges.csv", name=NAME, version=VERSION, licence="BSD-3-Clause", url="embedded"
        ),
        Sets({p: m.split(";") for p, m in zip(sets["pathway"], sets["members"], strict=True)}),
        nodes,
        read_aliases(folder / "aliases.csv"),
    )


def data_folder() -> Path:
    """The data folder: inside an installed package, or beside it in a checkout."""
    return shipped("edges.csv").parent
