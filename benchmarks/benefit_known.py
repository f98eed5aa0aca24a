"""Known answers: RATE of a uniform effect, and double robustness under censoring."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from record import bar

from pathgnn.benefit.censored import (
    Curves,
    FollowUp,
    censoring_curve,
    censoring_unbiased,
    free_at_end,
    months_free,
)
from pathgnn.benefit.metrics import autoc, qini

HORIZON, RATES, LOST = 24.0, (0.04, 0.12), (0.02, 0.06)
N_PATIENTS, REPEATS = 4000, 40


def cases(quick: bool) -> list[str]:
    """What is known."""
    return ["rate", "censoring"]


def run(case: str, shared: Path, quick: bool) -> list[dict[str, Any]]:
    """Answers beside the truth."""
    return _rate() if case == "rate" else _censoring(3 if quick else REPEATS)


def recorded(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """All of them."""
    return rows


def bars(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Every answer that should be right within 2 %, and the naive one that should not."""
    out = []
    for row in rows:
        if row["should"] == "either":
            continue
        off = abs(row["value"] / row["truth"] - 1)
        right = row["should"] == "right"
        goal = "within 2 % of the truth" if right else "off by more than 5 %"
        met = off < 0.02 if right else off > 0.05
        out.append(bar(f"known: {row['case']} (truth {row['truth']:.3f})", row["value"], goal, met))
    return out


def _rate() -> list[dict[str, Any]]:
    tau = np.random.default_rng(0).random(400_000)
    rows = [("AUTOC of tau = rank = U(0, 1)", autoc(tau, tau), 1 / 4)]
    rows.append(("QINI of tau = rank = U(0, 1)", qini(tau, tau), 1 / 12))
    return [{"case": c, "value": v, "truth": t, "should": "right"} for c, v, t in rows]


def _censoring(repeats: int) -> list[dict[str, Any]]:
    """Two strata that differ in death and in loss, so that a marginal censoring curve is wrong."""
    rate = np.array(RATES)
    truths = {
        "months": float(((1 - np.exp(-rate * HORIZON)) / rate).mean()),
        "survival": float(np.exp(-rate * HORIZON).mean()),
    }
    found: dict[tuple[str, str], list[float]] = {}
    for seed in range(repeats):
        for key, value in _one(np.random.default_rng(seed)).items():
            found.setdefault(key, []).append(value)
    out = []
    for (what, models), values in found.items():
        should = {"naive": "wrong", "both wrong": "either"}.get(models, "right")
        out.append(
            {
                "case": f"{what}, {models}",
                "value": float(np.mean(values)),
                "sd": float(np.std(values, ddof=1)),
                "truth": truths[what],
                "should": should,
            }
        )
    return out


def _one(rng: np.random.Generator) -> dict[tuple[str, str], float]:
    stratum = rng.integers(0, 2, N_PATIENTS)
    died = rng.exponential(1 / np.array(RATES)[stratum])
    lost = rng.exponential(1 / np.array(LOST)[stratum])
    rows = FollowUp(np.minimum(died, lost), died <= lost, np.zeros(N_PATIENTS, dtype=bool))
    grid = np.linspace(0, HORIZON, 120)
    right = np.exp(-np.array(RATES)[stratum][:, None] * grid)
    wrong = np.exp(-0.01 * np.tile(grid, (N_PATIENTS, 1)))
    out = {
        ("months", "naive"): float(np.minimum(rows.time, HORIZON).mean()),
        ("survival", "naive"): float((rows.time > HORIZON).mean()),
    }
    for what, count in (("months", months_free), ("survival", free_at_end)):
        for said_s, survival in (("right", right), ("wrong", wrong)):
            counted = count(rows, Curves(survival, 1 - survival, grid))
            by_stratum = np.empty(N_PATIENTS)
            for s in (0, 1):
                on = stratum == s
                curve = censoring_curve(rows.time[on], rows.event[on])
                by_stratum[on] = censoring_unbiased(counted.take(on), curve)
            marginal = censoring_unbiased(counted, censoring_curve(rows.time, rows.event))
            names = {("right", "right"): "both right", ("wrong", "wrong"): "both wrong"}
            for said_g, value in (("right", by_stratum), ("wrong", marginal)):
                name = names.get((said_s, said_g), f"S {said_s}, G {said_g}")
                out[what, name] = float(value.mean())
    return out
