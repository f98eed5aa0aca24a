"""Do our scores, rankings and calibration agree with EconML's, and where not, who is right?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from econml.grf import CausalForest
from econml.validate.drtester import DRTester
from econml.validate.utils import calc_uplift, calculate_dr_outcomes
from record import arguments, bar, record
from scipy import stats

from pathgnn.benefit.metrics import autoc, autoc_with_se, blp_slope, qini, toc
from pathgnn.benefit.scores import aipw

N, N_GENES, REPEATS, NULLS = 2000, 8, 20, 300
# EconML's defaults: shares treated at which the curves are read.
PERCENTILES = np.linspace(5, 95, 50)
SAME = 1e-9


class Trial(NamedTuple):
    """Patients with a linear benefit, arms by coin, and scores from the true outcome models."""

    x: np.ndarray
    arm: np.ndarray
    value: np.ndarray
    propensity: np.ndarray
    mu: np.ndarray
    tau: np.ndarray


def main() -> None:
    """Every comparison, the table, the bars, the JSON."""
    args = arguments(__doc__ or "")
    repeats, nulls = (2, 20) if args.quick else (REPEATS, NULLS)
    rows = [
        *_scores(repeats),
        *_curves(repeats),
        *_known_areas(),
        *_calibration(repeats),
        *_tests(nulls),
    ]
    for row in rows:
        print(f"{row['what']:58} ours {row['ours']:9.4f}  EconML {row['econml']:9.4f}", end="")
        print("" if row["truth"] is None else f"  truth {row['truth']:.4f}")
    bars = [_bar(row) for row in rows]
    for one in bars:
        print("met   " if one["met"] else "MISSED", one["name"], one["goal"])
    if not args.quick:
        record("agreement_with_econml", __doc__ or "", {}, rows, bars)


def trial(seed: int, sd: float = 0.5, n: int = N) -> Trial:
    """One simulated trial."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, N_GENES))
    tau = 0.3 + sd * x[:, 0]
    arm = rng.integers(0, 2, n)
    mu = np.stack([x[:, 1], x[:, 1] + tau], 1)
    value = mu[np.arange(n), arm] + rng.normal(size=n)
    return Trial(x, arm, value, np.full((n, 2), 0.5), mu, tau)


def gain_of(t: Trial) -> np.ndarray:
    """Doubly robust score of the second arm against the first, by our formula."""
    gamma = aipw(t.value, t.arm, np.arange(len(t.arm)), t.propensity, t.mu)
    return np.asarray(gamma[:, 1] - gamma[:, 0])


def _scores(repeats: int) -> Iterator[dict[str, Any]]:
    """The same formula: the largest difference between two patients' scores."""
    apart = 0.0
    for seed in range(repeats):
        t = trial(seed)
        theirs = calculate_dr_outcomes(t.arm, t.value, t.mu, t.propensity)[:, 0]
        apart = max(apart, float(np.abs(gain_of(t) - theirs).max()))
    yield _row("doubly robust scores, largest difference", apart, 0.0, "same")


def _curves(repeats: int) -> Iterator[dict[str, Any]]:
    """TOC at EconML's own shares."""
    apart = 0.0
    for seed in range(repeats):
        t = trial(seed)
        gain = gain_of(t)
        curve = calc_uplift(t.tau[:, None], t.tau[:, None], gain[:, None], PERCENTILES, "toc", 2)[2]
        treated = (t.tau[:, None] >= np.percentile(t.tau, PERCENTILES)).sum(0)
        ours = toc(t.tau, gain)[treated - 1]
        apart = max(apart, float(np.abs(ours - curve["value"].to_numpy()).max()))
    yield _row("TOC at EconML's shares, largest difference", apart, 0.0, "same")


def _known_areas() -> Iterator[dict[str, Any]]:
    """tau = rank = U(0, 1): EconML's areas leave out both ends of the curve."""
    tau = np.random.default_rng(0).random(200_000)
    for name, ours, truth in (("toc", autoc, 0.25), ("qini", qini, 1 / 12)):
        theirs = calc_uplift(tau[:, None], tau[:, None], tau[:, None], PERCENTILES, name, 2)[0]
        said = "AUTOC" if name == "toc" else "QINI"
        yield _row(f"{said} of tau = rank = U(0, 1)", ours(tau, tau), theirs, "ours", truth)


