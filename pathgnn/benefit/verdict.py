"""The safeguards as findings: each a severity, a number and a sentence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

import numpy as np
from jaxtyping import Int

from pathgnn.benefit.metrics import Compared, Estimate, SequentialTest
from pathgnn.benefit.overlap import Overlap

Severity = Literal["ok", "note", "warning", "refused"]
ALPHA = 0.05
FEW_EVENTS = 50
# A smaller share of the prediction counts as none.
LEAST_SHARE = 0.05


class Finding(NamedTuple):
    """One safeguard's answer."""

    severity: Severity
    topic: str
    number: float
    sentence: str


def overlap_finding(o: Overlap, randomised: bool) -> Finding:
    """Can the arms be compared at all?"""
    balance = (
        f"effective sample {o.ess_share:.0%}, largest imbalance (SMD) {o.smd_before:.2f} before "
        f"and {o.smd_after:.2f} after weighting"
    )
    if randomised:
        said = f"Treatment was randomised; weighted by its probabilities: {balance}."
        return Finding("ok", "overlap", o.auc, said)
    numbers = (
        f"AUC of the treatment given the measurements {o.auc:.2f}, {o.outside:.0%} of the patients "
        f"outside [.05, .95], {balance}"
    )
    if o.refused:
        return Finding(
            "refused",
            "overlap",
            o.auc,
            f"The arms are too different to compare: {numbers}. No benefit is printed: "
            "restrict the cohort to patients who could have had either arm.",
        )
    if o.doubtful:
        return Finding(
            "warning",
            "overlap",
            o.auc,
            f"Treatment was not randomised and the arms differ much: {numbers}. Read the benefit "
            "as a hypothesis.",
        )
    return Finding(
        "warning",
        "overlap",
        o.auc,
        f"Treatment was not randomised: {numbers}. What was not measured may explain a benefit: "
        "put every reason for the treatment among the covariates, and confirm it in a trial.",
    )


def events_finding(
    events: Int[np.ndarray, " arm"], arms: tuple[str, ...], counted: str = "outcomes"
) -> Finding:
    """Is there enough outcome in every arm?

    Args:
        events: How many there are.
        arms: Their names.
        counted: What was counted, in words.
    """
    least = int(events.argmin())
    counts = ", ".join(f"{a} {n}" for a, n in zip(arms, events.tolist(), strict=True))
    if events[least] < FEW_EVENTS:
        return Finding(
            "warning",
            "events",
            float(events[least]),
            f"Few {counted} to learn from ({counts}); below {FEW_EVENTS} in an arm, individual "
            "benefit is hardly estimable: rely on the average effect, or add patients or arms.",
        )
    return Finding(
        "ok", "events", float(events[least]), f"{counted.capitalize()} per arm: {counts}."
    )


def rate_finding(test: SequentialTest, pooled: Estimate, joint_p: float) -> Finding:
    """Does the ranking find those who benefit more? The one test that decides.

    Args:
        test: That of this arm.
        pooled: AUTOC over all folds.
        joint_p: p of the test after Holm's correction for all arms; of one arm the test's own.
    """
    detectable = 2.8 * pooled.se
    said = (
        f"sequential test z = {test.z:.2f}, p = {test.p:.3g}; pooled AUTOC {pooled.value:.3f} "
        f"(descriptive); smallest AUTOC this cohort could show {detectable:.3f}"
    )
    if joint_p != test.p:
        said += f"; p after Holm's correction for all arms {joint_p:.3g}"
    if np.isnan(test.p):
        return Finding(
            "warning",
            "who benefits",
            test.p,
            "Whether benefit differs between patients was not tested: no fold has enough patients "
            "that inform both arms; lower `fit.folds`. The average effect is returned for all; the "
            "ranking stays available as `score`.",
        )
    if joint_p < ALPHA and test.z > 0:
        return Finding("ok", "who benefits", joint_p, f"Benefit differs between patients: {said}.")
    if joint_p < ALPHA:
        return Finding(
            "warning",
            "who benefits",
            joint_p,
            f"The ranking points the wrong way: {said}. The average effect is returned for all.",
        )
    return Finding(
        "warning",
        "who benefits",
        joint_p,
        f"No evidence that benefit differs between patients: {said}. The average effect is "
        "returned for all; the ranking stays available as `score`.",
    )


