"""PathwayGraph and Provenance: frozen, directed or not, signed, typed, with their sources."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from jaxtyping import Bool, Float, Int

from pathgnn.card import Card, as_html
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
    """Where a graph came from; `parts` are those of the graphs it was combined from."""

    name: str
    version: str = ""
    licence: str = ""
    url: str = ""
    sha256: str = ""
    parts: tuple[Provenance, ...] = ()


@dataclass(frozen=True, eq=False)
class PathwayGraph:
    """Genes and metabolites, signed edges between them, and the pathways they belong to.

    Attributes:
        genes: HGNC symbols or metabolite names, each once.
        kind: One of NODE_KINDS per gene.
        compartment: Main place of action per gene; may be empty.
        drugs: Common drugs per gene, `;` between; may be empty.
        edges: Source and target as places in `genes`; no pair twice, no self loop.
        sign: +1 (activates), -1 (inhibits) or 0 (unknown).
        directed: False where the partners of an edge are known, but not who acts on whom.
        mechanism: phosphorylation, binding, transcription, ...; may be empty.
        sources: Databases that hold the edge, `;` between.
        confidence: Confidence as the source gives it; NaN where it gives none.
        pathways: Names, each once.
        pathway_ids: Their identifiers in the source; the name where there is none.
        members: Pathway and gene as places in `pathways` and `genes`; no pair twice.
        hierarchy: Parent and child as places in `pathways`.
        aliases: Other names of genes of the graph -> symbols.
    """

    genes: tuple[str, ...]
    kind: tuple[str, ...]
    compartment: tuple[str, ...]
    drugs: tuple[str, ...]
    edges: Int[np.ndarray, "2 edge"]
    sign: Int[np.ndarray, " edge"]
    directed: Bool[np.ndarray, " edge"]
    mechanism: tuple[str, ...]
    sources: tuple[str, ...]
    confidence: Float[np.ndarray, " edge"]
    pathways: tuple[str, ...]
    pathway_ids: tuple[str, ...]
    members: Int[np.ndarray, "2 member"]
    hierarchy: Int[np.ndarray, "2 link"]
    provenance: Provenance
    aliases: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _check_names(self)
        _check_edges(self)
        _check_pathways(self)

    def __or__(self, other: PathwayGraph) -> PathwayGraph:
        """Both graphs in one; where they disagree, this one is right. See `union`."""
        from pathgnn.graph.union import union

        return union(self, other)

    def __repr__(self) -> str:
        return (
            f"PathwayGraph({self.provenance.name!r}: {len(self.genes)} genes, "
            f"{self.edges.shape[1]} edges, {len(self.pathways)} pathways)"
        )

    def _repr_html_(self) -> str:
        return as_html(self.card())

    def card(self) -> Card:
        """Counts of nodes and edges, with the largest pathways."""
        size = np.bincount(self.members[0], minlength=len(self.pathways))
        kinds = Counter(self.kind).most_common(4)
        facts = (
            ("nodes", f"{len(self.genes)}: {', '.join(f'{k} {n}' for k, n in kinds)}, ..."),
            (
                "edges",
                f"{self.edges.shape[1]}: {(self.sign > 0).sum()} activate, "
                f"{(self.sign < 0).sum()} inhibit",
            ),
            ("pathways", len(self.pathways)),
            ("from", f"{self.provenance.name} {self.provenance.version}".strip()),
            ("licence", self.provenance.licence),
        )
        rows = [(self.pathways[p], size[p]) for p in np.argsort(-size, kind="stable")]
        return Card("PathwayGraph", facts, ("pathway", "genes"), rows)

    @property
    def sha256(self) -> str:
        """Hash of all that decides a result; the same graph has the same hash."""
        text = "\n".join((*self.genes, "", *self.pathways))
        digest = hashlib.sha256(text.encode())
        members = self.members[:, np.lexsort(self.members[::-1])]
        for part in (self.edges, self.sign, self.directed, members, self.hierarchy):
            digest.update(np.ascontiguousarray(part, dtype=np.int64).tobytes())
        words = (self.kind, self.mechanism, sorted(self.aliases.items()))
        digest.update(json.dumps(words).encode())
        return digest.hexdigest()

    def members_of(self, pathway: str) -> tuple[str, ...]:
        """Genes of one pathway, in graph order."""
        if pathway not in self.pathways:
            raise GraphError(
                f"no pathway {pathway!r}; there are {', '.join(self.pathways[:5])}, ..."
            )
        chosen = self.members[1][self.members[0] == self.pathways.index(pathway)]
        return tuple(self.genes[i] for i in np.sort(chosen))

    def take_edges(self, places: Int[np.ndarray, " chosen"]) -> PathwayGraph:
        """The same genes and pathways with some of the edges, in the order given."""
        return replace(
            self,
            edges=self.edges[:, places],
            sign=self.sign[places],
            directed=self.directed[places],
            mechanism=tuple(self.mechanism[i] for i in places),
            sources=tuple(self.sources[i] for i in places),
            confidence=self.confidence[places],
        )

    def restrict(self, genes: Iterable[str]) -> PathwayGraph:
        """The graph on some genes: their edges, and the pathways that keep a member."""
        wanted = set(genes)
        keep = np.array([g in wanted for g in self.genes], dtype=bool)
        chosen, place = np.flatnonzero(keep), np.cumsum(keep) - 1
        members = self.members[:, keep[self.members[1]]]
        left = np.unique(members[0])
        known = np.isin(self.hierarchy, left).all(0)
        inside = self.take_edges(np.flatnonzero(keep[self.edges].all(0)))
        return replace(
            inside,
            genes=tuple(self.genes[i] for i in chosen),
            kind=tuple(self.kind[i] for i in chosen),
            compartment=tuple(self.compartment[i] for i in chosen),
            drugs=tuple(self.drugs[i] for i in chosen),
            edges=place[inside.edges],
            pathways=tuple(self.pathways[i] for i in left),
            pathway_ids=tuple(self.pathway_ids[i] for i in left),
            members=np.stack([np.searchsorted(left, members[0]), place[members[1]]]),
            hierarchy=np.searchsorted(left, self.hierarchy[:, known]),
            aliases={a: names for a, names in self.aliases.items() if wanted.issuperset(names)},
        )


def _check_names(graph: PathwayGraph) -> None:
    n = len(graph.genes)
    for what, names in (("gene", graph.genes), ("pathway", graph.pathways)):
        if len(set(names)) != len(names):
            raise GraphError(f"a {what} stands twice in the graph; each needs a name of its own")
        for name in names:
            if not name.strip() or not name.isprintable():
                raise GraphError(f"{name!r} is no name for a {what}: blank or unprintable")
    if not len(graph.kind) == len(graph.compartment) == len(graph.drugs) == n:
        raise GraphError("kind, compartment and drugs need one entry per gene")
    strange = set(graph.kind) - set(NODE_KINDS)
    if strange:
        raise GraphError(f"no node kind {sorted(strange)[0]!r}; use one of {', '.join(NODE_KINDS)}")


def _check_edges(graph: PathwayGraph) -> None:
    n, n_edges = len(graph.genes), graph.edges.shape[1]
    columns = (graph.sign, graph.directed, graph.mechanism, graph.sources, graph.confidence)
    if any(len(column) != n_edges for column in columns):
        raise GraphError(
            "sign, directed, mechanism, sources and confidence need one entry per edge"
        )
    if not n_edges:
        return
    if graph.edges.min() < 0 or graph.edges.max() >= n:
        raise GraphError("an edge points at a gene that is not in the graph")
    if not np.isin(graph.sign, (-1, 0, 1)).all():
        raise GraphError("the sign of an edge is +1, -1 or 0 (unknown)")
    source, target = graph.edges.astype(np.int64)
    if (source == target).any():
        raise GraphError(f"gene {graph.genes[source[source == target][0]]} has an edge to itself")
    # An undirected edge is its pair in either order.
    low, high = np.where(graph.directed, graph.edges, np.sort(graph.edges, axis=0))
    key = low.astype(np.int64) * n + high + n * n * ~graph.directed
    if len(np.unique(key)) < n_edges or len(np.unique(source * n + target)) < n_edges:
        raise GraphError("two edges join the same pair; `assemble` and `|` merge them")


def _check_pathways(graph: PathwayGraph) -> None:
    n_genes, n_pathways = len(graph.genes), len(graph.pathways)
    if len(graph.pathway_ids) != n_pathways:
        raise GraphError("pathway_ids needs one entry per pathway")
    pathway, gene = graph.members.astype(np.int64)
    outside = np.array([pathway.max(initial=-1) >= n_pathways, gene.max(initial=-1) >= n_genes])
    if outside.any() or graph.members.min(initial=0) < 0:
        raise GraphError("a member names a pathway or gene that is not in the graph")
    if len(np.unique(pathway * max(1, n_genes) + gene)) < len(gene):
        raise GraphError("a gene stands twice in one pathway")
    links = graph.hierarchy
    if links.max(initial=-1) >= n_pathways or links.min(initial=0) < 0:
        raise GraphError("the hierarchy names a pathway that is not in the graph")
