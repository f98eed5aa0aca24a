"""Safeguards on real cohorts' shape: scrambling, randomisation, follow-up, enrolment."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from conftest import trial_on

from pathgnn.graph.project import project
from pathgnn.train import design
from pathgnn.train.check import propensities
from pathgnn.train.design import design_findings, moved_by_scrambling


def _by_topic(cohort, graph):
    nodes = project(cohort, graph)
    return {f.topic: f for f in design_findings(cohort, nodes, graph, 3, 0)}


def test_a_clean_trial_passes(trial, graph):
    found = _by_topic(trial[0], graph)
    assert {f.severity for f in found.values()} <= {"ok", "note"}
    assert {"estimand", "strata", "randomisation", "inside folds"} <= set(found)


def test_an_arm_that_follows_a_gene_is_not_taken_for_randomised(trial, graph):
    cohort, _ = trial
    gene = cohort.omics["expression"]["P0G0"].reindex(list(cohort.patients)).fillna(0)
    arm = (gene + np.random.default_rng(0).normal(size=len(gene)) > 0).to_numpy().astype(int)
    outcome = replace(cohort.outcome, arm=arm)
    clinical = cohort.clinical.assign(told=gene.to_numpy())
    found = _by_topic(replace(cohort, outcome=outcome, clinical=clinical), graph)
    assert found["randomisation"].severity == "warning"


def test_sites_that_choose_treatments_are_in_the_propensity_of_observational_data(graph):
    cohort, _ = trial_on(graph, 300, 5)
    rng = np.random.default_rng(0)
    site = rng.integers(0, 3, len(cohort.outcome.arm))
    chosen = np.array([0.2, 0.5, 0.8])
    arm = (rng.random(len(site)) < chosen[site]).astype(int)
    outcome = replace(cohort.outcome, arm=arm, stratum=site, randomised=False)
    nodes = project(replace(cohort, outcome=outcome), graph)
    modelled = propensities(nodes, 3, 0)[:, 1]
    assert np.corrcoef(modelled, chosen[site])[0, 1] > 0.7
    unsaid = replace(nodes, stratum=nodes.stratum * 0)
    assert np.corrcoef(propensities(unsaid, 3, 0)[:, 1], chosen[site])[0, 1] < 0.3
    assert "strata" in _by_topic(replace(cohort, outcome=outcome), graph)["estimand"].sentence


@pytest.mark.parametrize("kind", ["continuous", "binary", "survival"])
def test_held_out_outcomes_move_no_prediction(graph, kind):
    cohort, _ = trial_on(graph, 150, 5)
    y = cohort.outcome.value
    value = {"continuous": y, "binary": (y > np.median(y)) * 1.0, "survival": np.exp(y / 4) * 9}
    outcome = replace(cohort.outcome, kind=kind, value=value[kind], horizon=12.0)
    assert moved_by_scrambling(project(replace(cohort, outcome=outcome), graph), graph, 3, 0) == 0


def test_a_step_learned_on_everybody_is_found(nodes, graph, monkeypatch):
    # Broken on purpose: outcome models that have seen the outcomes of those they predict.
    def leaking(train, test, *rest):
        return honest(test, test, *rest)

    honest = design.fit_nuisances
    monkeypatch.setattr(design, "fit_nuisances", leaking)
    assert moved_by_scrambling(nodes, graph, 3, 0) > 0


def test_dates_of_enrolment_are_read(trial, graph):
    cohort, _ = trial
    arm = dict(zip(cohort.outcome.patient, cohort.outcome.arm, strict=True))
    when = ["2020-01-01" if arm[p] == 0 else "2021-06-30" for p in cohort.patients]
    beside = pd.DataFrame({"enrolled": when}, index=list(cohort.patients))
    assert _by_topic(replace(cohort, beside=beside), graph)["concurrency"].severity == "warning"


def test_dates_may_have_a_zone_and_numbers_words_for_the_unknown():
    days = design._as_numbers(pd.Series(["2019-05-31T00:00:00Z", "2019-06-01", "unknown"]))
    assert days[1] - days[0] == 1
    assert days[2:].isna().all()
    assert design._as_numbers(pd.Series(["12", "unknown", 14.0]))[::2].tolist() == [12, 14]


def test_one_bare_year_does_not_make_numbers_of_dates():
    days = design._as_numbers(pd.Series(["2015-01-01", "2016-05-05", "2016", None]))
    assert days[:3].notna().all()
    assert days[1] - days[0] == 490
    assert design._as_numbers(pd.Series(["2015", None, "2016"])).tolist()[::2] == [2015, 2016]
