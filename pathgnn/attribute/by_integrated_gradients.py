"""Integrated gradients: the gradient along the straight path from a reference, times the way."""

from __future__ import annotations

import numpy as np

from pathgnn.attribute.method import Function, Path, Points, gradients, summed
from pathgnn.model.scales import Standardised


def integrated_gradients(
    function: Function, inputs: Standardised, starts: list[Standardised], points: Points
) -> list[Standardised]:
    """Mean over the references of the path integral, by Gauss-Legendre quadrature.

    Complete: the parts of a patient sum to the value here minus the mean value at the references.

    Source: Sundararajan, Taly & Yan, ICML 2017.
    """
    paths = [Path(start, inputs) for start in starts]
    return summed(
        (weight / len(starts), path, gradients(function, path.at(node)))
        for path in paths
        for node, weight in gauss(points.steps)
    )


def gauss(steps: int) -> list[tuple[float, float]]:
    """Nodes and weights of Gauss-Legendre quadrature on [0, 1]."""
    node, weight = np.polynomial.legendre.leggauss(steps)
    return [(float((x + 1) / 2), float(w / 2)) for x, w in zip(node, weight, strict=True)]