def _calibration(repeats: int) -> Iterator[dict[str, Any]]:
    """BLP slopes are the same; EconML's error with two arms takes residuals for equally wide."""
    apart, ours, theirs = 0.0, [], []
    for seed in range(repeats):
        t = trial(seed)
        # Noise that grows with the predicted benefit.
        wide = t.tau + np.random.default_rng(1000 + seed).normal(size=N) * np.exp(t.x[:, 0] / 2)
        tester = DRTester.__new__(DRTester)
        tester.n_treat, tester.treatments = 1, np.array([0, 1])
        tester.dr_val_, tester.cate_preds_val_ = wide[:, None], t.tau[:, None]
        found = tester.evaluate_blp()
        slope = blp_slope(t.tau, wide)
        apart = max(apart, abs(slope.value - float(np.ravel(found.params)[0])))
        ours.append(slope.se)
        theirs.append(float(np.ravel(found.errs)[0]))
    yield _row("BLP slope, largest difference", apart, 0.0, "same")
    yield _row(
        "BLP error where noise grows with benefit",
        np.mean(ours),
        np.mean(theirs),
        "ours",
        _true_se(),
    )


def _true_se() -> float:
    """Standard deviation of the slope over 2,000 draws of the cohort of `_calibration`."""
    slopes = []
    for seed in range(2000):
        rng = np.random.default_rng(10_000 + seed)
        x = rng.normal(size=N)
        tau = 0.3 + 0.5 * x
        slopes.append(blp_slope(tau, tau + rng.normal(size=N) * np.exp(x / 2)).value)
    return float(np.std(slopes))


def _tests(nulls: int) -> Iterator[dict[str, Any]]:
    """Share of rankings without benefit called significant at .05, on patients held out."""
    ours, theirs = [], []
    for seed in range(nulls):
        t = trial(5000 + seed, sd=0.0, n=500)
        gain = gain_of(t)
        forest = CausalForest(n_estimators=40, random_state=0, n_jobs=1)
        half = np.arange(len(gain)) % 2 == 0
        residual = t.value - t.mu.mean(1)
        forest.fit(t.x[half], t.arm[half, None] - 0.5, residual[half])
        rank, held = np.ravel(forest.predict(t.x[~half])), gain[~half]
        e = autoc_with_se(rank, held, np.random.default_rng(seed))
        ours.append(2 * stats.norm.sf(abs(e.value / e.se)) < 0.05)
        area, se, _ = calc_uplift(
            np.ravel(forest.predict(t.x[half]))[:, None],
            rank[:, None],
            held[:, None],
            PERCENTILES,
            "toc",
            2,
        )
        theirs.append(stats.norm.sf(abs(area / se)) < 0.05)
    yield _row(
        "share of null rankings with p < .05", np.mean(ours), np.mean(theirs), "ours, test", 0.05
    )


def _row(
    what: str, ours: float, econml: float, right: str, truth: float | None = None
) -> dict[str, Any]:
    return {
        "what": what,
        "ours": float(ours),
        "econml": float(econml),
        "right": right,
        "truth": truth,
    }


def _bar(row: dict[str, Any]) -> dict[str, Any]:
    if row["right"] == "same":
        return bar(row["what"], row["ours"], "the same", abs(row["ours"] - row["econml"]) < SAME)
    if row["right"] == "ours, test":
        return bar(row["what"], row["ours"], ".02 to .09", 0.02 <= row["ours"] <= 0.09)
    off = [abs(row[who] / row["truth"] - 1) for who in ("ours", "econml")]
    said = f"within 10 % of {row['truth']:.4g}; EconML is off by {off[1]:.0%}"
    return bar(row["what"], row["ours"], said, off[0] < 0.1 and off[1] > off[0])


if __name__ == "__main__":
    main()
