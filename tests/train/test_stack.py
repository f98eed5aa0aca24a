"""Stacking: shares are what least squares says, the network is dropped where it adds nothing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from conftest import trial_on

from pathgnn.benefit.verdict import stack_finding
from pathgnn.graph.project import project
from pathgnn.model.scales import Scaling, Standardised, learned_scales
from pathgnn.train.baselines import LINEAR
from pathgnn.train.crossfit import fit
from pathgnn.train.estimate import estimate
from pathgnn.train.linear import LinearTask, combine
from pathgnn.train.nuisance import Nuisances
from pathgnn.train.part import STACKED
from pathgnn.train.stack import NETWORK, _shares, expected_shares, learn_shares, learners_of


def _scores(gain):
    n = len(gain)
    gamma = np.stack([np.zeros(n), gain], 1)
    return Nuisances(
        np.zeros(n),
        np.ones((n, 2)) / 2,
        gamma,
        gamma,
        np.ones((n, 1)),
        np.ones((n, 1), dtype=bool),
        np.arange(n),
    )


def test_shares_known_answer():
    # The gain is a quarter of the first learner and three quarters of the second.
    rng = np.random.default_rng(0)
    learned = rng.standard_normal((3, 400, 1))
    gain = 0.25 * learned[0, :, 0] + 0.75 * learned[1, :, 0]
    share, risk = _shares(learned, _scores(gain), np.full(3, 1 / 3))
    assert share == pytest.approx([0.25, 0.75, 0], abs=1e-3)
    assert risk == pytest.approx(0, abs=1e-4)


def test_shares_sum_to_one_and_none_is_negative():
    rng = np.random.default_rng(1)
    learned, gain = rng.standard_normal((5, 60, 1)), rng.standard_normal(60)
    share, _ = _shares(learned, _scores(gain), np.full(5, 0.2))
    assert share.sum() == pytest.approx(1)
    assert (share >= 0).all()


def test_scores_of_pure_noise_leave_the_shares_near_what_was_expected():
    rng = np.random.default_rng(3)
    learned = 0.05 * rng.standard_normal((4, 100, 1))
    prior = np.array([0.1, 0.2, 0.3, 0.4])
    assert _shares(learned, _scores(rng.standard_normal(100)), prior)[0] == pytest.approx(
        prior, abs=0.05
    )


def test_a_learner_that_points_the_wrong_way_has_no_share():
    rng = np.random.default_rng(2)
    truth = rng.standard_normal(300)
    learned = np.stack([np.zeros(300), -truth])[:, :, None]
    assert _shares(learned, _scores(truth), np.full(2, 0.5))[0] == pytest.approx([1, 0], abs=1e-3)


def test_the_stacked_benefit_is_the_shares_of_its_learners(nodes, fitted):
    for k, stack in enumerate(fitted.stacks):
        at = fitted.fold == k
        parts = [fitted.ladder[name][at] for name in learners_of(nodes.outcome)]
        expected = sum(s * part for s, part in zip(stack.share, parts, strict=True))
        assert fitted.ladder[STACKED][at] == pytest.approx(expected, abs=1e-4)


def test_without_stacking_the_network_is_the_default(nodes, recipe):
    alone = recipe._replace(fit=recipe.fit.model_copy(update={"stack": False}))
    fitted = fit(nodes, alone, 0)
    assert fitted.default == NETWORK
    assert np.array_equal(fitted.benefit, fitted.ladder[NETWORK])
    assert not any(f.topic == "network" for f in estimate(fitted, nodes).findings)


def test_a_network_that_adds_nothing_is_called_so(graph, recipe):
    said = stack_finding({"average effect": 0.97, NETWORK: 0.03}, NETWORK)
    assert (said.severity, said.topic) == ("note", "network")
    assert said.sentence.startswith("The network adds nothing here")
    cohort, _ = trial_on(graph, 200, 8, sd_benefit=0.0)
    nodes = project(cohort, graph)
    fitted = fit(nodes, recipe, 0)
    spread = {name: fitted.ladder[name].std() for name in (STACKED, NETWORK)}
    assert spread[STACKED] <= spread[NETWORK] + 1e-9


def test_linear_effects_are_their_own_predictions_and_combine_linearly(graph, nodes, fitted):
    scales = learned_scales(nodes, Scaling())
    task = LinearTask(nodes, fitted.scores, graph, scales)
    inputs = scales(nodes)
    effects = [learn(task) for learn in LINEAR.values()]
    both = combine(effects[1:3], np.array([0.3, 0.7]))
    expected = 0.3 * effects[1](inputs) + 0.7 * effects[2](inputs)
    assert torch.allclose(both(inputs), expected, atol=1e-4)
    zero = Standardised(torch.zeros_like(inputs.z), torch.zeros_like(inputs.clinical))
    for effect in effects:
        assert torch.allclose(effect(zero), effect.level.expand(nodes.n_patients, -1))


def test_with_too_few_events_the_shares_are_those_expected(graph, nodes, fitted, recipe):
    few = torch.zeros(nodes.n_patients, dtype=torch.bool)
    few[:2] = True
    months = nodes.value - nodes.value.min() + 1
    rare = replace(nodes, outcome="survival", value=months, event=few, horizon=1e3)
    task = LinearTask(rare, fitted.scores, graph, learned_scales(rare, Scaling()))
    inner = np.arange(nodes.n_patients) % 3
    shares = learn_shares(task, inner, recipe, (0, 0))
    assert shares.share == pytest.approx(expected_shares(len(learners_of("survival")) - 1))
    assert shares.share.sum() == pytest.approx(1)
    assert shares.rounds == recipe.fit.benefit_rounds


def test_an_arm_that_nobody_had_is_no_outcome_of_zero(graph, nodes, fitted):
    # Outcomes around 1,000: an absent arm taken for 0 would promise a benefit of -1,000.
    lone = replace(nodes, arm=torch.zeros_like(nodes.arm))
    scores = fitted.scores._replace(value=fitted.scores.value + 1000)
    task = LinearTask(lone, scores, graph, learned_scales(lone, Scaling()))
    tau = LINEAR["ridge by arm, genes"](task)(task.scales(lone))
    assert tau.abs().mean() < 50
