"""Safeguards of a benefit analysis: what is asked, how arms came about, censoring, multiplicity."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int
from scipy.stats import norm
from sklearn.metrics import roc_auc_score

from pathgnn.benefit.verdict import ALPHA, Finding

# A randomised arm that covariates tell this surely was hardly randomised as declared.
DOUBTFUL_AUC = 0.55
SMALL_STRATUM, RARE_ARM = 10, 0.05
MANY_OUTSIDE = 0.05
FEW_FOLLOWED = 0.2


class Card(NamedTuple):
    """What an analysis estimates, in the words that its reader needs."""

    outcome: str
    estimand: str
    arms: Mapping[str, int]
    randomised: bool
    crossover: bool
    propensity: str
    competing: bool


def estimand_finding(card: Card, n_patients: int) -> Finding:
    """Safeguard 1: population, arms, outcome, scale, assignment, and where e comes from."""
    arms = ", ".join(f"{name} ({n})" for name, n in card.arms.items())
    if card.crossover:
        how = "each patient was observed in several arms"
    else:
        how = "treatment was randomised" if card.randomised else "treatment was not randomised"
    rare = "; other events compete with the one that counts" if card.competing else ""
    said = (
        f"For patients like these {n_patients}, each arm against the first of {arms}: "
        f"{card.estimand}, absolute, from the table's time zero ({card.outcome} outcome{rare}); "
        f"{how}; {card.propensity}."
    )
    return Finding("ok", "estimand", float(n_patients), said)


def strata_finding(stratum: Int[np.ndarray, " row"], arm: Int[np.ndarray, " row"]) -> Finding:
    """Safeguard 3: do the probabilities of the arms differ between randomisation strata?

    They are the shares of the arms in each stratum, drawn a little towards those of all.
    """
    n_arms = int(arm.max()) + 1
    levels = np.unique(stratum)
    counts = np.stack([np.bincount(arm[stratum == s], minlength=n_arms) for s in levels])
    share = counts / counts.sum(1, keepdims=True)
    spread = float(np.ptp(share, axis=0).max())
    if len(levels) == 1:
        said = "One probability per arm for all: if the trial had strata, or changed its "
        said += "probabilities as it went on, name the columns as `strata` in [cohort.treatment]."
        return Finding("note", "strata", 1.0, said)
    said = f"{len(levels)} strata; the share of an arm differs by up to {spread:.0%} between them"
    thin = int(((counts.sum(1) < SMALL_STRATUM) | (share.min(1) < RARE_ARM)).sum())
    if thin:
        said += f"; {thin} of them have fewer than {SMALL_STRATUM} rows or hardly one of some arm, "
        said += "and lend little: coarser `strata` would be firmer."
        return Finding("warning", "strata", spread, said)
    return Finding("ok", "strata", spread, said + ", and each row has its stratum's probability.")


def randomisation_finding(
    arm: Int[np.ndarray, " row"], score: Float[np.ndarray, "row arm"]
) -> Finding:
    """Safeguard 3: can measurements tell the arm of a trial, which they must not?

    Args:
        arm: 0 is the reference.
        score: Cross-fitted probability of each arm given the measurements, relative to what
            randomisation set, so that strata alone tell nothing.

    Source: Hanley & McNeil, Radiology 1982, 143:29, for the error of an AUC.
    """
    worst, low = 0.5, 0.5
    n_contrasts = score.shape[1] - 1
    z = float(norm.ppf(1 - ALPHA / 2 / max(1, n_contrasts)))
    for k in range(1, n_contrasts + 1):
        on = (arm == 0) | (arm == k)
        treated = arm[on] == k
        if not treated.any() or treated.all():
            continue
        auc = float(roc_auc_score(treated, score[on, k] - score[on, 0]))
        bound = auc - z * _auc_error(auc, int(treated.sum()), int((~treated).sum()))
        worst, low = max(worst, auc), max(low, bound)
    said = f"Measurements tell a patient's arm with an AUC of {worst:.2f} (.5: not at all)"
    if low > DOUBTFUL_AUC:
        said += ", more than chance allows in a randomised trial. Was it randomised, with these "
        said += "strata? Are measurements from before treatment? Else set `randomised = false`."
        return Finding("warning", "randomisation", worst, said)
    return Finding("ok", "randomisation", worst, said + ", as randomisation wants it.")


def concurrency_finding(
    enrolled: Float[np.ndarray, " row"], arm: Int[np.ndarray, " row"], arms: tuple[str, ...]
) -> Finding:
    """Safeguard 3: were references enrolled while each arm was open?

    Args:
        enrolled: When each row's patient was enrolled, in any unit; NaN is unknown.
        arm: 0 is the reference.
        arms: Their names.
    """
    outside = {}
    for k in range(1, len(arms)):
        own = enrolled[(arm == k) & ~np.isnan(enrolled)]
        other = enrolled[(arm == 0) & ~np.isnan(enrolled)]
        if len(own) and len(other):
            outside[arms[k]] = float(((other < own.min()) | (other > own.max())).mean())
    if not outside:
        return Finding("note", "concurrency", float("nan"), "No enrolment date of both arms.")
    worst = max(outside, key=lambda name: outside[name])
    said = f"{outside[worst]:.0%} of the reference were enrolled while arm '{worst}' was not open"
    if outside[worst] > MANY_OUTSIDE:
        said += ": non-concurrent controls. Patients and care change over time: keep concurrent "
        said += "ones with `keep`, or add the period to `strata`."
        return Finding("warning", "concurrency", outside[worst], said)
    return Finding("ok", "concurrency", outside[worst], said + ".")


def followed_finding(
    share: Mapping[str, float], horizon: float, n_events: Mapping[str, int]
) -> Finding:
    """Safeguard 9: how many are still followed at the horizon? Below 5 % it is an error before.

    Args:
        share: Share of each arm not censored by the horizon (Kaplan-Meier).
        horizon: Months.
        n_events: Events of each arm before it.
    """
    worst = min(share, key=lambda name: share[name])
    each = ", ".join(f"{a} {s:.0%} ({n_events[a]} events)" for a, s in share.items())
    said = f"Followed to month {horizon:g} without being censored: {each}"
    if share[worst] < FEW_FOLLOWED:
        said += ". Few patients carry much weight there: an earlier `horizon` is firmer."
        return Finding("warning", "censoring", share[worst], said)
    return Finding("ok", "censoring", share[worst], said + ".")


def multiplicity_finding(p: Mapping[str, float]) -> tuple[Finding, ...]:
    """Safeguard 11: one ranking and one test per arm; of several arms the p of Holm.

    Args:
        p: The deciding test's p of each arm against the reference.

    Source: Holm, Scandinavian Journal of Statistics 1979, 6:65.
    """
    if len(p) < 2:
        said = "One ranking and one test were declared beforehand; no other p decides anything."
        return (Finding("ok", "multiplicity", 1.0, said),)
    adjusted = holm(p)
    lost = [arm for arm in p if p[arm] < ALPHA <= adjusted[arm]]
    each = ", ".join(
        f"{arm} {'not tested' if np.isnan(q) else f'{q:.2g}'}" for arm, q in adjusted.items()
    )
    said = f"{len(p)} arms are tested; p after Holm's correction: {each}"
    if lost:
        said += f". Alone, {', '.join(lost)} would have passed: take it as a hypothesis."
        return (Finding("warning", "multiplicity", float(len(p)), said),)
    return (Finding("ok", "multiplicity", float(len(p)), said + "."),)


def several_finding(p: Mapping[str, float]) -> tuple[Finding, ...]:
    """The same where it is more than one arm, else nothing."""
    return multiplicity_finding(p) if len(p) > 1 else ()


def holm(p: Mapping[str, float]) -> dict[str, float]:
    """Holm's step-down adjusted p of each test, at most 1; NaN where none was done."""
    order = sorted((name for name in p if not np.isnan(p[name])), key=lambda name: p[name])
    running, out = 0.0, dict(p)
    for i, name in enumerate(order):
        running = max(running, min(1.0, (len(order) - i) * p[name]))
        out[name] = running
    return out


def inside_folds_finding(moved: float) -> Finding:
    """Safeguard 5: did scrambling the held-out outcomes change what is predicted of them?

    Args:
        moved: Largest change of a prediction; 0 where nothing held out was learned from.
    """
    if moved > 0:
        said = f"Scrambling the outcomes of held-out patients changed predictions by {moved:.3g}: "
        said += "something is learned outside the training folds. Do not trust these results."
        return Finding("refused", "inside folds", moved, said)
    said = "Scrambling the outcomes of held-out patients changed no prediction of them: scaling, "
    said += "filters, nuisances and models learn on training folds alone."
    return Finding("ok", "inside folds", 0.0, said)


def _auc_error(auc: float, n_one: int, n_other: int) -> float:
    q1, q2 = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    total = auc * (1 - auc) + (n_one - 1) * (q1 - auc**2) + (n_other - 1) * (q2 - auc**2)
    return float(np.sqrt(max(total, 0.0) / (n_one * n_other)))
