"""Learners of the ladder: lasso and forest against known answers and scikit-learn."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from cheap_trial import cheap_trial
from pytest import approx
from sklearn.linear_model import Lasso

from pathgnn.benefit.safeguards import randomisation_finding
from pathgnn.model.scales import learned_scales
from pathgnn.train.baselines import OTHERS, stacked_learners
from pathgnn.train.design import arm_scores
from pathgnn.train.folds import folds
from pathgnn.train.folds import tested_folds as sequential_folds
from pathgnn.train.lasso import Rows, lasso
from pathgnn.train.linear import LinearTask, Task
from pathgnn.train.nuisance import fit_nuisances
from pathgnn.train.part import INNER_FOLDS, inner_scores
from pathgnn.train.ridge import logistic_ridge, ridge

BESIDE = stacked_learners("continuous")
LEFT_OUT = ("risk only", "average effect", "causal forest, pathways")
FITTED = [name for name in (*BESIDE, *OTHERS) if name not in LEFT_OUT]


def _planted(n, p, noise, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, p)) * rng.uniform(0.5, 3, p) + rng.normal(size=p)
    return x, 1.5 + 2 * x[:, 0] - x[:, 3] + noise * rng.normal(size=n)


def test_a_lasso_without_noise_finds_the_line():
    x, y = _planted(200, 40, 0.0)
    line = lasso(x, y)
    assert line(x) == approx(y, abs=0.5)
    assert set(np.argsort(-np.abs(line.weight))[:2]) == {0, 3}


def test_a_lasso_is_scikit_learns_at_the_penalty_it_chose():
    x, y = _planted(150, 30, 1.0)
    line, z = lasso(x, y), (x - x.mean(0)) / x.std(0)
    # The penalty is read off the condition for an optimum: the largest correlation left.
    left = y - line(x)
    penalty = np.abs(z.T @ (left - left.mean())).max() / len(y)
    oracle = Lasso(alpha=penalty, tol=1e-8, max_iter=5000).fit(z, y)
    assert oracle.predict(z) == approx(line(x), abs=0.02)


def test_a_lasso_of_noise_is_the_mean():
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(120, 60)), rng.normal(size=120)
    assert np.std(lasso(x, y)(x)) < 0.35 * np.std(y)


def test_few_rows_or_one_value_give_the_mean():
    x = np.random.default_rng(2).normal(size=(30, 4))
    assert lasso(x[:5], np.arange(5.0))(x) == approx(2.0)
    assert lasso(x, np.full(30, 7.0))(x) == approx(7.0)


@pytest.fixture(scope="module")
def task(nodes, recipe):
    train, test = nodes.take(torch.arange(160)), nodes.take(torch.arange(160, nodes.n_patients))
    inner = folds(train, INNER_FOLDS, np.random.default_rng(0))
    scores = inner_scores(train, inner, recipe)
    linear = LinearTask(train, scores, recipe.graph, learned_scales(train, recipe.fit.scaling))
    return Task(linear, test, np.zeros((test.n_patients, 2)))


def _predicted(name, task):
    if name in BESIDE:
        return BESIDE[name](task.train)(task.train.scales(task.test)).numpy()
    return OTHERS[name](task)


@pytest.mark.parametrize("name", FITTED)
def test_every_learner_finds_who_benefits(name, task, trial):
    tau = _predicted(name, task)
    assert tau.shape == (task.test.n_patients, 1)
    assert np.corrcoef(tau[:, 0], trial[1].benefit[160:])[0, 1] > 0.3


@pytest.mark.parametrize("name", FITTED)
def test_an_arm_that_nobody_had_breaks_no_learner(name, task):
    train, s = task.train.train, task.train.scores
    more = replace(train, arms=(*train.arms, "new"))
    wide = s._replace(
        propensity=np.pad(s.propensity, ((0, 0), (0, 1))),
        mu=np.pad(s.mu, ((0, 0), (0, 1))),
        gamma=np.pad(s.gamma, ((0, 0), (0, 1))),
        weight=np.pad(s.weight, ((0, 0), (0, 1))),
        informs=np.pad(s.informs, ((0, 0), (0, 1))),
    )
    tau = _predicted(name, task._replace(train=task.train._replace(train=more, scores=wide)))
    assert np.isfinite(tau).all()


def _crossed(nodes, also):
    """Sixty patients untreated and on A; some of them on B, too."""
    both = torch.arange(60).repeat(2)
    patient, arm = torch.cat([both, also]), torch.arange(2).repeat_interleave(60)
    n = len(patient)
    return replace(
        nodes.take(torch.arange(60)),
        crossover=True,
        arms=("untreated", "A", "B"),
        patient_of=patient,
        arm=torch.cat([arm, torch.full((len(also),), 2)]),
        value=torch.randn(160, generator=torch.Generator().manual_seed(0))[:n],
        event=torch.ones(n, dtype=torch.bool),
        competing=torch.zeros(n, dtype=torch.bool),
        stratum=torch.zeros(n, dtype=torch.long),
        propensity=torch.zeros(n, 0),
    )


@pytest.mark.parametrize("name", [n for n in BESIDE if "scores" in n])
def test_in_a_crossover_what_few_had_beside_changes_no_other_contrast(name, nodes, recipe):
    told = []
    for also in (torch.arange(10), torch.arange(40)):
        train = _crossed(nodes, also)
        inner = folds(train, INNER_FOLDS, np.random.default_rng(0))
        scores = inner_scores(train, inner, recipe)
        assert (scores.weight == scores.informs).all()
        task = LinearTask(train, scores, recipe.graph, learned_scales(train, recipe.fit.scaling))
        told.append(BESIDE[name](task)(task.scales(train))[:, 0].numpy())
    assert told[0] == approx(told[1], abs=1e-4)


@pytest.mark.parametrize("size", [4, 8])
def test_small_strata_neither_stretch_the_scores_nor_look_unrandomised(size):
    rng, slopes = np.random.default_rng(0), []
    for _ in range(12):
        n = 120
        stratum = np.arange(n) // size
        arm = np.concatenate([rng.permutation(np.arange(size) % 2) for _ in range(n // size)])
        nodes = cheap_trial(n, 0.0, rng)
        z = rng.normal(size=n)
        nodes = replace(
            nodes,
            stratum=torch.from_numpy(stratum),
            arm=torch.from_numpy(arm),
            value=torch.from_numpy(z * arm + 0.1 * rng.normal(size=n)).float(),
        )
        fold = folds(nodes, 3, rng)
        gain = np.empty(n)
        for k in range(3):
            held = torch.from_numpy(fold == k)
            train, test = (nodes.take(torch.nonzero(m)[:, 0]) for m in (~held, held))
            gain[fold == k] = fit_nuisances(train, test).gain[:, 0]
        slopes.append(np.polyfit(z, gain, 1)[0])
        assert randomisation_finding(arm, arm_scores(nodes, 3, 0)).severity == "ok"
    assert np.mean(slopes) == approx(1, abs=3 * np.std(slopes) / 12**0.5 + 0.02)


def test_genes_that_do_not_vary_are_no_model():
    x, new = np.zeros((20, 0)), np.zeros((3, 0))
    y = (np.arange(20) % 2).astype(float)
    assert ridge(x, y, new) == approx(np.full(3, 0.5))
    assert logistic_ridge(np.ones((20, 2)), y, np.ones((3, 2))) == approx(np.full(3, 0.5))


def test_the_sequential_test_starts_where_there_are_events_to_learn_from():
    nodes = cheap_trial(100, 0.0, np.random.default_rng(0))
    event = torch.arange(100) % 6 == 0
    rare = replace(
        nodes, outcome="survival", horizon=9.0, value=torch.full((100,), 5.0), event=event
    )
    fold = np.arange(100) // 20
    assert list(sequential_folds(rare, fold, 3)) == [3]
    assert list(sequential_folds(nodes, fold, 3)) == [1, 2, 3]


def test_rows_of_one_patient_do_not_tune_a_lasso_on_each_other():
    # Each patient's outcome is its own and no feature's; twins in other folds would tell it.
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=(40, 200)).repeat(3, 0), rng.normal(size=40).repeat(3)
    apart, together = lasso(x, y), lasso(x, y, np.arange(40).repeat(3))
    assert np.std(together(x)) < 0.5 * np.std(apart(x))
    assert lasso(x, y, np.arange(120)).weight == approx(apart.weight)


def test_a_row_of_weight_two_in_a_lasso_is_two_rows():
    rng = np.random.default_rng(0)
    x, y = rng.normal(3, 2, size=(60, 8)), rng.normal(size=60)
    y += x[:, 2]
    weight = rng.integers(0, 4, 60)
    twice = np.repeat(np.arange(60), weight)
    found = Rows(x, y, weight.astype(float))
    told = Rows(x[twice], y[twice], np.ones(len(twice)))
    assert found.strongest_penalty() == approx(told.strongest_penalty())
    penalties = np.array([0.5, 0.05])
    for one, other in zip(found.path(penalties), told.path(penalties), strict=True):
        assert one.level == approx(other.level, abs=1e-3)
        assert one.weight == approx(other.weight, abs=1e-3)


def test_scores_of_rarely_treated_patients_do_not_drown_the_benefit_in_a_lasso():
    # Treated by a feature, so that some scores are a hundred times those of others.
    found = []
    for seed in range(4):
        rng = np.random.default_rng(seed)
        x = rng.standard_normal((600, 200))
        e = 1 / (1 + np.exp(-2.5 * x[:, 0]))
        treated = rng.random(600) < e
        value = x[:, 1] + treated * x[:, 5] + rng.standard_normal(600)
        away = np.where(treated, 1 / e, -1 / (1 - e)) * (value - x[:, 1] / 2)
        line = lasso(x, away, None, e * (1 - e))
        found.append(line.weight[5] / np.abs(line.weight).sum())
    assert np.mean(found) > 0.5
