"""I-SPY2: does the ranking find those whose tumour goes into complete remission for an arm?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from record import bar

from pathgnn.benefit.verdict import ALPHA
from pathgnn.model.config import FitConfig
from pathgnn.run import read_input, sized_for
from pathgnn.study import estimand_of, read_study
from pathgnn.train.crossfit import fit
from pathgnn.train.estimate import estimate
from pathgnn.train.fit import Recipe

STUDIES = Path(__file__).parent / "studies"
# Arm -> AUTOC asked for; None: no arm-specific benefit is to be found.
ASKED = {"VC": 0.30, "Pembro": 0.21, "MK2206": None}
QUICK = FitConfig(folds=3, members=1, outcome_rounds=1, benefit_rounds=1)


def cases(quick: bool) -> list[str]:
    """Study files."""
    return ["ispy2_neratinib"] if quick else ["ispy2", "ispy2_neratinib"]


def run(case: str, shared: Path, quick: bool) -> list[dict[str, Any]]:
    """One row per arm and learner."""
    study = read_study(STUDIES / f"{case}.toml")
    given = read_input(study, STUDIES, shared / "data" / study.data)
    sized = sized_for(given)
    settings = QUICK if quick else sized.fit
    recipe = Recipe(given.graph, estimand_of(study, given.nodes), sized.net, settings)
    fitted, rows = fit(given.nodes, recipe, study.seed), []
    for arm in given.nodes.arms[1:]:
        benefit = estimate(fitted, given.nodes, arm)
        for rung in benefit.ladder:
            test = rung.test
            rows.append(
                {
                    "study": case,
                    "arm": arm,
                    "learner": rung.name,
                    "default": rung.name == fitted.default,
                    "n": given.nodes.n_patients,
                    "average": benefit.average.value,
                    "average_se": benefit.average.se,
                    "autoc": rung.autoc.value,
                    "autoc_se": rung.autoc.se,
                    "test_p": None if test is None else test.p,
                    "test_z": None if test is None else test.z,
                    "top_half": benefit.halves[0].value if rung.name == fitted.default else None,
                    "bottom_half": benefit.halves[1].value if rung.name == fitted.default else None,
                }
            )
    return rows


def recorded(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """All of them."""
    return rows


def bars(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """AUTOC of the default prediction with its valid test."""
    out = []
    for row in rows:
        if not row["default"] or row["arm"] not in ASKED:
            continue
        asked, p = ASKED[row["arm"]], row["test_p"]
        low, high = (row["autoc"] + d * 1.96 * row["autoc_se"] for d in (-1, 1))
        name = f"I-SPY2 {row['arm']}: AUTOC of the default"
        if asked is None:
            out.append(bar(f"I-SPY2 {row['arm']}: p", p, "not significant", p >= ALPHA))
            continue
        met = row["autoc"] >= asked
        out.append(bar(name, row["autoc"], f">= {asked}", met, low=low, high=high))
        out.append(bar(f"I-SPY2 {row['arm']}: p of the sequential test", p, "< .05", p < ALPHA))
    return out
