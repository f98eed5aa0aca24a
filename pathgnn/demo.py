"""The demo: a simulated trial on twelve pathways of the curated graph, whose truth is known."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace

from pathgnn.cohort.simulate import Plan, simulate_trial
from pathgnn.cohort.sources import CohortSource, OmicSource, OutcomeSource, TreatmentSource
from pathgnn.graph.from_curated import from_curated
from pathgnn.graph.graph import PathwayGraph
from pathgnn.graph.load import GraphSource
from pathgnn.graph.project import project
from pathgnn.graph.select import only_pathways
from pathgnn.run_folder import Input
from pathgnn.seeds import rng_for
from pathgnn.simulated import directions_along
from pathgnn.study import Study

CASCADE = ("EGFR", "GRB2", "SOS1", "KRAS", "BRAF", "MAP2K1", "MAPK1", "FOS")
PREDICTIVE, PROGNOSTIC = "RTK_RAS_MAPK", "CELL_CYCLE_G2M"
N_PROGNOSTIC = 8
# The ten of Sanchez-Vega et al. 2018, the cell cycle in its two halves, and JAK-STAT.
PATHWAYS = (
    "RTK_RAS_MAPK",
    "PI3K_AKT",
    "WNT",
    "NOTCH",
    "HIPPO",
    "MYC",
    "CELL_CYCLE_G1S",
    "CELL_CYCLE_G2M",
    "P53",
    "TGF_BETA",
    "NRF2",
    "JAK_STAT",
)
# Standard deviations of benefit and of prognosis, in those of the noise.
SD_BENEFIT, SD_PROGNOSIS = 2.5, 1.0


def demo_input(n_patients: int = 600, seed: int = 1) -> Input:
    """A simulated trial with five omics, one predictive cascade and one prognostic pathway."""
    graph = only_pathways(from_curated(), PATHWAYS)
    plan = replace(plan_on(graph, CASCADE, PROGNOSTIC), pathway=PREDICTIVE)
    cohort, truth = simulate_trial(plan, n_patients, rng_for(seed, 99))
    study = Study(
        name="Simulated trial",
        seed=seed,
        out="pathgnn-demo",
        cohort=_source(),
        graph=GraphSource(only=PATHWAYS),
    )
    content = json.dumps([n_patients, seed, CASCADE, graph.sha256])
    return Input(
        study=study,
        cohort=cohort,
        graph=graph,
        nodes=project(cohort, graph),
        hashes={"simulation": hashlib.sha256(content.encode()).hexdigest()},
        truth=truth,
    )


def plan_on(graph: PathwayGraph, cascade: tuple[str, ...], prognostic: str) -> Plan:
    """A plan whose benefit follows one cascade of the graph with the signs of its edges."""
    return Plan(
        genes=graph.genes,
        edges=graph.edges,
        sign=graph.sign,
        cascade=cascade,
        direction=directions_along(graph, cascade),
        prognostic=graph.members_of(prognostic)[:N_PROGNOSTIC],
        sd_benefit=SD_BENEFIT,
        sd_prognosis=SD_PROGNOSIS,
        prognostic_pathway=prognostic,
    )


def _source() -> CohortSource:
    """What the simulated cohort would be called in a study file."""
    return CohortSource(
        name="simulated trial",
        omics={"expression": OmicSource(file="simulated")},
        outcome=OutcomeSource(file="simulated", kind="continuous", value="response"),
        treatment=TreatmentSource(column="arm", reference="control", randomised=True),
    )
