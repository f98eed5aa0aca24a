"""Policy values and C-for-benefit."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from pytest import approx

from pathgnn.benefit.c_for_benefit import c_for_benefit, concordance
from pathgnn.benefit.policy import choose, policy_values
from pathgnn.export.to_evaluation import any_arm
from pathgnn.train.nuisance import Nuisances

ARMS = ("none", "a", "b")


def test_the_arm_of_highest_benefit_is_chosen_and_none_where_all_harm():
    benefit = np.array([[1.0, 2.0], [-1.0, 0.5], [-1.0, -2.0]])
    assert choose(benefit).tolist() == [2, 2, 0]


def test_values_of_four_patients_known_answer():
    # Chosen scores 1, 4, 5, 8: mean 4.5. All with a: (2 + 4 + 4 + 8) / 4 = 4.5.
    gamma = np.array([[1.0, 2, 3], [2, 4, 0], [3, 4, 5], [4, 8, 1]])
    got = policy_values(np.array([0, 1, 2, 1]), gamma, ARMS, np.array([0, 0, 1, 1]))
    gains = {g.against: g.gain.value for g in got.gains}
    assert got.value.value == approx(4.5)
    assert (got.share, got.per_treated.value) == (0.75, approx((2 + 2 + 4) / 3))
    assert gains["none for all"] == approx(4.5 - 2.5)
    assert gains["a for all"] == approx(0)
    assert gains["b for all"] == approx(4.5 - 9 / 4)
    # The other fold's best is a for both (6 and 3): the same as a for all.
    assert gains["the best single arm"] == approx(0)


def test_the_best_single_arm_has_no_luck_of_the_draw():
    # Pure noise: the best arm of the same patients would look better than its true 0.
    rng, mean = np.random.default_rng(0), []
    for _ in range(200):
        gamma = rng.normal(size=(60, 3))
        got = policy_values(np.zeros(60, int), gamma, ARMS, np.arange(60) % 5)
        mean.append(gamma[:, 0].mean() - got.gains[-1].gain.value)
    assert abs(np.mean(mean)) < 3 * np.std(mean) / 200**0.5


def test_concordance_known_answer():
    # Observed 1 < 2 = 2 < 3. Of five comparable pairs, predicted 1, 3, 2, 2 orders 3.5.
    assert concordance(np.array([1.0, 3, 2, 2]), np.array([1.0, 2, 2, 3])) == approx(3.5 / 5)


@given(st.integers(0, 10**6))
def test_concordance_is_a_slow_loop_and_no_monotone_change_moves_it(seed):
    rng = np.random.default_rng(seed)
    predicted, observed = rng.integers(0, 5, 12) * 1.0, rng.integers(0, 4, 12) * 1.0
    total = right = 0.0
    for i in range(12):
        for j in range(12):
            if observed[i] < observed[j]:
                total += 1
                right += (predicted[i] < predicted[j]) + 0.5 * (predicted[i] == predicted[j])
    if total:
        assert concordance(predicted, observed) == approx(right / total)
        assert concordance(np.exp(predicted), observed) == approx(right / total)


def test_c_for_benefit_is_half_by_chance_and_more_where_benefit_is_known():
    rng = np.random.default_rng(1)
    tau, arm = rng.normal(size=600), np.arange(600) % 2
    value = tau * arm + 0.5 * rng.normal(size=600)
    known = c_for_benefit(tau, value, arm, rng)
    chance = c_for_benefit(rng.normal(size=600), value, arm, rng)
    assert known.c.value > 0.7
    assert abs(chance.c.value - 0.5) < 4 * chance.c.se
    assert known.n_pairs == 300


def test_outcomes_that_are_all_the_same_tell_nothing():
    rng = np.random.default_rng(2)
    same = c_for_benefit(rng.normal(size=40), np.ones(40), np.arange(40) % 2, rng)
    assert (same.c.value, same.c.se) == (0.5, float("inf"))


def test_where_nobody_is_treated_their_benefit_is_unknown():
    gamma = np.random.default_rng(3).normal(size=(20, 2))
    got = policy_values(np.zeros(20, int), gamma, ARMS[:2], np.arange(20) % 5)
    assert got.share == 0
    assert np.isnan(got.per_treated.value)


def test_pairs_of_patients_in_groups_are_as_unsure_as_the_groups():
    rng, found = np.random.default_rng(6), []
    group = np.arange(160) // 8
    for _ in range(40):
        tau, effect = rng.normal(size=20)[group], rng.normal(size=20)[group]
        arm = rng.permutation(np.arange(160) % 2)
        value = effect * arm + 0.3 * rng.normal(size=160)
        found.append(c_for_benefit(tau, value, arm, rng, group).c)
    spread = np.std([c.value for c in found])
    assert 0.6 < np.mean([c.se for c in found]) / spread < 1.5


def test_whoever_lacks_an_arm_says_nothing_of_the_best_arm_for_each():
    rng = np.random.default_rng(7)
    informs = np.ones((60, 2), dtype=bool)
    informs[30:, 1] = False
    # Of those who lack an arm only what was expected is known, and it is what chose.
    gamma = rng.normal(size=(60, 3))
    gamma[30:] = 100.0
    benefit, rows = rng.normal(size=(60, 2)), np.zeros(60)
    weight = informs.astype(float)
    scores = Nuisances(rows, gamma, gamma, gamma, weight, informs, np.arange(60))
    found = any_arm(benefit, scores, np.arange(60) % 5, ARMS)
    assert found is not None
    assert abs(found.value.value) < 3
    nobody = scores._replace(informs=np.zeros_like(informs))
    assert any_arm(benefit, nobody, np.arange(60) % 5, ARMS) is None
