"""Graphs combined, and what each source added."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pandas as pd

from pathgnn.graph.assemble import edge_columns, edge_table, merge_edges
from pathgnn.graph.graph import PathwayGraph, Provenance
from pathgnn.graph.other_names import meant_by


def union(left: PathwayGraph, right: PathwayGraph) -> PathwayGraph:
    """Both graphs in one; where they disagree, the left one is right.

    A gene of the right graph under a name that the left one knows as an alias of one of its own
    genes, and of no other, is that gene; see `meant_by` for metabolites.
    A pair that both hold is one edge with the sources of both; a sign, mechanism or node
    attribute that the left one does not know comes from the right one. Pathways of the same name
    and identifier are joined; of the same name alone, the right one gets its identifier, or its
    graph's name, behind it.
    """
    right = _under_left_names(left, right)
    genes = pd.Index(list(dict.fromkeys([*left.genes, *right.genes])), dtype=object)
    table = merge_edges(
        pd.concat([t for t in (edge_table(left), edge_table(right)) if len(t)], ignore_index=True)
        if left.edges.size or right.edges.size
        else edge_table(left)
    )
    renamed = _renamed_pathways(left, right)
    pathways = tuple(dict.fromkeys([*left.pathways, *renamed]))
    ids = dict(zip(renamed, right.pathway_ids, strict=True))
    ids |= dict(zip(left.pathways, left.pathway_ids, strict=True))
    at = pd.Index(pathways, dtype=object)
    place = at.get_indexer(pd.Index(renamed, dtype=object))
    gene_place = genes.get_indexer(pd.Index(right.genes, dtype=object))
    members = np.concatenate(
        [left.members, np.stack([place[right.members[0]], gene_place[right.members[1]]])], 1
    )
    hierarchy = np.concatenate([left.hierarchy, place[right.hierarchy]], 1)
    return PathwayGraph(
        genes=tuple(genes),
        kind=_first_known(left, right, "kind", genes),
        compartment=_first_known(left, right, "compartment", genes),
        drugs=_first_known(left, right, "drugs", genes),
        **edge_columns(table, genes),
        pathways=pathways,
        pathway_ids=tuple(ids[name] for name in pathways),
        members=_unique(members),
        hierarchy=_unique(hierarchy),
        provenance=_joined(left.provenance, right.provenance),
        aliases=_aliases(left, right, set(genes)),
    )


def added(graph: PathwayGraph) -> pd.DataFrame:
    """Per source: edges, those with a direction and a sign, and edges and genes only it has."""
    listed = [text.split(";") for text in graph.sources]
    edge = np.repeat(np.arange(len(listed)), [len(names) for names in listed])
    flat = pd.DataFrame({"source": [s for names in listed for s in names], "edge": edge})
    alone = np.array([len(names) == 1 for names in listed], dtype=bool)
    ends = pd.DataFrame(
        {"gene": graph.edges[:, edge].ravel(), "source": np.tile(flat["source"], 2)}
    ).drop_duplicates()
    lone = ends[~ends["gene"].duplicated(keep=False)]["source"].value_counts()
    flat = flat.assign(
        directed=graph.directed[edge], signed=graph.sign[edge] != 0, only_here=alone[edge]
    )
    out = flat.groupby("source", sort=False).agg(
        edges=("edge", "size"),
        directed=("directed", "sum"),
        signed=("signed", "sum"),
        only_here=("only_here", "sum"),
    )
    out["genes_only_here"] = lone.reindex(out.index).fillna(0).astype(int)
    return out.reset_index()


def disagreements(left: PathwayGraph, right: PathwayGraph) -> pd.DataFrame:
    """Directed pairs to which the two graphs give opposite signs, with both signs."""
    on = ["source", "target"]
    a, b = (t[t["directed"] & (t["sign"] != 0)] for t in (edge_table(left), edge_table(right)))
    both = a[[*on, "sign"]].merge(b[[*on, "sign"]], on=on, suffixes=("_left", "_right"))
    return both[both["sign_left"] != both["sign_right"]].reset_index(drop=True)


def _renamed_pathways(left: PathwayGraph, right: PathwayGraph) -> tuple[str, ...]:
    known = dict(zip(left.pathways, left.pathway_ids, strict=True))
    shared = _repeated(left.pathway_ids) | _repeated(right.pathway_ids)
    by_id = {i: name for name, i in known.items() if i != name and i not in shared}
    taken, out = {*left.pathways, *right.pathways}, []
    for name, identifier in zip(right.pathways, right.pathway_ids, strict=True):
        new = by_id.get(identifier, name)
        if new == name and name in known and known[name] != identifier:
            tail = identifier if identifier != name else right.provenance.name
            new = f"{name} ({tail})"
            while new in taken:
                new += "'"
        taken.add(new)
        out.append(new)
    return tuple(out)


def _under_left_names(left: PathwayGraph, right: PathwayGraph) -> PathwayGraph:
    """The right graph with genes under the left one's names, where that is sure and free."""
    kinds = dict(zip(right.genes, right.kind, strict=True))
    new = {g: name for g, name in meant_by(left, kinds).items() if g not in left.genes}
    twice = _repeated(new.values())
    new = {g: name for g, name in new.items() if name not in right.genes and name not in twice}
    if not new:
        return right
    return replace(
        right,
        genes=tuple(new.get(g, g) for g in right.genes),
        aliases={a: tuple(new.get(g, g) for g in n) for a, n in right.aliases.items()},
    )


def _repeated(names: Iterable[str]) -> set[str]:
    return {name for name, n in Counter(names).items() if n > 1}


def _first_known(
    left: PathwayGraph, right: PathwayGraph, column: str, genes: pd.Index
) -> tuple[str, ...]:
    values = dict(zip(right.genes, getattr(right, column), strict=True))
    own = zip(left.genes, getattr(left, column), strict=True)
    values |= {g: v for g, v in own if v not in ("", "unknown") or g not in values}
    return tuple(values[g] for g in genes)


def _unique(pairs: np.ndarray) -> np.ndarray:
    """Columns of a (2, n) array without repeats, in the order of their first."""
    if not pairs.size:
        return pairs
    width = int(pairs[1].max()) + 1
    _, first = np.unique(pairs[0].astype(np.int64) * width + pairs[1], return_index=True)
    return np.asarray(pairs[:, np.sort(first)])


def _joined(left: Provenance, right: Provenance) -> Provenance:
    """Both, as the parts of a new one; a part that is there already stays single."""
    parts: list[Provenance] = []
    for one in (left, right):
        parts += [p for p in (one.parts or (one,)) if p not in parts]
    if len(parts) == 1:
        return parts[0]
    names = [p.name for p in parts]
    licences = dict.fromkeys(p.licence for p in parts if p.licence)
    return Provenance(" | ".join(names), licence="; ".join(licences), parts=tuple(parts))


def _aliases(
    left: PathwayGraph, right: PathwayGraph, genes: set[str]
) -> dict[str, tuple[str, ...]]:
    out = dict(left.aliases)
    for alias, names in right.aliases.items():
        out[alias] = tuple(dict.fromkeys([*out.get(alias, ()), *names]))
    return {a: names for a, names in out.items() if a not in genes}
