"""PathwayGraph to PyG's HeteroData and back; the round trip is the identity."""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
import torch
from torch_geometric.data import HeteroData

from pathgnn.errors import GraphError
from pathgnn.graph.as_networkx import provenance_from
from pathgnn.graph.graph import NODE_KINDS, PathwayGraph, Provenance

# (sign, directed) -> relation between genes.
RELATIONS: Mapping[tuple[int, bool], str] = MappingProxyType(
    {
        (1, True): "activates",
        (-1, True): "inhibits",
        (0, True): "acts_on",
        (1, False): "agrees_with",
        (-1, False): "opposes",
        (0, False): "binds",
    }
)
MEMBER, PARENT = ("gene", "in", "pathway"), ("pathway", "contains", "pathway")


def to_hetero(graph: PathwayGraph) -> HeteroData:
    """The same graph as HeteroData with node types gene and pathway.

    Genes have `name`, `kind` (place in NODE_KINDS), `compartment`, `drugs`; each relation
    `place` (the edge's place in the graph), `mechanism`, `sources`, `confidence`. A relation
    without direction holds both ways, the second half mirroring the first.
    """
    data = HeteroData()
    data["gene"].num_nodes = len(graph.genes)
    data["gene"].name = list(graph.genes)
    data["gene"].kind = torch.tensor([NODE_KINDS.index(k) for k in graph.kind], dtype=torch.long)
    data["gene"].compartment = list(graph.compartment)
    data["gene"].drugs = list(graph.drugs)
    data["pathway"].num_nodes = len(graph.pathways)
    data["pathway"].name = list(graph.pathways)
    data["pathway"].identifier = list(graph.pathway_ids)
    for (sign, directed), relation in RELATIONS.items():
        at = np.flatnonzero((graph.sign == sign) & (graph.directed == directed))
        if len(at):
            _add_relation(data, graph, relation, at, directed)
    data[MEMBER].edge_index = torch.from_numpy(graph.members[::-1].copy())
    data[PARENT].edge_index = torch.from_numpy(graph.hierarchy.copy())
    data.provenance = graph.provenance
    data.aliases = dict(graph.aliases)
    return data


def from_hetero(data: HeteroData) -> PathwayGraph:
    """The PathwayGraph that `to_hetero` was given.

    Raises:
        GraphError: HeteroData that `to_hetero` did not make.
    """
    try:
        return _read(data)
    except (AttributeError, KeyError, TypeError, IndexError) as error:
        raise GraphError(
            f"this HeteroData lacks what `to_hetero` writes ({error}); build the graph with "
            "`assemble` or `from_networkx` instead"
        ) from error


def _provenance(value: Provenance | str) -> Provenance:
    """As it is in memory, or as JSON from a file."""
    return provenance_from(json.loads(value)) if isinstance(value, str) else value


def _add_relation(
    data: HeteroData, graph: PathwayGraph, relation: str, at: np.ndarray, directed: bool
) -> None:
    edges = graph.edges[:, at]
    if not directed:
        edges, at = np.concatenate([edges, edges[::-1]], 1), np.concatenate([at, at])
    store = data["gene", relation, "gene"]
    store.edge_index = torch.from_numpy(edges.copy())
    store.place = torch.from_numpy(at)
    store.mechanism = [graph.mechanism[i] for i in at]
    store.sources = [graph.sources[i] for i in at]
    store.confidence = torch.from_numpy(graph.confidence[at])


def _read(data: HeteroData) -> PathwayGraph:
    stores = [
        (sign, directed, data["gene", relation, "gene"])
        for (sign, directed), relation in RELATIONS.items()
        if ("gene", relation, "gene") in data.edge_types
    ]
    n_edges = 1 + max((int(store.place.max()) for _, _, store in stores), default=-1)
    edges = np.zeros((2, n_edges), dtype=np.int64)
    sign, directed = np.zeros(n_edges, dtype=np.int64), np.zeros(n_edges, dtype=bool)
    confidence = np.full(n_edges, np.nan, dtype=np.float32)
    mechanism, sources = [""] * n_edges, [""] * n_edges
    for value, one_way, store in stores:
        n = len(store.place) if one_way else len(store.place) // 2
        at = store.place[:n].numpy()
        edges[:, at] = store.edge_index[:, :n].numpy()
        sign[at], directed[at], confidence[at] = value, one_way, store.confidence[:n].numpy()
        for i, place in enumerate(at.tolist()):
            mechanism[place], sources[place] = store.mechanism[i], store.sources[i]
    genes, pathway = data["gene"], data["pathway"]
    return PathwayGraph(
        genes=tuple(genes.name),
        kind=tuple(NODE_KINDS[i] for i in genes.kind.tolist()),
        compartment=tuple(genes.compartment),
        drugs=tuple(genes.drugs),
        edges=edges,
        sign=sign,
        directed=directed,
        mechanism=tuple(mechanism),
        sources=tuple(sources),
        confidence=confidence,
        pathways=tuple(pathway.name),
        pathway_ids=tuple(pathway.identifier),
        members=data[MEMBER].edge_index.numpy()[::-1].copy(),
        hierarchy=data[PARENT].edge_index.numpy().copy(),
        provenance=_provenance(data.provenance),
        aliases=dict(data.aliases),
    )
