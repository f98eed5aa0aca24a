"""Mechanism: how the activity of a cascade becomes benefit, and other activity prognosis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Literal, NamedTuple

import numpy as np
from jaxtyping import Float, Int

from pathgnn.cohort.activity import standardised
from pathgnn.cohort.simulate import Plan
from pathgnn.errors import CohortError, ConfigError
from pathgnn.settings import Settings, setting

Shape = Literal["linear", "threshold", "and_gate", "sign_conflict"]
# Share of patients in whom a step is on. A rarer AND gate is further from any straight line.
USUALLY_ON: Mapping[str, float] = MappingProxyType({"threshold": 0.5, "and_gate": 0.1})


class Mechanism(Settings):
    """Which genes decide benefit and prognosis, in which way and how strongly.

    Sizes are on the scale of the outcome: units of a continuous one, log odds of a good one, log
    hazard taken off.
    """

    pathway: str = setting("", "where the cascade lies; empty: the one with the longest path")
    cascade: tuple[str, ...] = setting(
        (), "genes from receptor to effector; empty: a longest path of the pathway"
    )
    prognostic_pathway: str = setting("", "empty: a large one that shares least with the other")
    longest: int = setting(8, "most genes of a cascade that is looked for", ge=3)
    shape: Shape = setting("linear", "linear, threshold, and_gate or sign_conflict")
    on: float = setting(0.0, "share of patients above the step; 0: the shape's usual", ge=0, lt=1)
    gates: int = setting(3, "and_gate: parts of the cascade that must be on together", ge=2, le=4)
    mean_benefit: float = setting(0.5, "mean of the benefit's score")
    sd_benefit: float = setting(1.0, "its standard deviation; 0: the same for everyone", ge=0)
    sd_prognosis: float = setting(1.0, "standard deviation of what genes do in every arm", ge=0)
    sd_clinical: float = setting(0.5, "the same of the clinical covariates", ge=0)
    prognostic_overlap: float = setting(
        0.0, "share of the prognostic genes that lie in the cascade", ge=0, le=1
    )
    arm_effects: tuple[float, ...] = setting(
        (), "factor of the benefit's score per treated arm; empty: 1 each"
    )
    own_parts: bool = setting(
        True, "do arms after the first treated one work through half of the cascade each?"
    )


class Effect(NamedTuple):
    """Scores on the scale of the outcome, and the genes they come from."""

    benefit: Float[np.ndarray, "patient contrast"]
    prognosis: Float[np.ndarray, " patient"]
    parts: tuple[tuple[str, ...], ...]
    direction: tuple[int, ...]
    prognostic: tuple[str, ...]


def effect_of(
    plan: Plan, activity: Float[np.ndarray, "patient gene"], settings: Mechanism, n_contrasts: int
) -> Effect:
    """Benefit of every contrast and prognosis, from the hidden activity of the plan's genes.

    Sizes are those of `settings`; the plan says which genes. Each contrast's score has the mean
    and the standard deviation asked for, in these very patients.
    """
    factors = settings.arm_effects or (1.0,) * n_contrasts
    if len(factors) != n_contrasts:
        raise ConfigError(
            f"arm_effects names {len(factors)} sizes for {n_contrasts} treated arms; give one each"
        )
    direction = _directions(plan, settings.shape)
    column = {gene: activity[:, i] for i, gene in enumerate(plan.genes)}
    parts = tuple(_part(plan.cascade, k, settings) for k in range(n_contrasts))
    towards = dict(zip(plan.cascade, direction, strict=True))
    scores = []
    for part, factor in zip(parts, factors, strict=True):
        signed = np.stack([column[g] * towards[g] for g in part], axis=1)
        level = _level(signed, np.array([towards[g] for g in part]), settings)
        scores.append(factor * (settings.mean_benefit + settings.sd_benefit * _spread(level)))
    prognostic = prognostic_genes(plan, settings.prognostic_overlap)
    total = np.sum([column[g] for g in prognostic], axis=0)
    prognosis = settings.sd_prognosis * standardised(np.asarray(total))
    return Effect(np.stack(scores, axis=1), prognosis, parts, direction, prognostic)


def prognostic_genes(plan: Plan, overlap: float) -> tuple[str, ...]:
    """As many genes as the cascade has, a share of them from it, the others from outside.

    Fewer where the plan names too few outside genes for that share.
    """
    cascade = plan.cascade
    outside = [g for g in plan.prognostic if g not in cascade]
    for size in range(len(cascade), 0, -1):
        inside = round(overlap * size)
        if size - inside <= len(outside):
            # Spread over the cascade, so that no end of it is prognostic alone.
            places = np.linspace(0, len(cascade) - 1, inside).round().astype(int)
            return (*(cascade[i] for i in places), *outside[: size - inside])
    raise CohortError(
        "no gene outside the cascade can be prognostic; name another prognostic_pathway, or set "
        "prognostic_overlap = 1"
    )


def _directions(plan: Plan, shape: Shape) -> tuple[int, ...]:
    if shape == "sign_conflict":
        return tuple(1 if i % 2 == 0 else -1 for i in range(len(plan.cascade)))
    return plan.direction


def _part(cascade: Sequence[str], contrast: int, settings: Mechanism) -> tuple[str, ...]:
    """The whole cascade for the first contrast, then its lower, its upper, its lower half, ..."""
    if contrast == 0 or not settings.own_parts:
        return tuple(cascade)
    half = len(cascade) // 2
    return tuple(cascade[half:] if contrast % 2 else cascade[:half])


def _level(
    signed: Float[np.ndarray, "patient chosen"],
    direction: Int[np.ndarray, " chosen"],
    settings: Mechanism,
) -> Float[np.ndarray, " patient"]:
    """What the benefit follows, in no unit."""
    total = signed.sum(1)
    if settings.shape == "linear":
        return np.asarray(total)
    if settings.shape == "sign_conflict":
        return _beyond_mean(total, (signed * direction).mean(1))
    if settings.shape == "and_gate":
        parts = np.array_split(signed, min(settings.gates, signed.shape[1]), axis=1)
        # All parts are above one cut exactly when the lowest of them is.
        total = np.min([standardised(p.sum(1)) for p in parts], axis=0)
    on = settings.on or USUALLY_ON[settings.shape]
    return np.asarray((total > np.quantile(total, 1 - on)).astype(float))


def _beyond_mean(
    total: Float[np.ndarray, " patient"], mean: Float[np.ndarray, " patient"]
) -> Float[np.ndarray, " patient"]:
    """What is left of the signed sum once the plain mean is taken out: the mean says nothing."""
    mean = standardised(mean)
    return np.asarray(total - mean * (mean @ total) / max(float(mean @ mean), 1e-12))


def _spread(level: Float[np.ndarray, " patient"]) -> Float[np.ndarray, " patient"]:
    if np.ptp(level) < 1e-12:
        raise CohortError(
            "the cascade's activity is the same in every patient, so no benefit can follow it; "
            "choose genes that were measured"
        )
    return standardised(level)
