"""What is known: genes, signed edges and pathways, from the curated graph or a user's files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pathgnn.graph.graph import PathwayGraph


class Format(NamedTuple):
    """One file format: which files it wants, and the module and function that read them."""

    files: str
    reader: str

    def takes(self, n: int) -> bool:
        """May n files be given?"""
        if self.files.endswith("..."):
            return n > 0
        return self.files.split("[")[0].count(",") < n <= self.files.count(",") + 1

    def read(self, paths: list[Path]) -> PathwayGraph:
        """The graph in the files; a format of one file takes one path, others as many as named."""
        function: Callable[..., PathwayGraph] = getattr(
            import_module(f"pathgnn.graph.{self.reader}"), self.reader
        )
        return function(paths) if self.files.endswith("...") else function(*paths)


FORMATS: Mapping[str, Format] = MappingProxyType(
    {
        "edges": Format("TABLE[,GMT]", "from_edge_list"),
        "gmt": Format("GMT", "from_gmt"),
        "reactome": Format("GMT[,RELATIONS[,FI]]", "from_reactome"),
        "omnipath": Format("TSV", "from_omnipath"),
        "signor": Format("TSV", "from_signor"),
        "string": Format("LINKS,INFO", "from_string"),
        "kegg": Format("KGML,...", "from_kegg"),
        "regulons": Format("TABLE", "from_regulons"),
        "sif": Format("SIF", "from_sif"),
        "mitab": Format("MITAB", "from_psi_mitab"),
        "graphml": Format("GRAPHML", "from_graphml"),
        "cx2": Format("CX2", "from_cx2"),
    }
)
