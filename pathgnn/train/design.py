"""Safeguards on how a study was made: estimand card, strata, randomisation, follow-up, folds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import torch
from jaxtyping import Float

from pathgnn.benefit.censored import censoring_curve
from pathgnn.benefit.safeguards import (
    Card,
    concurrency_finding,
    estimand_finding,
    followed_finding,
    inside_folds_finding,
    randomisation_finding,
    strata_finding,
)
from pathgnn.benefit.verdict import Finding
from pathgnn.cohort.cohort import Cohort
from pathgnn.cohort.event_columns import UNKNOWN
from pathgnn.errors import CohortError
from pathgnn.graph.graph import PathwayGraph
from pathgnn.graph.nodes import Nodes
from pathgnn.model.scales import Scaling, learned_scales
from pathgnn.seeds import rng_for
from pathgnn.train.check import propensities, thinned
from pathgnn.train.folds import folds
from pathgnn.train.linear import LinearTask, ridge_genes
from pathgnn.train.nuisance import fit_nuisances
from pathgnn.train.survival_model import follow_up


def design_findings(
    cohort: Cohort, nodes: Nodes, graph: PathwayGraph, n_folds: int, seed: int
) -> tuple[Finding, ...]:
    """Safeguards 1, 3, 5 and 9, before any network is trained."""
    out = [estimand_finding(_card(nodes), nodes.n_patients)]
    if nodes.randomised and not nodes.crossover:
        arm = nodes.arm.numpy()
        if not nodes.propensity.shape[1]:
            out.append(strata_finding(nodes.stratum.numpy(), arm))
        out.append(randomisation_finding(arm, arm_scores(nodes, n_folds, seed)))
    if "enrolled" in cohort.beside:
        enrolled = _as_numbers(cohort.beside["enrolled"])
        rows = enrolled.reindex(list(cohort.outcome.patient)).to_numpy(dtype=float)
        out.append(concurrency_finding(rows, cohort.outcome.arm, cohort.outcome.arms))
    if nodes.outcome == "survival":
        out.append(_followed(nodes))
    return (*out, inside_folds_finding(moved_by_scrambling(nodes, graph, n_folds, seed)))


def arm_scores(nodes: Nodes, n_folds: int, seed: int) -> Float[np.ndarray, "row arm"]:
    """Cross-fitted probability of each arm by the measurements, beyond what randomisation set."""
    as_if = replace(nodes, randomised=False, propensity=nodes.propensity[:, :0])
    return np.asarray(propensities(as_if, n_folds, seed) - propensities(nodes, n_folds, seed))


def moved_by_scrambling(nodes: Nodes, graph: PathwayGraph, n_folds: int, seed: int) -> float:
    """Largest change of a held-out prediction when held-out outcomes are scrambled; 0 is right.

    Of the outcome models and of the ridge on scores, in one fold; the networks learn from the
    same folds.
    """
    nodes = thinned(nodes)
    rng = rng_for(seed, 12)
    held = folds(nodes, n_folds, rng_for(seed, 0)) == 0
    rows = held[nodes.patient_of.numpy()]
    value = nodes.value.clone()
    value[rows] = value[rows][torch.from_numpy(rng.permutation(int(rows.sum())))]
    value[rows] += float(nodes.value.std())
    if nodes.outcome == "binary":
        value[rows] = 1 - nodes.value[rows]
    before, after = (_predicted(n, graph, held) for n in (nodes, replace(nodes, value=value)))
    return max(float(np.abs(a - b).max()) for a, b in zip(before, after, strict=True))


def _predicted(
    nodes: Nodes, graph: PathwayGraph, held: np.ndarray
) -> tuple[Float[np.ndarray, "patient arm"], Float[np.ndarray, "patient contrast"]]:
    """Expected outcomes of the held-out patients, and their benefit by a ridge on scores."""
    graph = graph.restrict(nodes.genes) if len(nodes.genes) < len(graph.genes) else graph
    train, test = (nodes.take(torch.from_numpy(np.flatnonzero(m))) for m in (~held, held))
    half = np.arange(train.n_patients) % 2 == 0
    first, second = (train.take(torch.from_numpy(np.flatnonzero(m))) for m in (half, ~half))
    scales = learned_scales(second, Scaling())
    effect = ridge_genes(LinearTask(second, fit_nuisances(first, second), graph, scales))
    return fit_nuisances(train, test).mu, effect(scales(test)).double().numpy()


def _card(nodes: Nodes) -> Card:
    if nodes.crossover:
        source = "the probability of an arm is its share of a patient's own rows"
    elif nodes.propensity.shape[1]:
        source = "the probabilities of the arms are those that the study names"
    elif nodes.randomised:
        source = "the probabilities of the arms are their shares in each stratum"
    else:
        strata = " and strata" if int(nodes.stratum.max()) else ""
        source = f"the probabilities of the arms are modelled on measurements{strata}, cross-fitted"
    unit = nodes.unit or "outcome"
    asked = f"difference in the {unit}"
    if nodes.outcome == "survival":
        asked = f"months gained or survival gained, by month {nodes.horizon:g} at most"
    elif nodes.outcome == "binary":
        asked = "difference in the probability of the good outcome"
    counts = np.bincount(nodes.arm.numpy(), minlength=len(nodes.arms))
    return Card(
        outcome=nodes.outcome,
        estimand=asked,
        arms=dict(zip(nodes.arms, counts.tolist(), strict=True)),
        randomised=nodes.randomised,
        crossover=nodes.crossover,
        propensity=source,
        competing=nodes.has_competing,
    )


def _followed(nodes: Nodes) -> Finding:
    rows, arm = follow_up(nodes), nodes.arm.numpy()
    share, n_events = {}, {}
    for k, name in enumerate(nodes.arms):
        own = rows.take(arm == k)
        curve = censoring_curve(own.time, own.ended)
        share[name] = float(curve.before(np.array([nodes.horizon]))[0])
        if len(curve.time) and float(own.time.max()) < nodes.horizon:
            share[name] = 0.0
        n_events[name] = int((own.event & (own.time < nodes.horizon)).sum())
    return followed_finding(share, nodes.horizon, n_events)


def _as_numbers(column: pd.Series) -> pd.Series:
    """Days of dates, or the numbers that are there.

    Raises:
        CohortError: a text that is neither.
    """
    column = column.where(~column.astype(str).str.strip().str.lower().isin(UNKNOWN))
    number = pd.to_numeric(column, errors="coerce")
    if (number.notna() | column.isna()).all():
        return number
    date = pd.to_datetime(column, errors="coerce", format="ISO8601", utc=True)
    if n := int((date.isna() & column.notna()).sum()):
        raise CohortError(f"{n} dates of `enrolled` cannot be read; write them as 2019-05-31")
    return (date - pd.Timestamp(0, tz="UTC")) / pd.Timedelta(days=1)
