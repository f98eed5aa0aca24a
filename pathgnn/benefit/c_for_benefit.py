"""C-for-benefit: do matched pairs with more predicted benefit show more of it? Secondary."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int
from scipy.stats import rankdata

from pathgnn.benefit.metrics import Estimate

DRAWS = 200
# Of more pairs a random part is compared, or memory would grow with their square.
MOST_PAIRS = 2000


class CForBenefit(NamedTuple):
    """Concordance of pairs of pairs, .5 by chance, and how many pairs were matched."""

    c: Estimate
    n_pairs: int


def c_for_benefit(
    benefit: Float[np.ndarray, " patient"],
    value: Float[np.ndarray, " patient"],
    arm: Int[np.ndarray, " patient"],
    rng: np.random.Generator,
) -> CForBenefit:
    """C-for-benefit of one contrast, with a bootstrap error over pairs.

    Treated and controls are paired by the rank of their predicted benefit, one to one; a pair's
    observed benefit is the difference of its outcomes, its predicted one the mean of both. It is
    no proper score: a wrong model can have a higher one. Read the valid test first.

    Args:
        benefit: Predicted, out of fold.
        value: Outcomes, higher is better; for survival free of censoring.
        arm: 0 or 1.
        rng: Decides who of the larger arm is left out, and the bootstrap.

    Source: van Klaveren et al., J Clin Epidemiol 2018, 94:59; Xia et al., Statistics in Medicine
    2023, 42:4147 (why secondary).
    """
    groups = [np.flatnonzero(arm == k) for k in (0, 1)]
    n = min(MOST_PAIRS, *map(len, groups))
    chosen = [rng.permutation(g)[:n] for g in groups]
    control, treated = (g[np.argsort(benefit[g], kind="stable")] for g in chosen)
    observed = value[treated] - value[control]
    predicted = (benefit[treated] + benefit[control]) / 2
    if np.ptp(observed) == 0 or np.ptp(predicted) == 0:
        # Nothing was observed, or said, to differ: nothing is known.
        return CForBenefit(Estimate(0.5, float("inf")), n)
    draws = []
    for _ in range(DRAWS):
        i = rng.integers(0, n, n)
        draws.append(concordance(predicted[i], observed[i]))
    return CForBenefit(Estimate(concordance(predicted, observed), float(np.nanstd(draws))), n)


def concordance(
    predicted: Float[np.ndarray, " pair"], observed: Float[np.ndarray, " pair"]
) -> float:
    """Share of pairs of pairs, different in what was observed, that were predicted in that order.

    Ties of the prediction count half. NaN where all observed are the same.
    """
    order = np.argsort(observed, kind="stable")
    rank, seen = rankdata(predicted)[order], observed[order]
    above = (rank[None, :] > rank[:, None]) + 0.5 * (rank[None, :] == rank[:, None])
    later = seen[None, :] > seen[:, None]
    return float((above * later).sum() / later.sum()) if later.any() else float("nan")
