"""Simulated cohorts: shapes, overlap, what the omics see, assignment, and independent parts."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from simulated_cases import BIG, PLAN, made, same_omics

from pathgnn.cohort.activity import draw_changes, flowing_activity, standardised
from pathgnn.cohort.mechanism import Mechanism, effect_of, prognostic_genes
from pathgnn.errors import CohortError, ConfigError


@pytest.fixture(scope="module")
def activity():
    rng = np.random.default_rng(0)
    changes = draw_changes(6000, len(PLAN.genes), rng)
    return flowing_activity(PLAN.edges, PLAN.sign, changes, rng)


def of_cascade(activity):
    return activity[:, [PLAN.genes.index(g) for g in PLAN.cascade]]


def explained(x, y):
    """Share of the variance of y that the best linear model of x explains."""
    x = np.column_stack([np.ones(len(y)), x])
    return 1 - np.var(y - x @ np.linalg.lstsq(x, y, rcond=None)[0]) / np.var(y)


@pytest.mark.parametrize(
    ("shape", "low", "high"),
    [("linear", 0.99, 1.0), ("threshold", 0.55, 0.7), ("and_gate", 0.1, 0.3)],
)
def test_a_linear_model_explains_what_the_shape_leaves_it(activity, shape, low, high):
    benefit = effect_of(PLAN, activity, Mechanism(shape=shape), 1).benefit[:, 0]
    assert low <= explained(of_cascade(activity), benefit) <= high + 1e-9
    assert benefit.mean() == pytest.approx(0.5)
    assert benefit.std() == pytest.approx(1.0)


def test_a_sign_conflict_leaves_nothing_to_the_mean_of_the_cascade(activity):
    effect = effect_of(PLAN, activity, Mechanism(shape="sign_conflict"), 1)
    x, benefit = of_cascade(activity), effect.benefit[:, 0]
    assert np.corrcoef(x.mean(1), benefit)[0, 1] == pytest.approx(0.0, abs=1e-9)
    assert np.corrcoef(x @ np.array(effect.direction), benefit)[0, 1] > 0.97
    assert sorted(effect.direction) == [-1, -1, -1, 1, 1, 1]


@pytest.mark.parametrize(("shape", "on"), [("threshold", 0.5), ("and_gate", 0.1)])
def test_steps_have_two_levels_and_are_on_in_the_share_asked_for(activity, shape, on):
    usual = effect_of(PLAN, activity, Mechanism(shape=shape), 1).benefit[:, 0]
    asked = effect_of(PLAN, activity, Mechanism(shape=shape, on=0.25), 1).benefit[:, 0]
    for benefit, share in ((usual, on), (asked, 0.25)):
        assert len(np.unique(benefit)) == 2
        assert (benefit > benefit.mean()).mean() == pytest.approx(share, abs=0.001)


def test_an_and_gate_is_open_only_where_all_its_parts_are_high(activity):
    benefit = effect_of(PLAN, activity, Mechanism(shape="and_gate"), 1).benefit[:, 0]
    signed = of_cascade(activity) * np.array(PLAN.direction)
    parts = standardised(np.stack([p.sum(1) for p in np.split(signed, 3, axis=1)], axis=1))
    lowest = parts.min(1)
    assert lowest[benefit > 0.5].min() >= lowest[benefit < 0.5].max()


@pytest.mark.parametrize("overlap", [0.0, 0.5, 1.0])
def test_prognostic_genes_lie_in_the_cascade_as_far_as_asked(overlap):
    genes = prognostic_genes(PLAN, overlap)
    assert len(set(genes)) == len(genes) == len(PLAN.cascade)
    assert np.mean([g in PLAN.cascade for g in genes]) == overlap
    truth = made(100, mechanism={"prognostic_overlap": overlap}).truth
    assert truth.prognostic == genes


def test_prognosis_is_there_in_every_arm_and_benefit_is_not():
    cohort, truth = made(BIG, mechanism={"mean_benefit": 0.0, "sd_benefit": 2.0, "sd_clinical": 0})
    control = cohort.outcome.arm == 0
    # Variance of the control arm: 1 of the prognosis and 1 of the noise.
    assert cohort.outcome.value[control].var() == pytest.approx(2.0, rel=0.05)
    assert np.corrcoef(truth.benefit[control], cohort.outcome.value[control])[0, 1] ** 2 < 0.05


def test_noise_and_dropout_are_those_of_the_omic():
    measurement = {
        "noise": {"protein": 3.0},
        "dropout": {"expression": 0.3, "protein": 0.0},
        "coverage": {"methylation": 0.5},
        "missing": {"copy_number": 0.2},
    }
    plain, cohort = made().cohort, made(measurement=measurement).cohort
    assert len(cohort.omics["expression"]) == pytest.approx(1400, abs=60)
    assert len(cohort.omics["protein"]) == 2000
    assert cohort.omics["methylation"].shape[1] == 12
    assert cohort.omics["copy_number"].isna().to_numpy().mean() == pytest.approx(0.2, abs=0.01)
    # Activity has variance 1 beside the noise.
    assert cohort.omics["protein"].var().mean() == pytest.approx(10.0, rel=0.05)
    assert plain.omics["protein"].var().mean() == pytest.approx(1.49, rel=0.05)
    pd.testing.assert_frame_equal(plain.omics["mutation"], cohort.omics["mutation"])


def test_wrong_calls_of_mutations_are_as_many_as_asked():
    plain = made(measurement={"dropout": {"mutation": 0.0}}).cohort.omics["mutation"]
    noisy = made(measurement={"dropout": {"mutation": 0.0}, "noise": {"mutation": 0.1}})
    assert (plain != noisy.cohort.omics["mutation"]).to_numpy().mean() == pytest.approx(
        0.1, abs=0.01
    )
    with pytest.raises(ConfigError, match="share of calls that are wrong"):
        made(measurement={"noise": {"mutation": 0.9}})


def test_a_patient_who_would_lack_everything_keeps_the_first_omic():
    heavy = {"omics": ["protein", "mutation"], "dropout": {"protein": 0.8, "mutation": 0.8}}
    cohort = made(measurement=heavy).cohort
    assert set(cohort.omics) == {"protein", "mutation"}
    assert set().union(*(t.index for t in cohort.omics.values())) == set(cohort.patients)


def test_sites_differ_in_level_and_scale_and_only_where_there_are_several():
    assert made().cohort.beside.shape[1] == 0
    several = {"sites": 4, "site_shift": 1.0, "site_scale": 0.3}
    cohort = made(4000, measurement=several).cohort
    table = cohort.omics["expression"]
    site = cohort.beside["site"].reindex(table.index)
    assert sorted(site.unique()) == ["site 1", "site 2", "site 3", "site 4"]
    means, spreads = table.groupby(site).mean(), table.groupby(site).std()
    # Without batch effects the means of 1,000 patients differ by .04 or so.
    assert means.std().mean() > 0.5
    assert np.log(spreads).std().mean() > 0.15
    one = made(4000).cohort.omics["expression"]
    assert one.groupby(site).mean().std().mean() < 0.1
    assert set(np.unique(cohort.omics["mutation"])) == {0.0, 1.0}


def naive(cohort):
    value, arm = cohort.outcome.value, cohort.outcome.arm
    return value[arm == 1].mean() - value[arm == 0].mean()


def weighted(cohort, propensity):
    """Inverse-propensity weighted difference in mean."""
    value, treated = cohort.outcome.value, cohort.outcome.arm == 1
    up, down = treated / propensity, ~treated / (1 - propensity)
    return value @ up / up.sum() - value @ down / down.sum()


def test_randomised_arms_say_nothing_of_the_patient():
    cohort, truth = made(BIG)
    arm = cohort.outcome.arm
    assert abs(arm.mean() - 0.5) < 0.001
    for column in cohort.clinical:
        assert abs(np.corrcoef(cohort.clinical[column], arm)[0, 1]) < 0.025
    assert naive(cohort) == pytest.approx(truth.benefit.mean(), abs=0.06)
    assert cohort.outcome.randomised


def test_strata_have_their_own_shares_and_only_they_mislead():
    strata = {"how": "stratified", "strata": [0.2, 0.8], "stratum_effect": 2.0}
    cohort, truth = made(BIG, assignment=strata)
    outcome = cohort.outcome
    shares = [outcome.arm[outcome.stratum == s].mean() for s in range(2)]
    assert shares == pytest.approx([0.2, 0.8], abs=0.001)
    assert truth.propensity[outcome.stratum == 1, 1] == pytest.approx(0.8, abs=0.001)
    # Treated patients are mostly of the better stratum: .6 x 2 too much.
    assert naive(cohort) - truth.benefit.mean() == pytest.approx(1.2, abs=0.1)
    assert weighted(cohort, truth.propensity[:, 1]) == pytest.approx(truth.benefit.mean(), abs=0.06)


def test_a_confounded_assignment_misleads_until_it_is_weighted():
    cohort, truth = made(BIG, assignment={"how": "confounded"})
    assert naive(cohort) > truth.benefit.mean() + 0.3
    assert weighted(cohort, truth.propensity[:, 1]) == pytest.approx(truth.benefit.mean(), abs=0.08)
    assert not cohort.outcome.randomised
    assert (truth.confounder == 0).all()
    assert truth.propensity[np.arange(BIG), cohort.outcome.arm].min() >= 0.03


def test_a_hidden_confounder_misleads_whoever_weights_by_what_is_measured():
    cohort, truth = made(BIG, assignment={"how": "hidden"})
    age = -standardised(cohort.clinical.to_numpy()).sum(1)
    shown = cohort.omics["expression"].reindex(columns=truth.prognostic).mean(1)
    shown = shown.reindex(cohort.patients).fillna(0).to_numpy()
    # The measured part of the propensity, as a table of shares by its quantiles.
    group = pd.qcut(standardised(age) + standardised(shown), 40, labels=False)
    measured = pd.Series(cohort.outcome.arm).groupby(group).transform("mean").to_numpy()
    assert weighted(cohort, measured) > truth.benefit.mean() + 0.4
    assert weighted(cohort, truth.propensity[:, 1]) == pytest.approx(truth.benefit.mean(), abs=0.08)
    assert np.corrcoef(truth.confounder, truth.propensity[:, 1])[0, 1] > 0.7


def test_arms_have_their_own_parts_and_sizes():
    mechanism = {"arm_effects": [1.0, 2.0, 0.0], "mean_benefit": 1.0}
    cohort, truth = made(BIG, mechanism=mechanism, assignment={"arms": 4})
    arm, value = cohort.outcome.arm, cohort.outcome.value
    assert cohort.outcome.arms == ("control", "treated 1", "treated 2", "treated 3")
    assert truth.parts == (PLAN.cascade, PLAN.cascade[3:], PLAN.cascade[:3])
    assert truth.tau.mean(0) == pytest.approx([1.0, 2.0, 0.0])
    assert truth.tau.std(0) == pytest.approx([1.0, 2.0, 0.0])
    for k in range(3):
        gained = value[arm == k + 1].mean() - value[arm == 0].mean()
        assert gained == pytest.approx(truth.tau[:, k].mean(), abs=0.1)
    with pytest.raises(ConfigError, match="2 sizes for 1 treated"):
        made(100, mechanism={"arm_effects": [1.0, 2.0]})


def test_outcome_arms_and_mechanism_change_no_omic():
    first = made().cohort
    for groups in (
        {"outcome": {"kind": "survival"}},
        {"assignment": {"how": "hidden", "arms": 3}},
        {"mechanism": {"shape": "and_gate"}},
    ):
        same_omics(first, made(**groups).cohort)
    binary = made(outcome={"kind": "binary"}).cohort
    assert (binary.outcome.arm == first.outcome.arm).all()


def test_what_is_measured_changes_no_arm_and_no_outcome():
    few = {"omics": ["protein"], "sites": 4, "missing": {"protein": 0.3}}
    one, other = made(), made(measurement=few)
    assert (one.cohort.outcome.arm == other.cohort.outcome.arm).all()
    assert (one.cohort.outcome.value == other.cohort.outcome.value).all()
    assert (one.truth.tau == other.truth.tau).all()


def test_a_lost_omic_changes_no_other():
    few = made(measurement={"omics": ["expression", "methylation"]}).cohort
    pd.testing.assert_frame_equal(few.omics["methylation"], made().cohort.omics["methylation"])


def test_the_same_seed_gives_the_same_cohort():
    one, other = made(), made()
    same_omics(one.cohort, other.cohort)
    assert (one.cohort.outcome.value == other.cohort.outcome.value).all()
    assert (one.truth.tau == other.truth.tau).all()
    assert (made(seed=6).cohort.outcome.value != one.cohort.outcome.value).any()


@pytest.mark.parametrize(
    ("groups", "said"),
    [
        ({"mechanism": {"shape": "cubic"}}, "mechanism.shape"),
        ({"mechanism": {"overlap": 0.5}}, "unknown setting 'mechanism.overlap'"),
        ({"measurement": {"dropout": {"rna": 0.5}}}, "measurement.dropout"),
        ({"measurement": {"dropout": {"protein": 1.0}}}, "dropout.protein"),
        ({"assignment": {"arms": 1}}, "assignment.arms"),
        ({"outcome": {"censored": 0.99}}, "outcome.censored"),
        ({"n": 3}, "n_patients"),
    ],
)
def test_bad_settings_are_named(groups, said):
    with pytest.raises(ConfigError, match=said):
        made(**groups)


def test_more_arms_than_patients_fill_are_refused():
    with pytest.raises(CohortError, match="needs at least 10"):
        made(45, assignment={"arms": 6})
