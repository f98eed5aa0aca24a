"""Safeguards: each answers as it must on an input made for it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest import approx

from pathgnn.benefit.overlap import overlap
from pathgnn.benefit.safeguards import (
    Card,
    concurrency_finding,
    estimand_finding,
    followed_finding,
    holm,
    inside_folds_finding,
    multiplicity_finding,
    randomisation_finding,
    strata_finding,
)


def test_the_card_names_arms_scale_assignment_and_where_e_comes_from():
    card = Card("survival", "months gained", {"a": 3, "b": 4}, True, False, "e is known", True)
    said = estimand_finding(card, 7).sentence
    for word in ("these 7", "a (3)", "b (4)", "months gained", "randomised", "e is known"):
        assert word in said
    assert "compete" in said


def test_shares_that_differ_between_strata_are_said():
    stratum, arm = np.repeat([0, 1], 100), np.tile([0, 0, 0, 1], 50)
    arm[100:] = np.tile([0, 1], 50)
    finding = strata_finding(stratum, arm)
    assert (finding.severity, finding.number) == ("ok", approx(0.25))
    assert strata_finding(np.zeros(200, int), arm).severity == "note"


def test_a_stratum_with_hardly_one_of_an_arm_is_warned_of():
    arm = np.tile([0, 1], 100)
    arm[100:] = 0
    assert strata_finding(np.repeat([0, 1], 100), arm).severity == "warning"


def test_an_arm_that_measurements_tell_was_not_randomised():
    rng = np.random.default_rng(0)
    arm = np.tile([0, 1], 200)
    told = rng.normal(size=400) + 0.8 * arm
    assert randomisation_finding(arm, np.stack([-told, told], 1)).severity == "warning"


def test_chance_alone_is_hardly_ever_warned_of():
    rng = np.random.default_rng(1)
    arm = np.tile([0, 1, 2], 100)
    found = [randomisation_finding(arm, rng.normal(size=(300, 3))).severity for _ in range(200)]
    assert found.count("warning") <= 6


def test_references_from_before_an_arm_opened_are_not_concurrent():
    arm, when = np.array([0] * 10 + [1] * 5), np.concatenate([np.arange(10.0), np.arange(5.0) + 4])
    # Of the references 0 to 9, four came before the arm's first (4) and one after its last (8).
    finding = concurrency_finding(when, arm, ("control", "new"))
    assert (finding.severity, finding.number) == ("warning", approx(0.5))
    same = concurrency_finding(np.where(arm == 0, 6.0, when), arm, ("control", "new"))
    assert same.severity == "ok"


def test_few_followed_at_the_horizon_are_warned_of():
    finding = followed_finding({"a": 0.5, "b": 0.1}, 60.0, {"a": 30, "b": 3})
    assert (finding.severity, finding.number) == ("warning", 0.1)
    assert "b 10% (3 events)" in finding.sentence


def test_holm_known_answer():
    # .01 x 3, max(.02 x 2, .03), max(.04 x 1, .04).
    assert holm({"a": 0.04, "b": 0.01, "c": 0.02}) == approx({"b": 0.03, "c": 0.04, "a": 0.04})


def test_an_arm_without_a_test_is_said_to_have_none():
    (found,) = multiplicity_finding({"a": 0.01, "rare": np.nan})
    assert "a 0.01, rare not tested" in found.sentence


@given(st.dictionaries(st.text(), st.floats(0, 1), min_size=1, max_size=8))
def test_holm_is_never_smaller_and_keeps_the_order(p):
    out = holm(p)
    for one in p:
        assert p[one] <= out[one] <= min(1, len(p) * p[one]) or out[one] == max(
            out[o] for o in p if p[o] <= p[one]
        )
        assert all(out[one] <= out[other] for other in p if p[one] < p[other])


def test_an_arm_that_passes_only_alone_is_named():
    (finding,) = multiplicity_finding({"a": 0.03, "b": 0.5})
    assert finding.severity == "warning"
    assert "Alone, a would have passed" in finding.sentence
    assert multiplicity_finding({"a": 0.03})[0].severity == "ok"


@pytest.mark.parametrize(("moved", "severity"), [(0.0, "ok"), (1e-6, "refused")])
def test_any_learning_outside_the_folds_is_refused(moved, severity):
    assert inside_folds_finding(moved).severity == severity


def test_what_is_not_known_of_a_covariate_makes_no_difference_of_arms():
    rng = np.random.default_rng(0)
    arm = np.arange(400) % 2
    age = rng.normal(60, 10, 400)
    age[(arm == 0) & (rng.random(400) < 0.3)] = np.nan
    e = np.full((400, 2), 0.5)
    assert overlap(e, arm, age[:, None]).smd_before < 0.25
    apart = overlap(e, arm, (age + 6.4 * arm)[:, None]).smd_before
    assert 0.4 < apart < 0.9
    assert overlap(e, arm, np.full((400, 1), np.nan)).smd_before == 0
