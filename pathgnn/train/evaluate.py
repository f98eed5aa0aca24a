"""External validation: a saved model's benefit against doubly robust scores of other patients."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int
from scipy.stats import norm

from pathgnn.benefit import metrics
from pathgnn.benefit.estimand import Estimand
from pathgnn.benefit.external_findings import (
    lacking_findings,
    level_finding,
    level_unknown_finding,
    moved_finding,
    own_finding,
    ranking_finding,
    shift_finding,
    spread_finding,
    unknown_finding,
)
from pathgnn.benefit.metrics import Estimate
from pathgnn.benefit.overlap import overlap
from pathgnn.benefit.policy import PolicyValues, policy_values
from pathgnn.benefit.safeguards import several_finding
from pathgnn.benefit.verdict import Finding, comparator_finding, overlap_finding
from pathgnn.cohort.cohort import Cohort
from pathgnn.errors import CohortError
from pathgnn.graph.nodes import Nodes
from pathgnn.model.scales import Scaling
from pathgnn.seeds import rng_for
from pathgnn.train.bundle import Model
from pathgnn.train.estimate import N_GROUPS, TOC_POINTS, Toc
from pathgnn.train.folds import check_size, compared, folds
from pathgnn.train.manifest import Calibration
from pathgnn.train.nuisance import Nuisances, check_follow_up, fit_nuisances
from pathgnn.train.outcome_hash import outcome_hash
from pathgnn.train.part import join

N_FOLDS = 5
FAR = 5.0


class Recalibrated(NamedTuple):
    """Level and slope learned here, and each patient's benefit by those of the other folds."""

    level: float
    slope: Estimate
    benefit: Float[np.ndarray, " patient"]


@dataclass(frozen=True)
class External:
    """One contrast of a saved model in a new cohort.

    `benefit` is what `predict` says; `score` its ranking; the test of `autoc` is valid here, for
    the model saw none of these patients. `level` is mean predicted minus mean observed benefit.
    `slope` is that of the gain on `benefit`; on `score` where the model does not `differ` in it.
    """

    arm: str
    reference: str
    benefit: Float[np.ndarray, " patient"]
    score: Float[np.ndarray, " patient"]
    average: Estimate
    autoc: Estimate
    p: float
    qini: float
    level: Estimate
    slope: Estimate
    differs: bool
    halves: tuple[Estimate, Estimate]
    groups: tuple[tuple[float, Estimate], ...]
    toc: Toc
    policy: PolicyValues
    recalibrated: Recalibrated
    findings: tuple[Finding, ...]


def evaluate(model: Model, nodes: Nodes, seed: int) -> tuple[External, ...]:
    """Every contrast of the model that the new cohort can tell of.

    Scores come from nuisances that are cross-fitted among the new patients, never from the model.

    Args:
        model: A saved model.
        nodes: The new cohort, from `meet`, with outcomes and arms.
        seed: Decides folds and half-samples.

    Raises:
        CohortError: another kind of outcome, no reference arm, no arm in common, or a follow-up
            that ends before the model's horizon.
    """
    nodes = _on_the_models_terms(model, nodes)
    fold = folds(nodes, N_FOLDS, rng_for(seed, 0))
    scores = _scores(model.recipe.estimand, nodes, fold)
    tau = model.benefit(nodes)
    each = [
        _contrast(model, nodes, _Given(scores, fold, c, tau[:, model.arms.index(c.arm) - 1]), seed)
        for c in model.calibration
        if c.arm in nodes.arms
    ]
    several = several_finding({one.arm: one.p for one in each})
    return tuple(replace(one, findings=(*one.findings, *several)) for one in each)


def own_findings(model: Model, nodes: Nodes) -> tuple[Finding, ...]:
    """A refusal where the cohort is the one that the model was trained on."""
    return (own_finding(),) if model.outcomes == outcome_hash(nodes) else ()


