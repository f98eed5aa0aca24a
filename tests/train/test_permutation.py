"""Permutation of the arms: what may move, known p-values, validity, and power."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from cheap_trial import cheap_fit, cheap_trial, scores_of
from conftest import trial_on
from hypothesis import given, settings
from hypothesis import strategies as st

from pathgnn.errors import ConfigError
from pathgnn.graph.project import project
from pathgnn.model.config import FitConfig, NetConfig
from pathgnn.train import permutation
from pathgnn.train.permutation import (
    check_exchangeable,
    constant_effect,
    one_draw,
    permutation_test,
    permuted,
    statistic,
)

TINY = FitConfig(folds=3, members=1, outcome_rounds=1, benefit_rounds=1, stack=False)


@pytest.fixture(scope="module")
def small(graph):
    return project(trial_on(graph, 90, 3, sd_benefit=3.0)[0], graph)


def _rows(nodes, arm, stratum=None, **other):
    """The first patients with these arms, one row each unless told otherwise."""
    n = len(arm)
    some = nodes.take(torch.arange(other.pop("n_patients", n)))
    stratum = torch.zeros(n, dtype=torch.long) if stratum is None else torch.as_tensor(stratum)
    rows = {
        "patient_of": torch.arange(n),
        "value": torch.arange(n, dtype=torch.float32),
        "event": torch.ones(n, dtype=torch.bool),
        "competing": torch.zeros(n, dtype=torch.bool),
        "propensity": torch.zeros(n, 0),
    }
    return replace(some, **(rows | {"arm": torch.as_tensor(arm), "stratum": stratum} | other))


def _counts(nodes):
    pairs = torch.stack([nodes.stratum, nodes.arm], 1)
    return [t.tolist() for t in torch.unique(pairs, dim=0, return_counts=True)]


@settings(max_examples=40, deadline=None)
@given(
    rows=st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=30, max_size=60),
    seed=st.integers(0, 2**32 - 1),
)
def test_every_stratum_keeps_its_counts_and_only_arms_change(small, rows, seed):
    # Ten rows more, or some of the drawn cohorts could not be permuted at all.
    stratum, arm = zip(*rows, *[(0, 0), (0, 1)] * 5, strict=True)
    nodes = _rows(small, list(arm), list(stratum), arms=("a", "b", "c"))
    drawn = permuted(nodes, np.random.default_rng(seed))
    assert _counts(drawn) == _counts(nodes)
    assert replace(drawn, arm=nodes.arm).value is nodes.value
    assert torch.equal(drawn.stratum, nodes.stratum)


def test_every_assignment_of_a_stratum_is_as_likely(small):
    # Two of four rows treated in one stratum: 6 ways; 20 more rows in another make it a test.
    arm, stratum = [1, 1, 0, 0, *[0, 1] * 10], [0] * 4 + [1] * 20
    nodes, rng = _rows(small, arm, stratum), np.random.default_rng(0)
    seen = [tuple(permuted(nodes, rng).arm[:4].tolist()) for _ in range(1200)]
    counts = [seen.count(way) for way in set(seen)]
    assert len(counts) == 6
    # sd of each is sqrt(1200 x 1/6 x 5/6) = 13.
    assert min(counts) > 200 - 4 * 13
    assert max(counts) < 200 + 4 * 13


def test_in_a_crossover_only_the_own_rows_of_a_patient_trade(small):
    patient = torch.arange(20).repeat_interleave(2)
    arm = [0, 1] * 18 + [0, 0, 1, 1]
    nodes = _rows(small, arm, patient_of=patient, crossover=True, randomised=False, n_patients=20)
    drawn = permuted(nodes, np.random.default_rng(1)).arm.reshape(20, 2)
    assert (drawn[:18].sum(1) == 1).all()
    assert drawn[18:].tolist() == [[0, 0], [1, 1]]
    assert 2 < int(drawn[:18, 0].sum()) < 16


def test_groups_with_one_arm_each_trade_as_a_whole(small):
    # Ten families of three in one arm each, and ten patients on their own.
    group = torch.tensor([*np.repeat(np.arange(10), 3), *range(10, 20)])
    arm = np.concatenate([np.repeat([0, 1] * 5, 3), [0, 1] * 5])
    drawn = permuted(_rows(small, arm, group=group), np.random.default_rng(2)).arm.numpy()
    assert set(drawn[:30].reshape(10, 3).sum(1)) == {0, 3}
    assert drawn[:30].sum() == 15
    assert drawn[30:].sum() == 5
    assert (drawn[:30] != arm[:30]).any()
    # Where one family was split, chance dealt to patients.
    mixed = np.where(np.isin(np.arange(40), [0, 3]), 1 - arm, arm)
    drawn = permuted(_rows(small, mixed, group=group), np.random.default_rng(2)).arm.numpy()
    assert set(drawn[:30].reshape(10, 3).sum(1)) > {0, 3}


def test_patients_of_other_known_probabilities_do_not_trade(small):
    share = torch.tensor([[0.5, 0.5]] * 10 + [[0.2, 0.8]] * 10)
    arm = [0, 1] * 5 + [0, *[1] * 4] * 2
    nodes = _rows(small, arm, propensity=share, randomised=False)
    for seed in range(5):
        drawn = permuted(nodes, np.random.default_rng(seed))
        assert drawn.arm[:10].sum() == 5
        assert torch.equal(drawn.propensity, share)


def test_what_everybody_keeps_moves_with_the_arm(small):
    arm = np.array([0, 1, 2] * 10)
    nodes = _rows(small, arm, arms=("a", "b", "c"))
    effect = np.array([2.0, -0.5])
    drawn = permuted(nodes, np.random.default_rng(4), effect)
    each = np.array([0.0, 2.0, -0.5])
    assert drawn.value.numpy() - each[drawn.arm] == pytest.approx(nodes.value.numpy() - each[arm])
    assert (drawn.arm.numpy() != arm).any()
    assert drawn.value.dtype == nodes.value.dtype


def test_arms_that_chance_did_not_deal_are_refused(small):
    with pytest.raises(ConfigError, match=r"observational.*sequential test"):
        permuted(replace(small, randomised=False), np.random.default_rng(0))
    lone = replace(small, stratum=torch.arange(len(small.arm)))
    with pytest.raises(ConfigError, match=r"only 1 ways .* Use coarser"):
        check_exchangeable(lone)
    # Three rows of each arm: 20 ways, and p could never be below 5 %.
    with pytest.raises(ConfigError, match="only 20 ways"):
        check_exchangeable(_rows(small, [0, 1] * 3))
    check_exchangeable(_rows(small, [0, 1] * 4))


def test_p_values_by_hand():
    # Two of four draws reach 2, three are not above: (1 + 2) / 5 and (1 + 3) / 5.
    test = permutation_test(2.0, [1.0, 3.0, 0.0, 2.0])
    assert (test.one_sided, test.p) == (0.6, 1.0)
    assert test.median == 1.5
    # None of 39 reaches 5: one-sided 1 / 40, two-sided twice that.
    test = permutation_test(5.0, [0.1 * i for i in range(39)])
    assert (test.one_sided, test.p, test.resolution) == (0.025, 0.05, 0.05)
    assert (test.low, test.high) == (pytest.approx(0.19), pytest.approx(3.61))
    # Wrong way: all 39 are above.
    test = permutation_test(-1.0, [0.1 * i for i in range(39)])
    assert (test.one_sided, test.p) == (1.0, 0.05)
    # A draw that failed counts against either way.
    test = permutation_test(5.0, [*[0.1 * i for i in range(38)], None])
    assert (test.one_sided, test.p, test.failed, test.draws) == (0.05, 0.1, 1, 39)
    assert permutation_test(0.0, [None]).p == 1.0


@given(st.lists(st.integers(0, 8), min_size=2, max_size=60), st.floats(0.01, 1))
def test_p_is_at_most_alpha_no_more_often_than_alpha_whichever_value_is_the_real_one(values, alpha):
    drawn = [float(v) for v in values]
    tests = [permutation_test(drawn[i], drawn[:i] + drawn[i + 1 :]) for i in range(len(drawn))]
    for p in ([t.p for t in tests], [t.one_sided for t in tests]):
        assert np.mean(np.array(p) <= alpha) <= alpha + 1e-9


def test_a_ranking_that_says_nothing_has_statistic_0_and_a_right_one_a_large_one():
    rng = np.random.default_rng(0)
    gain = rng.standard_normal((100, 1))
    tau = np.concatenate([np.full((100, 1), 0.3), gain], 1)
    scores = scores_of(np.concatenate([np.zeros((100, 1)), gain, gain], 1))
    nothing, perfect = statistic(tau, scores, rng)
    assert nothing == 0
    assert perfect > 8
    # Only patients that inform count: here the others' gains are the other way round.
    gamma = scores.gamma.copy()
    gamma[50:, 2] *= -1
    half = scores._replace(gamma=gamma, informs=np.arange(100)[:, None] < [100, 50])
    assert statistic(tau, half, rng)[1] > 5 > statistic(tau, scores_of(gamma), rng)[1]


def test_a_draw_depends_on_seed_and_number_alone_and_trains_anew(small, recipe, monkeypatch):
    trained, real = [], permutation.fit_networks
    monkeypatch.setattr(permutation, "fit_networks", lambda *job: trained.append(job) or real(*job))
    tiny = recipe._replace(fit=TINY, net=NetConfig(channels=1, depth=1))
    nothing = np.zeros(1)
    one, other, again = (one_draw(small, tiny, nothing, (0, i)) for i in (1, 2, 1))
    assert one == again != other
    first, second, third = (job[0].arm for job in trained)
    assert first.equal(third)
    assert not first.equal(second)
    assert not first.equal(small.arm)
    assert trained[0][2] == trained[2][2] != trained[1][2]


def test_a_planted_benefit_has_a_small_p_and_none_a_large_one():
    rng = np.random.default_rng(0)
    found = [_p(cheap_trial(160, effect, rng), 40, rng) for effect in (2.0, 0.0)]
    assert found[0] == pytest.approx(2 / 41)
    assert found[1] > 0.2


def test_average_effects_are_kept_only_where_outcomes_can_be_shifted():
    rng = np.random.default_rng(1)
    nodes = cheap_trial(60, 0.0, rng)
    _, scores = cheap_fit(nodes, rng)
    assert constant_effect(nodes, scores) == pytest.approx(scores.gain.mean(0))
    for kind in ("binary", "survival"):
        assert not constant_effect(replace(nodes, outcome=kind), scores).any()
    half = scores._replace(informs=np.arange(60)[:, None] < 30)
    assert constant_effect(nodes, half) == pytest.approx(scores.gain[:30].mean(0))


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("keep", [True, False])
def test_a_constant_effect_is_called_a_difference_in_2_to_9_percent(keep):
    # 300 trials, an average effect of one sd of the noise, the same for everybody.
    rng = np.random.default_rng(7)
    p = [_p(cheap_trial(150, 0.0, rng), 39, rng, keep) for _ in range(300)]
    assert 0.02 <= np.mean(np.array(p) <= 0.05) <= 0.09


def _p(nodes, draws, rng, keep=True):
    """p of the test with a ridge regression in place of the network."""
    benefit, scores = cheap_fit(nodes, rng)
    effect = constant_effect(nodes, scores) if keep else None
    observed = float(statistic(benefit, scores, rng)[0])
    drawn = [
        float(statistic(*cheap_fit(permuted(nodes, rng, effect), rng), rng)[0])
        for _ in range(draws)
    ]
    return permutation_test(observed, drawn).p