def calibration_finding(slope: Estimate) -> Finding:
    """Are the sizes of the predicted differences right?"""
    said = f"slope {slope.value:.2f} ({slope.low:.2f} to {slope.high:.2f}; 1 is right)"
    if slope.low <= 1 <= slope.high and slope.low > 0:
        return Finding("ok", "calibration", slope.value, f"Predicted differences hold: {said}.")
    return Finding(
        "note", "calibration", slope.value, f"Predicted differences are not calibrated: {said}."
    )


def comparator_finding(name: str, difference: Estimate) -> Finding:
    """Is the network's ranking better than a simpler one?"""
    said = (
        f"AUTOC difference {difference.value:.3f} ({difference.low:.3f} to {difference.high:.3f})"
    )
    if difference.low > 0:
        return Finding("ok", "comparison", difference.value, f"Better than {name}: {said}.")
    if difference.high < 0:
        return Finding("warning", "comparison", difference.value, f"Worse than {name}: {said}.")
    return Finding("note", "comparison", difference.value, f"Not shown better than {name}: {said}.")


def graph_finding(nearer: Estimate, pretrained: bool = False) -> Finding:
    """Does the network need this graph, or would any do?

    A network that started from an encoder is compared with one that started afresh: what it has
    ahead may be the encoder's.
    """
    if pretrained:
        return Finding(
            "note",
            "graph",
            nearer.value,
            "Whether the true edges predict better is not told here: the network on the true graph "
            "started from an encoder, that on a rewired one afresh; `pathgnn controls` trains both "
            "afresh.",
        )
    said = f"squared error on a rewired graph minus that on the true one {_range(nearer)}"
    if nearer.low > 0:
        return Finding("ok", "graph", nearer.value, f"The true edges predict better: {said}.")
    why = "Not shown that the true edges predict better than rewired ones"
    return _no_evidence("graph", nearer.value, f"{why} ({said})", "edge scores are")


def edges_finding(rewired: Compared, none: Compared) -> Finding:
    """Do the graph's edges help prediction? They must beat rewired edges and none at all."""
    said = f"squared error with rewired edges minus that with the true ones {_range(rewired)}, "
    said += f"without edges {_range(none)}"
    if rewired.low > 0 and none.low > 0:
        return Finding("ok", "edges", rewired.value, f"The true edges help prediction: {said}.")
    if none.high < 0:
        return Finding(
            "warning", "edges", none.value, f"Without edges the network predicts better: {said}."
        )
    if rewired.low > 0:
        why = "Rewired edges disturb, but the true ones are not shown better than none"
    elif none.low > 0:
        why = "Edges help, but the true ones are not shown better than rewired ones"
    else:
        why = "Not shown that the edges help prediction"
    return _no_evidence("edges", rewired.value, f"{why} ({said})", "edge scores are")


def pathways_finding(shuffled: Compared) -> Finding:
    """Does it help which genes make up a pathway?"""
    said = f"squared error with shuffled pathways minus that with the true ones {_range(shuffled)}"
    if shuffled.low > 0:
        return Finding("ok", "pathways", shuffled.value, f"The true pathways help: {said}.")
    why = "Not shown that the true pathways help"
    return _no_evidence("pathways", shuffled.value, f"{why} ({said})", "a pathway's name is")


def _no_evidence(topic: str, value: float, why: str, what: str) -> Finding:
    return Finding("note", topic, value, f"{why}: {what} no evidence.")


def _range(one: Compared | Estimate) -> str:
    return f"{one.value:.3g} ({one.low:.3g} to {one.high:.3g})"


def describe(kind: str, randomised: bool, crossover: bool) -> str:
    """Estimand card: how treatment came about."""
    if crossover:
        return f"{kind} outcome; each subject observed in several arms, benefit nearly observed"
    how = "randomised" if randomised else "observational: confounded unless everything is measured"
    return f"{kind} outcome; {how}"


def stack_finding(share: Mapping[str, float], network: str) -> Finding:
    """What of the prediction is the network's? Shares were learned on inner folds."""
    rest = ", ".join(
        f"{name} {s:.0%}" for name, s in share.items() if name != network and s >= LEAST_SHARE
    )
    mine = share[network]
    others = f"; the rest: {rest}" if rest else ""
    if mine < LEAST_SHARE:
        said = f"The network adds nothing here: its share of the prediction is {mine:.0%}{others}."
        return Finding("note", "network", mine, said)
    return Finding(
        "ok", "network", mine, f"The network's share of the prediction is {mine:.0%}{others}."
    )
