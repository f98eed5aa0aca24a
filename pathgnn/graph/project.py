"""Cohort x PathwayGraph -> Nodes: features laid on genes, with the mapping report."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import torch
from jaxtyping import Bool, Float, Int

from pathgnn.cohort.cohort import Cohort
from pathgnn.cohort.genes import GeneMap, refuse_no_overlap
from pathgnn.cohort.identifiers import Identifiers
from pathgnn.cohort.large_tables import as_omics
from pathgnn.cohort.read_healthy import Healthy
from pathgnn.errors import GraphError
from pathgnn.graph import mapping
from pathgnn.graph.graph import PathwayGraph
from pathgnn.graph.nodes import Nodes

# Genes copied into the tensors in one step: more would hold a large omic twice.
GENES_AT_ONCE = 512


def project(cohort: Cohort, graph: PathwayGraph, known: Identifiers | None = None) -> Nodes:
    """The cohort laid on the genes of the graph, aligned by id.

    Args:
        cohort: Patients and their omics.
        graph: Where the features go.
        known: Names of genes; None: the aliases of the graph alone.

    Raises:
        GraphError: no feature of any omic is in the graph, or no edge reaches a measured gene.
    """
    if not cohort.omics:
        raise GraphError(
            f"cohort '{cohort.name}' has no omic that could be laid on a graph; name one in the "
            "study file"
        )
    if not graph.pathways:
        raise GraphError("the graph has no pathways; give a GMT file as `pathways`")
    x, seen, maps = _laid(cohort, graph, known)
    if not seen.any():
        omics = as_omics(cohort.omics)
        raise refuse_no_overlap({k: omics.features(k) for k in omics}, graph.genes)
    _refuse_lone_genes(np.asarray(seen.any((1, 2))), graph)
    return _nodes(cohort, graph, x, seen, maps)


def project_healthy(
    healthy: Healthy, graph: PathwayGraph, known: Identifiers | None, patients: Nodes
) -> Nodes:
    """Healthy samples laid on the graph beside the patients: the same omics and covariates.

    Nothing but the measurements is known of them: no row, no covariate, no site.

    Raises:
        GraphError: nothing that was measured of them is on the graph.
    """
    x, seen, found = _laid(healthy, graph, known)
    if not seen.any():
        raise GraphError(
            "no value of a healthy sample is on the graph; are they measured by the features of "
            "the patients?"
        )
    n = len(healthy.patients)
    nobody = patients.take(torch.zeros(0, dtype=torch.long))
    return replace(
        nobody,
        x=torch.from_numpy(x),
        seen=torch.from_numpy(seen),
        clinical=torch.zeros(n, len(patients.covariates)),
        clinical_seen=torch.zeros(n, len(patients.covariates), dtype=torch.bool),
        group=torch.arange(n),
        site=torch.full((n,), -1),
        patients=healthy.patients,
        report=(),
        found=found,
    )


def coverage(nodes: Nodes, graph: PathwayGraph) -> pd.DataFrame:
    """Per pathway: genes, genes measured in any omic, their share, and genes per omic."""
    return mapping.coverage(nodes.seen, nodes.modalities, graph)


def features(nodes: Nodes) -> pd.DataFrame:
    """What became of every feature: omic, feature, status, gene, how."""
    tables = [
        one.to_frame().assign(omic=omic)
        for omic, one in zip(nodes.modalities, nodes.found, strict=True)
    ]
    return pd.concat(tables, ignore_index=True)[["omic", "feature", "status", "gene", "how"]]


def rests_on(nodes: Nodes) -> list[str]:
    """What each patient's prediction rests on: genes seen per omic, and the omics that lack."""
    count = nodes.seen.sum(0).tolist()
    out = []
    for row in count:
        have = [f"{m} {n} genes" for m, n in zip(nodes.modalities, row, strict=True) if n]
        lack = [m for m, n in zip(nodes.modalities, row, strict=True) if not n]
        text = ", ".join(have) or "nothing measured: the average"
        out.append(text + (f"; lacks {', '.join(lack)}" if lack else ""))
    return out


def molecules_of(nodes: Nodes, graph: PathwayGraph, pathway: str) -> pd.DataFrame:
    """Which of the cohort's features sit in a pathway: gene, omic, feature, how it was found."""
    return mapping.molecules_of(pathway, graph, nodes.modalities, nodes.found)


