"""What every attribution method shares: the function explained, the path, the gradients."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

import torch
from torch import Tensor

from pathgnn.model.scales import Standardised

AT_ONCE = 64


class Points(NamedTuple):
    """Points on the way: how many, and what decides those that are random.

    Every network has a seed of its own: the same random points in all would make attributions
    agree that have nothing in common. At most `at_once` patients go through the network at once,
    copies counted, where a method is free to choose: few alone would cost as much.
    """

    steps: int
    seed: int
    at_once: int = AT_ONCE


# From inputs in training units to values per patient, several at once: they share the way there.
# Also of several copies of the same patients, one after the other.
Function = Callable[[Standardised], tuple[Tensor, ...]]
# From a function, the patients, their references and the points to a part for every input, one
# set per value of the function.
Method = Callable[[Function, Standardised, list[Standardised], Points], list[Standardised]]


class Path(NamedTuple):
    """The straight way from a reference to the patients' inputs."""

    start: Standardised
    end: Standardised

    @property
    def way(self) -> Standardised:
        """End minus start."""
        return Standardised(*(e - s for s, e in zip(self.start, self.end, strict=True)))

    def at(self, share: float) -> Standardised:
        """The inputs when this share of the way is gone."""
        return Standardised(*(s + share * w for s, w in zip(self.start, self.way, strict=True)))


def gradients(function: Function, inputs: Standardised) -> list[Standardised]:
    """Gradient of each value over the patients' own inputs; 0 where a value knows none."""
    z, c = (x.detach().clone().requires_grad_(True) for x in inputs)
    values = function(Standardised(z, c))
    out = []
    for i, value in enumerate(values):
        keep = i + 1 < len(values)
        found = torch.autograd.grad(value.sum(), (z, c), retain_graph=keep, allow_unused=True)
        known = [
            torch.zeros_like(x) if g is None else g for x, g in zip((z, c), found, strict=True)
        ]
        out.append(Standardised(*known))
    return out


def summed(parts: Iterable[tuple[float, Path, list[Standardised]]]) -> list[Standardised]:
    """Weighted sum over gradients, each times the way of its path."""
    total: list[Standardised] = []
    for weight, path, found in parts:
        way = path.way
        here = [
            Standardised(weight * g.z * way.z, weight * g.clinical * way.clinical) for g in found
        ]
        total = [add(a, b) for a, b in zip(total, here, strict=True)] if total else here
    return total


def add(a: Standardised, b: Standardised) -> Standardised:
    """Sum of two sets of parts."""
    return Standardised(a.z + b.z, a.clinical + b.clinical)
