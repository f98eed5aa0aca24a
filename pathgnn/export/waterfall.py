"""From the average benefit to one patient's, in steps that add up: pathways, clinical, the rest."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from pathgnn.export.results import Results

STEPS = 8
DIGITS = 4
OTHERS, CLINICAL, REST = "other pathways", "clinical covariates", "everything else"
SHRUNK = "shrunken towards the average"


class Steps(NamedTuple):
    """What each pathway, and what is no pathway, adds to every patient's benefit.

    `average` plus a row of `pathway`, `clinical`, `rest` and `shrunk` is that patient's benefit.
    Parts are those of the raw prediction, less their mean over patients; `shrunk` takes back what
    calibration does not believe: all of it where benefit is not shown to differ.
    """

    average: float
    pathway: Float[np.ndarray, "patient pathway"]
    clinical: Float[np.ndarray, " patient"]
    rest: Float[np.ndarray, " patient"]
    shrunk: Float[np.ndarray, " patient"]


def steps_of(results: Results) -> Steps:
    """The steps of every patient."""
    a, benefit = results.explanation.attribution, results.benefit
    on = results.fitted.scores.informs[:, results.explained]
    pathway = a.pathway.double().numpy()
    pathway = pathway - pathway[on].mean(0)
    clinical = a.clinical.double().sum(1).numpy()
    clinical = clinical - clinical[on].mean()
    apart = benefit.score - benefit.score[on].mean()
    return Steps(
        average=benefit.average.value,
        pathway=pathway,
        clinical=clinical,
        rest=apart - pathway.sum(1) - clinical,
        shrunk=benefit.benefit - benefit.average.value - apart,
    )


def strongest(steps: Steps, patient: int, n: int = STEPS) -> list[tuple[int, float]]:
    """The pathways with the largest steps of one patient, largest first."""
    row = steps.pathway[patient]
    return [(int(p), float(row[p])) for p in np.argsort(-np.abs(row), kind="stable")[:n]]


def remainder(steps: Steps, patient: int, shown: list[tuple[int, float]]) -> list[float]:
    """Steps after the pathways shown: other pathways, clinical, the rest, shrinkage."""
    others = float(steps.pathway[patient].sum()) - sum(value for _, value in shown)
    parts = (steps.clinical, steps.rest, steps.shrunk)
    return [others, *(float(part[patient]) for part in parts)]


def patient_data(results: Results) -> dict[str, Any]:
    """Every patient by pseudonym as the report's script reads them."""
    steps, benefit = steps_of(results), results.benefit
    shown = [strongest(steps, i) for i in range(len(benefit.benefit))]
    used = sorted({p for row in shown for p, _ in row})
    place = {p: i for i, p in enumerate(used)}
    seen = results.nodes.seen.sum(0).tolist()
    return {
        "average": steps.average,
        "differs": benefit.differs,
        "unit": benefit.estimand.unit,
        "modalities": list(results.nodes.modalities),
        "pathways": [results.fitted.recipe.graph.pathways[p] for p in used],
        "rest": [OTHERS, CLINICAL, REST, SHRUNK],
        "best": int(np.argmax(benefit.score)),
        "rows": [
            {
                "benefit": _short(benefit.benefit[i]),
                "low": _short(benefit.low[i]),
                "high": _short(benefit.high[i]),
                "score": _short(benefit.score[i]),
                "genes": seen[i],
                "steps": [[place[p], _short(value)] for p, value in shown[i]],
                "rest": [_short(value) for value in remainder(steps, i, shown[i])],
            }
            for i in range(len(benefit.benefit))
        ],
    }


def _short(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")
