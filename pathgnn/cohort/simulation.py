"""A whole simulated cohort and its truth, or a real cohort with simulated arms and outcomes."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Float

from pathgnn.cohort.activity import draw_changes, flowing_activity, standardised
from pathgnn.cohort.assignment import Assigned, Assignment, assign, standing_of
from pathgnn.cohort.cohort import Cohort, Outcome
from pathgnn.cohort.measurement import SLOPE, Hidden, Measurement, measure, site_of
from pathgnn.cohort.mechanism import Effect, Mechanism, effect_of
from pathgnn.cohort.simulate import Plan
from pathgnn.cohort.simulated_outcome import Drawn, SimulatedOutcome, draw_outcome
from pathgnn.cohort.truth import Truth
from pathgnn.settings import Settings, setting


class Simulation(Settings):
    """Everything that decides a simulated cohort."""

    name: str = setting("simulated cohort", "title of the study")
    n_patients: int = setting(600, "how many; a semi-synthetic cohort keeps its own", ge=40)
    seed: int = setting(1, "decides everything random", ge=0)
    mechanism: Mechanism = setting(Mechanism(), "how activity becomes benefit")
    measurement: Measurement = setting(Measurement(), "what the omics see")
    assignment: Assignment = setting(Assignment(), "who gets which arm")
    outcome: SimulatedOutcome = setting(SimulatedOutcome(), "what is observed at the end")


class Simulated(NamedTuple):
    """A cohort and what it was made from."""

    cohort: Cohort
    truth: Truth


class _Rngs(NamedTuple):
    """One generator per part, so that no part's settings change another's draws."""

    changes: np.random.Generator
    activity: np.random.Generator
    clinical: np.random.Generator
    site: np.random.Generator
    omics: np.random.Generator
    arm: np.random.Generator
    outcome: np.random.Generator


def simulate_cohort(plan: Plan, settings: Simulation, rng: np.random.Generator) -> Simulated:
    """A cohort on a plan's genes. The sizes of `settings` count, those of the plan do not.

    Each gene has a hidden activity: its own part, an effect of its mutation and copy number, and
    what comes along the edges with their signs. The omics see activity with noise; arms depend
    only on what is measured, but for a hidden confounder; outcomes on activity itself.
    """
    rngs = _Rngs(*rng.spawn(len(_Rngs._fields)))
    n = settings.n_patients
    patients = tuple(f"S{i + 1:0{max(5, len(str(n)))}d}" for i in range(n))
    changes = draw_changes(n, len(plan.genes), rngs.changes)
    activity = flowing_activity(plan.edges, _signs(plan), changes, rngs.activity)
    site = site_of(n, settings.measurement.sites, rngs.site)
    hidden = Hidden(patients, plan.genes, changes, activity)
    omics = measure(hidden, site, settings.measurement, rngs.omics)
    beside = pd.DataFrame(index=list(patients))
    if settings.measurement.sites > 1:
        beside["site"] = [f"site {s + 1}" for s in site]
    base = _Base(
        patients,
        omics,
        {k: k for k in omics},
        _clinical(patients, rngs.clinical),
        beside,
        ("simulated: benefit and its cascade are known",),
    )
    return _treated(plan, base, activity, settings, rngs)


def treat_cohort(
    plan: Plan,
    cohort: Cohort,
    activity: Float[np.ndarray, "patient gene"],
    settings: Simulation,
    rng: np.random.Generator,
) -> Simulated:
    """A real cohort, its omics and covariates as they are, with simulated arms and outcomes.

    Args:
        plan: Which genes decide benefit and prognosis.
        cohort: Its outcome and its arms are replaced, one row per patient.
        activity: What stands for each plan gene's activity, from the cohort's own omics.
        settings: Mechanism, assignment and outcome; what is measured stays.
        rng: Chance of arms and outcomes.
    """
    rngs = _Rngs(*rng.spawn(len(_Rngs._fields)))
    base = _Base(
        cohort.patients,
        dict(cohort.omics),
        dict(cohort.kinds),
        cohort.clinical,
        cohort.beside.drop(columns="arm", errors="ignore"),
        (*cohort.notes, "semi-synthetic: arms and outcomes are simulated, the rest is not"),
    )
    made = _treated(plan, base, activity, settings, rngs)
    return made._replace(cohort=replace(made.cohort, feature_maps=cohort.feature_maps))


class _Base(NamedTuple):
    """A cohort before treatment."""

    patients: tuple[str, ...]
    omics: dict[str, pd.DataFrame]
    kinds: dict[str, str]
    clinical: pd.DataFrame
    beside: pd.DataFrame
    notes: tuple[str, ...]


def _treated(
    plan: Plan,
    base: _Base,
    activity: Float[np.ndarray, "patient gene"],
    settings: Simulation,
    rngs: _Rngs,
) -> Simulated:
    """Arms, outcomes and truth on a base cohort."""
    effect = effect_of(plan, activity, settings.mechanism, settings.assignment.arms - 1)
    covariates = _covariates(base.clinical)
    standing = standing_of(-covariates, _shown(base, effect.prognostic))
    assigned = assign(standing, settings.assignment, rngs.arm)
    outlook = effect.prognosis - settings.mechanism.sd_clinical * covariates + assigned.moved
    drawn = draw_outcome(outlook, effect.benefit, assigned.arm, settings.outcome, rngs.outcome)
    cohort = Cohort(
        name=settings.name,
        patients=base.patients,
        omics=base.omics,
        kinds=base.kinds,
        clinical=base.clinical,
        outcome=_outcome(base, assigned, drawn, settings),
        notes=base.notes,
        beside=base.beside,
    )
    return Simulated(cohort, _truth(plan, cohort, effect, assigned, drawn))


def _outcome(base: _Base, assigned: Assigned, drawn: Drawn, settings: Simulation) -> Outcome:
    survival = settings.outcome.kind == "survival"
    return Outcome(
        kind=settings.outcome.kind,
        patient=base.patients,
        arm=assigned.arm,
        arms=assigned.names,
        value=drawn.value,
        event=drawn.event,
        stratum=assigned.stratum,
        randomised=settings.assignment.how in ("randomised", "stratified"),
        horizon=settings.outcome.horizon if survival else 0.0,
        unit=drawn.unit,
    )


def _truth(plan: Plan, cohort: Cohort, effect: Effect, assigned: Assigned, drawn: Drawn) -> Truth:
    return Truth(
        tau=drawn.tau,
        score=effect.benefit,
        propensity=assigned.propensity,
        confounder=assigned.confounder,
        patients=cohort.patients,
        arms=cohort.outcome.arms,
        genes=plan.genes,
        cascade=plan.cascade,
        direction=effect.direction,
        parts=effect.parts,
        prognostic=effect.prognostic,
        edges=plan.cascade_edges,
        pathway=plan.pathway,
        prognostic_pathway=plan.prognostic_pathway,
        estimand=drawn.estimand,
    )


def _signs(plan: Plan) -> np.ndarray:
    """Signs of the edges; one that is unknown is taken to activate."""
    return np.where(plan.sign == 0, 1, plan.sign)


def _clinical(patients: tuple[str, ...], rng: np.random.Generator) -> pd.DataFrame:
    age = rng.normal(60, 10, len(patients)).round(1)
    status = rng.choice([0.0, 1.0, 2.0], len(patients), p=[0.5, 0.35, 0.15])
    return pd.DataFrame({"age": age, "performance_status": status}, index=list(patients))


def _covariates(clinical: pd.DataFrame) -> Float[np.ndarray, " patient"]:
    """All covariates in one number, in sd, missing ones left out; higher is worse."""
    if clinical.shape[1] == 0:
        return np.zeros(len(clinical))
    return standardised(standardised(clinical.to_numpy(dtype=float)).sum(1))


def _shown(base: _Base, genes: tuple[str, ...]) -> Float[np.ndarray, " patient"]:
    """Mean of the prognostic genes in the first omic that follows activity; 0 where unmeasured."""
    for name, table in base.omics.items():
        columns = [g for g in genes if g in table.columns]
        if base.kinds[name] in SLOPE and columns:
            values = standardised(table[columns].to_numpy(dtype=float)).mean(1)
            shown = pd.Series(SLOPE[base.kinds[name]] * values, index=table.index)
            return shown.reindex(list(base.patients)).fillna(0.0).to_numpy()
    return np.zeros(len(base.patients))
