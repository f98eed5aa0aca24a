"""Cohorts with a planted cascade and a known benefit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Float, Int

from pathgnn.cohort.cohort import Cohort, Outcome

# Share of patients in whom a whole omic was not measured, and share of genes an omic covers.
LACKING: Mapping[str, float] = {
    "expression": 0.05,
    "protein": 0.25,
    "mutation": 0.03,
    "copy_number": 0.03,
    "methylation": 0.20,
}
COVERED: Mapping[str, float] = {
    "expression": 1.0,
    "protein": 0.5,
    "mutation": 1.0,
    "copy_number": 1.0,
    "methylation": 0.7,
}


@dataclass(frozen=True)
class Truth:
    """What a simulated cohort was made from."""

    benefit: Float[np.ndarray, " patient"]
    cascade: tuple[str, ...]
    prognostic: tuple[str, ...]


@dataclass(frozen=True)
class Plan:
    """Which genes decide benefit and prognosis, and how strongly.

    `cascade` runs from receptor to effector; `direction` is +1 where more activity means more
    benefit. Sizes are in standard deviations of the noise.
    """

    genes: tuple[str, ...]
    edges: Int[np.ndarray, "2 edge"]
    sign: Int[np.ndarray, " edge"]
    cascade: tuple[str, ...]
    direction: tuple[int, ...]
    prognostic: tuple[str, ...]
    mean_benefit: float = 0.5
    sd_benefit: float = 1.0
    sd_prognosis: float = 1.0


def simulate_trial(plan: Plan, n_patients: int, rng: np.random.Generator) -> tuple[Cohort, Truth]:
    """A two-arm randomised trial with five omics and a continuous response, and its truth.

    Each gene has a hidden activity: its own part, an effect of its mutation and copy number, and
    what comes along the edges. The omics see activity with noise. Benefit is a saturating
    function of the signed activity of the cascade; prognosis one of the prognostic genes.
    """
    changes = _changes(plan, n_patients, rng)
    activity = _activity(plan, changes, rng)
    score = _score(activity, plan.genes, plan.cascade, np.array(plan.direction))
    return _trial(plan, changes, activity, score, rng)


def simulate_relay(plan: Plan, n_patients: int, rng: np.random.Generator) -> tuple[Cohort, Truth]:
    """A trial whose benefit only the graph can tell: its genes are not measured.

    The cascade's genes have no activity of their own; each is what measured genes send it along
    its edges, with their signs. Every other gene is on its own.
    """
    changes = _changes(plan, n_patients, rng)
    activity = _own(changes, rng)
    hidden = pd.Index(plan.genes).get_indexer(pd.Index(list(plan.cascade)))
    source, target = plan.edges
    sent = np.zeros_like(activity)
    on = np.isin(target, hidden) & ~np.isin(source, hidden)
    np.add.at(sent.T, target[on], (activity[:, source[on]] * plan.sign[on]).T)
    n_in = np.bincount(target[on], minlength=len(plan.genes))
    fed = hidden[n_in[hidden] > 0]
    activity[:, hidden] = sent[:, hidden] / np.sqrt(n_in[hidden].clip(1))
    names = [plan.genes[i] for i in fed]
    score = _score(activity, plan.genes, names, np.ones(len(names)))
    return _trial(plan, changes, activity, score, rng, unseen=plan.cascade)


def simulate_local(plan: Plan, n_patients: int, rng: np.random.Generator) -> tuple[Cohort, Truth]:
    """A trial to which edges mean nothing: every gene is on its own, and all are measured."""
    changes = _changes(plan, n_patients, rng)
    activity = _own(changes, rng)
    activity = (activity - activity.mean(0)) / activity.std(0)
    score = _score(activity, plan.genes, plan.cascade, np.array(plan.direction))
    return _trial(plan, changes, activity, score, rng)


class _Changes(NamedTuple):
    mutation: Float[np.ndarray, "patient gene"]
    copies: Float[np.ndarray, "patient gene"]


def _changes(plan: Plan, n_patients: int, rng: np.random.Generator) -> _Changes:
    shape = (n_patients, len(plan.genes))
    mutation = (rng.random(shape) < 0.04).astype(float)
    return _Changes(mutation, rng.choice([-1.0, 0.0, 1.0], shape, p=[0.1, 0.8, 0.1]))


def _own(changes: _Changes, rng: np.random.Generator) -> Float[np.ndarray, "patient gene"]:
    """Activity without what comes along the edges."""
    noise = rng.standard_normal(changes.mutation.shape)
    return np.asarray(noise + changes.mutation + 0.5 * changes.copies)


def _trial(
    plan: Plan,
    changes: _Changes,
    activity: Float[np.ndarray, "patient gene"],
    score: Float[np.ndarray, " patient"],
    rng: np.random.Generator,
    unseen: tuple[str, ...] = (),
) -> tuple[Cohort, Truth]:
    """Arms, responses and omics; genes that are unseen stand in no omic."""
    n_patients = len(activity)
    patients = tuple(f"S{i:05d}" for i in range(n_patients))
    benefit = plan.mean_benefit + plan.sd_benefit * score
    prognosis = plan.sd_prognosis * _score(
        activity, plan.genes, plan.prognostic, np.ones(len(plan.prognostic))
    )
    arm = rng.permutation(np.arange(n_patients) % 2)
    value = prognosis + arm * benefit + rng.standard_normal(n_patients)
    noise = rng.standard_normal((2, *activity.shape))
    layers = {
        "expression": activity + 0.7 * rng.standard_normal(activity.shape),
        "protein": activity + 0.7 * noise[0],
        "mutation": changes.mutation,
        "copy_number": changes.copies,
        "methylation": -0.7 * activity + noise[1],
    }
    omics = {k: _lose(x, k, plan.genes, patients, rng) for k, x in layers.items()}
    cohort = Cohort(
        name="simulated trial",
        patients=patients,
        omics={k: t.drop(columns=list(unseen), errors="ignore") for k, t in omics.items()},
        kinds={k: k for k in layers},
        clinical=pd.DataFrame({"age": rng.normal(60, 10, n_patients)}, index=list(patients)),
        outcome=Outcome(
            kind="continuous",
            patient=patients,
            arm=arm,
            arms=("control", "treated"),
            value=value,
            event=np.ones(n_patients, dtype=bool),
            stratum=np.zeros(n_patients, dtype=int),
            randomised=True,
            unit="response score",
        ),
        notes=("simulated: benefit and its cascade are known",),
    )
    return cohort, Truth(benefit=benefit, cascade=plan.cascade, prognostic=plan.prognostic)


def _activity(
    plan: Plan, changes: _Changes, rng: np.random.Generator
) -> Float[np.ndarray, "patient gene"]:
    """Hidden activity, unit variance per gene, after two rounds of flow along the edges."""
    own = _own(changes, rng)
    activity = own
    source, target = plan.edges
    n_in = np.bincount(target, minlength=len(plan.genes)).clip(1)
    for _ in range(2):
        flow = np.zeros_like(own)
        np.add.at(flow.T, target, (activity[:, source] * plan.sign).T)
        activity = own + 0.5 * flow / np.sqrt(n_in)
    return np.asarray((activity - activity.mean(0)) / activity.std(0))


def _score(
    activity: Float[np.ndarray, "patient gene"],
    genes: tuple[str, ...],
    chosen: Sequence[str],
    direction: Float[np.ndarray, " chosen"] | Int[np.ndarray, " chosen"],
) -> Float[np.ndarray, " patient"]:
    """Saturating, standardised sum of the signed activities of the chosen genes."""
    at = pd.Index(genes).get_indexer(pd.Index(list(chosen)))
    total = activity[:, at] @ direction
    bent = np.tanh(total / total.std())
    return np.asarray((bent - bent.mean()) / bent.std())


def _lose(
    values: Float[np.ndarray, "patient gene"],
    omic: str,
    genes: tuple[str, ...],
    patients: tuple[str, ...],
    rng: np.random.Generator,
) -> pd.DataFrame:
    """The table of one omic without the genes it does not cover and the patients who lack it."""
    n_genes = max(2, round(COVERED[omic] * len(genes)))
    covered = np.sort(rng.choice(len(genes), n_genes, replace=False))
    has = np.flatnonzero(rng.random(len(patients)) >= LACKING[omic])
    table = pd.DataFrame(values[np.ix_(has, covered)])
    table.index = pd.Index([patients[i] for i in has])
    table.columns = pd.Index([genes[j] for j in covered])
    return table
