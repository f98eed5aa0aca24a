"""What `pathgnn check` shows beside its findings: who, what, outcomes, overlap, sites."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Float, Int

from pathgnn.benefit.arms import Arm, Curve, Level, arms_of, balance, curves, levels
from pathgnn.benefit.duplicates import to_table
from pathgnn.benefit.sites import SiteEffect, site_counts
from pathgnn.benefit.verdict import Finding
from pathgnn.cohort.cohort import Cohort
from pathgnn.cohort.small_cells import shown_count
from pathgnn.cohort.who_has_what import by_pattern, missing_inside, who_has_what
from pathgnn.graph.graph import PathwayGraph
from pathgnn.graph.nodes import Nodes
from pathgnn.seeds import rng_for
from pathgnn.train.look import Looked

PATIENTS_DRAWN = 500
BINS = 20
HISTOGRAM = ["contrast", "arm", "propensity", "share"]


@dataclass(frozen=True)
class Overview:
    """Tables and numbers of one cohort on one graph; holds no patient id."""

    name: str
    kind: str
    unit: str
    randomised: bool
    crossover: bool
    horizon: float
    n_patients: int
    findings: tuple[Finding, ...]
    arms: tuple[Arm, ...]
    balance: pd.DataFrame
    who_has_what: pd.DataFrame
    omics: pd.DataFrame
    layers: pd.DataFrame
    map: Float[np.ndarray, "shown modality"]
    curves: tuple[Curve, ...]
    levels: tuple[Level, ...]
    propensity: pd.DataFrame
    duplicates: pd.DataFrame
    sites: pd.DataFrame
    effects: tuple[SiteEffect, ...]
    notes: tuple[str, ...]


def overview(
    name: str, cohort: Cohort, nodes: Nodes, graph: PathwayGraph, looked: Looked
) -> Overview:
    """Everything the page and the screen of `check` show."""
    outcome = cohort.outcome
    has = looked.share > 0
    shown = by_pattern(has, PATIENTS_DRAWN, rng_for(0, 72))
    table = pd.DataFrame(has, index=list(cohort.patients))
    table.columns = pd.Index(list(cohort.omics))
    return Overview(
        name=name,
        kind=outcome.kind,
        unit=outcome.unit,
        randomised=outcome.randomised,
        crossover=outcome.crossover,
        horizon=outcome.horizon,
        n_patients=len(cohort.patients),
        findings=looked.findings,
        arms=arms_of(outcome),
        balance=balance(cohort),
        who_has_what=who_has_what(table, outcome),
        omics=_omics(nodes, looked.share),
        layers=layers(nodes, graph),
        map=looked.share[shown],
        curves=curves(outcome),
        levels=levels(outcome),
        propensity=propensity_histogram(
            None if outcome.crossover else looked.propensity, nodes.arm.numpy(), nodes.arms
        ),
        duplicates=to_table(looked.pairs, outcome, cohort.patients),
        sites=_sites(cohort, looked),
        effects=looked.effects,
        notes=cohort.notes,
    )


def layers(nodes: Nodes, graph: PathwayGraph) -> pd.DataFrame:
    """Graph genes by how many omics measure them; those of 0 have no layer of their own."""
    count = nodes.seen.any(1).sum(1).numpy()
    genes = np.bincount(count, minlength=len(nodes.modalities) + 1)
    names = pd.Series(graph.genes)
    examples = [", ".join(names[count == k].head(3)) for k in range(len(genes))]
    return pd.DataFrame({"omics": range(len(genes)), "genes": genes, "such_as": examples})


def propensity_histogram(
    propensity: Float[np.ndarray, "row arm"] | None,
    arm: Int[np.ndarray, " row"],
    arms: tuple[str, ...],
) -> pd.DataFrame:
    """Share of each arm's rows by their probability of the contrast's arm against the reference.

    One row per contrast, arm and bin: contrast, arm, middle of the bin, share.
    """
    rows = []
    edges = np.linspace(0, 1, BINS + 1)
    if propensity is None:
        return pd.DataFrame(columns=HISTOGRAM)
    for k in range(1, len(arms)):
        pair = propensity[:, [0, k]]
        e = pair[:, 1] / pair.sum(1).clip(1e-12)
        for a in (0, k):
            counts = np.histogram(e[arm == a], edges)[0]
            share = counts / max(1, counts.sum())
            rows += [
                (arms[k], arms[a], float(x), float(s))
                for x, s in zip((edges[1:] + edges[:-1]) / 2, share, strict=True)
            ]
    return pd.DataFrame(rows, columns=HISTOGRAM)


def _omics(nodes: Nodes, share: Float[np.ndarray, "patient modality"]) -> pd.DataFrame:
    """The mapping report with the share of values missing inside each omic."""
    out = pd.DataFrame([r._asdict() for r in nodes.report])
    inside = [missing_inside(share[:, m]) for m in range(share.shape[1])]
    out.insert(1, "kind", list(nodes.kinds))
    out["missing_inside"] = inside
    return out


def _sites(cohort: Cohort, looked: Looked) -> pd.DataFrame:
    """Outcome rows per site and arm; empty without sites."""
    if looked.sites is None:
        return pd.DataFrame(columns=["site"])
    counts = site_counts(looked.sites, cohort.outcome, cohort.patients)
    out = pd.DataFrame({"site": looked.sites.names})
    for k, arm in enumerate(cohort.outcome.arms):
        out[f"arm {arm}"] = [shown_count(n) for n in counts[:, k].tolist()]
    return out
