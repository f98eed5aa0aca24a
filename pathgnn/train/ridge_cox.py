"""Ridge-penalised Cox regression, fast enough to be tuned on thousands of features."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float

MOST_STEPS, HALVINGS, CLOSE = 30, 8, 1e-6


def ridge_cox(
    x: Float[np.ndarray, "patient column"],
    time: Float[np.ndarray, " patient"],
    event: Bool[np.ndarray, " patient"],
    penalty: Float[np.ndarray, " column"],
    start: Float[np.ndarray, " column"] | None = None,
) -> Float[np.ndarray, " column"]:
    """Log hazard ratios that maximise Breslow's log partial likelihood - penalty @ b**2 / 2.

    Newton's method with halved steps. Give it `rotate`d genes: with at most as many columns as
    patients a fit takes milliseconds, and the ridge on them is exactly the ridge on the genes.

    Args:
        x: Columns of mean 0.
        time: Follow-up, in any unit.
        event: Whether the patient died.
        penalty: One per column, above 0.
        start: Where to start, for example the fit with a larger penalty; 0 by default.
    """
    order = np.argsort(time, kind="stable")
    x, time, event = x[order], time[order], event[order]
    b = np.zeros(x.shape[1]) if start is None else start
    now = log_likelihood(x @ b, time, event) - penalty @ b**2 / 2
    for _ in range(MOST_STEPS):
        step, before = _newton_step(x, time, event, penalty, b), now
        for size in 0.5 ** np.arange(HALVINGS):
            new = b + size * step
            now = log_likelihood(x @ new, time, event) - penalty @ new**2 / 2
            if now >= before:
                break
        if now - before < CLOSE:
            return b
        b = new
    return b


def log_likelihood(
    log_hazard: Float[np.ndarray, " patient"],
    time: Float[np.ndarray, " patient"],
    event: Bool[np.ndarray, " patient"],
) -> float:
    """Breslow's log partial likelihood of patients in the order of their times."""
    shifted = log_hazard - log_hazard.max()
    return float((event * (shifted - np.log(at_risk(np.exp(shifted), time)))).sum())


def rotate(
    train: Float[np.ndarray, "patient column"],
) -> tuple[Float[np.ndarray, "patient axis"], Float[np.ndarray, "column axis"]]:
    """Patients on all their principal axes, and the axes; distances between patients are kept.

    A patient x elsewhere lies at x @ axes; weights b of axes are weights axes @ b of columns.
    """
    n, n_columns = train.shape
    if n > n_columns:
        level, axes = np.linalg.eigh(train.T @ train)
        axes = axes[:, level > 1e-9 * max(level.max(initial=0.0), 1e-300)]
        return train @ axes, axes
    level, axis = np.linalg.eigh(train @ train.T)
    keep = level > 1e-9 * max(level.max(initial=0.0), 1e-300)
    scale = np.sqrt(level[keep])
    return axis[:, keep] * scale, train.T @ (axis[:, keep] / scale)


def at_risk(
    hazard: Float[np.ndarray, " patient"], time: Float[np.ndarray, " patient"]
) -> Float[np.ndarray, " patient"]:
    """Summed hazard of all who are still followed up, in order of time; ties are at risk too."""
    return np.asarray(hazard[::-1].cumsum()[::-1][np.searchsorted(time, time)])


def _newton_step(
    x: Float[np.ndarray, "patient column"],
    time: Float[np.ndarray, " patient"],
    event: Bool[np.ndarray, " patient"],
    penalty: Float[np.ndarray, " column"],
    b: Float[np.ndarray, " column"],
) -> Float[np.ndarray, " column"]:
    hazard = np.exp(x @ b - (x @ b).max())
    risk_set, last = at_risk(hazard, time), np.searchsorted(time, time, "right") - 1
    cumulative = hazard * np.cumsum(event / risk_set)[last]
    # Of every event, the mean of all who were at risk then.
    total = (hazard[:, None] * x)[::-1].cumsum(0)[::-1][np.searchsorted(time, time)[event]]
    mean = total / risk_set[event][:, None]
    curve = (x * cumulative[:, None]).T @ x - mean.T @ mean
    slope = x.T @ (event - cumulative) - penalty * b
    return np.asarray(np.linalg.solve(curve + np.diag(penalty), slope))
