"""From scores to benefit: the line of gain on score, learned on other folds, and its bounds."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from pathgnn.benefit import metrics
from pathgnn.benefit.metrics import Estimate
from pathgnn.train.fitted import Fitted


class Lines(NamedTuple):
    """Of each patient, what the other folds say: average effect, mean score, slope in [0, 1]."""

    level: Float[np.ndarray, " patient"]
    mean_score: Float[np.ndarray, " patient"]
    slope: Float[np.ndarray, " patient"]


def lines_of(fitted: Fitted, k: int) -> Lines:
    """The calibration of one contrast, learned for each fold on the others."""
    gain, tau = fitted.scores.gain[:, k], fitted.benefit[:, k]
    lines = Lines(*np.empty((3, len(tau))))
    for fold in np.unique(fitted.fold):
        others = (fitted.fold != fold) & fitted.scores.informs[:, k]
        slope = metrics.blp_slope(tau[others], gain[others]).value
        found = (gain[others].mean(), tau[others].mean(), np.clip(slope, 0, 1))
        for out, value in zip(lines, found, strict=True):
            out[fitted.fold == fold] = value
    return lines


def bounds(
    calibrated: Float[np.ndarray, " patient"],
    x: Float[np.ndarray, " patient"],
    line: tuple[Estimate, Estimate],
    spread: Float[np.ndarray, " patient"] | None,
) -> tuple[Float[np.ndarray, " patient"], Float[np.ndarray, " patient"]]:
    """95 % bounds around the prediction and the line of gain on score, whichever is further out.

    The prediction's slope is held between 0 and 1; the line's is not, so that where the scores say
    too little or too much the bounds hold both.

    Args:
        calibrated: The prediction.
        x: The score less its mean.
        line: Mean gain, and slope of the gain on the score.
        spread: Of the score, over models of half of the others; None: not known.
    """
    mean, slope = line
    # A constant prediction has a slope without an error to speak of, and nobody is apart.
    known = np.isfinite(slope.se)
    best = mean.value + slope.value * x if known else calibrated
    error = np.hypot(mean.se, x * slope.se) if known else np.full_like(x, mean.se)
    if spread is not None:
        error = np.hypot(error, max(slope.value, 0.0) * spread if known else 0.0)
    width = 1.96 * error
    return np.minimum(calibrated, best) - width, np.maximum(calibrated, best) + width
