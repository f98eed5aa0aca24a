"""PathwayGraph and Provenance: frozen, directed, signed, typed; to and from networkx."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import networkx as nx
import numpy as np
from jaxtyping import Int

from pathgnn.errors import GraphError

NODE_KINDS = (
    "ligand",
    "receptor",
    "kinase",
    "phosphatase",
    "gtpase",
    "adaptor",
    "transcription_factor",
    "effector",
    "enzyme",
    "metabolite",
    "unknown",
)


@dataclass(frozen=True)
class Provenance:
    """Where a graph came from."""

    name: str
    version: str = ""
    licence: str = ""
    source: str = ""
    sha256: str = ""


@dataclass(frozen=True)
class PathwayGraph:
    """Genes, signed directed edges between them, and the pathways they belong to.

    `edges` holds source and target as places in `genes`; `members` pathway and gene as places in
    `pathways` and `genes`. `sign` is +1 (activates), -1 (inhibits) or 0 (unknown).
    """

    genes: tuple[str, ...]
    kind: tuple[str, ...]
    compartment: tuple[str, ...]
    edges: Int[np.ndarray, "2 edge"]
    sign: Int[np.ndarray, " edge"]
    mechanism: tuple[str, ...]
    pathways: tuple[str, ...]
    members: Int[np.ndarray, "2 member"]
    provenance: Provenance
    aliases: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _check(self)

    @property
    def sha256(self) -> str:
        """Hash of genes, edges, signs and pathways: the same graph has the same hash."""
        text = "\n".join((*self.genes, "", *self.pathways))
        digest = hashlib.sha256(text.encode())
        for part in (self.edges, self.sign, self.members):
            digest.update(np.ascontiguousarray(part, dtype=np.int64).tobytes())
        return digest.hexdigest()

    def members_of(self, pathway: str) -> tuple[str, ...]:
        """Genes of one pathway, in graph order."""
        if pathway not in self.pathways:
            raise GraphError(
                f"no pathway {pathway!r}; there are {', '.join(self.pathways[:5])}, ..."
            )
        chosen = self.members[1][self.members[0] == self.pathways.index(pathway)]
        return tuple(self.genes[i] for i in np.sort(chosen))

    def restrict(self, genes: Iterable[str]) -> PathwayGraph:
        """The graph on some genes: their edges, and the pathways that keep a member."""
        wanted = set(genes)
        keep = np.array([g in wanted for g in self.genes], dtype=bool)
        place = np.cumsum(keep) - 1
        on = keep[self.edges].all(0)
        member_on = keep[self.members[1]]
        left = np.unique(self.members[0][member_on])
        chosen = np.flatnonzero(keep)
        return PathwayGraph(
            genes=tuple(self.genes[i] for i in chosen),
            kind=tuple(self.kind[i] for i in chosen),
            compartment=tuple(self.compartment[i] for i in chosen),
            edges=place[self.edges[:, on]],
            sign=self.sign[on],
            mechanism=tuple(m for m, o in zip(self.mechanism, on, strict=True) if o),
            pathways=tuple(self.pathways[i] for i in left),
            members=np.stack(
                [
                    np.searchsorted(left, self.members[0][member_on]),
                    place[self.members[1][member_on]],
                ]
            ),
            provenance=self.provenance,
            aliases=self.aliases,
        )

    def to_networkx(self) -> nx.DiGraph[str]:
        """The same graph in networkx; pathways as a `;`-joined node attribute."""
        graph: nx.DiGraph[str] = nx.DiGraph(name=self.provenance.name)
        of: list[list[str]] = [[] for _ in self.genes]
        for pathway, gene in self.members.T:
            of[gene].append(self.pathways[pathway])
        for i, gene in enumerate(self.genes):
            graph.add_node(
                gene, kind=self.kind[i], compartment=self.compartment[i], pathways=";".join(of[i])
            )
        for (source, target), sign, mechanism in zip(
            self.edges.T, self.sign, self.mechanism, strict=True
        ):
            graph.add_edge(
                self.genes[source], self.genes[target], sign=int(sign), mechanism=mechanism
            )
        return graph


def from_networkx(graph: nx.DiGraph[str], provenance: Provenance) -> PathwayGraph:
    """A PathwayGraph from a networkx graph with the attributes that `to_networkx` writes."""
    genes = tuple(str(n) for n in graph.nodes)
    place = {g: i for i, g in enumerate(genes)}
    nodes: list[dict[str, Any]] = [graph.nodes[g] for g in graph.nodes]
    named = [str(n.get("pathways", "")).split(";") for n in nodes]
    pathways = tuple(dict.fromkeys(p for names in named for p in names if p))
    at = {p: i for i, p in enumerate(pathways)}
    pairs = [(at[p], i) for i, names in enumerate(named) for p in names if p]
    edges = list(graph.edges(data=True))
    return PathwayGraph(
        genes=genes,
        kind=tuple(str(n.get("kind", "unknown")) for n in nodes),
        compartment=tuple(str(n.get("compartment", "")) for n in nodes),
        edges=np.array([(place[u], place[v]) for u, v, _ in edges], dtype=np.int64)
        .reshape(-1, 2)
        .T,
        sign=np.array([int(d.get("sign", 0)) for _, _, d in edges], dtype=np.int64),
        mechanism=tuple(str(d.get("mechanism", "")) for _, _, d in edges),
        pathways=pathways,
        members=np.array(pairs, dtype=np.int64).reshape(-1, 2).T,
        provenance=provenance,
    )


def _check(graph: PathwayGraph) -> None:
    n = len(graph.genes)
    if len(set(graph.genes)) != n:
        raise GraphError("a gene stands twice in the graph; each needs a name of its own")
    for name in (*graph.genes, *graph.pathways):
        if not name.isprintable() or not name:
            raise GraphError(f"{name!r} is no name for a gene or pathway: empty or unprintable")
    if not len(graph.kind) == len(graph.compartment) == n:
        raise GraphError("kind and compartment need one entry per gene")
    if not graph.edges.shape[1] == len(graph.sign) == len(graph.mechanism):
        raise GraphError("sign and mechanism need one entry per edge")
    if graph.edges.size and (graph.edges.min() < 0 or graph.edges.max() >= n):
        raise GraphError("an edge points at a gene that is not in the graph")
    if not np.isin(graph.sign, (-1, 0, 1)).all():
        raise GraphError("the sign of an edge is +1, -1 or 0 (unknown)")
