"""What the permutation test and the repeats are taken to say."""

from __future__ import annotations

import pytest

from pathgnn.benefit.evidence_findings import (
    SAME_EFFECT,
    PermutationTest,
    Repeated,
    permutation_finding,
    repeats_finding,
)
from pathgnn.benefit.metrics import Estimate


@pytest.mark.parametrize(
    ("statistic", "p", "draws", "severity", "said"),
    [
        (4.0, 0.02, 99, "ok", "benefit differs between patients"),
        (-4.0, 0.02, 99, "warning", "points the wrong way"),
        (1.0, 0.4, 99, "warning", "no evidence"),
        (4.0, 0.1, 19, "note", "19 permutations cannot show p < 0.05; ask for 40 or more"),
        (4.0, 0.05, 39, "note", "39 permutations cannot show"),
    ],
)
def test_the_permutation_test_says_what_it_can(statistic, p, draws, severity, said):
    test = PermutationTest(statistic, p, p / 2, -2.5, -0.5, 1.5, draws, 0)
    finding = permutation_finding(test, "drug against placebo", SAME_EFFECT)
    assert (finding.severity, finding.number) == (severity, p)
    assert said in finding.sentence
    assert "drug against placebo" in finding.sentence
    assert SAME_EFFECT in finding.sentence
    assert "could not be trained" not in finding.sentence


def test_resolution_is_the_smallest_two_sided_p():
    assert PermutationTest(0, 1, 1, 0, 0, 0, 99, 0).resolution == 0.02
    assert PermutationTest(0, 1, 1, 0, 0, 0, 1, 0).resolution == 1.0


def test_draws_that_failed_are_told():
    test = PermutationTest(4.0, 0.04, 0.02, -2.5, -0.5, 1.5, 99, 1)
    assert "1 permuted cohorts could not be trained" in permutation_finding(test, "", "").sentence


@pytest.mark.parametrize(
    ("differs", "severity", "said"),
    [
        (0, "note", "no repeat says by itself what all say together: 0 of 5"),
        (5, "ok", "same in all 5"),
        (2, "note", "hangs on how patients fell into folds: 2 of 5 repeats say"),
    ],
)
def test_a_verdict_that_changes_between_repeats_is_noted(differs, severity, said):
    nothing = Estimate(0.0, 1.0)
    repeated = Repeated(nothing, nothing, nothing, 2.5, 0.03, differs, 5, 0.83)
    finding = repeats_finding(repeated, "drug against placebo")
    assert finding.severity == severity
    assert said in finding.sentence
    assert "together benefit differs (combined p = 0.03)" in finding.sentence
    wrong_way = repeats_finding(repeated._replace(z=-2.5), "").sentence
    assert "together no evidence that benefit differs" in wrong_way


def test_repeats_that_disagree_with_all_together_are_no_verdict():
    # Five times p = .04 combine to .08.
    nothing = Estimate(0.0, 1.0)
    repeated = Repeated(nothing, nothing, nothing, 2.05, 0.08, 5, 5, 0.8)
    finding = repeats_finding(repeated, "")
    assert finding.severity == "note"
    assert "5 of 5 repeats say that benefit differs; together no evidence" in finding.sentence
    assert repeats_finding(repeated._replace(differs=0), "").severity == "ok"
    untested = repeats_finding(repeated._replace(p=float("nan"), differs=0), "")
    assert (untested.severity, "no evidence" in untested.sentence) == ("note", False)