def input_findings(model: Model, cohort: Cohort, nodes: Nodes) -> tuple[Finding, ...]:
    """What the new cohort lacks of the model's inputs, and how far its values have moved."""
    had = set(nodes.covariates) if cohort.clinical.shape[1] else set()
    seen = nodes.clinical_seen.any(0).tolist()
    # Of a column with other levels there is a sentence of its own.
    named = {str(c).split("=")[0] for c in cohort.clinical if "=" in str(c)}
    covariates = [
        c
        for c, s in zip(nodes.covariates, seen, strict=True)
        if (c not in had or not s) and not ("=" in c and c.split("=")[0] in named)
    ]
    omics = [m for m in model.modalities if m not in cohort.omics]
    known = cohort.outcome.arms if cohort.outcome.is_known else model.arms
    arms = [a for a in model.arms if a not in known]
    out = list(lacking_findings(omics, covariates, arms))
    out += _unknown_levels(cohort, nodes)
    z, clinical = model.members[0].net.scales(nodes)
    apart = (clinical.sum(0) / nodes.clinical_seen.sum(0).clamp(min=1)).abs().tolist()
    out += moved_finding([c for c, d in zip(nodes.covariates, apart, strict=True) if d > FAR])
    for m, omic in enumerate(model.modalities):
        learned = model.known[:, 0, m]
        out += unknown_finding(omic, int((nodes.seen[:, :, m].any(1) & ~learned).sum()))
        on = nodes.seen[:, :, m] & learned[:, None]
        if omic in omics or not on.any():
            continue
        genes = on.any(1)
        mean = (z[:, :, m] * on).sum(1)[genes] / on.sum(1)[genes]
        far = float((z[:, :, m][on].abs() > FAR).float().mean())
        measured = float(genes.sum() / learned.sum())
        out.append(shift_finding(omic, measured, float(mean.abs().mean()), far))
    return tuple(out)


def _unknown_levels(cohort: Cohort, nodes: Nodes) -> list[Finding]:
    """Covariates of which patients have levels that the model does not know."""
    out: list[Finding] = []
    block = cohort.clinical.reindex(list(cohort.patients))
    levels: dict[str, list[str]] = {}
    for name in nodes.covariates:
        if "=" in name:
            levels.setdefault(name.split("=")[0], []).append(name)
    for column, names in levels.items():
        told = block[[c for c in block if str(c).startswith(f"{column}=")]].notna().any(axis=1)
        known = nodes.clinical_seen[:, nodes.covariates.index(names[0])].numpy()
        out += level_unknown_finding(column, names, int((told.to_numpy() & ~known).sum()))
    return out


def recalibrate(
    score: Float[np.ndarray, " patient"],
    gain: Float[np.ndarray, " patient"],
    fold: Int[np.ndarray, " patient"],
    group: Int[np.ndarray, " patient"],
) -> Recalibrated:
    """Benefit on the new cohort's level and scale, each patient's learned on the other folds.

    The slope is held between 0 and 1, as in the model's own shrinkage.
    """
    out = np.empty(len(score))
    for k in np.unique(fold):
        others = fold != k
        slope = float(np.clip(metrics.blp_slope(score[others], gain[others]).value, 0, 1))
        out[~others] = gain[others].mean() + slope * (score[~others] - score[others].mean())
    return Recalibrated(float(gain.mean()), metrics.blp_slope(score, gain, group), out)


class _Given(NamedTuple):
    scores: Nuisances
    fold: Int[np.ndarray, " patient"]
    calibration: Calibration
    tau: Float[np.ndarray, " patient"]


