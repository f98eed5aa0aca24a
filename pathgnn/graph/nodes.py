"""Nodes: a cohort on a graph, tensors with masks and ids beside them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from pathgnn.card import Card, Shown
from pathgnn.cohort.genes import GeneMap
from pathgnn.errors import GraphError
from pathgnn.graph.mapping import OmicReport


@dataclass(frozen=True, repr=False)
class Nodes(Shown):
    """A cohort on a graph: tensors with the ids beside them.

    `x` is 0 where `seen` is False. Rows are observed outcomes and point at patients. Patients of
    one `group` share a fold. `site` points at `sites`; -1 is unknown. `competing` marks rows that
    ended by an event other than the one that counts; `propensity` has a column per arm where the
    trial's own probabilities are known, else none. `scales` says on which scale an omic was read,
    where it was read from a table.
    """

    x: Float[Tensor, "gene patient modality"]
    seen: Bool[Tensor, "gene patient modality"]
    clinical: Float[Tensor, "patient covariate"]
    clinical_seen: Bool[Tensor, "patient covariate"]
    group: Int[Tensor, " patient"]
    site: Int[Tensor, " patient"]
    patient_of: Int[Tensor, " row"]
    arm: Int[Tensor, " row"]
    value: Float[Tensor, " row"]
    event: Bool[Tensor, " row"]
    competing: Bool[Tensor, " row"]
    propensity: Float[Tensor, "row known"]
    stratum: Int[Tensor, " row"]
    genes: tuple[str, ...]
    patients: tuple[str, ...]
    sites: tuple[str, ...]
    modalities: tuple[str, ...]
    kinds: tuple[str, ...]
    covariates: tuple[str, ...]
    arms: tuple[str, ...]
    outcome: str
    horizon: float
    randomised: bool
    crossover: bool
    has_competing: bool
    unit: str
    report: tuple[OmicReport, ...]
    found: tuple[GeneMap, ...]
    scales: Mapping[str, str] = field(default_factory=dict)

    @property
    def measured(self) -> Bool[np.ndarray, " gene"]:
        """Genes that some omic measured in some patient."""
        return np.asarray(self.seen.any(2).any(1).numpy())

    @property
    def known_clinical(self) -> Float[np.ndarray, "patient covariate"]:
        """The covariates as they were read, NaN where one is unknown."""
        return np.where(self.clinical_seen.numpy(), self.clinical.double().numpy(), np.nan)

    @property
    def n_patients(self) -> int:
        """How many patients there are."""
        return len(self.patients)

    def card(self) -> Card:
        """Patients, genes and arms, with one row per omic."""
        facts = (
            ("patients", self.n_patients),
            ("nodes", len(self.genes)),
            ("arms", ", ".join(self.arms)),
            ("outcome", self.outcome),
            ("randomised", self.randomised),
            ("clinical columns", len(self.covariates)),
        )
        seen = self.seen.any(0).sum(0), self.seen.any(1).sum(0)
        rows = [
            (name, kind, int(seen[0][m]), int(seen[1][m]))
            for m, (name, kind) in enumerate(zip(self.modalities, self.kinds, strict=True))
        ]
        return Card("Nodes", facts, ("omic", "kind", "patients", "nodes measured"), rows)

    def to(self, device: torch.device) -> Nodes:
        """The same with its tensors on another device; itself where they are there already."""
        if self.x.device == device:
            return self
        tensors: dict[str, Any] = {
            k: v.to(device) for k, v in vars(self).items() if isinstance(v, Tensor)
        }
        return replace(self, **tensors)

    def take(self, patients: Int[Tensor, " chosen"]) -> Nodes:
        """Some of the patients, in the order given; their rows keep the order they had.

        Raises:
            GraphError: one is named twice.
        """
        place = torch.full((self.n_patients,), -1)
        place[patients] = torch.arange(len(patients))
        if int((place >= 0).sum()) < len(patients):
            raise GraphError(
                "a patient cannot be taken twice: their rows would point at one of both"
            )
        on = place[self.patient_of] >= 0
        return replace(
            self,
            x=self.x[:, patients],
            seen=self.seen[:, patients],
            clinical=self.clinical[patients],
            clinical_seen=self.clinical_seen[patients],
            group=self.group[patients],
            site=self.site[patients],
            patient_of=place[self.patient_of[on]],
            arm=self.arm[on],
            value=self.value[on],
            event=self.event[on],
            competing=self.competing[on],
            propensity=self.propensity[on],
            stratum=self.stratum[on],
            patients=tuple(self.patients[i] for i in patients.tolist()),
        )


def match_layout(
    nodes: Nodes,
    modalities: tuple[str, ...],
    covariates: tuple[str, ...],
    sites: tuple[str, ...] = (),
) -> Nodes:
    """The same patients with the omics, covariates and sites of another cohort, in its order.

    Omics and covariates that are lacking count as unseen; surplus ones are left out. A site that
    the other cohort does not know becomes unknown.

    Raises:
        GraphError: not one omic in common.
    """
    shared = [m for m in modalities if m in nodes.modalities]
    if not shared:
        raise GraphError(
            f"the model was trained on the omics {', '.join(modalities)}, the cohort has "
            f"{', '.join(nodes.modalities)}; name the same layers the same way"
        )
    kind_of = dict(zip(nodes.modalities, nodes.kinds, strict=True))
    x, seen = (_columns(t, nodes.modalities, modalities) for t in (nodes.x, nodes.seen))
    clinical, clinical_seen = (
        _columns(t, nodes.covariates, covariates) for t in (nodes.clinical, nodes.clinical_seen)
    )
    for at, told in _levels(nodes, covariates):
        clinical_seen[:, at] = told[:, None]
    return replace(
        nodes,
        x=x,
        seen=seen,
        clinical=clinical,
        clinical_seen=clinical_seen,
        site=_renumbered(nodes, sites),
        sites=sites,
        modalities=modalities,
        kinds=tuple(kind_of.get(m, "signature") for m in modalities),
        covariates=covariates,
    )


def _renumbered(nodes: Nodes, sites: tuple[str, ...]) -> Int[Tensor, " patient"]:
    """The sites of the patients as places among other sites, by name."""
    # The last entry is where -1 points at.
    place = torch.as_tensor([*pd.Index(sites).get_indexer(pd.Index(nodes.sites)), -1])
    return place[nodes.site].long()


def _levels(
    nodes: Nodes, want: tuple[str, ...]
) -> Iterator[tuple[list[int], Bool[Tensor, " patient"]]]:
    """Places of each wanted column's indicators, and who has one of their levels.

    An indicator that lacks because nobody has its level is 0, not unseen; of a patient with a level
    that is none of them nothing is known.
    """
    columns = dict.fromkeys(name.split("=")[0] for name in want if "=" in name)
    for column in columns:
        at = [i for i, name in enumerate(want) if name.startswith(f"{column}=")]
        own = [j for j, name in enumerate(nodes.covariates) if name.startswith(f"{column}=")]
        if own:
            shared = [j for j in own if nodes.covariates[j] in want]
            yield at, (nodes.clinical[:, shared] * nodes.clinical_seen[:, shared]).any(1)


def _columns(values: Tensor, have: tuple[str, ...], want: tuple[str, ...]) -> Tensor:
    """Columns of the last axis by name; those lacking are 0 or False."""
    out = values.new_zeros((*values.shape[:-1], len(want)))
    for i, name in enumerate(want):
        if name in have:
            out[..., i] = values[..., have.index(name)]
    return out
