"""External validation: a planted effect holds, a null does not, recalibration, transport."""

from __future__ import annotations

import copy
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from conftest import trial_on
from pytest import approx

from pathgnn.benefit.external_findings import level_finding, spread_finding
from pathgnn.benefit.metrics import Estimate
from pathgnn.cohort.block_clinical import clinical_block
from pathgnn.cohort.omic import Decision
from pathgnn.errors import CohortError
from pathgnn.graph.nodes import match_layout
from pathgnn.graph.project import project
from pathgnn.train.bundle import meet, model_of, predict
from pathgnn.train.estimate import estimate
from pathgnn.train.evaluate import (
    _unknown_levels,
    evaluate,
    input_findings,
    own_findings,
    recalibrate,
)
from pathgnn.train.transport import transport_weights, transported


@pytest.fixture(scope="module")
def model(fitted, nodes):
    return model_of(fitted, nodes, (estimate(fitted, nodes),))


@pytest.fixture(scope="module")
def other(graph):
    return trial_on(graph, 400, 33, sd_benefit=3.0)


@pytest.fixture(scope="module")
def found(model, other):
    return evaluate(model, meet(model, other[0]), 0)[0]


def test_a_planted_effect_holds_in_new_patients(found, other):
    assert found.p < 0.05 < found.autoc.value
    assert found.findings[1].severity == "ok"
    assert np.corrcoef(found.score, other[1].benefit)[0, 1] > 0.5
    assert found.halves[0].value > found.halves[1].value


def test_outcomes_shuffled_within_arms_leave_nothing(model, other):
    cohort, rng = other[0], np.random.default_rng(0)
    value = cohort.outcome.value.copy()
    for k in (0, 1):
        on = cohort.outcome.arm == k
        value[on] = rng.permutation(value[on])
    null = replace(cohort, outcome=replace(cohort.outcome, value=value))
    got = evaluate(model, meet(model, null), 0)[0]
    assert abs(got.autoc.value) < 3 * got.autoc.se
    assert abs(got.slope.value) < 3 * got.slope.se


def test_the_order_of_the_arms_does_not_matter(model, other, found):
    cohort = other[0]
    turned = replace(cohort.outcome, arm=1 - cohort.outcome.arm, arms=cohort.outcome.arms[::-1])
    got = evaluate(model, meet(model, replace(cohort, outcome=turned)), 0)[0]
    assert got.average.value == approx(found.average.value, abs=0.5)
    assert got.autoc.value == approx(found.autoc.value, abs=0.3)


def test_predictions_twice_too_large_have_slope_one_half():
    rng = np.random.default_rng(1)
    tau = rng.normal(size=4000)
    gain = tau + 1 + 0.5 * rng.normal(size=4000)
    got = recalibrate(2 * tau, gain, np.arange(4000) % 5, np.arange(4000))
    assert got.slope.value == approx(0.5, abs=0.02)
    assert got.level == approx(1, abs=0.05)
    assert np.corrcoef(got.benefit, tau + 1)[0, 1] > 0.99
    assert np.mean((got.benefit - tau - 1) ** 2) < 0.01


def test_a_patients_own_outcome_does_not_recalibrate_them():
    rng = np.random.default_rng(2)
    tau, gain, fold = rng.normal(size=100), rng.normal(size=100), np.arange(100) % 5
    before = recalibrate(tau, gain, fold, np.arange(len(tau))).benefit[0]
    gain[fold == 0] += 100
    assert recalibrate(tau, gain, fold, np.arange(len(tau))).benefit[0] == before


def test_what_is_missing_and_moved_is_said(model, other):
    cohort = other[0]
    omics = {k: t for k, t in cohort.omics.items() if k != "protein"}
    omics["expression"] = omics["expression"] * 3 + 4
    less = replace(cohort, omics=omics, kinds={k: cohort.kinds[k] for k in omics})
    findings = input_findings(model, less, meet(model, less))
    said = {(f.topic, f.severity) for f in findings}
    assert ("missing", "warning") in said
    assert any(f.severity == "warning" and "expression" in f.sentence for f in findings)
    clean = input_findings(model, cohort, meet(model, cohort))
    assert not [f for f in clean if f.severity == "warning"]


