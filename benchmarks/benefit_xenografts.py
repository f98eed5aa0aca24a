"""PDX encyclopedia: is predicted benefit the observed one, untreated minus treated?"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from accuracy_tasks import PDXE_DRUGS, pdxe_tasks
from jaxtyping import Float
from record import bar

from pathgnn.benefit.estimand import mean_gained
from pathgnn.model.config import FitConfig
from pathgnn.run import read_input, sized_for
from pathgnn.run_folder import Input
from pathgnn.study import read_study
from pathgnn.train.fit import Recipe
from pathgnn.train.part import fit_part

STUDIES = Path(__file__).parent / "studies"
N_FOLDS, N_REPEATS, DRAWS = 5, 3, 200
GOAL, RIDGE, FOREST = 0.20, 0.06, 0.09


def cases(quick: bool) -> list[str]:
    """Folds, five in each of three repeats; a tumour is held out once in each."""
    return ["0"] if quick else [str(i) for i in range(N_FOLDS * N_REPEATS)]


def run(case: str, shared: Path, quick: bool) -> list[dict[str, Any]]:
    """Predicted and observed benefit of the held-out tumours, one row per tumour, drug, learner.

    All seven drugs are arms of one cohort; tumours go by a number.
    """
    given = _given(shared)
    observed, held = _observed(shared, int(case))
    nodes = given.nodes
    is_test = np.isin(nodes.patients, sorted(held))
    sized = sized_for(given)
    fit = FitConfig(members=1, outcome_rounds=1, benefit_rounds=1) if quick else sized.fit
    recipe = Recipe(given.graph, mean_gained(nodes.unit), sized.net, fit)
    part = fit_part(nodes, ~is_test, is_test, recipe, (1, int(case)))
    rows = []
    for i, p in enumerate(np.flatnonzero(is_test)):
        for k, drug in enumerate(PDXE_DRUGS):
            truth = observed[drug].get(nodes.patients[p])
            if truth is None:
                continue
            each = {name: round(float(tau[i, k]), 3) for name, tau in part.ladder.items()}
            rows.append({"fold": int(case), "tumour": int(p), "drug": drug, "truth": truth} | each)
    return rows


def recorded(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A row per learner; nothing of a single tumour."""
    return summary(rows).rename_axis("learner").reset_index().to_dict("records")


def bars(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Mean r over the drugs, with an interval over tumours: as it is, and within folds."""
    table, out = summary(rows), []
    for name in ("stacked", "network"):
        for said, part in (("", ""), (" within folds", "within_")):
            mean, low, high = (float(table.loc[name, part + c]) for c in ("mean", "low", "high"))
            what = f"PDXE: mean r of seven drugs{said}, {name}"
            out.append(bar(what, mean, f">= {GOAL}", mean >= GOAL, low=low, high=high))
    return out


def summary(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """Learner x drug: r of the prediction with the observed benefit, over all repeats.

    `mean` is that over drugs, `low` and `high` 95 % of bootstrap draws of tumours. What was
    learned of some tumours lies below their own mean where the held-out ones lie above it, so that
    even one average for all has an r below 0 over all folds. `within_` is the same with prediction
    and truth centred in each fold.
    """
    table = pd.DataFrame(rows)
    learners = [c for c in table.columns if c not in ("fold", "tumour", "drug", "truth")]
    numbers = ["truth", *learners]
    centred = table.copy()
    centred[numbers] -= table.groupby(["fold", "drug"])[numbers].transform("mean")
    out = _r(table, learners)
    for part, of in (("", table), ("within_", centred)):
        draws = _drawn(of, learners)
        out[f"{part}mean"] = _r(of, learners).mean(axis=1)
        out[f"{part}low"], out[f"{part}high"] = np.quantile(draws, [0.025, 0.975], axis=0)
    return out


def _drawn(table: pd.DataFrame, learners: list[str]) -> Float[np.ndarray, "draw learner"]:
    """Mean r over drugs with tumours drawn anew."""
    rng, places = np.random.default_rng(0), table.groupby("tumour").indices
    tumours = list(places)
    draws = []
    for _ in range(DRAWS):
        drawn = rng.choice(len(tumours), len(tumours))
        at = np.concatenate([places[tumours[t]] for t in drawn])
        draws.append(_r(table.iloc[at], learners).mean(axis=1))
    return np.stack(draws)


def _r(table: pd.DataFrame, learners: list[str]) -> pd.DataFrame:
    """Pearson r of each learner and drug; a prediction that is one number has 0."""
    out = {}
    for drug in PDXE_DRUGS:
        part = table[table["drug"] == drug]
        x, y = part[learners].to_numpy(), part["truth"].to_numpy()
        x, y = x - x.mean(0), y - y.mean()
        spread = np.sqrt((x**2).sum(0) * (y**2).sum())
        # Rounding leaves a trace of what was centred.
        told = x.std(0) > 1e-6 * y.std()
        out[drug] = np.where(told, x.T @ y / np.where(told, spread, 1), 0.0)
    return pd.DataFrame(out, index=learners)


@cache
def _given(shared: Path) -> Input:
    study = read_study(STUDIES / "pdxe.toml")
    arms = study.cohort.treatment.model_copy(update={"arms": PDXE_DRUGS})
    cohort = study.cohort.model_copy(update={"treatment": arms})
    study = study.model_copy(update={"cohort": cohort})
    return read_input(study, STUDIES, shared / "data" / study.data)


def _observed(shared: Path, fold: int) -> tuple[dict[str, dict[str, float]], set[str]]:
    """Benefit of each drug by tumour, and the tumours that the fold holds out."""
    tasks = [t for t in pdxe_tasks(shared / "data" / "cohorts") if t.group == "pdxe benefit"]
    held: set[str] = set()
    for task in tasks:
        held |= set(map(str, task.value.index[task.folds[fold][1]]))
    return {
        drug: {str(k): float(v) for k, v in task.value.items()}
        for drug, task in zip(PDXE_DRUGS, tasks, strict=True)
    }, held
