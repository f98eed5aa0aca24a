"""Small trials with a planted cascade, as the demo and the tests use them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from jaxtyping import Float, Int

from pathgnn.cohort.activity import Changes, draw_changes, flowing_activity, own_activity
from pathgnn.cohort.cohort import Cohort, Outcome
from pathgnn.cohort.truth import Truth

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
class Plan:
    """Which genes decide benefit and prognosis, and how strongly.

    `cascade` runs from receptor to effector; `direction` is +1 where more activity means more
    benefit. Sizes are in standard deviations of the noise. The pathways are names, for the truth.
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
    pathway: str = ""
    prognostic_pathway: str = ""

    @property
    def cascade_edges(self) -> tuple[tuple[str, str], ...]:
        """Edges of the graph between two genes of the cascade."""
        inside = np.isin(self.edges, pd.Index(self.genes).get_indexer(pd.Index(self.cascade)))
        pairs = self.edges[:, inside.all(0)].T
        return tuple((self.genes[u], self.genes[v]) for u, v in pairs)


def simulate_trial(plan: Plan, n_patients: int, rng: np.random.Generator) -> tuple[Cohort, Truth]:
    """A two-arm randomised trial with five omics and a continuous response, and its truth.

    Each gene has a hidden activity: its own part, an effect of its mutation and copy number, and
    what comes along the edges. The omics see activity with noise. Benefit is a saturating
    function of the signed activity of the cascade; prognosis one of the prognostic genes.
    """
    changes = draw_changes(n_patients, len(plan.genes), rng)
    activity = flowing_activity(plan.edges, plan.sign, changes, rng)
    score = _score(activity, plan.genes, plan.cascade, np.array(plan.direction))
    return _trial(plan, changes, activity, score, rng)


def simulate_relay(plan: Plan, n_patients: int, rng: np.random.Generator) -> tuple[Cohort, Truth]:
    """A trial whose benefit only the graph can tell: its genes are not measured.

    The cascade's genes have no activity of their own; each is what measured genes send it along
    its edges, with their signs. Every other gene is on its own.
    """
    changes = draw_changes(n_patients, len(plan.genes), rng)
    activity = own_activity(changes, rng)
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
    told = replace(plan, direction=(1,) * len(plan.cascade))
    return _trial(told, changes, activity, score, rng, unseen=plan.cascade)


def simulate_local(plan: Plan, n_patients: int, rng: np.random.Generator) -> tuple[Cohort, Truth]:
    """A trial to which edges mean nothing: every gene is on its own, and all are measured."""
    changes = draw_changes(n_patients, len(plan.genes), rng)
    activity = own_activity(changes, rng)
    activity = (activity - activity.mean(0)) / activity.std(0)
    score = _score(activity, plan.genes, plan.cascade, np.array(plan.direction))
    return _trial(plan, changes, activity, score, rng)


def _trial(
    plan: Plan,
    changes: Changes,
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
    return cohort, _truth(plan, benefit, patients)


def _truth(plan: Plan, benefit: Float[np.ndarray, " patient"], patients: tuple[str, ...]) -> Truth:
    return Truth(
        tau=benefit[:, None],
        score=benefit[:, None],
        propensity=np.full((len(benefit), 2), 0.5),
        confounder=np.zeros(len(benefit)),
        patients=patients,
        arms=("control", "treated"),
        genes=plan.genes,
        cascade=plan.cascade,
        direction=plan.direction,
        parts=(plan.cascade,),
        prognostic=plan.prognostic,
        edges=plan.cascade_edges,
        pathway=plan.pathway,
        prognostic_pathway=plan.prognostic_pathway,
        estimand="gain in the response score",
    )


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