def test_genes_that_training_lacked_are_named_and_do_not_count_as_measured(model, other):
    narrow, cohort = copy.deepcopy(model), other[0]
    m = narrow.modalities.index("expression")
    for member in narrow.members:
        member.net.scales.scale[:3, :, m] = torch.inf
    told = [f.sentence for f in input_findings(narrow, cohort, meet(narrow, cohort))]
    known = [f.sentence for f in input_findings(model, cohort, meet(model, cohort))]
    assert [s for s in told if s not in known and "left out" in s] == [
        "Omic 'expression': 3 genes left out, of which nothing was learned in training (not "
        "measured there, or varying too little)."
    ]
    for member in narrow.members:
        member.net.scales.scale[:3] = torch.inf
    few = {
        k: t.drop(columns=list(model.recipe.graph.genes[:3]), errors="ignore")
        for k, t in cohort.omics.items()
    }
    cohort = replace(cohort, omics=few)
    before, after = (predict(one, cohort)[0].measured.max() for one in (model, narrow))
    assert before < 1 == after


def test_the_outcomes_a_model_learned_from_are_known_again_in_any_order(model, nodes, other):
    turned = nodes.take(torch.arange(nodes.n_patients - 1, -1, -1))
    assert own_findings(model, nodes)[0].severity == "refused"
    assert own_findings(model, turned) == own_findings(model, nodes)
    assert own_findings(model, meet(model, other[0])) == ()
    one_other = replace(nodes, value=nodes.value.clone())
    one_other.value[0] = 1 - one_other.value[0]
    assert own_findings(model, one_other) == ()


def test_values_that_look_like_another_scale_than_the_models_are_asked_about(model, other):
    cohort = other[0]
    name = model.modalities[0]
    model = replace(model, scales={name: "linear"})
    for told in (meet, predict):
        with pytest.raises(CohortError, match=f"{name}' looks like 'log'.*but was 'linear'"):
            told(model, replace(cohort, scales={name: Decision("log", "as is", is_guess=True)}))
    # What a study file names is believed; the same scale is no question.
    for decided in (Decision("log", "", is_guess=False), Decision("linear", "", is_guess=True)):
        assert meet(model, replace(cohort, scales={name: decided})).modalities == model.modalities


def test_arms_that_the_model_does_not_know_are_refused(model, other):
    cohort = other[0]
    strange = replace(cohort, outcome=replace(cohort.outcome, arms=("placebo", "drug")))
    with pytest.raises(CohortError, match="which the cohort lacks"):
        evaluate(model, meet(model, strange), 0)


def test_weights_carry_an_average_effect_over(nodes):
    # Those with a high first covariate gain 2, the others 0; the target has mostly those.
    first = nodes.clinical[:, 0].numpy()
    high = first > np.median(first)
    target = nodes.take(torch.from_numpy(np.flatnonzero(high)))
    some = nodes.take(torch.arange(0, nodes.n_patients, 2))
    gain = np.where(high[::2], 2.0, 0.0)
    carry = transport_weights(some, target, 0)
    assert carry.weight.mean() == approx(1)
    assert 0 < carry.ess_share < 1
    assert carry.smd_after < carry.smd_before
    assert gain.mean() < 1.1 < transported(gain, carry.weight).value


def test_an_effect_is_carried_over_as_unsurely_as_groups_are():
    rng = np.random.default_rng(8)
    group, weight = np.arange(240) // 6, np.ones(240)
    found = [
        transported(rng.normal(size=40)[group] + 0.5 * rng.normal(size=240), weight, group)
        for _ in range(200)
    ]
    spread = np.std([e.value for e in found])
    assert np.mean([e.se for e in found]) == approx(spread, rel=0.15)


def test_a_slope_that_may_be_nothing_is_not_as_predicted():
    unsure = spread_finding(Estimate(-2.0, 2.5), differs=True)
    assert (unsure.severity, "Too uncertain" in unsure.sentence) == ("note", True)
    assert spread_finding(Estimate(0.9, 0.2), differs=True).severity == "ok"
    assert spread_finding(Estimate(0.4, 0.2), differs=True).severity == "warning"
    assert "No other average effect is shown" in level_finding(Estimate(0.3, 0.4)).sentence


def test_levels_that_the_model_does_not_know_are_counted(model, other):
    names = ("sex=male", "sex=female")
    sexed = replace(model, covariates=(*model.covariates, *names))
    words = pd.Series(["male", "M", "W", None] * 100, index=list(other[0].patients))
    block = clinical_block(words.to_frame("sex"))
    cohort = replace(other[0], clinical=pd.concat([other[0].clinical, block], axis=1))
    met = match_layout(project(cohort, model.recipe.graph), model.modalities, sexed.covariates)
    said = [f for f in _unknown_levels(cohort, met) if f.severity == "warning"]
    assert [f.number for f in said] == [200]
    assert "'sex': 200 patients have none of the levels" in said[0].sentence
    assert "(male, female)" in said[0].sentence
