"""Shapley values of players whose coalitions all have a value, and the cheapest good coalition."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from math import factorial
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

Coalition = frozenset[str]
Draws = Mapping[Coalition, Float[np.ndarray, " draw"]]


class Cheapest(NamedTuple):
    """The best coalition, and the cheapest one that is within a standard error of it."""

    best: Coalition
    chosen: Coalition
    behind: float
    se: float


def coalitions(players: tuple[str, ...]) -> tuple[Coalition, ...]:
    """All of them, the empty one first, by size."""
    return tuple(
        frozenset(some) for size in range(len(players) + 1) for some in combinations(players, size)
    )


def shapley(players: tuple[str, ...], value: Draws) -> dict[str, Float[np.ndarray, " draw"]]:
    """Mean gain by a player's joining over all orders; they sum to the value of all minus of none.

    Source: Shapley, Contributions to the Theory of Games 1953, 2:307.
    """
    n, out = len(players), {}
    for player in players:
        total = np.zeros_like(value[frozenset()])
        for others in coalitions(tuple(p for p in players if p != player)):
            weight = factorial(len(others)) * factorial(n - len(others) - 1) / factorial(n)
            total = total + weight * (value[others | {player}] - value[others])
        out[player] = total
    return out


def cheapest(value: Mapping[Coalition, float], draws: Draws, cost: Mapping[str, float]) -> Cheapest:
    """The cheapest coalition whose value is within one standard error of the best.

    The error is that of the difference to the best, over paired draws. Of equally cheap ones the
    one of higher value is taken.
    """
    best = max(value, key=lambda c: (value[c], -_cost(c, cost)))
    error = {c: float(np.std(draws[best] - draws[c], ddof=1)) for c in value}
    good = [c for c in value if value[best] - value[c] <= error[c] + 1e-12]
    chosen = min(good, key=lambda c: (_cost(c, cost), -value[c]))
    return Cheapest(best, chosen, value[best] - value[chosen], error[chosen])


def _cost(coalition: Coalition, cost: Mapping[str, float]) -> float:
    return sum(cost[player] for player in coalition)
