"""Subgroups: known answers, hidden cells, tests that hold their level."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest import approx
from scipy import stats

from pathgnn.benefit.column_levels import NOT_RECORDED, banded_levels, named_levels
from pathgnn.benefit.levels_differ import NO_TEST, heterogeneity
from pathgnn.benefit.subgroup_findings import subgroup_findings
from pathgnn.benefit.subgroups import (
    Contrast,
    adjusted,
    may_be_shown,
    subgroups,
)


def _contrast(benefit, gain):
    arm = np.arange(len(gain)) % 2
    return Contrast("drug", benefit, gain, np.stack([arm == 0, arm == 1], 1))


def test_two_levels_known_answer():
    # Women gain 2, men 0; predicted are 1 for all: overstated by 1 in men, recommended to all.
    sex = ["f"] * 20 + ["m"] * 20
    gain = np.concatenate([np.tile([1.0, 3.0], 10), np.tile([-1.0, 1.0], 10)])
    found = subgroups(named_levels("sex", sex), _contrast(np.ones(40), gain))
    women, men = found.levels
    assert (women.effect.value, men.effect.value) == (2, 0)
    assert (women.excess.value, men.excess.value) == (-1, 1)
    assert women.recommended.value == 1
    assert (women.n, women.n_reference, women.n_arm) == (20, 10, 10)
    # Means 2 and 0 with variance 20/19 each: Q = 2^2 / (2 x 20/19 / 20).
    assert found.tests.effect.statistic == approx(38)
    assert found.tests.effect.p < 1e-6


def test_a_small_level_cannot_be_had_by_subtraction():
    counts = np.array([[100, 50, 50], [30, 15, 15], [4, 2, 2]])
    # The one small level would follow from the total, so the next smallest is hidden, too.
    assert may_be_shown(counts).tolist() == [True, False, False]
    assert may_be_shown(counts[:2]).tolist() == [True, True]


def test_a_patient_of_unknown_sex_hides_nobody_and_a_small_level_says_why():
    sex, gain = ["f"] * 30 + ["m"] * 29, np.arange(60.0)
    found = subgroups(named_levels("sex", [*sex, None]), _contrast(np.ones(60), gain))
    assert [level.name for level in found.levels] == ["f", "m"]
    assert (found.n_hidden, found.why_empty) == (1, "")
    other = subgroups(named_levels("sex", [*sex, "x"]), _contrast(np.ones(60), gain))
    assert len(other.levels) < 2
    assert "by what is left of the total" in other.why_empty


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), min_size=1, max_size=6))
def test_what_is_hidden_is_two_levels_and_large_enough_together(arms):
    counts = np.array([[a + b, a, b] for a, b in arms])
    shown = may_be_shown(counts)
    there = counts[:, 0] > 0
    hidden = there & ~shown
    assert ((counts[shown] >= (10, 5, 5)).all(1)).all()
    if hidden.any() and shown.any():
        assert hidden.sum() >= 2
        assert (counts[hidden].sum(0) >= (10, 5, 5)).all()


def test_the_interaction_test_holds_its_level():
    rng = np.random.default_rng(0)
    group = np.repeat(np.arange(4), 25)
    p = [heterogeneity(rng.normal(size=100), group).p for _ in range(400)]
    assert 0.02 < np.mean(np.array(p) < 0.05) < 0.085


@pytest.mark.parametrize(
    ("texts", "why"),
    [(["a"] * 30, "everybody has the level 'a'"), ([None] * 30, "recorded for nobody")],
)
def test_a_column_without_levels_says_so(texts, why):
    found = subgroups(named_levels("x", texts), _contrast(np.ones(30), np.arange(30.0)))
    assert why in found.why_empty
    assert found.levels == ()


def test_ages_are_cut_where_no_data_decide_and_unknown_is_a_level():
    levels = banded_levels("age", ["39", "40", "64.9", "80", None, "17", "55", "70"])
    named = [levels.names[i] for i in levels.code]
    assert named[:4] == ["18 to 39", "40 to 49", "50 to 64", "75 and over"]
    assert named[4] == NOT_RECORDED


def test_a_level_for_which_predictions_are_off_is_warned_of():
    rng = np.random.default_rng(1)
    tau, gain = rng.normal(size=400), rng.normal(size=400)
    level = np.arange(400) // 200
    benefit = np.where(level == 0, 0.0, 2.0) + 0 * tau
    found = adjusted((subgroups(named_levels("site", level.tolist()), _contrast(benefit, gain)),))
    said = subgroup_findings(found)
    assert any(f.severity == "warning" and "off by different amounts" in f.sentence for f in said)
    same = adjusted((subgroups(named_levels("site", level.tolist()), _contrast(0 * tau, gain)),))
    assert [f.severity for f in subgroup_findings(same)] == ["ok"]
    assert subgroup_findings(()) == ()


def test_the_order_of_patients_does_not_matter():
    rng = np.random.default_rng(2)
    texts, gain = rng.choice(["a", "b", "c"], 90), rng.normal(size=90)
    contrast = _contrast(rng.normal(size=90), gain)
    order = rng.permutation(90)
    turned = Contrast("drug", contrast.benefit[order], gain[order], contrast.in_arm[order])
    one = subgroups(named_levels("x", texts.tolist()), contrast)
    two = subgroups(named_levels("x", texts[order].tolist()), turned)
    assert [level.n for level in one.levels] == [level.n for level in two.levels]
    assert one.tests.effect.p == approx(two.tests.effect.p)


def _in_groups(rng, n_groups=40, size=4):
    """Groups of patients that share most of their value, each level met in most groups or few."""
    group = np.repeat(np.arange(n_groups), size)
    value = rng.normal(size=n_groups)[group] + 0.5 * rng.normal(size=len(group))
    return group, value


@pytest.mark.parametrize("nested", [True, False])
def test_levels_of_patients_in_groups_differ_by_groups(nested):
    rng, by_group, alone = np.random.default_rng(3), [], []
    for _ in range(300):
        group, value = _in_groups(rng)
        level = group % 3 if nested else rng.integers(0, 3, len(group))
        by_group.append(heterogeneity(value, level, group).p)
        alone.append(heterogeneity(value, level).p)
    assert 0.02 < np.mean(np.array(by_group) < 0.05) < 0.085
    if nested:
        assert np.mean(np.array(alone) < 0.05) > 0.2
    assert heterogeneity(value + 5 * level, level, group).p < 1e-6


def test_groups_of_one_patient_change_nothing():
    rng = np.random.default_rng(4)
    texts = rng.choice(["a", "b"], 80).tolist()
    alone = _contrast(rng.normal(size=80), rng.normal(size=80))
    one = subgroups(named_levels("x", texts), alone)
    two = subgroups(named_levels("x", texts), alone._replace(group=rng.permutation(80)))
    assert one.tests == two.tests
    assert two.levels[0].effect == approx(one.levels[0].effect)
    assert two.levels[0].recommended == approx(one.levels[0].recommended)


def test_an_interval_by_groups_covers_and_a_level_of_one_group_has_none():
    rng, covered = np.random.default_rng(5), []
    for _ in range(200):
        group, gain = _in_groups(rng)
        found = subgroups(
            named_levels("x", ["a"] * 80 + ["b"] * 80), _contrast(gain, gain)._replace(group=group)
        )
        level = found.levels[0]
        covered.append((level.effect.low < 0 < level.effect.high, level.recommended))
    assert np.mean([c for c, _ in covered]) > 0.9
    assert np.mean([r.low < 0.5 < r.high for _, r in covered]) > 0.9
    one = _contrast(gain, gain)._replace(group=np.arange(160) // 80)
    level = subgroups(named_levels("x", ["a"] * 80 + ["b"] * 80), one).levels[0]
    assert np.isnan([level.effect.low, level.excess.se, level.slope.value]).all()
    assert not np.isnan(level.effect.value)


def test_the_share_of_single_patients_has_the_interval_of_wilson():
    level = subgroups(
        named_levels("x", ["a"] * 30 + ["b"] * 30),
        _contrast(np.where(np.arange(60) % 3 == 0, 1.0, -1.0), np.arange(60.0)),
    ).levels[0]
    known = stats.binomtest(10, 30).proportion_ci(0.95, "wilson")
    assert (level.recommended.low, level.recommended.high) == approx((known.low, known.high))


def test_the_average_for_everybody_is_no_nearer_for_anybody():
    gain = np.random.default_rng(6).normal(0.3, 1, 100)
    # As another sum of the same numbers rounds it.
    average = np.nextafter(gain.mean(), 1)
    found = subgroups(
        named_levels("x", ["a", "a", "b", "b"] * 25), _contrast(np.full(100, average), gain)
    )
    assert np.isnan(found.tests.error.p)
    assert found.levels[0].nearer.value == 0


def test_years_are_parted_where_their_thirds_are():
    years = [str(y) for y in np.arange(2012, 2019).repeat(40)]
    levels = banded_levels("year", years)
    assert levels.names == ("below 2014", "2014 to below 2016", "2016 and above")


def test_a_level_in_few_groups_is_no_sample():
    rng, by_few = np.random.default_rng(5), []
    group = np.arange(180) // 6
    for _ in range(400):
        value = rng.normal(size=30)[group] + rng.normal(size=180)
        by_few.append(heterogeneity(value, (group >= 4).astype(int), group).p)
    assert np.mean(np.array(by_few) < 0.05) < 0.09
    assert np.isnan(heterogeneity(value, (group >= 3).astype(int), group).p)


def test_what_was_not_tested_is_not_called_alike():
    nothing = subgroups(
        named_levels("site", list("ab") * 20), _contrast(np.zeros(40), np.zeros(40))
    )
    assert subgroup_findings((nothing,)) == ()
    tested = nothing._replace(tests=nothing.tests._replace(effect=NO_TEST._replace(p=0.8, q=0.8)))
    assert "site (effect)" in subgroup_findings((tested,))[0].sentence
