"""Which cascades survive: do they come back with other seeds, and what of them on other edges?"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from pathgnn.attribute.attribution import Cascade

# A cascade comes back where another one holds this share of the genes of both.
SAME = 0.5


class Survival(NamedTuple):
    """One cascade of the run under control.

    `comes_back` is the share of trainings with other seeds whose cascades hold it; `share_true`
    and `share_rewired` the share of the attribution on its genes, on the true graph and on
    rewired ones. `survives` asks for both: it comes back in half of the trainings or more, and
    the edges help prediction.
    """

    cascade: int
    genes: tuple[str, ...]
    comes_back: float
    share_true: float
    share_rewired: float
    survives: bool


def survival(
    found: tuple[Cascade, ...],
    again: list[tuple[Cascade, ...]],
    shares: tuple[list[Float[np.ndarray, " gene"]], list[Float[np.ndarray, " gene"]]],
    genes: tuple[str, ...],
    edges_help: bool,
) -> tuple[Survival, ...]:
    """What becomes of each cascade.

    Args:
        found: Cascades of the run.
        again: Those of each training with other seeds on the true graph.
        shares: Mean absolute attribution per gene, of each training on the true graph and of each
            on a rewired one.
        genes: Names of the genes, in the order of the shares.
        edges_help: The verdict on edges.
    """
    place = {gene: i for i, gene in enumerate(genes)}
    out = []
    for number, cascade in enumerate(found, start=1):
        at = [place[g] for g in cascade.genes]
        on_true, on_rewired = (
            float(np.mean([s[at].sum() / max(s.sum(), 1e-12) for s in side])) for side in shares
        )
        back = float(np.mean([_holds(cascade, others) for others in again]))
        survives = back >= SAME and edges_help
        out.append(Survival(number, cascade.genes, back, on_true, on_rewired, survives))
    return tuple(out)


def _holds(cascade: Cascade, others: tuple[Cascade, ...]) -> bool:
    mine = set(cascade.genes)
    return any(len(mine & set(o.genes)) >= SAME * len(mine | set(o.genes)) for o in others)
