"""The leakage guard fires on every planted leak and stays quiet where there is none."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from leaky_cohorts import assembled_apart, null_cohort, said, with_column
from scipy.stats import hypergeom
from sklearn.metrics import roc_auc_score

from pathgnn.benefit.leakage import cross_validated_auc, gram_matrix, ranks_of, separation
from pathgnn.benefit.leaky_names import sounds_like_outcome, words
from pathgnn.benefit.one_class import by_chance
from pathgnn.benefit.questions import Question, outcome_questions
from pathgnn.cohort.cohort import Outcome
from pathgnn.train.look import look_at_tables

KINDS = ("binary", "continuous", "survival")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("where", ["expression", "clinical"])
def test_a_feature_made_from_the_outcome_fires_and_is_named(kind, where):
    cohort = null_cohort(1, kind=kind)
    noise = np.random.default_rng(0).normal(size=120) * 0.01
    found = said(with_column(cohort, where, "LEAKED", cohort.outcome.value + noise), "leak")
    assert any("'LEAKED'" in s and "almost perfectly" in s for s in found)
    assert not said(cohort, "leak")


def test_an_event_column_and_a_class_of_long_survivors_fire():
    cohort = null_cohort(2, n=200, kind="survival")
    o = cohort.outcome
    assert said(with_column(cohort, "clinical", "x=1", o.event.astype(float)), "leak")
    late = np.where(o.value > o.horizon, 1.0, 0.0)
    late[~o.event & (o.value <= o.horizon)] = np.nan
    assert any(
        "by month 24" in s for s in said(with_column(cohort, "expression", "y", late), "leak")
    )


def test_a_leak_that_lies_the_other_way_round_fires_too():
    cohort = null_cohort(3)
    assert said(with_column(cohort, "expression", "L", -cohort.outcome.value), "leak")


def test_in_a_crossover_the_outcome_of_one_arm_is_enough():
    cohort = null_cohort(4, n=60, kind="continuous")
    rng = np.random.default_rng(0)
    value = rng.normal(size=120)
    outcome = Outcome(
        kind="continuous",
        patient=cohort.patients * 2,
        arm=np.repeat([0, 1], 60),
        arms=("control", "drug"),
        value=value,
        event=np.ones(120, dtype=bool),
        stratum=np.zeros(120, dtype=int),
        randomised=True,
        crossover=True,
    )
    crossed = replace(cohort, outcome=outcome)
    found = said(with_column(crossed, "expression", "AFTER", value[60:]), "leak")
    assert any("in arm 'drug'" in s for s in found)
    assert not said(crossed, "leak")


def test_a_covariate_that_is_the_arm_fires():
    cohort = null_cohort(5, n_arms=3)
    arm = (cohort.outcome.arm == 2).astype(float)
    (found,) = said(with_column(cohort, "clinical", "drug_given", arm), "treatment leak")
    assert "'drug_given' tells treatment 'arm2'" in found


@pytest.mark.parametrize("seed", range(3))
def test_classes_assembled_apart_fire_though_no_single_gene_separates(seed):
    cohort = assembled_apart(seed)
    found = said(cohort, "leak")
    assert any("one class of the outcome only" in s for s in found)
    assert any("Omic 'mutation' alone tells" in s for s in found)
    question = outcome_questions(cohort.outcome, cohort.patients)[0]
    strength, _, _ = separation(
        ranks_of(cohort.omics["mutation"].to_numpy(dtype=np.float32)), question
    )
    assert strength.max() < 0.7


def test_features_measured_in_one_class_only_fire():
    cohort = null_cohort(6)
    table = cohort.omics["expression"].copy()
    table.iloc[cohort.outcome.value == 1, :60] = np.nan
    gappy = replace(cohort, omics={**cohort.omics, "expression": table})
    assert any("60 of" in s and "measured in one class" in s for s in said(gappy, "leak"))


def test_an_omic_that_one_class_lacks_fires():
    cohort = null_cohort(7)
    table = cohort.omics["mutation"][cohort.outcome.value == 1]
    part = replace(cohort, omics={**cohort.omics, "mutation": table})
    assert any("'has mutation'" in s for s in said(part, "leak"))


@pytest.mark.parametrize("seed", range(20))
def test_nothing_fires_without_a_leak(seed):
    kind = KINDS[seed % 3]
    shape = {"n": 60, "n_features": 2000} if seed % 2 else {"n": 150, "n_features": 300}
    findings = look_at_tables(null_cohort(100 + seed, kind=kind, **shape), seed).findings
    assert [f for f in findings if f.severity in ("warning", "refused")] == []


def test_hypermutated_patients_of_one_class_are_no_leak():
    # Five patients share hundreds of genes; that they are of one class is one accident, not many.
    cohort = null_cohort(8, n=150)
    table = cohort.omics["mutation"].copy()
    ill = np.flatnonzero(cohort.outcome.value == 1)[:5]
    table.iloc[ill] = (np.random.default_rng(0).random((5, table.shape[1])) < 0.8) * 1.0
    assert not said(replace(cohort, omics={**cohort.omics, "mutation": table}), "leak")


def test_auc_and_rank_correlation_agree_with_others():
    rng = np.random.default_rng(0)
    values = rng.normal(size=(80, 4)).astype(np.float32)
    values[:, 3] = np.round(values[:, 3])
    values[:10, 1] = np.nan
    y = (rng.random(80) < 0.4).astype(float)
    strength, p, n = separation(ranks_of(values), Question("x", "leak", y, True))
    assert n.tolist() == [80, 70, 80, 80]
    for j in range(4):
        on = ~np.isnan(values[:, j])
        auc = roc_auc_score(y[on], values[on, j])
        assert strength[j] == pytest.approx(max(auc, 1 - auc))
    number = rng.normal(size=80)
    rho, _, _ = separation(ranks_of(values), Question("x", "leak", number, False))
    assert rho[0] == pytest.approx(
        abs(pd.Series(values[:, 0]).corr(pd.Series(number), method="spearman")), abs=1e-6
    )
    assert ((p >= 0) & (p <= 1)).all()


def test_perfect_separation_of_five_against_fifty_five_is_not_lost():
    # The normal approximation gives p = 1e-4 at best; exactly it is 2 / C(60, 5) = 4e-7.
    y = np.repeat([1.0, 0.0], [5, 55])
    ranks = ranks_of(np.arange(60, dtype=np.float32)[:, None])
    _, p, _ = separation(ranks, Question("x", "leak", y, True))
    assert p[0] == pytest.approx(2 / 5461512)


def test_chance_of_one_class_only_is_hypergeometric():
    got = by_chance(np.array([0.0, 1.0, 3.0, 30.0]), 20.0, 50)
    three = hypergeom.pmf(3, 50, 20, 3) + hypergeom.pmf(0, 50, 20, 3)
    assert got == pytest.approx([1.0, 1.0, three, hypergeom.pmf(0, 50, 20, 30)])


def test_the_ridge_finds_a_signal_and_no_signal():
    rng = np.random.default_rng(0)
    y = (rng.random(200) < 0.5).astype(float)
    patients = tuple(map(str, range(200)))
    x = pd.DataFrame(rng.normal(size=(200, 300)), patients)
    auc, low = cross_validated_auc(gram_matrix(x, patients, True), y, rng)
    assert 0.35 < auc < 0.65
    x.iloc[:, :40] += 2 * y[:, None]
    auc, low = cross_validated_auc(gram_matrix(x, patients, True), y, rng)
    assert auc > 0.99
    assert low > 0.97


@pytest.mark.parametrize(
    "name",
    [
        "vital_status=Dead",
        "days_to_death",
        "DaysToLastFollowUp",
        "os_months",
        "OS.time",
        "DFS_STATUS",
        "pfs",
        "new_tumor_event_after_initial_treatment=YES",
        "RECIST=PR",
        "pCR",
        "best_response",
        "cause.of.death",
        "censored",
        "treatment_outcome_first_course",
        "Overall Survival (Months)",
        "relapse",
        "status=Deceased",
        "RFS_EVENT",
    ],
)
def test_names_like_an_outcome_are_found(name):
    assert sounds_like_outcome(name)


@pytest.mark.parametrize(
    "name",
    [
        "age",
        "stage=III",
        "site",
        "pr_status=Positive",
        "er_status",
        "grade",
        "family_history_of_recurrence",
        "prior_response",
        "smoking_status",
        "menopausal=Post",
        "cancer=BRCA",
        "tumor_size_mm",
        "Rposition",
        "months_since_diagnosis",
    ],
)
def test_honest_names_are_left_alone(name):
    assert not sounds_like_outcome(name)


def test_signatures_of_an_omic_may_be_called_response_but_no_outcome_column_may_hide_there():
    assert not sounds_like_outcome("HALLMARK_UV_RESPONSE_UP", omic=True)
    assert not sounds_like_outcome("DEATH_RECEPTOR_SIGNALING", omic=True)
    assert not sounds_like_outcome("OS9", omic=True)
    assert sounds_like_outcome("OS_MONTHS", omic=True)
    cohort = with_column(null_cohort(9), "expression", "vital_status", np.arange(120.0) % 7)
    assert any("called like an outcome" in s for s in said(cohort, "leak"))


def test_words_of_a_name():
    assert words("OSMonths") == ["os", "months"]
    assert words("days_to.lastFollow-up") == ["days", "to", "last", "follow", "up"]


def test_who_was_followed_to_the_day_of_the_horizon_had_no_event_by_it():
    cohort = null_cohort(2, n=200, kind="survival")
    o = cohort.outcome
    cut = replace(
        o, value=np.minimum(o.value, 24.0), event=o.event & (o.value <= 24.0), horizon=24.0
    )
    asked = {q.what: q.value for q in outcome_questions(cut, cohort.patients)}
    assert "an event by month 24" in asked
    assert set(np.unique(asked["an event by month 24"][cut.value == 24.0])) == {0.0}
