"""Falsification: what must show nothing shows nothing, and a planted violation is found."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from conftest import trial_on
from small_study import write_small_study

from pathgnn.benefit.metrics import Estimate
from pathgnn.errors import CohortError
from pathgnn.graph.project import project
from pathgnn.run import read_input
from pathgnn.run_benefits import _negative, _split_reference
from pathgnn.study import read_study
from pathgnn.train.falsification import (
    NegativeOutcome,
    negative_arm,
    negative_arm_finding,
    negative_outcome,
    negative_outcome_finding,
    positive_control_finding,
    sensitivity_findings,
)


def _arm_of(nodes):
    arm = np.empty(nodes.n_patients)
    arm[nodes.patient_of.numpy()] = nodes.arm.numpy()
    return arm


def test_noise_before_treatment_shows_no_effect(fitted, nodes):
    value = np.random.default_rng(0).normal(size=nodes.n_patients)
    finding = negative_outcome_finding(negative_outcome(fitted, nodes, value))
    assert finding.severity == "ok"


def test_a_baseline_that_differs_between_arms_is_found(fitted, nodes):
    value = np.random.default_rng(0).normal(size=nodes.n_patients) + 0.8 * _arm_of(nodes)
    value[:20] = np.nan
    finding = negative_outcome_finding(negative_outcome(fitted, nodes, value))
    assert finding.severity == "warning"
    with pytest.raises(CohortError, match="10 patients have"):
        value[10:] = np.nan
        value[:10] = 0.0
        negative_outcome(fitted, nodes, value)


def test_halves_of_the_reference_arm_show_an_effect_as_often_as_chance(nodes):
    found = negative_arm(nodes, 20, 0)
    assert found.low <= 0.06
    assert negative_arm_finding(found).severity == "ok"
    assert negative_arm_finding(found._replace(low=0.2)).severity == "warning"


def test_a_known_effect_within_two_errors_passes():
    # Errors 3 and 4 make 5: 9 apart is 1.8, 11 apart is 2.2.
    assert positive_control_finding(Estimate(9, 3), Estimate(0, 4)).severity == "ok"
    assert positive_control_finding(Estimate(11, 3), Estimate(0, 4)).severity == "warning"


def test_only_observational_arms_are_asked_about_hidden_causes(fitted, nodes, graph):
    assert sensitivity_findings(fitted, nodes, 0) == ()
    cohort, _ = trial_on(graph, 300, 3, sd_benefit=3.0)
    asked = project(replace(cohort, outcome=replace(cohort.outcome, randomised=False)), graph)
    both = sensitivity_findings(fitted, asked, 0)
    assert [f.topic for f in both] == ["sensitivity"] * 2
    assert "top half" in both[1].sentence


def test_a_study_may_ask_for_splits_of_the_reference_arm(tmp_path):
    path = write_small_study(tmp_path)
    for splits, topics in ((0, []), (4, ["negative arm"])):
        text = path.read_text().split("[estimand]")[0]
        path.write_text(f"{text}[estimand]\nreference_splits = {splits}\n")
        given = read_input(read_study(path), tmp_path)
        assert [f.topic for f in _split_reference(given)] == topics


def test_patients_of_a_family_count_as_one_also_where_few_are_known(fitted, nodes):
    # 60 patients with a value are 12 families: too few to be a sample by themselves.
    families = replace(nodes, group=torch.arange(nodes.n_patients) // 5)
    value = np.random.default_rng(0).normal(size=nodes.n_patients // 5).repeat(5)
    value[60:] = np.nan
    alone, together = (negative_outcome(fitted, n, value).average for n in (nodes, families))
    assert together.value == alone.value
    assert together.se != alone.se


def test_the_average_alone_decides_and_contrasts_share_five_percent():
    found = NegativeOutcome(Estimate(0, 1), Estimate(9, 1))
    assert negative_outcome_finding(found).severity == "ok"
    moved = found._replace(average=Estimate(-2.1, 1))
    assert negative_outcome_finding(moved).severity == "warning"
    assert negative_outcome_finding(moved._replace(looks=3)).severity == "ok"
    assert found._replace(looks=6).z == pytest.approx(2.638, abs=1e-3)


def test_a_crossover_has_no_negative_outcome(fitted, nodes):
    with pytest.raises(CohortError, match="cannot tell them apart"):
        negative_outcome(fitted, replace(nodes, crossover=True), np.zeros(nodes.n_patients))


def test_a_control_that_is_too_small_says_so_and_takes_no_model_along(tmp_path, fitted):
    given = read_input(read_study(write_small_study(tmp_path)), tmp_path)
    asked = given.study.estimand.model_copy(update={"reference_splits": 4})
    given = given._replace(study=given.study.model_copy(update={"estimand": asked}))
    few = given._replace(nodes=given.nodes.take(torch.arange(30)))
    (said,) = _split_reference(few)
    assert said.severity == "note"
    assert "Not tested: a negative-control arm needs 40" in said.sentence
    beside = pd.DataFrame({"negative_outcome": [1.0] * 20}, index=given.nodes.patients[:20])
    few = given._replace(cohort=replace(given.cohort, beside=beside))
    (said,) = _negative(fitted, few, 0)
    assert "Not tested: 20 patients have" in said.sentence
