"""Attribution, PathwayScore, GeneScore, EdgeScore and Cascade: results, frozen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int
from torch import Tensor


@dataclass(frozen=True)
class Attribution:
    """Where the predicted benefit comes from, by networks that never saw the patient.

    Sum over genes and modalities of `score`, plus `clinical`, plus `gap`, is the patient's
    benefit minus that of the `reference`, at the patient's own prognosis. `prognostic` says the
    same of the outcome without treatment, `treated` of the outcome with it: where benefit is a
    difference of means, `score` is `treated` minus `prognostic`.
    Unseen values get 0. `edge` is what each edge adds to the benefit of the top third minus the
    bottom third; `member` each network's mean absolute score per gene; `slope` the mean over
    patients of attribution x activity, activity being the value with the sign of its omic.
    """

    contrast: int
    arm: str
    reference_arm: str
    unit: str
    reference: str
    score: Float[Tensor, "patient gene modality"]
    clinical: Float[Tensor, "patient covariate"]
    gap: Float[Tensor, " patient"]
    explained: Float[Tensor, " patient"]
    prognostic: Float[Tensor, "patient gene modality"]
    treated: Float[Tensor, "patient gene modality"]
    pathway: Float[Tensor, "patient pathway"]
    prognostic_pathway: Float[Tensor, "patient pathway"]
    edge: Float[Tensor, " edge"]
    member: Float[Tensor, "member gene"]
    slope: Float[Tensor, " gene"]
    genes: tuple[str, ...]
    modalities: tuple[str, ...]
    pathways: tuple[str, ...]
    n_seen: Int[Tensor, "gene modality"]
    method: str = "integrated gradients"

    @property
    def by_gene(self) -> Float[Tensor, "patient gene"]:
        """Attribution of every patient to genes, all modalities together."""
        return self.score.sum(2)


class Evidence(NamedTuple):
    """Permutation evidence of a family of items: one-sided p, q by Benjamini-Hochberg."""

    statistic: Float[np.ndarray, " item"]
    p: Float[np.ndarray, " item"]
    q: Float[np.ndarray, " item"]


@dataclass(frozen=True)
class Cascade:
    """A connected route of signed edges from one receptor to effectors.

    `order` is the distance from the receptor, `score` the gene's share of the strongest gene's
    mean absolute attribution, `direction` +1 where more of it goes with more benefit; `drugs`
    names for each gene the approved drugs that act on it.
    """

    genes: tuple[str, ...]
    order: tuple[int, ...]
    kind: tuple[str, ...]
    compartment: tuple[str, ...]
    score: tuple[float, ...]
    direction: tuple[int, ...]
    edges: tuple[tuple[str, str, int], ...]
    frequency: tuple[float, ...]
    pathway: str
    p: float
    share_of_patients: float
    drugs: tuple[tuple[str, ...], ...] = ()

    @property
    def stability(self) -> float:
        """Mean share of the networks in which its edges come back."""
        return float(np.mean(self.frequency)) if self.frequency else 0.0
