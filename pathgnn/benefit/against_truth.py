"""How near an answer is to a simulation's truth: benefit, genes, edges, pathways."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from typing import NamedTuple, TypeVar

import numpy as np
import pandas as pd
from jaxtyping import Float
from scipy import stats
from sklearn.metrics import average_precision_score

from pathgnn.benefit.metrics import autoc
from pathgnn.cohort.truth import Truth
from pathgnn.errors import CohortError, ConfigError

Thing = TypeVar("Thing", bound=Hashable)


class BenefitScore(NamedTuple):
    """An estimated benefit beside the true one. NaN: the truth or the answer is constant.

    `pehe` is the root mean squared error in the estimand's unit, `pehe_relative` in sd of the
    true benefit, where 1 is what predicting the average reaches; `autoc_ratio` is the AUTOC of
    the answer over that of the truth itself, both on the true benefit.
    """

    n: int
    r: float
    spearman: float
    pehe: float
    pehe_relative: float
    bias: float
    autoc_ratio: float


class FoundScore(NamedTuple):
    """Planted genes or edges among all, ranked by size of score; what got no score is last.

    `chance` is the `auprc` of a random order. `recall` is the share of the planted among as many
    first places. `sign_agreement` is the share of planted genes whose score has the true sign;
    NaN where no score is negative, or none is planted with a score.
    """

    auprc: float
    chance: float
    recall: float
    sign_agreement: float


class PathwayRank(NamedTuple):
    """Place of the planted pathway, 1 the first, and whether the prognostic one is above it."""

    rank: int
    n: int
    prognostic_rank: int
    prognostic_above: bool


def score_benefit(
    truth: Truth, benefit: pd.Series | Float[np.ndarray, " given"], contrast: int = 0
) -> BenefitScore:
    """An estimated benefit against the true one of a contrast.

    Args:
        truth: What was planted.
        benefit: By patient id, some patients or all; or an array in the order of the truth.
        contrast: 0 is the first arm after the reference.

    Raises:
        CohortError: no such contrast, no patient in common, or a patient twice.
    """
    if not 0 <= contrast < truth.tau.shape[1]:
        raise ConfigError(f"no contrast {contrast}; the truth has {truth.tau.shape[1]}, from 0")
    tau, found = _matched(truth, benefit, truth.tau[:, contrast])
    spread = float(tau.std())
    said = spread > 1e-12 and float(found.std()) > 1e-12
    pehe = float(np.sqrt(np.mean((found - tau) ** 2)))
    best = autoc(tau, tau)
    return BenefitScore(
        n=len(tau),
        r=float(np.corrcoef(found, tau)[0, 1]) if said else math.nan,
        spearman=float(stats.spearmanr(found, tau).statistic) if said else math.nan,
        pehe=pehe,
        pehe_relative=pehe / spread if spread > 1e-12 else math.nan,
        bias=float(np.mean(found - tau)),
        autoc_ratio=autoc(found, tau) / best if said else math.nan,
    )


def score_genes(truth: Truth, scores: Mapping[str, float], contrast: int = 0) -> FoundScore:
    """Scores of genes against the genes that decide the benefit of a contrast."""
    planted = truth.parts[contrast]
    towards = dict(zip(truth.cascade, truth.direction, strict=True))
    given = {g: float(scores[g]) for g in planted if g in scores and scores[g] != 0}
    signed = bool(given) and any(s < 0 for s in scores.values())
    right = [np.sign(score) == towards[gene] for gene, score in given.items()]
    agreement = float(np.mean(right)) if signed else math.nan
    return _found(truth.genes, planted, scores, agreement)


def score_edges(truth: Truth, scores: Mapping[tuple[str, str], float]) -> FoundScore:
    """Scores of edges, by source and target, against those of the cascade.

    The edges to choose among are those that got a score, and the planted ones.
    """
    if not truth.edges:
        raise CohortError("no edge joins two genes of the cascade, so there is none to find")
    everything = tuple(dict.fromkeys([*scores, *truth.edges]))
    return _found(everything, truth.edges, scores, math.nan)


def score_pathways(truth: Truth, scores: Mapping[str, float]) -> PathwayRank:
    """Place of the planted and of the prognostic pathway; ties count against the planted one."""
    if truth.pathway not in scores:
        raise CohortError(
            f"the planted pathway {truth.pathway!r} has no score; the answer names "
            f"{', '.join(list(scores)[:4])}, ..."
        )

    def rank(name: str) -> int:
        return sum(abs(s) >= abs(scores[name]) for s in scores.values())

    ours = rank(truth.pathway)
    there = truth.prognostic_pathway in scores
    other = rank(truth.prognostic_pathway) if there else len(scores) + 1
    return PathwayRank(ours, len(scores), other, other < ours)


def _matched(
    truth: Truth,
    benefit: pd.Series | Float[np.ndarray, " given"],
    tau: Float[np.ndarray, " patient"],
) -> tuple[Float[np.ndarray, " scored"], Float[np.ndarray, " scored"]]:
    """True and estimated benefit of the patients that have both."""
    if not isinstance(benefit, pd.Series):
        if len(benefit) != len(tau):
            raise CohortError(
                f"{len(benefit)} benefits for {len(tau)} patients; give a Series by patient id"
            )
        benefit = pd.Series(benefit, index=list(truth.patients))
    benefit = benefit.dropna()
    if benefit.index.has_duplicates:
        n = int(benefit.index.duplicated().sum())
        raise CohortError(f"{n} patients have more than one benefit; choose one arm and one row")
    both = [i for i, p in enumerate(truth.patients) if p in benefit.index]
    if len(both) < 2:
        raise CohortError(
            f"{len(both)} of {len(benefit)} patients of the answer are in the truth; does it hold "
            "the cohort's own patient ids? A run writes them with --with-ids"
        )
    found = benefit.loc[[truth.patients[i] for i in both]].to_numpy(dtype=float)
    return tau[both], found


def _found(
    everything: tuple[Thing, ...],
    planted: tuple[Thing, ...],
    scores: Mapping[Thing, float],
    agreement: float,
) -> FoundScore:
    if not set(everything) & set(scores):
        raise CohortError(
            f"none of the names of the answer is in the truth: it has {list(scores)[:3]}, the "
            f"truth {list(everything)[:3]}"
        )
    size = np.array([abs(float(scores.get(x, -1.0))) if x in scores else -1.0 for x in everything])
    wanted = np.isin(np.arange(len(everything)), [everything.index(x) for x in planted])
    first = np.argsort(-size, kind="stable")[: len(planted)]
    return FoundScore(
        auprc=float(average_precision_score(wanted, size)),
        chance=len(planted) / len(everything),
        recall=float((wanted & (size >= 0))[first].mean()),
        sign_agreement=agreement,
    )
