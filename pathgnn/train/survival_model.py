"""Survival nuisance: cause-specific Cox models on a few components of the measurements."""

from __future__ import annotations

import warnings
from typing import NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float, Int
from lifelines import CoxPHFitter
from sklearn.decomposition import PCA

from pathgnn.benefit.censored import Curves, FollowUp
from pathgnn.graph.nodes import Nodes

N_COMPONENTS = 15
PENALTY = 0.1
# An event that fewer training rows had has no model: its hazard counts as 0.
FEWEST_EVENTS = 2


class Few(NamedTuple):
    """Components of the omics and the clinical block, for models that many features would break."""

    train: Float[np.ndarray, "train few"]
    test: Float[np.ndarray, "test few"]


def few_of(
    x_train: Float[np.ndarray, "train feature"],
    x_test: Float[np.ndarray, "test feature"],
    n_clinical: int,
) -> Few:
    """Principal components of the training patients' omics in unit variance, then the clinical.

    The clinical block alone where no omic varies.
    """
    cut = x_train.shape[1] - n_clinical
    if not cut:
        return Few(x_train, x_test)
    n = max(1, min(N_COMPONENTS, len(x_train) // 10, cut))
    pca = PCA(n, svd_solver="randomized", random_state=0).fit(x_train[:, :cut])
    spread = np.sqrt(pca.explained_variance_).clip(1e-9)
    each = [
        np.concatenate([pca.transform(x[:, :cut]) / spread, x[:, cut:]], 1)
        for x in (x_train, x_test)
    ]
    return Few(each[0], each[1])


def follow_up(nodes: Nodes) -> FollowUp:
    """How long the rows were followed, and what ended it."""
    return FollowUp(nodes.value.double().numpy(), nodes.event.numpy(), nodes.competing.numpy())


def survival_curves(
    train: Nodes, test: Nodes, few: Few, grid: Float[np.ndarray, " grid"]
) -> tuple[Curves, Curves]:
    """What is expected of the rows of both at the grid times, S(0) = 1.

    Each cause has a penalised Cox model of its own, which a competing event censors.
    """
    frames = _frames(train, test, few)
    rows = follow_up(train)
    hazard = _cumulative_hazard(frames, rows.time, rows.event, grid)
    other = [np.zeros_like(h) for h in hazard]
    if train.has_competing:
        other = _cumulative_hazard(frames, rows.time, rows.competing, grid)
    return _curves(hazard[0], other[0], grid), _curves(hazard[1], other[1], grid)


def _frames(train: Nodes, test: Nodes, few: Few) -> list[pd.DataFrame]:
    """Components and arm of every row, in units of the training rows' spread."""
    frames = [
        pd.DataFrame(
            np.concatenate([x[nodes.patient_of], _indicator(nodes.arm.numpy(), nodes.arms)], 1)
        ).rename(columns=str)
        for nodes, x in ((train, few.train), (test, few.test))
    ]
    spread = frames[0].std()
    return [f.loc[:, spread > 1e-8] / spread[spread > 1e-8] for f in frames]


def _cumulative_hazard(
    frames: list[pd.DataFrame],
    time: Float[np.ndarray, " row"],
    event: Bool[np.ndarray, " row"],
    grid: Float[np.ndarray, " grid"],
) -> list[Float[np.ndarray, "_ grid"]]:
    """Of one cause, for the rows of each frame; 0 at time 0, and 0 where it hardly ever came."""
    if event.sum() < FEWEST_EVENTS:
        return [np.zeros((len(f), len(grid))) for f in frames]
    table = frames[0].assign(time=time.clip(1e-3), event=event)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = CoxPHFitter(penalizer=PENALTY).fit(table.astype(float), "time", "event")
        out = [model.predict_cumulative_hazard(f, times=grid).to_numpy().T for f in frames]
    for one in out:
        one[:, 0] = 0.0
    return out


def _curves(
    hazard: Float[np.ndarray, "row grid"],
    other: Float[np.ndarray, "row grid"],
    grid: Float[np.ndarray, " grid"],
) -> Curves:
    """Free of both events, and the cumulative incidence of the first, from their hazards."""
    total = hazard + other
    survival = np.exp(-total)
    steps, each = np.diff(total, axis=1), np.diff(hazard, axis=1)
    share = np.divide(each, steps, out=np.zeros_like(each), where=steps > 0)
    came = survival[:, :-1] * -np.expm1(-steps) * share
    return Curves(survival, np.concatenate([np.zeros((len(hazard), 1)), came.cumsum(1)], 1), grid)


def _indicator(
    arm: Int[np.ndarray, " row"], arms: tuple[str, ...]
) -> Float[np.ndarray, "row contrast"]:
    return np.asarray(np.eye(len(arms))[arm][:, 1:])
