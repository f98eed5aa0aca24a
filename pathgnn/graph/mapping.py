"""How the features of a cohort met the graph: tables on graph genes, counts, coverage."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from jaxtyping import Bool, Int
from torch import Tensor

from pathgnn.cohort.cohort import Cohort
from pathgnn.cohort.genes import GeneMap, map_features, name_identifier_type
from pathgnn.cohort.identifiers import Identifiers, embedded
from pathgnn.cohort.large_tables import Omics, as_omics
from pathgnn.cohort.metabolite_names import names_of
from pathgnn.cohort.read_healthy import Healthy
from pathgnn.graph.graph import PathwayGraph
from pathgnn.graph.spread import spread

# How a second name of a gene is used whose mutations were joined with those of the first.
JOINED = "joined"


class OmicReport(NamedTuple):
    """How many features of one omic met the graph, and what became of the others.

    `looks_like` is the kind of names that most of the unknown have, empty if none is seen.
    """

    omic: str
    patients: int
    features: int
    mapped: int
    by_symbol: int
    by_other_name: int
    ambiguous: int
    duplicates: int
    not_in_graph: int
    left_out: int
    unknown: int
    excel_dates: int
    looks_like: str


def on_genes(
    name: str, cohort: Cohort | Healthy, graph: PathwayGraph, known: Identifiers | None
) -> tuple[pd.DataFrame, GeneMap]:
    """One omic of a cohort with a column per graph gene."""
    layer = Layer(name, cohort.kinds[name], cohort.feature_maps.get(name))
    return map_layer(as_omics(cohort.omics), layer, graph, known)


class Layer(NamedTuple):
    """An omic by name: its kind, and its feature map if it has one."""

    name: str
    kind: str
    weights: pd.DataFrame | None


def map_layer(
    omics: Omics, layer: Layer, graph: PathwayGraph, known: Identifiers | None
) -> tuple[pd.DataFrame, GeneMap]:
    """One omic with a column per graph gene, by feature map or by identifier.

    Metabolites are looked for among metabolites and genes among genes: MET is no methionine.
    """
    name, weights = layer.name, layer.weights
    features = omics.features(name).astype(str)
    metabolic = layer.kind == "metabolite"
    genes = [g for g, k in zip(graph.genes, graph.kind, strict=True) if _fits(k, metabolic)]
    asked = features if weights is None else weights["gene"].unique()
    names = names_of(asked, graph.aliases, genes) if metabolic else _names(known, graph, genes)
    if weights is not None:
        return spread(omics[name].rename(columns=str), weights, graph.genes, names)
    found = map_features(features, genes, names)
    table = omics.some(name, omics.features(name)[_places(omics, name, found.gene_of)])
    # In place, for `some` gives a new table: a large one would be held twice.
    table.columns = pd.Index(list(found.gene_of.values()))
    return _joined(table, omics, name, found) if layer.kind == "mutation" else (table, found)


def _joined(
    table: pd.DataFrame, omics: Omics, name: str, found: GeneMap
) -> tuple[pd.DataFrame, GeneMap]:
    """A gene is mutated under whatever name: centres may write the same gene in two ways."""
    if not found.duplicates:
        return table, found
    other = omics.some(name, omics.features(name)[_places(omics, name, found.duplicates)])
    other.columns = pd.Index(list(found.duplicates.values()))
    whole = pd.concat([table, other], axis=1)
    table = whole.T.groupby(level=0, sort=False).sum(min_count=1).T
    if not (whole > 1).any(axis=None):  # Yes or no, and no counts.
        table = table.clip(upper=1)
    how = {**found.how, **dict.fromkeys(found.duplicates, JOINED)}
    pairs = (*found.gene_of.items(), *found.duplicates.items())
    return table, replace(found, how=how, spread=pairs, duplicates={})


def _places(omics: Omics, name: str, features: Iterable[str]) -> Int[np.ndarray, " chosen"]:
    there = pd.Index(omics.features(name).astype(str))
    return np.asarray(there.get_indexer(pd.Index(list(features))))


def report(name: str, shape: tuple[int, int], found: GeneMap) -> OmicReport:
    """The counts of one omic of so many patients and features."""
    by_symbol, joined = (found.counts.get(how, 0) for how in ("symbol", JOINED))
    mapped = len(found.gene_of) + joined
    return OmicReport(
        omic=name,
        patients=shape[0],
        features=shape[1],
        mapped=mapped,
        by_symbol=by_symbol,
        by_other_name=mapped - by_symbol,
        ambiguous=len(found.ambiguous),
        duplicates=len(found.duplicates),
        not_in_graph=len(found.elsewhere),
        left_out=len(found.left_out),
        unknown=len(found.unknown),
        excel_dates=len(found.dates),
        looks_like=name_identifier_type(name, found.unknown),
    )


def coverage(
    seen: Bool[Tensor, "gene patient modality"], modalities: tuple[str, ...], graph: PathwayGraph
) -> pd.DataFrame:
    """Per pathway: genes, genes measured in any omic, their share, and genes per omic."""
    measured = seen.any(1)
    pathway, gene = (torch.as_tensor(side) for side in graph.members)
    n_pathways = len(graph.pathways)
    size = np.bincount(pathway, minlength=n_pathways)
    out = pd.DataFrame({"pathway": graph.pathways, "size": size})
    out["measured"] = np.bincount(
        pathway, weights=measured.any(1)[gene], minlength=n_pathways
    ).astype(int)
    out["share"] = out["measured"] / size.clip(1)
    for m, name in enumerate(modalities):
        counts = np.bincount(pathway, weights=measured[gene, m], minlength=n_pathways)
        out[name] = counts.astype(int)
    return out


def molecules_of(
    pathway: str, graph: PathwayGraph, modalities: tuple[str, ...], found: tuple[GeneMap, ...]
) -> pd.DataFrame:
    """Which of the cohort's features sit in a pathway: gene, omic, feature, how it was found."""
    members = set(graph.members_of(pathway))
    rows = [
        (gene, omic, feature, one.how[feature])
        for omic, one in zip(modalities, found, strict=True)
        for feature, gene in one.pairs
        if gene in members
    ]
    table = pd.DataFrame(rows, columns=["gene", "omic", "feature", "how"])
    return table.sort_values(["gene", "omic", "feature"], ignore_index=True)


def _fits(kind: str, metabolic: bool) -> bool:
    return kind == "unknown" or (kind == "metabolite") == metabolic


def _names(known: Identifiers | None, graph: PathwayGraph, genes: list[str]) -> Identifiers:
    """A table of names and the graph's own: the table knows what is approved, so it goes first.

    A gene that the graph holds under an older name is found by its approved symbol, too.
    """
    own = embedded(graph.aliases, genes)
    if known is None:
        return own
    inside, called = set(genes), dict[str, str]()
    for gene in genes:
        symbols = () if gene in known.approved else known.find(gene).symbols
        if len(symbols) == 1 and symbols[0] not in inside:
            called.setdefault(symbols[0], gene)
    alias = known.names.get("alias", {})
    mine = {a: s for a, s in graph.aliases.items() if not known.find(a).symbols}
    names = {**known.names, "alias": {**mine, **alias}}
    return Identifiers(known.approved | inside, names, known.source, called)
