"""Lasso-penalised Cox regression: Newton's steps, each a weighted lasso of scikit-learn."""

from __future__ import annotations

import warnings
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import lasso_path

from pathgnn.benefit.units import Groups
from pathgnn.train.lasso import Rows
from pathgnn.train.ridge_cox import at_risk, log_likelihood
from pathgnn.train.tuning_folds import N_FOLDS, tuning_folds

N_PENALTIES, WEAKEST = 20, 0.03
MOST_STEPS, CLOSE = 6, 1e-3
# With fewer events no gene can be told from chance.
FEWEST_EVENTS = 12


class FollowedUp(NamedTuple):
    """Rows in the order of their times."""

    x: Float[np.ndarray, "row feature"]
    time: Float[np.ndarray, " row"]
    event: Bool[np.ndarray, " row"]
    unit: Int[np.ndarray, " row"]

    def take(self, on: Bool[np.ndarray, " row"]) -> FollowedUp:
        """Some of the rows."""
        return FollowedUp(self.x[on], self.time[on], self.event[on], self.unit[on])


def in_order(
    x: Float[np.ndarray, "row feature"],
    time: Float[np.ndarray, " row"],
    event: Bool[np.ndarray, " row"],
    group: Groups = None,
) -> FollowedUp:
    """Rows put into the order of their times, each a unit of its own or its group's."""
    order = np.argsort(time, kind="stable")
    unit = np.arange(len(time)) if group is None else group[order]
    return FollowedUp(x[order], time[order], event[order], unit)


def lasso_cox(rows: FollowedUp) -> Float[np.ndarray, " feature"]:
    """Log hazard ratios at the penalty of greatest partial likelihood over three folds.

    Few events: none. Of many features those are kept that tell most of the events at first, in
    each fold from its own training rows.

    Source: Simon, Friedman, Hastie & Tibshirani, J Stat Softw 2011, 39(5); Verweij & van
    Houwelingen, Stat Med 1993, 12:2305 (cross-validated partial likelihood).
    """
    if rows.event.sum() < FEWEST_EVENTS:
        return np.zeros(rows.x.shape[1])
    strongest = _at_first(rows).strongest_penalty()
    penalties = strongest * np.geomspace(1, WEAKEST, N_PENALTIES)
    # In the order of the times, so that folds are alike in them.
    fold = tuning_folds(len(rows.time), rows.unit)
    gained = np.zeros(N_PENALTIES)
    for k in range(N_FOLDS):
        others = rows.take(fold != k)
        for i, weight in enumerate(_path(others, penalties)):
            gained[i] += _likelihood(rows, weight) - _likelihood(others, weight)
    return _path(rows, penalties[: int(gained.argmax()) + 1])[-1]


def baseline(
    rows: FollowedUp, weight: Float[np.ndarray, " feature"], at: Float[np.ndarray, " time"]
) -> Float[np.ndarray, " time"]:
    """Breslow's cumulative hazard at some times of a patient whose features are 0."""
    hazard = _cumulative(rows, np.exp(rows.x @ weight))
    return np.asarray(np.concatenate([[0.0], hazard])[np.searchsorted(rows.time, at, "right")])


def beyond_expected(
    time: Float[np.ndarray, " row"], event: Bool[np.ndarray, " row"]
) -> Float[np.ndarray, " row"]:
    """Events of each row beyond those expected of everybody alike by its time.

    Source: Therneau, Grambsch & Fleming, Biometrika 1990, 77:147 (martingale residuals).
    """
    out, order = np.empty(len(time)), np.argsort(time, kind="stable")
    rows = in_order(np.empty((len(time), 0)), time, event)
    out[order] = _beyond(rows)
    return out


def _likelihood(rows: FollowedUp, weight: Float[np.ndarray, " feature"]) -> float:
    return log_likelihood(rows.x @ weight, rows.time, rows.event)


def _cumulative(rows: FollowedUp, hazard: Float[np.ndarray, " row"]) -> Float[np.ndarray, " row"]:
    """Breslow's cumulative baseline hazard at the time of every row."""
    steps = np.cumsum(rows.event / at_risk(hazard, rows.time))
    return np.asarray(steps[np.searchsorted(rows.time, rows.time, "right") - 1])


def _at_first(rows: FollowedUp) -> Rows:
    """Events beyond those expected of everybody alike: their products with features are slopes."""
    return Rows(rows.x, _beyond(rows), np.ones(len(rows.time)))


def _beyond(rows: FollowedUp) -> Float[np.ndarray, " row"]:
    return np.asarray(rows.event - _cumulative(rows, np.ones(len(rows.time))))


def _path(
    rows: FollowedUp, penalties: Float[np.ndarray, " penalty"]
) -> list[Float[np.ndarray, " feature"]]:
    """Log hazard ratios for each penalty, from the strongest on."""
    kept, center, spread = _at_first(rows).kept()
    z = (rows.x[:, kept] - center) / spread
    slope, out = np.zeros(len(kept)), []
    for penalty in penalties:
        for _ in range(MOST_STEPS if len(kept) else 0):
            before, slope = slope, _step(rows._replace(x=z), slope, penalty)
            if np.abs(slope - before).max() < CLOSE:
                break
        weight = np.zeros(rows.x.shape[1])
        weight[kept] = slope / spread
        out.append(weight)
    return out


def _step(
    rows: FollowedUp, slope: Float[np.ndarray, " kept"], penalty: float
) -> Float[np.ndarray, " kept"]:
    """One weighted lasso around the present slopes.

    Each row's curvature is its own expected events, which is more than that of the likelihood:
    steps are short, and safe.
    """
    risk = rows.x @ slope
    hazard = np.exp(risk - risk.max())
    expected = _cumulative(rows, hazard) * hazard
    weight = expected.clip(1 / len(risk))
    target = risk + (rows.event - expected) / weight
    root = np.sqrt(weight)
    x = (rows.x - weight @ rows.x / weight.sum()) * root[:, None]
    y = (target - weight @ target / weight.sum()) * root
    with warnings.catch_warnings():
        # The next step goes on where this one ends.
        warnings.simplefilter("ignore", ConvergenceWarning)
        found = lasso_path(np.asfortranarray(x), y, alphas=[penalty], coef_init=slope, tol=1e-3)
    return np.asarray(found[1][:, 0])
