"""Benefit of one contrast with its evidence, from a cross-fitted model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from pathgnn.benefit import metrics, verdict
from pathgnn.benefit.c_for_benefit import CForBenefit, c_for_benefit
from pathgnn.benefit.estimand import Estimand
from pathgnn.benefit.metrics import Estimate, SequentialTest
from pathgnn.benefit.overlap import Overlap, overlap
from pathgnn.benefit.policy import PolicyValues, choose, policy_values
from pathgnn.benefit.safeguards import holm
from pathgnn.card import Card, Shown
from pathgnn.errors import ConfigError
from pathgnn.graph.nodes import Nodes
from pathgnn.model.network import layout_of
from pathgnn.seeds import rng_for
from pathgnn.train.calibration import bounds, lines_of
from pathgnn.train.crossfit import REWIRED
from pathgnn.train.falsification import sensitivity_findings
from pathgnn.train.fitted import Fitted
from pathgnn.train.stack import NETWORK, learners_of

N_GROUPS = 5
TOC_POINTS = np.linspace(0.05, 1, 20)


class Rung(NamedTuple):
    """One learner of the ladder; AUTOC is pooled and descriptive, the test is the valid one.

    `ahead` is by how much the default prediction's AUTOC is above this learner's.
    """

    name: str
    autoc: Estimate
    slope: Estimate
    test: SequentialTest | None
    ahead: Estimate


class Toc(NamedTuple):
    """Gain of treating only the top share, against treating all."""

    share: Float[np.ndarray, " share"]
    value: Float[np.ndarray, " share"]
    se: Float[np.ndarray, " share"]


@dataclass(frozen=True, repr=False)
class Benefit(Shown):
    """Who benefits, by how much, and how sure that is; one value per patient.

    `benefit` is calibrated: shrunken towards the average effect, and the average itself where
    `differs` is False: where `joint_p`, the test's p after Holm's correction for all arms, is not
    below .05. `low` and `high` bound the mean benefit of patients with the same
    predicted score (95 %), not that of a single person; with half-sampling they carry how much
    the score itself would change with other training patients. `score` is the default ranking:
    that of the stack of network and other learners, or of the network alone. `elsewhere` is
    `benefit` with level and slope of the other folds than the patient's: policies choose by it,
    so that nobody's own outcome decides.
    """

    arm: str
    reference: str
    estimand: Estimand
    benefit: Float[np.ndarray, " patient"]
    low: Float[np.ndarray, " patient"]
    high: Float[np.ndarray, " patient"]
    elsewhere: Float[np.ndarray, " patient"]
    score: Float[np.ndarray, " patient"]
    differs: bool
    average: Estimate
    test: SequentialTest
    joint_p: float
    autoc: Estimate
    slope: Estimate
    halves: tuple[Estimate, Estimate]
    groups: tuple[tuple[float, Estimate], ...]
    policy: PolicyValues
    c_for_benefit: CForBenefit | None
    toc: Toc
    ladder: tuple[Rung, ...]
    overlap: Overlap
    findings: tuple[verdict.Finding, ...]

    def card(self) -> Card:
        """The average, whether benefit differs, and every finding in its words."""
        facts = (
            ("benefit", self.estimand.unit),
            ("average", self.average.ranged),
            ("differs between patients", "shown" if self.differs else "not shown"),
            ("sequential test", f"z = {self.test.z:.2f}, p = {self.test.p:.3g}"),
            ("top half, bottom half", ", ".join(half.ranged for half in self.halves)),
            ("patients", len(self.benefit)),
        )
        rows = [(f.severity, f.sentence) for f in self.findings]
        return Card(f"Benefit of {self.arm} against {self.reference}", facts, ("", "finding"), rows)


def contrast_of(nodes: Nodes, arm: str) -> int:
    """Place of an arm among the contrasts; empty: the first after the reference."""
    if not arm:
        return 0
    if arm not in nodes.arms[1:]:
        raise ConfigError(
            f"no arm {arm!r} to compare with {nodes.arms[0]!r}; have {nodes.arms[1:]}"
        )
    return nodes.arms.index(arm) - 1


def estimate(fitted: Fitted, nodes: Nodes, arm: str = "") -> Benefit:
    """Benefit of one arm against the reference, for every patient, out of fold.

    Raises:
        CohortError: not the patients it was fitted on, or in another order.
    """
    fitted.refuse_others(nodes)
    k = contrast_of(nodes, arm)
    rng = rng_for(fitted.seed, 5, k)
    on, group = fitted.scores.informs[:, k], fitted.scores.group
    gain, tau = fitted.scores.gain[:, k], fitted.benefit[:, k]
    tests = [metrics.sequential_test(list(one)) for one in fitted.sequential[fitted.default]]
    joint = holm({name: t.p for name, t in zip(nodes.arms[1:], tests, strict=True)})
    test, joint_p = tests[k], joint[nodes.arms[k + 1]]
    differs = joint_p < verdict.ALPHA and test.z > 0
    average = metrics.mean_gain(gain[on], group[on])
    lines = lines_of(fitted, k)
    calibrated = average.value + lines.slope * (tau - tau[on].mean())
    elsewhere = lines.level + (lines.slope * (tau - lines.mean_score) if differs else 0.0)
    slope = metrics.blp_slope(tau[on], gain[on], group[on])
    spread = None if fitted.spread is None else fitted.spread[:, k]
    low, high = bounds(calibrated, tau - tau[on].mean(), (average, slope), spread)
    if not differs:
        low, high = np.full_like(tau, average.low), np.full_like(tau, average.high)
    pair, arms = fitted.scores.gamma[:, [0, k + 1]], (nodes.arms[0], nodes.arms[k + 1])
    autoc = metrics.autoc_with_se(tau[on], gain[on], rng, group[on])
    halves = metrics.gain_by_group(tau[on], gain[on], 2, group[on])
    ladder = _ladder(fitted, k, rng)
    worst, fold = arms_overlap(fitted, nodes), fitted.fold
    return Benefit(
        arm=nodes.arms[k + 1],
        reference=nodes.arms[0],
        estimand=fitted.recipe.estimand,
        benefit=calibrated if differs else np.full_like(tau, average.value),
        low=low,
        high=high,
        score=tau,
        differs=differs,
        average=average,
        test=test,
        joint_p=joint_p,
        autoc=autoc,
        slope=slope,
        halves=(halves[1][1], halves[0][1]),
        groups=tuple(metrics.gain_by_group(tau[on], gain[on], N_GROUPS, group[on])),
        elsewhere=elsewhere,
        policy=policy_values(choose(elsewhere[on, None]), pair[on], arms, fold[on], group[on]),
        c_for_benefit=_c_for_benefit(fitted, nodes, k),
        toc=Toc(TOC_POINTS, *metrics.toc_band(tau[on], gain[on], TOC_POINTS, rng, group[on])),
        ladder=ladder,
        overlap=worst,
        findings=_findings(fitted, nodes, k, (test, joint_p, autoc, slope), worst),
    )


def arms_overlap(fitted: Fitted, nodes: Nodes) -> Overlap:
    """Overlap of the arms by the cross-fitted propensities."""
    block = nodes.known_clinical[nodes.patient_of]
    return overlap(fitted.scores.propensity, nodes.arm.numpy(), block)


def events_per_arm(nodes: Nodes) -> Int[np.ndarray, " arm"]:
    """Per arm: deaths before the horizon, the rarer class, or all rows of a continuous outcome."""
    value, arm = nodes.value.numpy(), nodes.arm.numpy()
    if nodes.outcome == "survival":
        counted = nodes.event.numpy() & (value < nodes.horizon)
    elif nodes.outcome == "binary":
        counted = value == (value.mean() < 0.5)
    else:
        counted = np.ones(len(arm), dtype=bool)
    return np.bincount(arm[counted], minlength=len(nodes.arms))


def counted_as_events(nodes: Nodes) -> str:
    """What `events_per_arm` counts, in words."""
    if nodes.outcome == "survival":
        return f"events before month {nodes.horizon:g}"
    return "outcomes of the rarer kind" if nodes.outcome == "binary" else "outcomes"


def _findings(
    fitted: Fitted,
    nodes: Nodes,
    k: int,
    evidence: tuple[SequentialTest, float, Estimate, Estimate],
    worst: Overlap,
) -> tuple[verdict.Finding, ...]:
    test, joint_p, autoc, slope = evidence
    on = fitted.scores.informs[:, k]
    gain = fitted.scores.gain[on, k]
    ours, group = fitted.benefit[on, k], fitted.scores.group[on]
    network, rewired = (fitted.ladder[name][on, k] for name in (NETWORK, REWIRED))
    nearer = metrics.paired_difference(network, rewired, gain, group)
    rng = rng_for(fitted.seed, 6, k)
    ahead = metrics.autoc_difference(ours, fitted.ladder["risk only"][on, k], gain, rng, group)
    return (
        verdict.overlap_finding(worst, nodes.randomised),
        verdict.events_finding(events_per_arm(nodes), nodes.arms, counted_as_events(nodes)),
        verdict.rate_finding(test, autoc, joint_p),
        verdict.calibration_finding(slope),
        verdict.comparator_finding("ranking by risk alone", ahead),
        verdict.graph_finding(nearer, fitted.recipe.start is not None),
        *_stack_findings(fitted, nodes),
        *sensitivity_findings(fitted, nodes, k),
    )


def _stack_findings(fitted: Fitted, nodes: Nodes) -> tuple[verdict.Finding, ...]:
    """What the network and the other learners each have in the prediction."""
    if not fitted.stacks:
        return ()
    share = np.mean([stack.share for stack in fitted.stacks], axis=0)
    named = dict(zip(learners_of(layout_of(nodes).outcome), share.tolist(), strict=True))
    return (verdict.stack_finding(named, NETWORK),)


def _c_for_benefit(fitted: Fitted, nodes: Nodes, k: int) -> CForBenefit | None:
    """Secondary; none in a crossover, where a patient is its own pair."""
    if nodes.crossover:
        return None
    on = np.isin(nodes.arm.numpy(), [0, k + 1])
    patient, treated = nodes.patient_of.numpy()[on], (nodes.arm.numpy()[on] > 0).astype(int)
    rng = rng_for(fitted.seed, 7, k)
    value, group = fitted.scores.value[on], fitted.scores.group[patient]
    return c_for_benefit(fitted.benefit[patient, k], value, treated, rng, group)


def _ladder(fitted: Fitted, k: int, rng: np.random.Generator) -> tuple[Rung, ...]:
    on = fitted.scores.informs[:, k]
    gain, ours = fitted.scores.gain[on, k], fitted.benefit[on, k]
    group, out = fitted.scores.group[on], []
    for name, tau in fitted.ladder.items():
        sequential = fitted.sequential.get(name)
        out.append(
            Rung(
                name=name,
                autoc=metrics.autoc_with_se(tau[on, k], gain, rng, group),
                slope=metrics.blp_slope(tau[on, k], gain, group),
                test=metrics.sequential_test(list(sequential[k])) if sequential else None,
                ahead=metrics.autoc_difference(ours, tau[on, k], gain, rng, group),
            )
        )
    return tuple(out)
