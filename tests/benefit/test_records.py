"""Duplicated patients, swapped samples, contradicting arms, tiny arms, sites: known answers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from leaky_cohorts import beside, null_cohort, said
from lifelines import KaplanMeierFitter

from pathgnn.benefit.arms import balance, kaplan_meier, size_findings, unrecorded_findings
from pathgnn.benefit.duplicates import duplicates_in, to_table
from pathgnn.benefit.mismatches import recorded_sex
from pathgnn.benefit.sites import cramers_v, site_table
from pathgnn.benefit.smd import standardised_difference
from pathgnn.train.look import look_at_tables


def _copied(cohort, omic, pairs, noise=0.0):
    table = cohort.omics[omic].copy()
    rng = np.random.default_rng(0)
    for a, b in pairs:
        table.iloc[b] = table.iloc[a] + noise * rng.normal(size=table.shape[1])
    return replace(cohort, omics={**cohort.omics, omic: table})


@pytest.mark.parametrize("noise", [0.0, 0.1])
def test_copied_profiles_are_counted_and_nobody_is_named(noise):
    cohort = _copied(null_cohort(1), "expression", [(3, 40), (5, 41)], noise)
    (found,) = said(cohort, "duplicates")
    assert found.startswith("2 pairs")
    assert "S0000" not in found
    pairs = look_at_tables(cohort, 0).pairs
    table = to_table(pairs, cohort.outcome, cohort.patients)
    assert table["patient_a"].tolist() == ["P00004", "P00006"]
    assert table["patient_b"].tolist() == ["P00041", "P00042"]
    value, arm = cohort.outcome.value, cohort.outcome.arm
    assert table["same_outcome"].tolist() == [value[3] == value[40], value[5] == value[41]]
    assert table["same_arm"].tolist() == [arm[3] == arm[40], arm[5] == arm[41]]


def test_the_same_five_mutations_are_a_duplicate_and_four_are_not():
    table = pd.DataFrame(np.zeros((4, 30)), list("abcd"))
    table.iloc[:2, :5] = 1
    table.iloc[2:, 10:14] = 1
    pairs = duplicates_in("m", "mutation", table, tuple("abcd"))
    assert [(p.first, p.second) for p in pairs] == [(0, 1)]


def test_quiet_genomes_are_no_duplicates():
    levels = pd.DataFrame(np.zeros((6, 300)), list("abcdef"))
    levels.iloc[:, :80] = -1
    assert duplicates_in("c", "copy_number", levels, tuple("abcdef")) == ()


def _sexed(seed, n_swapped):
    rng = np.random.default_rng(seed)
    cohort = null_cohort(seed)
    male = np.arange(120) % 2 == 0
    true = male.copy()
    true[:n_swapped] = ~true[:n_swapped]
    genes = {g: true * 6 + 0.5 * rng.normal(size=120) for g in ("RPS4Y1", "KDM5D")}
    genes["XIST"] = ~true * 8 + 0.5 * rng.normal(size=120)
    table = cohort.omics["expression"].assign(**genes)
    recorded = np.where(male, "Male", "F")
    return beside(replace(cohort, omics={**cohort.omics, "expression": table}), sex=recorded)


def test_swapped_samples_show_in_the_genes_of_x_and_y():
    (found,) = said(_sexed(1, 8), "sex")
    assert "8 of 120 patients differ" in found
    assert not said(_sexed(2, 0), "sex")
    assert not said(_sexed(2, 1), "sex")


def test_without_genes_of_x_and_y_nothing_is_said_of_sex():
    cohort = beside(null_cohort(3), sex=["m", "f"] * 60)
    assert not [f for f in look_at_tables(cohort, 0).findings if f.topic == "sex"]


def test_a_lost_y_alone_is_no_swap():
    cohort = _sexed(4, 0)
    table = cohort.omics["expression"].copy()
    men = np.arange(0, 20, 2)
    table.iloc[men, table.columns.get_indexer(["RPS4Y1", "KDM5D"])] = 0.0
    assert not said(replace(cohort, omics={**cohort.omics, "expression": table}), "sex")


def test_a_second_record_of_the_arm_in_other_words_is_compared():
    cohort = null_cohort(5)
    words = np.where(cohort.outcome.arm == 1, "drug", "none")
    assert not said(beside(cohort, arm=words), "arm")
    words[:3] = np.where(words[:3] == "drug", "none", "drug")
    (found,) = said(beside(cohort, arm=words), "arm")
    assert "differ in 3 of 120" in found


def test_tiny_arms_and_strata_with_one_arm_are_said():
    cohort = null_cohort(6, n=60, n_arms=2)
    arm = np.repeat([0, 1], [48, 12])
    stratum = np.repeat([0, 1], [20, 40])
    outcome = replace(cohort.outcome, arm=arm, stratum=stratum)
    tiny, alone = size_findings(outcome)
    assert "'arm1' 12" in tiny.sentence
    assert "1 of 2 strata (20 rows)" in alone.sentence


def test_sites_that_are_arms_and_sites_in_the_measurements_are_found():
    cohort = null_cohort(7)
    site = np.where(cohort.outcome.arm == 1, "north", "south")
    assert any(
        "Cramer's V 0.99" in s or "Cramer's V 1.00" in s
        for s in said(beside(cohort, site=site), "sites")
    )
    rng = np.random.default_rng(0)
    other = rng.integers(0, 3, 120)
    table = cohort.omics["expression"] + 4 * rng.normal(size=(3, 400))[other]
    shifted = replace(cohort, omics={**cohort.omics, "expression": table})
    found = look_at_tables(beside(shifted, site=other.astype(str)), 0)
    assert any("center_sites" in f.sentence for f in found.findings)
    quiet = look_at_tables(beside(cohort, site=other.astype(str)), 0)
    assert all(f.severity == "ok" for f in quiet.findings)
    assert {e.omic for e in quiet.effects} == {"expression", "mutation"}


def test_cramers_v_of_independent_and_of_identical_sites():
    assert cramers_v(np.array([[50, 50], [50, 50]]))[0] == 0
    assert cramers_v(np.array([[100, 0], [0, 100]]))[0] == pytest.approx(1, abs=0.01)


def test_small_sites_go_together():
    sites = site_table(pd.Series(["a"] * 9 + ["b"] * 8 + ["c", "d", None]))
    assert sites.names == ("a", "b", "other sites")
    assert np.bincount(sites.code[sites.code >= 0]).tolist() == [9, 8, 2]
    assert site_table(pd.Series(["a"] * 9)) is None


def test_kaplan_meier_known_answer_and_lifelines():
    # Three at risk at 1, two at 2 (one leaves censored at 2): 2/3, then 1/3; then censored at 4.
    time, event = np.array([1.0, 2.0, 2.0, 4.0]), np.array([True, True, False, False])
    at, survival, low, high = kaplan_meier(time, event)
    assert at.tolist() == [0, 1, 2, 4]
    assert survival == pytest.approx([1, 3 / 4, 1 / 2, 1 / 2])
    fitted = KaplanMeierFitter().fit(time, event)
    limits = fitted.confidence_interval_.to_numpy()
    assert low == pytest.approx(limits[:, 0])
    assert high == pytest.approx(limits[:, 1])


def test_kaplan_meier_without_events_and_with_everyone_dead():
    at, survival, _, _ = kaplan_meier(np.array([3.0, 5.0]), np.array([False, False]))
    assert (at[0], survival.tolist()) == (0, [1, 1])
    _, survival, low, high = kaplan_meier(np.array([3.0, 5.0]), np.array([True, True]))
    assert survival[-1] == 0
    assert np.isfinite(low).all()
    assert np.isfinite(high).all()


def test_a_patient_of_unknown_sex_is_neither(trial):
    levels = pd.DataFrame({"sex=F": [1.0, 0, 0], "sex=M": [0.0, 1, 0], "sex=Unknown": [0.0, 0, 1]})
    names = trial[0].patients[:3]
    clinical = levels.set_axis(list(names), axis=0).reindex(list(trial[0].patients))
    found = recorded_sex(replace(trial[0], clinical=clinical))
    assert found is not None
    assert found[names[0]] is False
    assert found[names[1]] is True
    assert pd.isna(found[names[2]])


def test_a_covariate_that_an_arm_lacks_is_named_and_stands_first(trial):
    cohort = trial[0]
    treated = [p for p, a in zip(cohort.outcome.patient, cohort.outcome.arm, strict=True) if a == 1]
    assert unrecorded_findings(cohort) == ()
    clinical = cohort.clinical.astype(float).assign(grade=1.0)
    clinical.loc[treated, "grade"] = np.nan
    lacking = replace(cohort, clinical=clinical)
    assert "'treated' grade" in unrecorded_findings(lacking)[0].sentence
    table = balance(lacking)
    assert table.loc[0, "covariate"] == "grade"
    assert np.isnan(table.loc[0, "smd"])


def test_differences_are_in_standard_deviations_inside_the_arms(trial):
    cohort = trial[0]
    arm = pd.Series(dict(zip(cohort.outcome.patient, cohort.outcome.arm, strict=True)))
    noise = np.random.default_rng(0).standard_normal(len(cohort.clinical))
    far = cohort.clinical[[]].assign(far=noise + 4.0 * arm.reindex(cohort.clinical.index))
    assert balance(replace(cohort, clinical=far)).loc[0, "smd"] == pytest.approx(4, abs=0.4)


def test_a_standardised_difference_is_in_deviations_inside_the_arms():
    one, other = np.array([3.0, 5.0]), np.array([-1.0, 1.0])
    assert standardised_difference(one, other) == 4
    # Weights move the means and leave the yardstick.
    assert standardised_difference(one, other, (np.array([1.0, 0.0]), np.ones(2))) == 3
    assert standardised_difference(np.ones(3), np.zeros(3)) == 2
    assert standardised_difference(np.ones(3), np.ones(2)) == 0
    assert np.isnan(standardised_difference(one, other[:0]))