def _on_the_models_terms(model: Model, nodes: Nodes) -> Nodes:
    """The new cohort at the model's horizon, once it is known that both ask the same."""
    kind, estimand = model.layout.outcome, model.recipe.estimand
    survival = estimand.name in ("months_gained", "survival_gained")
    if survival != (nodes.outcome == "survival") or (not survival and kind != nodes.outcome):
        raise CohortError(
            f"the model was trained on a {kind} outcome, the cohort has a {nodes.outcome} one"
        )
    if model.arms[0] not in nodes.arms:
        raise CohortError(
            f"the model compares with arm {model.arms[0]!r}, which the cohort lacks; it has "
            f"{', '.join(nodes.arms)}: rename its arms in [cohort.treatment]"
        )
    if not set(model.arms[1:]) & set(nodes.arms):
        raise CohortError(
            f"no arm of the model ({', '.join(model.arms[1:])}) is in the cohort, which has "
            f"{', '.join(nodes.arms)}"
        )
    nodes = replace(nodes, horizon=estimand.at) if survival else nodes
    check_size(nodes, N_FOLDS)
    return nodes


def source_scores(nodes: Nodes, seed: int, estimand: Estimand | None = None) -> Nuisances:
    """Cross-fitted scores of a cohort by its own nuisances, months gained by default."""
    return _scores(estimand, nodes, folds(nodes, N_FOLDS, rng_for(seed, 0)))


def _scores(
    estimand: Estimand | None, nodes: Nodes, fold: Int[np.ndarray, " patient"]
) -> Nuisances:
    check_follow_up(nodes, fold, estimand.at if estimand is not None else nodes.horizon)
    parts = []
    for k in range(N_FOLDS):
        train, test = (torch.from_numpy(np.flatnonzero(m)) for m in (fold != k, fold == k))
        rows = np.flatnonzero((fold == k)[nodes.patient_of.numpy()])
        part = fit_nuisances(nodes.take(train), nodes.take(test), Scaling(), estimand)
        parts.append((test, rows, part))
    return join(parts, nodes)


def _contrast(model: Model, nodes: Nodes, given: _Given, seed: int) -> External:
    scores, fold, c, tau = given
    a, b = nodes.arms.index(model.arms[0]), nodes.arms.index(c.arm)
    on = compared(nodes, a, b)
    gain, score = (scores.gamma[:, b] - scores.gamma[:, a])[on], tau[on]
    group = scores.group[on]
    benefit, rng = c.benefit(tau), rng_for(seed, 5, b)
    autoc = metrics.autoc_with_se(score, gain, rng, group)
    p = float(2 * norm.sf(abs(autoc.value / autoc.se))) if autoc.se > 0 else 1.0
    level = metrics.mean_gain(benefit[on] - gain, group)
    halves = metrics.gain_by_group(score, gain, 2, group)
    risk = -scores.mu[on, a]
    ahead = metrics.autoc_difference(score, risk, gain, rng, group)
    recalibrated = recalibrate(score, gain, fold[on], group)
    everyone = np.full(len(tau), recalibrated.level)
    everyone[on] = recalibrated.benefit
    choice = (benefit[on] > 0).astype(int)
    arms = (model.arms[0], c.arm)
    slope = metrics.blp_slope(benefit[on], gain, group) if c.differs else recalibrated.slope
    return External(
        arm=c.arm,
        reference=model.arms[0],
        benefit=benefit,
        score=tau,
        average=metrics.mean_gain(gain, group),
        autoc=autoc,
        p=p,
        qini=metrics.qini(score, gain),
        level=level,
        slope=slope,
        differs=c.differs,
        halves=(halves[1][1], halves[0][1]),
        groups=tuple(metrics.gain_by_group(score, gain, N_GROUPS, group)),
        toc=Toc(TOC_POINTS, *metrics.toc_band(score, gain, TOC_POINTS, rng, group)),
        policy=policy_values(choice, scores.gamma[on][:, [a, b]], arms, fold[on], group),
        recalibrated=recalibrated._replace(benefit=everyone),
        findings=(
            _overlap(nodes, scores),
            ranking_finding(autoc, p),
            level_finding(level),
            spread_finding(slope, c.differs),
            comparator_finding("ranking by risk alone", ahead),
        ),
    )


def _overlap(nodes: Nodes, scores: Nuisances) -> Finding:
    block = nodes.known_clinical[nodes.patient_of]
    return overlap_finding(overlap(scores.propensity, nodes.arm.numpy(), block), nodes.randomised)
