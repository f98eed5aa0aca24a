"""Outcomes and covariates by arm: Kaplan-Meier curves, rates, means, balance, tiny arms."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float
from scipy.stats import norm
from scipy.stats import t as student

from pathgnn.benefit.smd import standardised_difference
from pathgnn.benefit.verdict import Finding
from pathgnn.cohort.cohort import Cohort, Outcome
from pathgnn.cohort.small_cells import SMALL_CELL, shown_count

TINY_ARM = 20
Z95 = float(norm.ppf(0.975))


class Curve(NamedTuple):
    """Kaplan-Meier curve of an arm; the first time is 0, where survival is 1."""

    arm: str
    time: Float[np.ndarray, " time"]
    survival: Float[np.ndarray, " time"]
    low: Float[np.ndarray, " time"]
    high: Float[np.ndarray, " time"]


class Level(NamedTuple):
    """Share of good outcomes, or mean outcome, of an arm with its 95 % interval."""

    arm: str
    n: int
    value: float
    low: float
    high: float


class Arm(NamedTuple):
    """Size of an arm; events and months are 0 where the outcome is no survival time."""

    arm: str
    patients: int
    rows: int
    events: int
    follow_up: float

    @property
    def shown_events(self) -> int | str:
        """The events, or that they, or the rows without one, are fewer than five."""
        if 0 < self.rows - self.events < SMALL_CELL:
            return f">{self.rows - SMALL_CELL}"
        return shown_count(self.events)


def arms_of(outcome: Outcome) -> tuple[Arm, ...]:
    """Every arm; follow-up is the median time of the rows without an event."""
    out = []
    for k, arm in enumerate(outcome.arms):
        on = outcome.arm == k
        patients = len({outcome.patient[i] for i in np.flatnonzero(on)})
        if outcome.kind == "survival":
            free = outcome.value[on & ~outcome.event]
            follow_up = float(np.median(free)) if len(free) else float("nan")
            out.append(Arm(arm, patients, int(on.sum()), int(outcome.event[on].sum()), follow_up))
        else:
            good = int((outcome.value[on] == 1).sum()) if outcome.kind == "binary" else 0
            out.append(Arm(arm, patients, int(on.sum()), good, 0.0))
    return tuple(out)


def curves(outcome: Outcome) -> tuple[Curve, ...]:
    """Kaplan-Meier curve of every arm; empty unless the outcome is a survival time."""
    if outcome.kind != "survival":
        return ()
    on = [outcome.arm == k for k in range(len(outcome.arms))]
    return tuple(
        Curve(a, *kaplan_meier(outcome.value[o], outcome.event[o]))
        for a, o in zip(outcome.arms, on, strict=True)
    )


def kaplan_meier(
    time: Float[np.ndarray, " row"], event: Bool[np.ndarray, " row"]
) -> tuple[
    Float[np.ndarray, " time"],
    Float[np.ndarray, " time"],
    Float[np.ndarray, " time"],
    Float[np.ndarray, " time"],
]:
    """Times, survival just after them, and its 95 % limits on the log(-log) scale.

    Events go before censorings at tied times. The curve starts with S(0) = 1 and ends with the
    last follow-up.
    """
    at, died = np.unique(time[event], return_counts=True)
    at_risk = len(time) - np.searchsorted(np.sort(time), at, side="left")
    survival = np.cumprod(1 - died / at_risk)
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = np.cumsum(died / (at_risk * (at_risk - died)))
        bent = np.exp(Z95 * np.sqrt(variance) / np.log(survival))
        low, high = survival ** (1 / bent), survival**bent
    low, high = (np.where(np.isfinite(x), x, survival) for x in (low, high))
    at = np.concatenate([[0.0], at, [time.max()]])
    full = [np.concatenate([[1.0], x, x[-1:] if len(x) else [1.0]]) for x in (survival, low, high)]
    return at, full[0], full[1], full[2]


def levels(outcome: Outcome) -> tuple[Level, ...]:
    """Rate (Wilson's interval) or mean (Student's) of every arm; empty for survival."""
    if outcome.kind == "survival":
        return ()
    of = _rate if outcome.kind == "binary" else _mean
    return tuple(of(arm, outcome.value[outcome.arm == k]) for k, arm in enumerate(outcome.arms))


def balance(cohort: Cohort) -> pd.DataFrame:
    """Every covariate: mean in each arm, and the largest standardised difference from reference.

    Means are over outcome rows where the covariate is known; shares for indicators, NaN where
    they, or what they leave, stand for fewer than five rows. The difference is that of
    `standardised_difference`; NaN, where an arm has no value, comes first.
    """
    outcome = cohort.outcome
    x = cohort.clinical.reindex(list(outcome.patient)).astype(float).reset_index(drop=True)
    each = [x[outcome.arm == k] for k in range(len(outcome.arms))]
    out = pd.DataFrame({"covariate": list(map(str, x.columns))})
    for arm, part in zip(outcome.arms, each, strict=True):
        out[f"arm {arm}"] = part.mean().where(~_small(part, x)).to_numpy()
    known = [[part.iloc[:, j].dropna().to_numpy() for part in each] for j in range(x.shape[1])]
    apart = [[standardised_difference(first, other) for other in rest] for first, *rest in known]
    out["smd"] = np.array([np.max(of_arms) for of_arms in apart])
    out["missing"] = x.isna().mean().to_numpy()
    return out.sort_values(
        "smd", ascending=False, ignore_index=True, kind="stable", na_position="first"
    )


def _small(in_arm: pd.DataFrame, everywhere: pd.DataFrame) -> pd.Series:
    """Is a covariate an indicator that few rows of the arm have, or few lack?"""
    is_flag = (everywhere.isin((0, 1)) | everywhere.isna()).all()
    counts = pd.concat([(in_arm == 1).sum(), (in_arm == 0).sum()], axis=1)
    return is_flag & ((counts > 0) & (counts < SMALL_CELL)).any(axis=1)


def size_findings(outcome: Outcome) -> tuple[Finding, ...]:
    """Arms with few patients, and strata in which there is nothing to compare with."""
    out = []
    tiny = [a for a in arms_of(outcome) if a.patients < TINY_ARM]
    if tiny:
        said = ", ".join(f"'{a.arm}' {a.patients}" for a in tiny)
        said = f"Arms of fewer than {TINY_ARM} patients: {said}. Leave them out with `arms` in "
        said += "[cohort.treatment], or join arms that are the same treatment."
        out.append(Finding("warning", "arms", float(min(a.patients for a in tiny)), said))
    strata = np.unique(outcome.stratum)
    alone = [s for s in strata if len(np.unique(outcome.arm[outcome.stratum == s])) < 2]
    if alone and len(strata) > 1:
        rows = int(np.isin(outcome.stratum, alone).sum())
        said = f"{len(alone)} of {len(strata)} strata ({rows} rows) hold one arm only, so there is "
        said += "nothing to compare with inside: use coarser `strata`, or leave them out."
        out.append(Finding("warning", "arms", float(len(alone)), said))
    return tuple(out)


def unrecorded_findings(cohort: Cohort) -> tuple[Finding, ...]:
    """Covariates of which an arm has no value, while another has: not comparable between arms."""
    outcome = cohort.outcome
    known = cohort.clinical.notna().reindex(list(outcome.patient), fill_value=False).to_numpy()
    lacks = {
        arm: [
            str(c) for c in cohort.clinical.columns[known.any(0) & ~known[outcome.arm == k].any(0)]
        ]
        for k, arm in enumerate(outcome.arms)
    }
    said = "; ".join(f"'{arm}' {', '.join(columns)}" for arm, columns in lacks.items() if columns)
    if not said:
        return ()
    number = float(sum(map(len, lacks.values())))
    said = f"Covariates of which an arm has no value at all: {said}. They cannot be compared "
    said += "between arms: leave them out of `columns` in [cohort.clinical]."
    return (Finding("warning", "covariates", number, said),)


def _rate(arm: str, value: Float[np.ndarray, " row"]) -> Level:
    n, p = max(1, len(value)), float(value.mean()) if len(value) else 0.0
    middle = (p + Z95**2 / (2 * n)) / (1 + Z95**2 / n)
    half = Z95 * np.sqrt(p * (1 - p) / n + Z95**2 / (4 * n**2)) / (1 + Z95**2 / n)
    return Level(arm, len(value), p, float(middle - half), float(middle + half))


def _mean(arm: str, value: Float[np.ndarray, " row"]) -> Level:
    n, mean = len(value), float(value.mean()) if len(value) else float("nan")
    if n < 2:
        return Level(arm, n, mean, float("nan"), float("nan"))
    half = float(student.ppf(0.975, n - 1) * value.std(ddof=1) / np.sqrt(n))
    return Level(arm, n, mean, mean - half, mean + half)
