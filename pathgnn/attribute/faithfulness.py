"""Faithfulness: does the prediction follow when what was named is moved to the reference?"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from pathgnn.attribute.attribution import Attribution
from pathgnn.attribute.predicted import Predicted, by_fold
from pathgnn.attribute.reference import Compared
from pathgnn.seeds import rng_for

STEPS, TOP_SHARE = 20, 0.1
# Shares of the named genes, and of the others, that robust fidelity moves at random.
NAMED_MOVED, OTHERS_MOVED = 0.1, 0.9


class Faithfulness(NamedTuple):
    """All in standard deviations of the predicted benefit, but `sufficiency`, an R2.

    `insertion`, `deletion`: area between the curve of the prediction, as genes are put in or taken
    out from the most helpful to the most harmful, and the straight line between its ends; 0 for an
    order that says nothing. `fid_plus`: mean change when a patient's strongest tenth of the
    measured genes is moved to the reference, `fid_minus`: when all others are; `robust_plus`,
    `robust_minus` the same with a tenth of the named or nine tenths of the others, at random.
    `sufficiency`: how much of the benefit's variance the strongest tenth tells alone.
    """

    insertion: float
    deletion: float
    fid_plus: float
    fid_minus: float
    robust_plus: float
    robust_minus: float
    sufficiency: float


def faithfulness(who: Compared, attribution: Attribution) -> Faithfulness:
    """Of an attribution by this method and reference, over all held-out patients.

    Source: Hama, Mase & Owen, arXiv 2205.12423 (areas for signed values); Pope et al., CVPR 2019
    (fidelity); Zheng et al., ICLR 2024 (robust fidelity).
    """
    measured = torch.from_numpy(attribution.measured)
    parts = [_of_fold(p, attribution.by_gene[p.at].T, measured) for p in by_fold(who)]
    both = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    whole = both["whole"]
    sd = float(whole.std()) or 1.0
    areas = {name: float(both[name].mean()) / sd for name in ("insertion", "deletion")}
    change = {
        name: float(np.abs(whole - both[name]).mean()) / sd
        for name in ("fid_plus", "fid_minus", "robust_plus", "robust_minus")
    }
    left = whole - both["fid_minus"]
    return Faithfulness(**areas, **change, sufficiency=float(1 - left.var() / sd**2))


def _of_fold(
    predicted: Predicted, score: Float[Tensor, "gene patient"], measured: Bool[Tensor, " gene"]
) -> dict[str, Float[np.ndarray, " patient"]]:
    # Among measured genes: moving another one changes nothing.
    n = int(measured.sum())
    rank, strength = (torch.full(score.shape, n) for _ in range(2))
    rank[measured], strength[measured] = _rank(score[measured]), _rank(score[measured].abs())
    named = strength < max(1, int(TOP_SHARE * n))
    rng = rng_for(predicted.who.fitted.seed, 7, 6, predicted.members[0].fold)
    few = torch.from_numpy(rng.random(tuple(score.shape)) < NAMED_MOVED)
    most = torch.from_numpy(rng.random(tuple(score.shape)) < OTHERS_MOVED)
    return {
        "whole": predicted(predicted.inputs.z),
        "insertion": _area([predicted.moved(rank >= i) for i in _sizes(n)]),
        "deletion": -_area([predicted.moved(rank < i) for i in _sizes(n)]),
        "fid_plus": predicted.moved(named),
        "fid_minus": predicted.moved(~named),
        "robust_plus": predicted.moved(named & few),
        "robust_minus": predicted.moved(~named & most),
    }


def _rank(score: Float[Tensor, "gene patient"]) -> Int[Tensor, "gene patient"]:
    """Place of every gene in its patient's order, the largest first."""
    order = torch.argsort(score, dim=0, descending=True, stable=True)
    return torch.argsort(order, dim=0)


def _sizes(n_genes: int) -> list[int]:
    return [round(n_genes * i / STEPS) for i in range(STEPS + 1)]


def _area(curve: list[Float[np.ndarray, " patient"]]) -> Float[np.ndarray, " patient"]:
    """Area above the straight line between the ends, over the share of genes."""
    at = np.linspace(0, 1, len(curve))[:, None]
    values = np.stack(curve)
    above = values - (values[0] + at * (values[-1] - values[0]))
    return np.asarray(np.trapezoid(above, dx=1 / (len(curve) - 1), axis=0))
