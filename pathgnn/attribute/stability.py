"""Stability: how far networks name the same genes."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from jaxtyping import Float

PERSISTENCE = 0.9
DEPTH = 100
TOP_GENES = 20


def jaccard_at(scores: Float[np.ndarray, "member item"], k: int) -> float:
    """Mean Jaccard index of the k best items over all pairs of networks; 1 for one network."""
    best = [set(np.argsort(-row, kind="stable")[:k].tolist()) for row in scores]
    pairs = list(combinations(best, 2))
    return float(np.mean([len(a & b) / len(a | b) for a, b in pairs])) if pairs else 1.0


def share_in_top(scores: Float[np.ndarray, "member item"], k: int) -> Float[np.ndarray, " item"]:
    """Share of the networks that hold each item among their k best."""
    best = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    return np.bincount(best.ravel(), minlength=scores.shape[1]) / len(scores)


def nogueira(scores: Float[np.ndarray, "member item"], k: int) -> float:
    """Stability of the k best items: 1 for the same in all networks, about 0 for chance.

    1 where nothing can differ: one network, or every item among the k best.

    Source: Nogueira, Sechidis & Brown, JMLR 2018, 18(174).
    """
    n, items = scores.shape
    k = min(k, items)
    if n < 2 or k == items:
        return 1.0
    share = share_in_top(scores, k)
    spread = (n / (n - 1) * share * (1 - share)).mean()
    return float(1 - spread / (k / items * (1 - k / items)))


def rank_biased_overlap(scores: Float[np.ndarray, "member item"]) -> float:
    """Mean rank-biased overlap (p = .9, to depth 100) over all pairs of networks.

    Source: Webber, Moffat & Zobel, ACM TOIS 2010, 28(4):20, scaled to 1 for equal rankings.
    """
    depth = min(DEPTH, scores.shape[1])
    orders = [np.argsort(-row, kind="stable")[:depth].tolist() for row in scores]
    pairs = list(combinations(orders, 2))
    return float(np.mean([_overlap(a, b) for a, b in pairs])) if pairs else 1.0


def _overlap(a: list[int], b: list[int]) -> float:
    weight = PERSISTENCE ** np.arange(len(a))
    shared = [len(set(a[: d + 1]) & set(b[: d + 1])) / (d + 1) for d in range(len(a))]
    return float(weight @ np.array(shared) / weight.sum())
