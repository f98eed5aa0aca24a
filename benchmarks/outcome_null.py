"""How often does a pathway stand out from permuted outcomes where nothing is to be found?

Outcomes are noise before any training: continuous, survival times of which most are censored, or
two of each patient, one per arm, that have most of their variance in common. Takes 15 minutes of
one core.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from record import arguments, bar, record

from pathgnn import simulate
from pathgnn.attribute.outcome_null import outcome_null
from pathgnn.attribute.reference import Compared
from pathgnn.benefit.estimand import Estimand, mean_gained, months_gained
from pathgnn.cohort.cohort import Outcome
from pathgnn.cohort.simulation import Simulation
from pathgnn.graph.from_curated import from_curated
from pathgnn.graph.graph import PathwayGraph
from pathgnn.graph.nodes import Nodes
from pathgnn.graph.project import project
from pathgnn.model.config import ExplainConfig, FitConfig, NetConfig
from pathgnn.seeds import rng_for
from pathgnn.train.crossfit import fit_networks
from pathgnn.train.fit import Recipe

PATHWAYS = ("TGF_BETA", "NOTCH")
PATIENTS, TRIALS, PERMUTATIONS = 200, 60, 199
# Months; of exponential times with mean 20, about six of ten are censored first.
MEAN, CENSORED, HORIZON = 20.0, 20.0, 24.0
# Share of a patient's variance that the outcomes in both arms have in common.
COMMON = 0.7
LEVEL, MOST = 0.05, 0.075


def main() -> None:
    """Trials of each kind, in turn."""
    args = arguments(__doc__ or "")
    n_trials = 1 if args.quick else TRIALS
    rows = [trial(kind, number) for number in range(n_trials) for kind in KINDS]
    bars = [_share(rows, kind, family) for kind in KINDS for family in ("benefit", "prognosis")]
    for one in bars:
        print(one)
    if not args.quick:
        record("outcome_null", __doc__ or "", {"cohorts": "simulated"}, rows, bars)


def trial(kind: str, number: int) -> dict[str, Any]:
    """Shares of the pathways whose p is at most the level, in one trial of noise."""
    nodes, estimand = noise(kind, number)
    recipe = Recipe(graph(), estimand, NetConfig(), FitConfig(folds=3, members=1))
    fitted = fit_networks(nodes, recipe, number)
    config = ExplainConfig(permutations=PERMUTATIONS)
    found = outcome_null(Compared(fitted, nodes, config, 0), PERMUTATIONS)
    row = {
        "kind": kind,
        "trial": number,
        "benefit": float((found.pathway.p <= LEVEL).mean()),
        "prognosis": float((found.prognostic.p <= LEVEL).mean()),
        "genes": float((found.gene.p <= LEVEL).mean()),
    }
    print(row, flush=True)
    return row


def graph() -> PathwayGraph:
    """Two pathways of the curated graph."""
    whole = from_curated()
    return whole.restrict({g for p in PATHWAYS for g in whole.members_of(p)})


def noise(kind: str, number: int) -> tuple[Nodes, Estimand]:
    """Simulated omics with an outcome that has nothing to do with them."""
    made = simulate(graph(), Simulation(n_patients=PATIENTS, seed=2000 + number)).cohort
    outcome, estimand = KINDS[kind](made.patients, rng_for(2000 + number, 1))
    return project(replace(made, outcome=outcome), graph()), estimand


def _continuous(patients: tuple[str, ...], rng: np.random.Generator) -> tuple[Outcome, Estimand]:
    n = len(patients)
    return _outcome("continuous", patients, _arms(n, rng), rng.standard_normal(n)), mean_gained()


def _survival(patients: tuple[str, ...], rng: np.random.Generator) -> tuple[Outcome, Estimand]:
    n = len(patients)
    time, end = rng.exponential(MEAN, n), rng.exponential(CENSORED, n).clip(max=HORIZON)
    seen = _outcome("survival", patients, _arms(n, rng), np.minimum(time, end), time <= end)
    return replace(seen, horizon=HORIZON, unit="months"), months_gained(HORIZON)


def _crossover(patients: tuple[str, ...], rng: np.random.Generator) -> tuple[Outcome, Estimand]:
    n = len(patients)
    common = np.repeat(rng.standard_normal(n), 2) * COMMON**0.5
    value = common + rng.standard_normal(2 * n) * (1 - COMMON) ** 0.5
    twice = tuple(p for p in patients for _ in range(2))
    seen = _outcome("continuous", twice, np.arange(2 * n) % 2, value)
    return replace(seen, crossover=True), mean_gained()


KINDS: dict[str, Callable[[tuple[str, ...], np.random.Generator], tuple[Outcome, Estimand]]] = {
    "continuous": _continuous,
    "survival, six of ten censored": _survival,
    "crossover, 70 % in common": _crossover,
}


def _outcome(
    kind: Any,
    patients: tuple[str, ...],
    arm: np.ndarray,
    value: np.ndarray,
    event: np.ndarray | None = None,
) -> Outcome:
    n = len(patients)
    return Outcome(
        kind=kind,
        patient=patients,
        arm=arm,
        arms=("control", "treated"),
        value=value,
        event=np.ones(n, dtype=bool) if event is None else event,
        stratum=np.zeros(n, dtype=int),
        randomised=True,
    )


def _arms(n: int, rng: np.random.Generator) -> np.ndarray:
    return rng.permutation(np.arange(n) % 2)


def _share(rows: list[dict[str, Any]], kind: str, family: str) -> dict[str, Any]:
    """Mean share over trials, with an interval of two standard errors over trials."""
    share = np.array([row[family] for row in rows if row["kind"] == kind])
    mean, error = float(share.mean()), 2 * float(share.std(ddof=1) / len(share) ** 0.5)
    name = f"pathways with p <= {LEVEL}, {kind}, {family}"
    low, high = mean - error, mean + error
    return bar(name, mean, f"<= {MOST}", mean <= MOST, low=low, high=high)


if __name__ == "__main__":
    main()
