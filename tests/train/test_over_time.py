"""Average benefit by month against the closed form of exponentials."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from conftest import trial_on

from pathgnn.graph.project import project
from pathgnn.model.scales import Scaling
from pathgnn.study import EstimandSource, Study, estimand_of
from pathgnn.train.nuisance import check_follow_up
from pathgnn.train.over_time import average_over_time


def _followed(cohort, died, lost, horizon):
    """The cohort with these months of death and of loss."""
    value, event = np.minimum(died, lost), died <= lost
    outcome = replace(cohort.outcome, kind="survival", value=value, event=event, horizon=horizon)
    return replace(cohort, outcome=outcome)


def test_average_gains_of_exponentials_are_within_their_errors(graph):
    cohort, _ = trial_on(graph, 600, 6)
    rng = np.random.default_rng(0)
    rate = np.where(cohort.outcome.arm == 1, 0.03, 0.06)
    died, lost = rng.exponential(1 / rate), rng.exponential(60, 600)
    nodes = project(_followed(cohort, died, lost, 30.0), graph)
    got = average_over_time(nodes, np.arange(600) % 3, Scaling(), 3)
    assert got.time.tolist() == [10, 20, 30]
    months = [(1 - np.exp(-r * got.time)) / r for r in (0.03, 0.06)]
    survival = [np.exp(-r * got.time) for r in (0.03, 0.06)]
    for one, truth in ((got.months, months), (got.survival, survival)):
        value, error = one[0].T
        assert (np.abs(value - (truth[0] - truth[1])) < 3.5 * error).all()
        assert (error > 0).all()


def test_a_crossover_counts_only_who_was_seen_in_both_arms(graph):
    # Nobody gains; those treated alone live longer in any case, those left untreated alone less.
    cohort, _ = trial_on(graph, 150, 7)
    nodes, rng = project(cohort, graph), np.random.default_rng(1)
    both, treated = np.arange(60), np.arange(60, 105)
    patient = np.concatenate([both, np.arange(150)])
    arm = np.concatenate([np.ones(60), np.isin(np.arange(150), treated)]).astype(int)
    mean = np.where(np.isin(patient, both), 15, np.where(np.isin(patient, treated), 60, 4))
    crossed = replace(
        nodes,
        outcome="survival",
        horizon=24.0,
        crossover=True,
        patient_of=torch.from_numpy(patient),
        arm=torch.from_numpy(arm),
        value=torch.from_numpy(rng.exponential(mean)).float(),
        event=torch.ones(len(arm), dtype=torch.bool),
        competing=torch.zeros(len(arm), dtype=torch.bool),
        stratum=torch.zeros(len(arm), dtype=torch.long),
        propensity=torch.zeros(len(arm), 0),
    )
    value, error = average_over_time(crossed, np.arange(150) % 3, Scaling(), 2).months[0].T
    assert (np.abs(value) < 3 * error).all()


def test_no_month_is_told_of_that_hardly_a_patient_reaches(graph):
    cohort, _ = trial_on(graph, 150, 6)
    rng = np.random.default_rng(0)
    died, lost = rng.exponential(60, 150), rng.uniform(20, 60, 150)
    nodes = project(_followed(cohort, died, lost, 120.0), graph)
    got = average_over_time(nodes, np.arange(150) % 3, Scaling(), 2)
    assert 40 < got.time[-1] <= 60
    assert got.months[0, -1, 1] < 10


def test_followed_to_the_day_of_the_horizon_is_followed(graph):
    cohort, _ = trial_on(graph, 90, 6)
    month = 90 / 30.4375
    died = np.where(np.arange(90) % 3 == 0, np.linspace(0.1, 2.5, 90), 99.0)
    nodes = project(_followed(cohort, died, np.full(90, month), month), graph)
    check_follow_up(nodes, np.arange(90) % 3, nodes.horizon)


def test_an_estimand_may_be_read_at_the_horizon_whatever_its_decimals(graph):
    cohort, _ = trial_on(graph, 90, 6)
    rng = np.random.default_rng(0)
    died, lost = rng.exponential(60, 90), np.full(90, 99.0)
    nodes = project(_followed(cohort, died, lost, 60.1), graph)
    study = Study.model_construct(estimand=EstimandSource(name="months_gained", at=60.1))
    assert estimand_of(study, nodes).at == nodes.horizon
