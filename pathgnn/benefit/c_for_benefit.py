"""C-for-benefit: do matched pairs with more predicted benefit show more of it? Secondary."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int
from scipy.stats import rankdata

from pathgnn.benefit.metrics import Estimate
from pathgnn.benefit.units import Groups, bootstrap, n_units

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
    group: Groups = None,
) -> CForBenefit:
    """C-for-benefit of one contrast, with a bootstrap error over pairs.

    Where patients go together, groups are drawn and paired anew.

    Treated and controls are paired by the rank of their predicted benefit, one to one; a pair's
    observed benefit is the difference of its outcomes, its predicted one the mean of both. It is
    no proper score: a wrong model can have a higher one. Read the valid test first.

    Args:
        benefit: Predicted, out of fold.
        value: Outcomes, higher is better; for survival free of censoring.
        arm: 0 or 1.
        rng: Decides who of the larger arm is left out, and the bootstrap.
        group: Patients that go together.

    Source: van Klaveren et al., J Clin Epidemiol 2018, 94:59; Xia et al., Statistics in Medicine
    2023, 42:4147 (why secondary).
    """
    whole = np.arange(len(benefit))
    predicted, observed = _pairs(benefit, value, arm, whole, rng)
    n = len(predicted)
    if not n or np.ptp(observed) == 0 or np.ptp(predicted) == 0:
        # Nothing was observed, or said, to differ: nothing is known.
        return CForBenefit(Estimate(0.5, float("inf")), n)
    if n_units(len(benefit), group) == len(benefit):
        chosen = [rng.integers(0, n, n) for _ in range(DRAWS)]
        draws = [concordance(predicted[i], observed[i]) for i in chosen]
    else:
        drawn = bootstrap(len(benefit), rng, group, DRAWS)
        draws = [concordance(*_pairs(benefit, value, arm, at, rng)) for at in drawn]
    return CForBenefit(Estimate(concordance(predicted, observed), float(np.nanstd(draws))), n)


def _pairs(
    benefit: Float[np.ndarray, " patient"],
    value: Float[np.ndarray, " patient"],
    arm: Int[np.ndarray, " patient"],
    at: Int[np.ndarray, " drawn"],
    rng: np.random.Generator,
) -> tuple[Float[np.ndarray, " pair"], Float[np.ndarray, " pair"]]:
    """Predicted and observed benefit of pairs of a treated and a control of some patients."""
    arms = [at[arm[at] == k] for k in (0, 1)]
    n = min(MOST_PAIRS, *map(len, arms))
    chosen = [rng.permutation(a)[:n] for a in arms]
    control, treated = (a[np.argsort(benefit[a], kind="stable")] for a in chosen)
    return (benefit[treated] + benefit[control]) / 2, value[treated] - value[control]


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
