"""Benefit of every contrast of a study, with its joint tests and the controls it asks for."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pandas as pd

from pathgnn.benefit.metrics import Estimate
from pathgnn.benefit.safeguards import multiplicity_finding
from pathgnn.benefit.subgroup_findings import subgroup_findings
from pathgnn.benefit.subgroups import Subgroups
from pathgnn.benefit.verdict import Finding
from pathgnn.cohort.read_outcome import SUBGROUP
from pathgnn.errors import CohortError
from pathgnn.run_folder import Input
from pathgnn.train.by_subgroup import by_subgroup
from pathgnn.train.estimate import Benefit, estimate
from pathgnn.train.falsification import (
    negative_arm,
    negative_arm_finding,
    negative_outcome,
    negative_outcome_finding,
    positive_control_finding,
)
from pathgnn.train.fitted import Fitted


def benefits_of(fitted: Fitted, given: Input) -> tuple[Benefit, ...]:
    """Every contrast, with what testing all of them makes of each, and the controls asked for."""
    each = [estimate(fitted, given.nodes, arm) for arm in given.nodes.arms[1:]]
    joint = multiplicity_finding({b.arm: b.test.p for b in each})
    out = []
    for k, benefit in enumerate(each):
        more = [*joint, *_negative(fitted, given, k)]
        if k == 0:
            more += [*_positive(benefit, given), *_split_reference(given)]
        out.append(replace(benefit, findings=(*benefit.findings, *more)))
    return tuple(out)


def subgroups_of(
    fitted: Fitted, given: Input, benefits: tuple[Benefit, ...]
) -> tuple[Subgroups, ...]:
    """By sex, by site, and by the columns that the study names."""
    beside = given.cohort.beside.reindex(list(given.nodes.patients))
    columns = {
        str(name).removeprefix(SUBGROUP): beside[name].tolist()
        for name in beside.columns
        if name in ("sex", "site") or str(name).startswith(SUBGROUP)
    }
    return by_subgroup(fitted, given.nodes, benefits, columns)


def with_subgroups(
    benefits: tuple[Benefit, ...], found: tuple[Subgroups, ...]
) -> tuple[Benefit, ...]:
    """Every benefit with what its subgroups say."""
    return tuple(
        replace(
            b,
            findings=(
                *b.findings,
                *subgroup_findings(tuple(s for s in found if s.arm == b.arm)),
            ),
        )
        for b in benefits
    )


def _positive(benefit: Benefit, given: Input) -> tuple[Finding, ...]:
    """Where the study names an average effect that is known of its first arm."""
    asked = given.study.estimand
    if asked.known is None:
        return ()
    known = Estimate(asked.known, asked.known_se)
    return (positive_control_finding(benefit.average, known),)


def _split_reference(given: Input) -> tuple[Finding, ...]:
    """Where the study asks how often halves of the reference arm seem to differ."""
    splits = given.study.estimand.reference_splits
    if not splits:
        return ()
    try:
        return (negative_arm_finding(negative_arm(given.nodes, splits, given.study.seed)),)
    except CohortError as error:
        return (_not_tested("negative arm", error),)


def _negative(fitted: Fitted, given: Input, contrast: int) -> tuple[Finding, ...]:
    """Where the study names an outcome that treatment cannot have changed."""
    if "negative_outcome" not in given.cohort.beside:
        return ()
    column = given.cohort.beside["negative_outcome"].reindex(list(given.nodes.patients))
    value = pd.to_numeric(column, errors="coerce").to_numpy(dtype=float)
    try:
        return (negative_outcome_finding(negative_outcome(fitted, given.nodes, value, contrast)),)
    except CohortError as error:
        return (_not_tested("negative outcome", error),)


def _not_tested(topic: str, error: CohortError) -> Finding:
    """A control that the cohort is too small for says so, and takes no trained model along."""
    return Finding("note", topic, math.nan, f"Not tested: {error}.")


def metrics(benefits: tuple[Benefit, ...]) -> list[dict[str, Any]]:
    """The numbers of every contrast, as metrics.json holds them."""
    return [
        {
            "arm": b.arm,
            "reference": b.reference,
            "estimand": b.estimand.unit,
            "average": _pair(b.average),
            "autoc_pooled": _pair(b.autoc),
            "test_z": _finite(b.test.z),
            "test_p": _finite(b.test.p),
            "test_p_all_arms": _finite(b.joint_p),
            "calibration_slope": _pair(b.slope),
            "top_half": _pair(b.halves[0]),
            "bottom_half": _pair(b.halves[1]),
            "policy": {
                "value": _pair(b.policy.value),
                "share_treated": b.policy.share,
                "against": {g.against: _pair(g.gain) for g in b.policy.gains},
            },
            "c_for_benefit": None if b.c_for_benefit is None else _pair(b.c_for_benefit.c),
            "differs": b.differs,
            "ladder": {r.name: _pair(r.autoc) for r in b.ladder},
        }
        for b in benefits
    ]


def _pair(estimate: Estimate) -> list[float | None]:
    """Value and standard error; none where one is not to be had, which JSON cannot hold."""
    return [_finite(x) for x in estimate]


def _finite(x: float) -> float | None:
    return x if math.isfinite(x) else None
