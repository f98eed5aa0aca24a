"""Permutation evidence: do out-of-fold attributions go with the observed benefit?"""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.stats import false_discovery_control

from pathgnn.attribute.attribution import Evidence
from pathgnn.attribute.exchangeable import Exchangeable, centred, permuted

# Permutations times patients or items worked on at once.
PIECE = 2**24
OF_SUMS = 2**0.5
ROUNDING = 1e-12


def association(
    attributed: Float[np.ndarray, "patient item"],
    gain: Float[np.ndarray, " patient"],
    moves: Exchangeable,
    n_permutations: int,
    rng: np.random.Generator,
    inflation: float = 1.0,
) -> Evidence:
    """One-sided evidence that what an item was said to add goes with the observed gain.

    Args:
        attributed: Out-of-fold attribution of each patient's benefit to each item.
        gain: Doubly robust scores of the benefit, from models that never saw the patient.
        moves: Scores are centred and permuted within folds, as models differ between them, those
            of a group of patients as one.
        n_permutations: p is (b + 1) / (m + 1), never 0.
        rng: Draws the permutations.
        inflation: Divides a statistic above 0. Fold A's model has seen fold B's scores and the
            other way round, so a sum over many genes varies up to sqrt 2 more than its
            permutations: a p of .05 was met in 7.5-10 % of null cohorts without this, in 4 % by
            single genes.

    The null is no effect modification at all: a correlate of a true driver can be significant.
    Treatment is permuted implicitly, by moving the scores; networks are not refitted.
    """
    x = centred(attributed, moves.block)
    size = np.sqrt((x**2).sum(0))
    x = x / np.where(size > 0, size, 1)
    y = centred(gain[:, None], moves.block)[:, 0]
    observed = y @ x
    # What goes against the benefit is made no likelier.
    observed = np.where(observed > 0, observed / inflation, observed)
    exceed, rounding = np.zeros(x.shape[1]), ROUNDING * np.abs(observed).max(initial=0.0)
    step = max(1, PIECE // max(1, *x.shape))
    for start in range(0, n_permutations, step):
        n = min(step, n_permutations - start)
        exceed += (permuted(y, moves, n, rng) @ x >= observed - rounding).sum(0)
    p = (exceed + 1) / (n_permutations + 1)
    p = np.where(size > 0, p, 1.0)
    return Evidence(observed / max(y.std(), 1e-12) / np.sqrt(len(y)), p, benjamini_hochberg(p))


def among(
    known: Bool[np.ndarray, " item"], found: Float[np.ndarray, " known"]
) -> Float[np.ndarray, " item"]:
    """Values of the members of a family at their places; NaN elsewhere."""
    out = np.full(len(known), np.nan)
    out[known] = found
    return out


def with_measured(
    members: Int[np.ndarray, "2 member"], measured: Bool[np.ndarray, " gene"], n_pathways: int
) -> Bool[np.ndarray, " pathway"]:
    """Pathways that hold a measured gene; members are pairs of pathway and gene."""
    pathway, gene = members
    return np.asarray(np.bincount(pathway[measured[gene]], minlength=n_pathways) > 0)


def univariate_t(
    values: Float[np.ndarray, "patient gene modality"],
    seen: Bool[np.ndarray, "patient gene modality"],
    gain: Float[np.ndarray, " patient"],
) -> Float[np.ndarray, "gene modality"]:
    """t of the slope of gain on each measured value alone: the comparator of every attribution.

    Of the patients in whom it was measured; 0 for fewer than three.
    """
    count = seen.sum(0)
    n, there = count.clip(1), seen.astype(float)
    x = np.where(seen, values, 0) - (np.where(seen, values, 0).sum(0) / n)
    x = np.where(seen, x, 0)
    # The slope is that of these patients, and so are mean and spread of their gain.
    y = gain - gain.mean()
    of_seen = np.einsum("pgm,p->gm", there, y) / n
    cross = np.einsum("pgm,p->gm", x, y)
    xx = (x**2).sum(0)
    yy = (np.einsum("pgm,p->gm", there, y**2) - n * of_seen**2).clip(0)
    r = cross / np.sqrt(xx * yy).clip(1e-12)
    t = r * np.sqrt((n - 2).clip(1) / (1 - r**2).clip(1e-12))
    return np.where(count > 2, t, 0.0)


def benjamini_hochberg(p: Float[np.ndarray, " item"]) -> Float[np.ndarray, " item"]:
    """q of a family; that of none is none."""
    return np.asarray(false_discovery_control(p)) if len(p) else p
