"""The graph and the identifiers that a study names: the curated ones, or the user's files."""

from __future__ import annotations

from pathlib import Path

from pathgnn.cohort.cohort import Cohort
from pathgnn.cohort.genes_online import ask_mygene
from pathgnn.cohort.identifiers import Identifiers, read_hgnc, with_names
from pathgnn.errors import GraphError
from pathgnn.graph.from_curated import from_curated
from pathgnn.graph.from_edge_list import from_edge_list
from pathgnn.graph.from_gmt import with_pathways
from pathgnn.graph.graph import PathwayGraph
from pathgnn.graph.keep import read_graph
from pathgnn.graph.known_nodes import with_known_nodes
from pathgnn.graph.mapping import on_genes
from pathgnn.graph.select import only_pathways
from pathgnn.paths import takes_paths
from pathgnn.settings import Settings, setting


class GraphSource(Settings):
    """Where genes, edges, pathways and names of genes come from."""

    file: str = setting("", "graph file of `pathgnn graph build`; empty: see edges")
    edges: str = setting("", "csv or tsv with source, target, sign; empty: the curated graph")
    pathways: str = setting("", "GMT file; empty: those of the graph")
    only: tuple[str, ...] = setting((), "pathways to keep, with their genes; empty: all")
    hgnc: str = setting("", "HGNC's complete set, to understand other names of genes")
    mygene: str = setting("", "file that keeps answers of mygene.info; empty: stay offline")
    least_coverage: float = setting(0.2, "share of a pathway measured below which to warn", ge=0)


@takes_paths
def load_graph(source: GraphSource | None = None, folder: Path | None = None) -> PathwayGraph:
    """The curated graph, or one from files relative to `folder`.

    What those do not tell of a gene (receptor, effector, compartment) is that of the curated graph.

    Raises:
        GraphError: an unreadable file, or both `file` and `edges` given.
    """
    source, folder = source or GraphSource(), folder or Path()
    if source.file and source.edges:
        raise GraphError("[graph] names both `file` and `edges`; keep one of them")
    pathways = folder / source.pathways if source.pathways else None
    if source.edges:
        graph = with_known_nodes(from_edge_list(folder / source.edges, pathways))
    elif source.file:
        graph = with_known_nodes(read_graph(folder / source.file))
    else:
        graph = from_curated()
    if pathways and not source.edges:
        graph = with_pathways(graph, pathways)
    return only_pathways(graph, source.only) if source.only else graph


def load_identifiers(
    source: GraphSource, folder: Path, cohort: Cohort, graph: PathwayGraph
) -> Identifiers | None:
    """Names of genes from the HGNC file and, for what it does not know, from mygene.info.

    None where neither is asked for: the graph's own aliases are always used.
    """
    known = read_hgnc(folder / source.hgnc) if source.hgnc else None
    if not source.mygene:
        return known
    names = [
        feature
        for name in cohort.omics
        if cohort.kinds[name] != "metabolite" and name not in cohort.feature_maps
        for feature in on_genes(name, cohort, graph, known)[1].unknown
    ]
    found = {n: s for n, s in ask_mygene(names, folder / source.mygene).items() if s}
    return with_names(known or Identifiers(), "alias", found, "mygene.info")
