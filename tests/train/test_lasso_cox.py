"""Cox lasso: lifelines' answer, the condition for an optimum, and benefit whose truth is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from conftest import trial_on
from lifelines import BreslowFlemingHarringtonFitter, CoxPHFitter

from pathgnn.benefit.estimand import months_gained, survival_gained
from pathgnn.graph.project import project
from pathgnn.model.scales import Scaling, learned_scales
from pathgnn.train.baselines import OF_SURVIVAL, learners_for
from pathgnn.train.lasso_cox import baseline, in_order, lasso_cox
from pathgnn.train.linear import LinearTask
from pathgnn.train.nuisance import fit_nuisances


def _followed(n=400, p=20, seed=0, strength=1.0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, p)) * rng.uniform(0.5, 3, p) + rng.normal(size=p)
    risk = strength * (x[:, 0] - x[:, 0].mean() - 0.5 * (x[:, 3] - x[:, 3].mean()))
    died, lost = rng.exponential(np.exp(-risk)), rng.exponential(3, n)
    return in_order(x, np.minimum(died, lost), died <= lost)


def _score(rows, weight):
    """Slopes of the mean partial log likelihood, per standard deviation of each feature."""
    hazard = np.exp(rows.x @ weight)
    expected = hazard * baseline(rows, weight, rows.time)
    z = (rows.x - rows.x.mean(0)) / rows.x.std(0)
    return z.T @ (rows.event - expected) / len(rows.time)


def test_the_planted_features_come_first_with_their_signs():
    weight = lasso_cox(_followed())
    assert set(np.argsort(-np.abs(weight))[:2]) == {0, 3}
    assert weight[0] == pytest.approx(1, abs=0.2)
    assert weight[3] == pytest.approx(-0.5, abs=0.15)


def test_the_condition_for_an_optimum_holds():
    # Used features have one slope of the likelihood, the penalty; no other feature has more.
    rows = _followed(strength=0.3)
    weight = lasso_cox(rows)
    slope, used = _score(rows, weight), weight != 0
    assert 2 <= used.sum() < 20
    penalty = np.abs(slope).max()
    assert np.abs(slope[used]) == pytest.approx(np.full(used.sum(), penalty), rel=0.03)
    assert np.array_equal(np.sign(slope[used]), np.sign(weight[used]))


def test_it_is_lifelines_at_the_penalty_it_chose():
    rows = _followed(n=300, p=6, strength=0.4)
    weight = lasso_cox(rows)
    penalty = np.abs(_score(rows, weight)).max()
    z = (rows.x - rows.x.mean(0)) / rows.x.std(0)
    table = pd.DataFrame(z).rename(columns=str).assign(time=rows.time, event=rows.event)
    oracle = CoxPHFitter(penalizer=penalty, l1_ratio=1.0).fit(table, "time", "event")
    # Its kink is smoothed, so that the last digits differ.
    assert z @ oracle.params_.to_numpy() == pytest.approx(z @ (weight * rows.x.std(0)), abs=0.05)


def test_without_weights_the_baseline_is_lifelines_own():
    rows = _followed()
    at = np.array([0.0, 0.2, 0.7])
    fitter = BreslowFlemingHarringtonFitter().fit(rows.time, rows.event)
    expected = -np.log(fitter.survival_function_at_times(at).to_numpy())
    assert baseline(rows, np.zeros(20), at) == pytest.approx(expected, rel=1e-3)


def test_noise_and_few_events_tell_nothing():
    rows = _followed(strength=0.0, seed=4)
    assert np.abs(lasso_cox(rows) * rows.x.std(0)).max() < 0.15
    few = rows._replace(event=rows.event & (np.cumsum(rows.event) <= 5))
    assert not lasso_cox(few).any()


@pytest.fixture(scope="module")
def survivors(graph):
    """A trial whose log hazard falls by the simulated benefit in treated patients."""
    cohort, truth = trial_on(graph, 800, 3, sd_benefit=1.5)
    nodes = project(cohort, graph)
    rng = np.random.default_rng(5)
    treated = nodes.arm.numpy()[np.argsort(nodes.patient_of.numpy())]
    gain = truth.benefit - truth.benefit.mean()
    died, lost = rng.exponential(24 * np.exp(gain * treated)), rng.uniform(20, 80, len(gain))
    months = torch.from_numpy(np.minimum(died, lost)).float()
    event = torch.from_numpy(died <= lost)
    changed = replace(nodes, outcome="survival", value=months, event=event, horizon=36.0)
    return changed, gain


def _task(nodes, graph, estimand):
    scores = fit_nuisances(nodes, nodes, Scaling(), estimand)
    return LinearTask(nodes, scores, graph, learned_scales(nodes, Scaling()), estimand)


@pytest.mark.parametrize("name", OF_SURVIVAL)
@pytest.mark.parametrize("estimand", [months_gained(36), survival_gained(24)])
def test_who_benefits_is_found_in_the_unit_of_the_estimand(name, estimand, survivors, graph):
    nodes, gain = survivors
    task = _task(nodes, graph, estimand)
    tau = OF_SURVIVAL[name](task)(task.scales(nodes)).numpy()[:, 0]
    grid = np.linspace(0, estimand.at, 200)
    alive = np.exp(-np.multiply.outer(np.exp(-np.stack([0 * gain, gain])) / 24, grid))
    curve = alive[..., -1] if "survival" in estimand.name else np.trapezoid(alive, grid, axis=2)
    truth = curve[1] - curve[0]
    assert np.corrcoef(tau, truth)[0, 1] > 0.75
    assert 0.8 < np.polyfit(tau, truth, 1)[0] < 1.6
    assert tau.mean() == pytest.approx(task.scores.gain.mean(), abs=1e-3)


@pytest.mark.parametrize("name", OF_SURVIVAL)
def test_an_arm_that_nobody_had_breaks_no_learner(name, survivors, graph):
    nodes, _ = survivors
    lone = replace(nodes, arm=torch.zeros_like(nodes.arm))
    task = _task(nodes, graph, months_gained(36))
    effect = OF_SURVIVAL[name](task._replace(train=lone))
    assert torch.isfinite(effect(task.scales(nodes))).all()
    assert effect.level == pytest.approx(task.scores.gain.mean(), abs=1)


def test_they_are_for_survival_alone_and_not_where_events_compete(survivors):
    nodes, _ = survivors
    assert set(OF_SURVIVAL) <= set(learners_for(nodes))
    assert not set(OF_SURVIVAL) & set(learners_for(replace(nodes, has_competing=True)))
    assert not set(OF_SURVIVAL) & set(learners_for(replace(nodes, outcome="continuous")))


def test_a_family_does_not_tell_its_own_survival():
    rng = np.random.default_rng(5)
    unit = rng.permutation(np.repeat(np.arange(40), 4))
    x = rng.normal(size=(40, 60))[unit] + 0.1 * rng.normal(size=(160, 60))
    time = rng.exponential(np.exp(1.5 * rng.normal(size=40)))[unit] * rng.uniform(0.9, 1.1, 160)
    everybody = np.ones(160, dtype=bool)
    alone, by_family = (
        np.std(x @ lasso_cox(in_order(x, time, everybody, u))) for u in (None, unit)
    )
    assert by_family < 0.2 < alone / 2
