"""Attribution, PathwayScore, GeneScore, EdgeScore and Cascade: results, frozen."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import zip_longest
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int
from torch import Tensor

from pathgnn.card import Card, Shown

# How many pathways and genes a card names.
SHOWN = 8


@dataclass(frozen=True, repr=False)
class Attribution(Shown):
    """Where the predicted benefit comes from, by networks that never saw the patient.

    Sum over genes and modalities of `score`, plus `clinical`, plus `gap`, is the patient's
    benefit minus that of the `reference`, at the patient's own prognosis. `prognostic` says the
    same of the outcome without treatment, `treated` of the outcome with it: of a continuous
    outcome `score` is `treated` minus `prognostic`.
    Unseen values get 0. Patients of one `group` are no evidence apart. `edge` is what each edge
    adds to the benefit of the top third minus the bottom third; `member` each network's mean
    absolute score per gene; `slope` the mean over patients of attribution x activity, activity
    being the value with the sign of its omic.
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
    group: Int[Tensor, " patient"]
    method: str = "integrated gradients"

    @property
    def measured(self) -> Bool[np.ndarray, " gene"]:
        """Genes that some omic measured in some patient."""
        return np.asarray(self.n_seen.sum(1).numpy() > 0)

    @property
    def by_gene(self) -> Float[Tensor, "patient gene"]:
        """Attribution of every patient to genes, all modalities together."""
        return self.score.sum(2)

    def card(self) -> Card:
        """How it was made, with the strongest pathways and genes by mean absolute score."""
        facts = (
            ("contrast", f"{self.arm} against {self.reference_arm}"),
            ("benefit", self.unit),
            ("method", self.method),
            ("compared with", self.reference),
            ("patients", len(self.score)),
            ("networks", len(self.member)),
            ("largest gap", float(self.gap.abs().max())),
        )
        pathways = _strongest(self.pathways, self.pathway)
        genes = _strongest(self.genes, self.by_gene)
        rows = [(*p, *g) for p, g in zip_longest(pathways, genes, fillvalue=("", ""))]
        return Card("Attribution", facts, ("pathway", "score", "gene", "score"), rows)


class Evidence(NamedTuple):
    """Permutation evidence of a family of items: one-sided p, q by Benjamini-Hochberg.

    All three are NaN for an item that was measured in nobody: it is no member of the family.
    """

    statistic: Float[np.ndarray, " item"]
    p: Float[np.ndarray, " item"]
    q: Float[np.ndarray, " item"]


@dataclass(frozen=True, repr=False)
class Cascade(Shown):
    """A connected route of signed edges from one receptor to effectors.

    `order` is the distance from the receptor, `score` the gene's share of the strongest gene's
    mean absolute attribution, `direction` +1 where more of it goes with more benefit; `drugs`
    names for each gene the approved drugs that act on it. `p` is NaN where patients are too few.
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

    def card(self) -> Card:
        """Its evidence, with one row per gene from the receptor on."""
        facts = (
            ("p", self.p),
            ("its edges come back in", f"{self.stability:.0%} of the networks"),
            ("carries the benefit of", f"{self.share_of_patients:.0%} of the patients"),
        )
        verb = {1: "activates", -1: "inhibits"}
        told = {
            gene: ", ".join(f"{u} {verb.get(s, 'acts on')}" for u, v, s in self.edges if v == gene)
            for gene in self.genes
        }
        more = {1: "more benefit", -1: "less benefit"}
        rows = [
            (gene, told[gene], kind, score, more.get(direction, ""))
            for gene, kind, score, direction in zip(
                self.genes, self.kind, self.score, self.direction, strict=True
            )
        ]
        head = ("gene", "after", "role", "score", "more of it")
        return Card(f"Cascade in {self.pathway or 'no pathway'}", facts, head, rows)


def _strongest(
    names: tuple[str, ...], score: Float[Tensor, "patient item"]
) -> list[tuple[str, float]]:
    """Names with their mean absolute score, largest first, as many as a card takes."""
    size = score.abs().mean(0)
    order = size.argsort(descending=True)[:SHOWN].tolist()
    return [(names[i], float(size[i])) for i in order]
