"""PDX encyclopedia: is predicted benefit the observed one, untreated minus treated?"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from accuracy_tasks import PDXE_DRUGS, pdxe_tasks
from record import bar

from pathgnn.benefit.estimand import mean_gained
from pathgnn.model.config import FitConfig
from pathgnn.run import read_input, sized_for
from pathgnn.run_folder import Input
from pathgnn.study import read_study
from pathgnn.train.fit import Recipe
from pathgnn.train.part import fit_part

STUDIES = Path(__file__).parent / "studies"
N_FOLDS, N_REPEATS, DRAWS = 5, 3, 1000
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
    """Mean r over the drugs of every learner, with an interval over tumours."""
    table, out = summary(rows), []
    for name in ("stacked", "network"):
        mean, low, high = (float(table.loc[name, c]) for c in ("mean", "low", "high"))
        out.append(
            bar(
                f"PDXE: mean r of seven drugs, {name}",
                mean,
                f">= {GOAL}",
                mean >= GOAL,
                low=low,
                high=high,
            )
        )
    return out


def summary(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """Learner x drug: r of the prediction, mean over repeats, with the observed benefit.

    `low` and `high` bound the mean over drugs: 95 % of bootstrap draws of tumours. `spread` is
    the standard deviation of that mean over the repeats.
    """
    table = pd.DataFrame(rows)
    learners = [c for c in table.columns if c not in ("fold", "tumour", "drug", "truth")]
    table["repeat"] = table["fold"] // N_FOLDS
    by_repeat = pd.concat(
        {r: _r(part, learners) for r, part in table.groupby("repeat")}, names=["repeat"]
    )
    out = by_repeat.groupby(level=1).mean().loc[learners]
    means = by_repeat.mean(axis=1).unstack(0)
    out["mean"], out["spread"] = out.mean(axis=1), means.std(axis=1, ddof=1)
    rng, tumours = np.random.default_rng(0), table["tumour"].unique()
    averaged = table.groupby(["tumour", "drug"])[["truth", *learners]].mean().reset_index()
    places = averaged.groupby("tumour").indices
    draws = []
    for _ in range(DRAWS // 5):
        drawn = rng.choice(tumours, len(tumours))
        at = np.concatenate([places[t] for t in drawn])
        draws.append(_r(averaged.iloc[at], learners).mean(axis=1))
    low, high = np.quantile(np.stack(draws), [0.025, 0.975], axis=0)
    out["low"], out["high"] = low, high
    return out


def _r(table: pd.DataFrame, learners: list[str]) -> pd.DataFrame:
    """Pearson r of each learner and drug; a constant prediction has 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        each = {
            drug: table[table["drug"] == drug][learners].corrwith(
                table[table["drug"] == drug]["truth"]
            )
            for drug in PDXE_DRUGS
        }
    return pd.DataFrame(each).fillna(0.0)


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
