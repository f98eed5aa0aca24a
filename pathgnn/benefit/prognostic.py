"""How well outcomes are predicted, arm by arm: reported apart, never as benefit."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float
from lifelines.utils import concordance_index
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from pathgnn.benefit.censored import CensoringCurve, FollowUp, censoring_curve
from pathgnn.benefit.metrics import ROUNDING

LOWEST_P, FREE = 1e-6, 1e6


class SurvivalScore(NamedTuple):
    """Discrimination and calibration of predicted survival up to a horizon.

    `integrated_brier` is the mean Brier score over the times; `null_brier` that of the
    observed curve, the same for all; `scaled_brier` 1 - their ratio. `calibration` is mean
    predicted minus observed survival at the horizon (Kaplan-Meier; Aalen-Johansen where events
    compete).
    """

    n: int
    events: int
    harrell_c: float
    uno_c: float
    integrated_brier: float
    null_brier: float
    scaled_brier: float
    calibration: float


class BinaryScore(NamedTuple):
    """Discrimination and calibration of a predicted probability.

    `slope` and `intercept` of the outcome on the log odds predicted: 1 and 0 are right.
    """

    n: int
    auc: float
    brier: float
    null_brier: float
    intercept: float
    slope: float


class ContinuousScore(NamedTuple):
    """Correlation, explained share of the variance, and slope of the outcome on the prediction."""

    n: int
    r: float
    r2: float
    slope: float


def score_survival(
    rows: FollowUp,
    survival: Float[np.ndarray, "row time"],
    time: Float[np.ndarray, " time"],
) -> SurvivalScore:
    """Predicted survival against follow-ups, weighted for censoring.

    Args:
        rows: Follow-ups in months; a competing event counts as never having the event.
        survival: Predicted probability to be free of the event at each time, out of fold.
        time: Months, from 0 to the horizon.

    Source: Harrell et al., JAMA 1982, 247:2543; Uno et al., Statistics in Medicine 2011, 30:1105;
    Graf et al., Statistics in Medicine 1999, 18:2529.
    """
    horizon = float(time[-1])
    censored = censoring_curve(rows.time, rows.ended)
    expected = np.trapezoid(survival, time, axis=1)
    plain = np.broadcast_to(_free_at(rows, time), survival.shape)
    ours, null = (_integrated_brier(rows, s, time, censored) for s in (survival, plain))
    return SurvivalScore(
        n=len(rows.time),
        events=int((rows.event & (rows.time < horizon)).sum()),
        harrell_c=_harrell_c(rows, expected),
        uno_c=uno_c(rows, expected, horizon, censored),
        integrated_brier=ours,
        null_brier=null,
        scaled_brier=1 - ours / null if null > 0 else 0.0,
        calibration=float(survival[:, -1].mean() - plain[0, -1]),
    )


def score_binary(
    value: Float[np.ndarray, " row"], probability: Float[np.ndarray, " row"]
) -> BinaryScore:
    """Predicted probability of the good outcome against what came."""
    p = probability.clip(LOWEST_P, 1 - LOWEST_P)
    odds = np.log(p / (1 - p))
    both = 0 < value.mean() < 1
    intercept = slope = float("nan")
    if both and np.ptp(odds) > 0:
        model = LogisticRegression(C=FREE, max_iter=1000).fit(odds[:, None], value > 0.5)
        intercept, slope = float(model.intercept_[0]), float(model.coef_[0, 0])
    return BinaryScore(
        n=len(value),
        auc=float(roc_auc_score(value, p)) if both else float("nan"),
        brier=float(np.mean((p - value) ** 2)),
        null_brier=float(value.mean() * (1 - value.mean())),
        intercept=intercept,
        slope=slope,
    )


def score_continuous(
    value: Float[np.ndarray, " row"], expected: Float[np.ndarray, " row"]
) -> ContinuousScore:
    """Expected outcome against what came; r and slope are 0 for a constant prediction."""
    x, y = expected - expected.mean(), value - value.mean()
    total = float(y @ y)
    r2 = 1 - float(((value - expected) ** 2).sum()) / total if total > 0 else float("nan")
    least = ROUNDING**2 * float((value**2).sum())
    if x @ x <= least or total <= least:
        return ContinuousScore(len(value), 0.0, r2, 0.0)
    r = float(x @ y / np.sqrt((x @ x) * total))
    return ContinuousScore(len(value), r, r2, float(x @ y / (x @ x)))


def uno_c(
    rows: FollowUp,
    expected: Float[np.ndarray, " row"],
    horizon: float,
    censored: CensoringCurve,
) -> float:
    """Concordance up to the horizon, pairs weighted by how seldom both are seen.

    A partner whose time is later is seen as long as the event, which is worth 1 / G(t)^2; one who
    had a competing event before it never has this one, and is seen until then: 1 / (G(t) G(s)).
    NaN where no event came before somebody's time.

    Source: Uno et al., Statistics in Medicine 2011, 30:1105; Wolbers et al., Biostatistics 2014,
    15:526 (competing events).
    """
    weight, right, total = 1 / censored.before(rows.time).clip(1e-9), 0.0, 0.0
    for i in np.flatnonzero(rows.event & (rows.time < horizon)):
        later = rows.time > rows.time[i]
        pair = weight[i] * np.where(later, weight[i], rows.competing * weight)
        right += float(pair @ ((expected > expected[i]) + 0.5 * (expected == expected[i])))
        total += float(pair.sum())
    return right / total if total else float("nan")


def _harrell_c(rows: FollowUp, expected: Float[np.ndarray, " row"]) -> float:
    """Whoever had a competing event is free of this one for good. NaN: nobody can be compared."""
    longest = float(rows.time.max()) + 1
    months = np.where(rows.competing, longest, rows.time)
    # Of two events at one time neither is the earlier, but somebody who is censored then is later.
    first = float(months[rows.event].min(initial=np.inf))
    if not ((months > first) | ((months == first) & ~rows.event)).any():
        return float("nan")
    return float(concordance_index(months, expected, rows.event))


def _integrated_brier(
    rows: FollowUp,
    survival: Float[np.ndarray, "row time"],
    time: Float[np.ndarray, " time"],
    censored: CensoringCurve,
) -> float:
    """Mean over the times of the Brier score weighted for censoring."""
    before = 1 / censored.before(rows.time).clip(1e-9)
    each = []
    for j, t in enumerate(time):
        past, there = rows.time <= t, rows.time > t
        came: Bool[np.ndarray, " row"] = rows.event & past
        # Just after t, as those still there are.
        now = 1 / censored.before(np.array([np.nextafter(t, np.inf)])).clip(1e-9)[0]
        free = there * now + (rows.competing & past) * before
        each.append(np.mean(came * before * survival[:, j] ** 2 + free * (1 - survival[:, j]) ** 2))
    return float(np.trapezoid(each, time) / (time[-1] - time[0]))


def _free_at(rows: FollowUp, time: Float[np.ndarray, " time"]) -> Float[np.ndarray, " time"]:
    """Share that has not had the event by each time: Kaplan-Meier's, or Aalen-Johansen's where
    events compete.

    Source: Aalen & Johansen, Scandinavian Journal of Statistics 1978, 5:141.
    """
    at, place = np.unique(rows.time, return_inverse=True)
    at_risk = len(place) - np.searchsorted(np.sort(rows.time), at, side="left")
    came, ended = (np.bincount(place, weights=x) for x in (rows.event, rows.ended))
    staying = np.cumprod(1 - ended / at_risk)
    before = np.concatenate([[1.0], staying[:-1]])
    free = np.concatenate([[1.0], 1 - np.cumsum(before * came / at_risk)])
    return np.asarray(free[np.searchsorted(at, time, side="right")])
