"""Stability: how far networks name the same genes."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from jaxtyping import Float, Int

PERSISTENCE = 0.9
DEPTH = 100
TOP_GENES = 20


def best_of(scores: Float[np.ndarray, " item"], k: int) -> Int[np.ndarray, " best"]:
    """The k best items, best first; fewer where fewer have a score above 0.

    An item without a score is chosen by nobody: its place among others like it is that in the list.
    """
    best = np.argsort(-scores, kind="stable")[:k]
    return np.asarray(best[scores[best] > 0])


def jaccard_at(scores: Float[np.ndarray, "member item"], k: int) -> float:
    """Mean Jaccard index of the k best items over all pairs of networks; 1 for one network.

    Two networks that choose nothing have nothing in common: 0.
    """
    best = [set(best_of(row, k).tolist()) for row in scores]
    pairs = list(combinations(best, 2))
    return float(np.mean([len(a & b) / max(1, len(a | b)) for a, b in pairs])) if pairs else 1.0


def share_in_top(scores: Float[np.ndarray, "member item"], k: int) -> Float[np.ndarray, " item"]:
    """Share of the networks that hold each item among their k best."""
    best = np.concatenate([best_of(row, k) for row in scores])
    return np.bincount(best, minlength=scores.shape[1]) / len(scores)


def nogueira(scores: Float[np.ndarray, "member item"], k: int) -> float:
    """Stability of the k best items: 1 for the same in all networks, about 0 for chance.

    1 where nothing can differ: one network, or every item among the k best; 0 where none is chosen.

    Source: Nogueira, Sechidis & Brown, JMLR 2018, 18(174).
    """
    n, items = scores.shape
    share = share_in_top(scores, k)
    mean = share.mean() if items else 0.0
    if n < 2 or mean == 1:
        return 1.0
    if mean == 0:
        return 0.0
    spread = (n / (n - 1) * share * (1 - share)).mean()
    return float(1 - spread / (mean * (1 - mean)))


def rank_biased_overlap(scores: Float[np.ndarray, "member item"]) -> float:
    """Mean rank-biased overlap (p = .9, to depth 100) over all pairs of networks.

    Source: Webber, Moffat & Zobel, ACM TOIS 2010, 28(4):20, scaled to 1 for equal rankings.
    """
    pairs = list(combinations([best_of(row, DEPTH).tolist() for row in scores], 2))
    return float(np.mean([_overlap(a, b) for a, b in pairs])) if pairs else 1.0


def _overlap(a: list[int], b: list[int]) -> float:
    depth = np.arange(1, max(len(a), len(b)) + 1)
    weight = PERSISTENCE**depth
    shared = [len(set(a[:d]) & set(b[:d])) / d for d in depth]
    return float(weight @ np.array(shared) / weight.sum()) if len(depth) else 0.0
