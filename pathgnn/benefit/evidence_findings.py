"""Findings of the costly tests: permuted arms, and repeated cross-fitting."""

from __future__ import annotations

import math
from typing import NamedTuple

from pathgnn.benefit.metrics import Estimate
from pathgnn.benefit.verdict import ALPHA, Finding

NO_EFFECT, SAME_EFFECT = "no effect for anybody", "the same effect for everybody"


class PermutationTest(NamedTuple):
    """Does the ranking find those who benefit more? By arms permuted and all trained anew.

    `statistic` is the pooled AUTOC over its standard error; `low`, `median` and `high` are the
    5 %, 50 % and 95 % points of the same with permuted arms. `p` is two-sided; `one_sided` asks
    only whether the ranking is right. `failed` draws could not be trained and count against.
    """

    statistic: float
    p: float
    one_sided: float
    low: float
    median: float
    high: float
    draws: int
    failed: int

    @property
    def resolution(self) -> float:
        """The smallest two-sided p that so many draws can show."""
        return min(1.0, 2 / (self.draws + 1))


class Repeated(NamedTuple):
    """One contrast over several cross-fittings with other folds and first weights.

    Each estimate is the median, its error includes the spread between repeats. The AUTOC is pooled
    and descriptive. `p` combines the sequential tests, `z` is their median; `differs` counts the
    repeats that say by themselves that benefit differs. `agreement` is the mean rank correlation
    of the predicted benefit between repeats.
    """

    average: Estimate
    autoc: Estimate
    slope: Estimate
    z: float
    p: float
    differs: int
    repeats: int
    agreement: float


def permutation_finding(test: PermutationTest, comparison: str, null: str) -> Finding:
    """Does benefit differ between patients, by the permutation test?

    Args:
        test: The test.
        comparison: The arm and the reference, in words.
        null: What the permuted cohorts hold true.
    """
    said = (
        f"p = {test.p:.3g} from {test.draws} permutations of the arms with everything trained anew "
        f"(smallest possible p {test.resolution:.2g}), statistic {test.statistic:.2f} against "
        f"{test.low:.2f} to {test.high:.2f} under {null}"
    )
    if test.failed:
        said += f"; {test.failed} permuted cohorts could not be trained and count against it"
    topic = "permutation"
    if test.resolution >= ALPHA:
        why = f"{test.draws} permutations cannot show p < {ALPHA:g}; ask for 40 or more"
        return Finding("note", topic, test.p, f"{comparison}: {why}: {said}.")
    if test.p >= ALPHA:
        why = "no evidence that benefit differs between patients"
        return Finding("warning", topic, test.p, f"{comparison}: {why}: {said}.")
    if test.statistic < test.median:
        return Finding(
            "warning", topic, test.p, f"{comparison}: the ranking points the wrong way: {said}."
        )
    return Finding("ok", topic, test.p, f"{comparison}: benefit differs between patients: {said}.")


def repeats_finding(repeated: Repeated, comparison: str) -> Finding:
    """Does the verdict hang on how patients fell into folds?

    Args:
        repeated: One contrast over all repeats.
        comparison: The arm and the reference, in words.
    """
    n, differs = repeated.repeats, repeated.differs
    if math.isnan(repeated.p):
        why = "in some repeat no fold could be tested, so that they say nothing together"
        return Finding("note", "repeats", repeated.p, f"{comparison}: {why}.")
    found = repeated.p < ALPHA and repeated.z > 0
    together = "benefit differs" if found else "no evidence that benefit differs"
    said = (
        f"together {together} (combined p = {repeated.p:.3g}); rank correlation of the predicted "
        f"benefit between repeats {repeated.agreement:.2f}"
    )
    if differs == (n if found else 0):
        same = f"{comparison}: the verdict is the same in all {n} repeats: {said}."
        return Finding("ok", "repeats", repeated.p, same)
    hangs = "the verdict hangs on how patients fell into folds"
    if differs in (0, n):
        hangs = "no repeat says by itself what all say together"
    return Finding(
        "note",
        "repeats",
        repeated.p,
        f"{comparison}: {hangs}: {differs} of {n} repeats say that benefit differs; {said}. Report "
        "the repeats, not the one that pleases.",
    )
