"""Simulation on a graph: where the cascade is planted, and real omics with simulated outcomes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from conftest import ladder_graph, trial_on
from simulated_cases import same_omics

from pathgnn.cohort.mechanism import Mechanism
from pathgnn.cohort.simulation import Simulation
from pathgnn.errors import CohortError, GraphError
from pathgnn.graph.from_curated import from_curated
from pathgnn.graph.project import project
from pathgnn.settings import parse
from pathgnn.simulated import observed_activity, plan_on_path, semi_synthetic, simulate


def settings(**groups):
    return parse(Simulation, groups, "test")


def test_a_cascade_is_found_from_receptor_to_effector_with_its_signs(graph):
    plan = plan_on_path(graph, Mechanism())
    assert plan.pathway == "PATH0"
    assert plan.cascade == tuple(f"P0G{i}" for i in range(6))
    # The last edge of this chain inhibits.
    assert plan.direction == (1, 1, 1, 1, 1, -1)
    assert ("P0G4", "P0G5") in plan.cascade_edges
    assert plan.prognostic_pathway != "PATH0"
    assert not set(plan.prognostic) & set(plan.cascade)


def test_curated_pathways_get_a_cascade_of_real_edges():
    graph = from_curated()
    for pathway in ("RTK_RAS_MAPK", "WNT", "TGF_BETA"):
        plan = plan_on_path(graph, Mechanism(pathway=pathway, longest=6))
        assert 3 <= len(plan.cascade) <= 6
        assert set(plan.cascade) <= set(graph.members_of(pathway))
        kind = dict(zip(graph.genes, graph.kind, strict=True))
        assert kind[plan.cascade[0]] in ("receptor", "ligand")
    # Of eight genes, a way from a receptor to an effector is there.
    last = plan_on_path(graph, Mechanism(pathway="RTK_RAS_MAPK")).cascade[-1]
    assert kind[last] in ("transcription_factor", "effector")


def test_a_named_cascade_is_taken_or_refused(graph):
    plan = plan_on_path(graph, Mechanism(cascade=("P1G0", "P1G1", "P1G2")))
    assert (plan.cascade, plan.pathway) == (("P1G0", "P1G1", "P1G2"), "PATH1")
    for cascade, said in (
        (("P1G0", "P1G2"), "no edge from P1G0 to P1G2"),
        (("P1G0", "EGFR"), "'EGFR' of the cascade is not"),
        (("P1G0",), "two genes or more"),
    ):
        with pytest.raises(GraphError, match=said):
            plan_on_path(graph, Mechanism(cascade=cascade))
    with pytest.raises(GraphError, match="no path of 3"):
        plan_on_path(graph, Mechanism(pathway="PATH0"), measured=["P0G0", "P0G5"])
    with pytest.raises(GraphError, match="no pathway 'NONE'"):
        plan_on_path(graph, Mechanism(pathway="NONE"))


def test_any_graph_will_do_without_kinds_or_signs():
    plain = ladder_graph()
    n = len(plain.genes)
    bare = replace(plain, kind=("unknown",) * n, sign=np.zeros_like(plain.sign))
    made = simulate(bare, settings(n_patients=60))
    assert set(made.truth.direction) == {1}
    assert len(made.truth.cascade) >= 3
    project(made.cohort, bare)


def test_the_seed_decides_everything(graph):
    one, other = (simulate(graph, settings(n_patients=80, seed=4)) for _ in range(2))
    same_omics(one.cohort, other.cohort)
    assert (one.cohort.outcome.value == other.cohort.outcome.value).all()
    different = simulate(graph, settings(n_patients=80, seed=5))
    assert (one.truth.tau != different.truth.tau).any()


def test_semi_synthetic_keeps_the_omics_to_the_bit(graph):
    cohort, _ = trial_on(graph, 400, 9)
    before = {name: table.copy() for name, table in cohort.omics.items()}
    asked = settings(outcome={"kind": "survival"}, assignment={"how": "confounded"})
    made = semi_synthetic(cohort, graph, asked)
    same_omics(made.cohort, cohort)
    for name, table in cohort.omics.items():
        pd.testing.assert_frame_equal(table, before[name], check_exact=True)
    assert made.cohort.patients == cohort.patients == made.truth.patients
    assert made.cohort.outcome.kind == "survival"
    assert made.truth.tau.std() > 1
    again = semi_synthetic(cohort, graph, asked)
    assert (again.cohort.outcome.value == made.cohort.outcome.value).all()


def test_semi_synthetic_benefit_is_in_the_data(graph):
    cohort, _ = trial_on(graph, 400, 9)
    made = semi_synthetic(cohort, graph)
    activity = observed_activity(project(cohort, graph))
    at = [graph.genes.index(g) for g in made.truth.cascade]
    signed = activity[:, at] @ np.array(made.truth.direction)
    assert np.corrcoef(signed, made.truth.benefit)[0, 1] == pytest.approx(1.0)


def test_observed_activity_known_answer(graph):
    cohort, _ = trial_on(graph, 40, 9)
    names = list(cohort.patients)
    rising = np.linspace(-1, 1, 40)
    expression = pd.DataFrame({"P0G0": rising, "P0G1": rising}, index=names)
    methylation = pd.DataFrame({"P0G1": 5 - 2 * rising}, index=names)
    two = replace(
        cohort,
        omics={"rna": expression, "meth": methylation},
        kinds={"rna": "expression", "meth": "methylation"},
    )
    found = observed_activity(project(two, graph))
    z = rising / rising.std()
    # Methylation counts negative, so it agrees; a gene nobody measured is 0.
    assert found[:, 0] == pytest.approx(z, abs=1e-6)
    assert found[:, 1] == pytest.approx(z, abs=1e-6)
    assert (found[:, 2:] == 0).all()


def test_a_second_record_of_the_arm_and_the_old_rows_are_gone(graph):
    cohort, _ = trial_on(graph, 100, 9)
    beside = pd.DataFrame({"site": "A", "arm": "control"}, index=list(cohort.patients))
    made = semi_synthetic(replace(cohort, beside=beside), graph)
    assert list(made.cohort.beside.columns) == ["site"]
    assert made.cohort.outcome.patient == cohort.patients


def test_a_cascade_nobody_measured_is_refused(graph):
    cohort, _ = trial_on(graph, 100, 9)
    chosen = ("P0G0", "P0G1")
    omics = {k: t.drop(columns=list(chosen), errors="ignore") for k, t in cohort.omics.items()}
    asked = settings(mechanism={"cascade": chosen})
    with pytest.raises(CohortError, match="choose genes that were measured"):
        semi_synthetic(replace(cohort, omics=omics), graph, asked)