def _laid(
    cohort: Cohort | Healthy, graph: PathwayGraph, known: Identifiers | None
) -> tuple[
    Float[np.ndarray, "gene patient modality"],
    Bool[np.ndarray, "gene patient modality"],
    tuple[GeneMap, ...],
]:
    """Values on the genes of the graph, 0 where none was seen, and how features met genes."""
    shape = (len(graph.genes), len(cohort.patients), len(cohort.omics))
    x = np.zeros(shape, dtype=np.float32)
    seen = np.zeros(shape, dtype=bool)
    maps = []
    for m, name in enumerate(cohort.omics):
        on_genes, found = mapping.on_genes(name, cohort, graph, known)
        maps.append(found)
        if on_genes.shape[1] == 0:
            continue
        rows = pd.Index(cohort.patients).get_indexer(on_genes.index)
        columns = pd.Index(graph.genes).get_indexer(on_genes.columns)
        for some in range(0, len(columns), GENES_AT_ONCE):
            at = columns[some : some + GENES_AT_ONCE]
            values = np.full((len(at), len(cohort.patients)), np.nan, dtype=np.float32)
            values[:, rows] = on_genes.iloc[:, some : some + GENES_AT_ONCE].to_numpy().T
            seen[at, :, m] = ~np.isnan(values)
            x[at, :, m] = np.nan_to_num(values, copy=False)
        del on_genes
    return x, seen, tuple(maps)


def _refuse_lone_genes(measured: Bool[np.ndarray, " gene"], graph: PathwayGraph) -> None:
    if graph.edges.shape[1] and measured[graph.edges].any():
        return
    raise GraphError(
        f"no edge of the graph touches a measured gene ({int(measured.sum())} genes measured, "
        f"{graph.edges.shape[1]} edges); use a graph that holds the cohort's genes"
    )


def _nodes(
    cohort: Cohort,
    graph: PathwayGraph,
    x: Float[np.ndarray, "gene patient modality"],
    seen: Bool[np.ndarray, "gene patient modality"],
    found: tuple[GeneMap, ...],
) -> Nodes:
    outcome, omics = cohort.outcome, as_omics(cohort.omics)
    block = cohort.clinical.reindex(list(cohort.patients)).to_numpy(dtype=np.float32)
    rows = pd.Index(cohort.patients).get_indexer(pd.Index(outcome.patient))
    site, sites = _sites(cohort)
    return Nodes(
        x=torch.from_numpy(x),
        seen=torch.from_numpy(seen),
        clinical=torch.from_numpy(np.nan_to_num(block)),
        clinical_seen=torch.from_numpy(~np.isnan(block)),
        group=torch.from_numpy(_groups(cohort)),
        site=torch.from_numpy(site),
        patient_of=torch.from_numpy(rows.astype(np.int64)),
        arm=torch.from_numpy(outcome.arm.astype(np.int64)),
        value=torch.from_numpy(outcome.value.astype(np.float32)),
        event=torch.from_numpy(outcome.event.astype(bool)),
        competing=torch.from_numpy(outcome.competing.astype(bool)),
        propensity=torch.from_numpy(outcome.propensity.astype(np.float32)),
        stratum=torch.from_numpy(outcome.stratum.astype(np.int64)),
        genes=graph.genes,
        patients=cohort.patients,
        sites=sites,
        modalities=tuple(cohort.omics),
        kinds=tuple(cohort.kinds[k] for k in cohort.omics),
        covariates=tuple(cohort.clinical.columns),
        arms=outcome.arms,
        outcome=outcome.kind,
        # As rounded as the times that are compared with it.
        horizon=float(np.float32(outcome.horizon)),
        randomised=outcome.randomised,
        crossover=outcome.crossover,
        has_competing=bool(outcome.competing.any()),
        unit=outcome.unit,
        report=tuple(
            mapping.report(name, omics.shape(name), one)
            for name, one in zip(omics, found, strict=True)
        ),
        found=found,
        scales={name: decided.scale for name, decided in cohort.scales.items()},
    )


def _groups(cohort: Cohort) -> Int[np.ndarray, " patient"]:
    """A number per group; a patient without one is a group of their own."""
    n = len(cohort.patients)
    if "group" not in cohort.beside:
        return np.arange(n, dtype=np.int64)
    named = pd.factorize(cohort.beside["group"].reindex(list(cohort.patients)))[0]
    alone = n + np.arange(n)
    return np.unique(np.where(named < 0, alone, named), return_inverse=True)[1].astype(np.int64)


def _sites(cohort: Cohort) -> tuple[Int[np.ndarray, " patient"], tuple[str, ...]]:
    """A number per site, -1 where it is unknown, and the names of the sites in order."""
    if "site" not in cohort.beside:
        return np.full(len(cohort.patients), -1, dtype=np.int64), ()
    named = cohort.beside["site"].reindex(list(cohort.patients))
    site, names = pd.factorize(named, sort=True)
    return site.astype(np.int64), tuple(map(str, names))
