"""How well a cross-fitted cohort's outcomes are predicted, in each arm: apart from benefit."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float, Int

from pathgnn.benefit.prognostic import (
    BinaryScore,
    ContinuousScore,
    SurvivalScore,
    score_binary,
    score_continuous,
    score_survival,
)
from pathgnn.graph.nodes import Nodes
from pathgnn.model.head import Prediction
from pathgnn.train.fitted import Fitted
from pathgnn.train.part import places
from pathgnn.train.survival_model import follow_up

ALL_ARMS = "all arms"
N_TIMES, FEWEST_ROWS = 40, 10


class ArmScore(NamedTuple):
    """The score of one arm's rows, or of all."""

    arm: str
    score: SurvivalScore | BinaryScore | ContinuousScore


def prognostic_scores(fitted: Fitted, nodes: Nodes) -> tuple[ArmScore, ...]:
    """Scores of the networks' out-of-fold prediction of the outcome under the arm received.

    All arms together, then each with ten rows or more; with a survival outcome, two events, too.
    """
    arm, patient_of = nodes.arm.numpy(), nodes.patient_of.numpy()
    each = [np.ones(len(arm), dtype=bool), *(arm == k for k in range(len(nodes.arms)))]
    names = [ALL_ARMS, *nodes.arms]
    if nodes.outcome == "survival":
        curves, time = _curves(fitted, nodes)
        rows = follow_up(nodes)

        def survival(on: Bool[np.ndarray, " row"]) -> SurvivalScore:
            return score_survival(rows.take(on), curves[on], time)

        counted = rows.event & (rows.time < nodes.horizon)
        return tuple(
            ArmScore(name, survival(on))
            for name, on in zip(names, each, strict=True)
            if on.sum() >= FEWEST_ROWS and (counted & on).sum() >= 2
        )
    value, expected = nodes.value.double().numpy(), fitted.mu[patient_of, arm]
    score = score_binary if nodes.outcome == "binary" else score_continuous
    return tuple(
        ArmScore(name, score(value[on], expected[on]))
        for name, on in zip(names, each, strict=True)
        if on.sum() >= FEWEST_ROWS
    )


def _curves(
    fitted: Fitted, nodes: Nodes
) -> tuple[Float[np.ndarray, "row time"], Float[np.ndarray, " time"]]:
    """Out-of-fold survival of every row under its arm, mean over a fold's networks."""
    time = np.linspace(0, nodes.horizon, N_TIMES)
    by_arm = np.empty((nodes.n_patients, len(nodes.arms), N_TIMES))
    for k in np.unique(fitted.fold):
        at = np.flatnonzero(fitted.fold == k)
        test = nodes.take(places(fitted.fold == k))
        nets = [member.net for member in fitted.members if member.fold == k]
        by_arm[at] = np.mean([_on_grid(net.predict(test), time) for net in nets], axis=0)
    rows: Int[np.ndarray, " row"] = nodes.patient_of.numpy()
    return by_arm[rows, nodes.arm.numpy()], time


def _on_grid(
    prediction: Prediction, time: Float[np.ndarray, " time"]
) -> Float[np.ndarray, "patient arm time"]:
    with torch.no_grad():
        curve, own = prediction.survival.double().numpy(), prediction.times.double().numpy()
    right = np.searchsorted(own, time).clip(1, len(own) - 1)
    share = (time - own[right - 1]) / (own[right] - own[right - 1])
    return np.asarray(curve[:, :, right - 1] * (1 - share) + curve[:, :, right] * share)
