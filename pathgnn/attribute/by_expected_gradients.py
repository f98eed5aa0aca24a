"""Expected gradients: one point on the way from each of many references."""

from __future__ import annotations

import numpy as np

from pathgnn.attribute.method import Function, Path, Points, gradients, summed
from pathgnn.model.scales import Standardised
from pathgnn.seeds import rng_for


def expected_gradients(
    function: Function, inputs: Standardised, starts: list[Standardised], points: Points
) -> list[Standardised]:
    """Mean of gradient times way at one point of each path; `points.steps` on a lone one.

    The points are stratified over the ways, so the sum comes near the whole difference.

    Source: Erion et al., Nature Machine Intelligence 2021, 3:620.
    """
    starts = starts * points.steps if len(starts) == 1 else starts
    rng, n = rng_for(points.seed, 17), len(starts)
    share = (rng.permutation(n) + rng.random(n)) / n
    return summed(
        (1 / n, path, gradients(function, path.at(float(at))))
        for start, at in zip(starts, np.asarray(share), strict=True)
        for path in [Path(start, inputs)]
    )
