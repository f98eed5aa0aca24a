"""Observational arms are refused or warned of; a trial's published effects are found again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from lifelines import CoxPHFitter, KaplanMeierFitter
from lifelines.utils import restricted_mean_survival_time
from record import bar

from pathgnn.cohort.cohort import Cohort
from pathgnn.cohort.read_tables import read_cohort
from pathgnn.graph.assemble import Sets, assemble
from pathgnn.graph.graph import Provenance
from pathgnn.graph.nodes import Nodes
from pathgnn.graph.project import project
from pathgnn.run import check_study, read_input
from pathgnn.seeds import rng_for
from pathgnn.study import read_study
from pathgnn.train.folds import folds
from pathgnn.train.nuisance import fit_nuisances

STUDIES = Path(__file__).parent / "studies"
EXPECTED = {"metabric_chemo": "refused", "metabric_hormone": "warning"}
# Hammer et al., NEJM 1996, 335:1081: hazard of the composite end point against zidovudine alone,
# with the 95 % limits of the paper.
PUBLISHED = {"1": (0.50, 0.39, 0.63), "2": (0.54, 0.42, 0.68), "3": (0.61, 0.49, 0.76)}
ARMS = {"1": "zidovudine and didanosine", "2": "zidovudine and zalcitabine", "3": "didanosine"}
HORIZON, N_FOLDS = 36.0, 5
# Two of the covariates as what they count: cells that carry these genes' proteins.
CELLS = {"cd40": "CD4", "cd80": "CD8A"}


def cases(quick: bool) -> list[str]:
    """Two observational arms of METABRIC, and ACTG 175."""
    return ["actg175"] if quick else [*EXPECTED, "actg175"]


def run(case: str, shared: Path, quick: bool) -> list[dict[str, Any]]:
    """Severity of the overlap finding; or average effects beside published ones."""
    if case == "actg175":
        return _actg(shared)
    study = read_study(STUDIES / f"{case}.toml")
    findings = check_study(read_input(study, STUDIES, shared / "data" / study.data))
    found = next(f for f in findings if f.topic == "overlap")
    return [{"case": case, "severity": found.severity, "value": found.number}]


def recorded(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """All of them."""
    return rows


def bars(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Severities as they must be; effects within two standard errors."""
    out = []
    for row in rows:
        if row["case"] in EXPECTED:
            wanted = EXPECTED[row["case"]]
            met = row["severity"] == wanted
            out.append(bar(f"{row['case']}: AUC of treatment", row["value"], wanted, met))
            continue
        z = abs(row["value"] - row["reference"]) / row["se"]
        name = f"ACTG 175, {row['case']}: standard errors from {row['against']}"
        out.append(bar(name, z, "<= 2", z <= 2))
    return out


def _actg(shared: Path) -> list[dict[str, Any]]:
    nodes = _nodes(shared)
    gain = _gain(nodes)
    arm = np.array(nodes.arms)[nodes.arm.numpy()[torch.argsort(nodes.patient_of)]]
    time, event = (x[torch.argsort(nodes.patient_of)].numpy() for x in (nodes.value, nodes.event))
    rows = []
    for k, name in enumerate(nodes.arms[1:]):
        value, se = float(gain[:, k].mean()), float(gain[:, k].std(ddof=1) / len(gain) ** 0.5)
        plain, plain_se = _plain_rmst(time, event, arm, name)
        rows.append(
            {
                "case": f"{ARMS[name]}, months gained by {HORIZON:g}",
                "value": value,
                "se": float(np.hypot(se, plain_se)) / 2**0.5,
                "reference": plain,
                "against": "the difference of the two Kaplan-Meier curves",
            }
        )
        hazard, hazard_se = _hazard_ratio(time, event, arm, name)
        told, low, high = PUBLISHED[name]
        told_se = float(np.log(high / low) / 3.92)
        rows.append(
            {
                "case": f"{ARMS[name]}, log hazard ratio",
                "value": hazard,
                "se": float(np.hypot(hazard_se, told_se)),
                "reference": float(np.log(told)),
                "against": "the published ratio",
            }
        )
    return rows


def _nodes(shared: Path) -> Nodes:
    """All four arms; the two cell counts are the only nodes of a graph."""
    study = read_study(STUDIES / "actg175.toml")
    arms = study.cohort.treatment.model_copy(update={"arms": tuple(ARMS)})
    outcome = study.cohort.outcome.model_copy(update={"horizon": HORIZON})
    source = study.cohort.model_copy(update={"treatment": arms, "outcome": outcome})
    cohort: Cohort = read_cohort(source, shared / "data" / study.data, STUDIES)
    cells = cohort.clinical[list(CELLS)].astype(float).rename(columns=CELLS)
    cohort = replace(
        cohort,
        omics={"cells": cells},
        kinds={"cells": "signature"},
        clinical=cohort.clinical.drop(columns=list(CELLS)),
    )
    edge = pd.DataFrame(
        {"source": ["CD4"], "target": ["CD8A"], "sign": [1], "mechanism": ["binding"]}
    )
    cells = Sets({"T_CELLS": list(CELLS.values())})
    return project(cohort, assemble(edge, Provenance("two nodes"), cells))


def _gain(nodes: Nodes) -> np.ndarray:
    """Cross-fitted doubly robust scores, months gained."""
    fold, gain = folds(nodes, N_FOLDS, rng_for(1, 0)), np.empty((nodes.n_patients, 3))
    for k in range(N_FOLDS):
        train, test = (
            nodes.take(torch.from_numpy(np.flatnonzero(m))) for m in (fold != k, fold == k)
        )
        gain[fold == k] = fit_nuisances(train, test).gain
    return gain


def _plain_rmst(
    time: np.ndarray, event: np.ndarray, arm: np.ndarray, name: str
) -> tuple[float, float]:
    """Difference of restricted means under the two Kaplan-Meier curves, and its error."""
    means = []
    for one in (name, "0"):
        on = arm == one
        curve = KaplanMeierFitter().fit(time[on], event[on])
        mean, variance = restricted_mean_survival_time(curve, t=HORIZON, return_variance=True)
        means.append((mean, variance / on.sum()))
    difference = means[0][0] - means[1][0]
    return float(difference), float(np.sqrt(means[0][1] + means[1][1]))


def _hazard_ratio(
    time: np.ndarray, event: np.ndarray, arm: np.ndarray, name: str
) -> tuple[float, float]:
    on = np.isin(arm, [name, "0"])
    table = pd.DataFrame({"time": time[on], "event": event[on], "arm": arm[on] == name})
    model = CoxPHFitter().fit(table.astype(float), "time", "event")
    return float(model.params_["arm"]), float(model.standard_errors_["arm"])
