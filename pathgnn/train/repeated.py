"""Repeated cross-fitting: how far the answer hangs on folds and first weights."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from scipy.stats import rankdata

from pathgnn.benefit.evidence_findings import Repeated
from pathgnn.benefit.metrics import (
    Estimate,
    SequentialTest,
    autoc_with_se,
    blp_slope,
    mean_gain,
    sequential_test,
)
from pathgnn.benefit.safeguards import holm
from pathgnn.benefit.verdict import ALPHA
from pathgnn.errors import ConfigError
from pathgnn.graph.nodes import Nodes
from pathgnn.seeds import rng_for, seed_for
from pathgnn.train.crossfit import fit
from pathgnn.train.fit import Recipe
from pathgnn.train.fitted import Fitted
from pathgnn.train.linear import Benefits

# Keys of random streams that cross-fitting does not use: repeats, half-samples.
REPEAT, HALVES = 1002, 12
FEWEST_REPEATS = 2


class Repeat(NamedTuple):
    """One cross-fitting: estimates of every contrast, and the predicted benefit out of fold."""

    average: tuple[Estimate, ...]
    autoc: tuple[Estimate, ...]
    slope: tuple[Estimate, ...]
    test: tuple[SequentialTest, ...]
    benefit: Benefits


class Agreed(NamedTuple):
    """Predicted benefit of every patient: its mean over the repeats and its spread (sd)."""

    mean: Benefits
    sd: Benefits


def one_repeat(nodes: Nodes, recipe: Recipe, path: tuple[int, int]) -> Repeat:
    """A cross-fitting with other folds and first weights.

    Args:
        nodes: The cohort.
        recipe: As for the run that is repeated.
        path: Seed and number of the repeat; they alone decide it.
    """
    return repeat_of(fit(nodes, recipe, seed_for(path[0], REPEAT, path[1])))


def repeat_of(fitted: Fitted) -> Repeat:
    """What counts of one cross-fitted model."""
    rng = rng_for(fitted.seed, HALVES)
    average, autoc, slope, test = [], [], [], []
    for k in range(fitted.benefit.shape[1]):
        on = fitted.scores.informs[:, k]
        tau, gain, group = fitted.benefit[on, k], fitted.scores.gain[on, k], fitted.scores.group[on]
        average.append(mean_gain(gain, group))
        autoc.append(autoc_with_se(tau, gain, rng, group))
        slope.append(blp_slope(tau, gain, group))
        test.append(sequential_test(list(fitted.sequential[fitted.default][k])))
    return Repeat(tuple(average), tuple(autoc), tuple(slope), tuple(test), fitted.benefit)


def combine(repeats: Sequence[Repeat], contrast: int) -> Repeated:
    """One contrast over all repeats.

    Raises:
        ConfigError: fewer than two repeats.
    """
    if len(repeats) < FEWEST_REPEATS:
        raise ConfigError(
            f"repeated cross-fitting needs {FEWEST_REPEATS} repeats or more, found {len(repeats)}"
        )
    tests = [r.test[contrast] for r in repeats]
    return Repeated(
        average=median_estimate([r.average[contrast] for r in repeats]),
        autoc=median_estimate([r.autoc[contrast] for r in repeats]),
        slope=median_estimate([r.slope[contrast] for r in repeats]),
        z=float(np.median([t.z for t in tests])),
        p=combined_p([t.p for t in tests]),
        differs=sum(_differs(r, contrast) for r in repeats),
        repeats=len(repeats),
        agreement=agreement([r.benefit[:, contrast] for r in repeats]),
    )


def _differs(repeat: Repeat, contrast: int) -> bool:
    """Does a repeat say by itself that benefit differs? After Holm's correction, as a run does."""
    p = holm({str(k): t.p for k, t in enumerate(repeat.test)})[str(contrast)]
    return p < ALPHA and repeat.test[contrast].z > 0


def predicted(repeats: Sequence[Repeat]) -> Agreed:
    """Predicted benefit of every patient over the repeats, before shrinkage."""
    all_of = np.stack([r.benefit for r in repeats])
    return Agreed(all_of.mean(0), all_of.std(0, ddof=1))


def median_estimate(estimates: Sequence[Estimate]) -> Estimate:
    """Median over repeats; the squared error is the median of error squared plus distance squared.

    Source: Chernozhukov et al., Econometrics Journal 2018, 21:C1, definition 3.3.
    """
    value = np.array([e.value for e in estimates])
    middle = float(np.median(value))
    squared = np.array([e.se for e in estimates]) ** 2 + (value - middle) ** 2
    return Estimate(middle, float(np.sqrt(np.median(squared))))


def combined_p(p: Sequence[float]) -> float:
    """Twice the median p, at most 1: valid however the repeats depend on each other.

    NaN where a repeat was not tested.

    Source: Rüger, Metrika 1978, 25:171; Gasparin, Wang & Ramdas, arXiv 2404.03484.
    """
    return float(np.minimum(1.0, 2 * np.median(np.array(p))))


def agreement(benefits: Sequence[Float[np.ndarray, " patient"]]) -> float:
    """Mean Spearman correlation between repeats; one that ranks nobody agrees with none (0)."""
    pairs = list(combinations([rankdata(b) for b in benefits], 2))
    return float(np.mean([_correlation(a, b) for a, b in pairs]))


def _correlation(a: Float[np.ndarray, " patient"], b: Float[np.ndarray, " patient"]) -> float:
    a, b = a - a.mean(), b - b.mean()
    spread = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / spread if spread > 0 else 0.0
