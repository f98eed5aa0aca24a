"""Shrunken linear models of the outcome, whatever the treatment: ridge Cox or ridge regression."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from lifelines.utils import concordance_index
from torch import Tensor

from pathgnn.graph.graph import PathwayGraph
from pathgnn.graph.nodes import Nodes
from pathgnn.model.layers import first_weights
from pathgnn.model.scales import InputScales, Standardised
from pathgnn.train.linear import member_shares, pathway_means
from pathgnn.train.nuisance import features
from pathgnn.train.ridge_cox import ridge_cox, rotate

# Per column, so that one grid serves two thousand genes and thirty thousand; from the largest on.
PENALTIES = tuple(np.geomspace(30, 0.01, 8))
# Of a clinical column of unit variance: nearly free, and finite for a level nobody died of.
CLINICAL_PENALTY = 1.0
GENES, PATHWAYS, CLINICAL = "ridge, genes", "ridge, pathways", "ridge, clinical"


class LinearOutcome(NamedTuple):
    """Outlook = weights times standardised inputs, relative to the training mean; higher is better.

    For survival minus the log hazard, else the outcome in its unit.
    """

    gene: Float[Tensor, "gene modality"]
    clinical: Float[Tensor, " covariate"]

    def __call__(self, inputs: Standardised) -> Float[Tensor, " patient"]:
        """Outlook of every patient."""
        return torch.einsum("gpm,gm->p", inputs.z, self.gene) + inputs.clinical @ self.clinical


class OutcomeTask(NamedTuple):
    """Training patients with one outcome each, inner folds, and learned scales."""

    train: Nodes
    inner: Int[np.ndarray, " patient"]
    graph: PathwayGraph
    scales: InputScales


def linear_outcomes(
    task: OutcomeTask, wanted: tuple[str, ...] = (GENES, PATHWAYS, CLINICAL)
) -> dict[str, LinearOutcome]:
    """Linear models of the outcome, of all genes, pathway means or the clinical block alone.

    Genes and pathways come with the clinical block, which is hardly shrunken.
    """
    x = features(task.train, task.scales)
    cut = x.shape[1] - len(task.train.covariates)
    genes, clinical = x[:, :cut], x[:, cut:]
    out = {}
    if GENES in wanted:
        out[GENES] = outcome_of(*_tuned(genes, clinical, task), task)
    if PATHWAYS in wanted:
        out[PATHWAYS] = _of_pathways(clinical, task)
    if CLINICAL in wanted and clinical.shape[1]:
        out[CLINICAL] = outcome_of(*_tuned(genes[:, :0], clinical, task), task)
    return out


def _of_pathways(
    clinical: Float[np.ndarray, "patient covariate"], task: OutcomeTask
) -> LinearOutcome:
    means = pathway_means(task.train, task.graph, task.scales)
    means = means[:, : len(task.graph.pathways)]
    center, spread = means.mean(0), means.std(0)
    spread = np.where(spread > 1e-8, spread, np.inf)
    weight, free = _tuned((means - center) / spread, clinical, task)
    per_gene = member_shares(task.graph).T @ (weight / spread)
    first = first_weights(task.train.kinds).double().numpy()[:, 0]
    return outcome_of((per_gene[:, None] * first).reshape(-1), free, task)


def _tuned(
    genes: Float[np.ndarray, "patient column"],
    clinical: Float[np.ndarray, "patient covariate"],
    task: OutcomeTask,
) -> tuple[Float[np.ndarray, " column"], Float[np.ndarray, " covariate"]]:
    """Weights at the penalty that predicts best on the inner folds: by C, or by squared error."""
    value, event = task.train.value.double().numpy(), task.train.event.numpy()
    survival = task.train.outcome == "survival"
    n_columns = int((genes.std(0) > 0).sum())
    penalties = tuple(share * max(n_columns, 1) for share in PENALTIES)
    loss = np.zeros(len(penalties))
    if n_columns:
        for j in np.unique(task.inner):
            on, held = task.inner != j, task.inner == j
            for i, (weight, free) in enumerate(
                _path(genes[on], clinical[on], value[on], event[on], penalties, survival)
            ):
                score = (genes[held] - genes[on].mean(0)) @ weight
                score += (clinical[held] - clinical[on].mean(0)) @ free
                loss[i] += _loss(score, value[held], event[held], survival, value[on].mean())
    best = int(loss.argmin())
    return _path(genes, clinical, value, event, penalties[: best + 1], survival)[-1]


def _path(
    genes: Float[np.ndarray, "patient column"],
    clinical: Float[np.ndarray, "patient covariate"],
    value: Float[np.ndarray, " patient"],
    event: Bool[np.ndarray, " patient"],
    penalties: tuple[float, ...],
    survival: bool,
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Weights of genes and of the clinical block for each penalty, higher being better."""
    center, clinical = genes.mean(0), clinical - clinical.mean(0)
    rotated, axes = rotate(genes - center)
    x = np.hstack([rotated, clinical])
    cut = rotated.shape[1]
    fixed = np.full(clinical.shape[1], CLINICAL_PENALTY)
    b, out = np.zeros(x.shape[1]), []
    for level in penalties:
        penalty = np.append(np.full(cut, level), fixed)
        if survival:
            b = ridge_cox(x, value, event, penalty, b)
        else:
            b = np.linalg.solve(x.T @ x + np.diag(penalty), x.T @ (value - value.mean()))
        sign = -1 if survival else 1
        out.append((sign * axes @ b[:cut], sign * b[cut:]))
    return out


def _loss(
    score: Float[np.ndarray, " patient"],
    value: Float[np.ndarray, " patient"],
    event: Bool[np.ndarray, " patient"],
    survival: bool,
    mean: float,
) -> float:
    if survival:
        # Without an event before somebody's time no two patients can be compared.
        comparable = bool((event & (value < value.max())).any())
        return -float(concordance_index(value, score, event)) if comparable else 0.0
    return float(((value - mean - score) ** 2).sum())


def outcome_of(
    gene: Float[np.ndarray, " column"], clinical: Float[np.ndarray, " covariate"], task: OutcomeTask
) -> LinearOutcome:
    """From weights of features (gene by gene; none: 0) and of covariates to tensors."""
    shape = (len(task.train.genes), len(task.train.modalities))
    weight = gene.reshape(shape) if gene.size else np.zeros(shape)
    return LinearOutcome(torch.from_numpy(weight).float(), torch.from_numpy(clinical).float())
