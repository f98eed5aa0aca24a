"""Shrunken linear learners of benefit, as one weight per gene, modality and covariate."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import scipy.sparse as sp
import torch
from jaxtyping import Float, Int
from torch import Tensor

from pathgnn.benefit.estimand import Estimand
from pathgnn.graph.graph import PathwayGraph
from pathgnn.graph.nodes import Nodes
from pathgnn.model.layers import first_weights
from pathgnn.model.scales import InputScales, Standardised
from pathgnn.train.nuisance import Nuisances, features
from pathgnn.train.ridge import tuned_ridge

FEWEST_ROWS = 3

Benefits = Float[np.ndarray, "patient contrast"]


class LinearEffect(NamedTuple):
    """Benefit = level + weights times standardised inputs; 0 of an input is its training mean."""

    level: Float[Tensor, " contrast"]
    gene: Float[Tensor, "gene modality contrast"]
    clinical: Float[Tensor, "covariate contrast"]

    def __call__(self, inputs: Standardised) -> Float[Tensor, "patient contrast"]:
        """Predicted benefit of every patient."""
        genes = torch.einsum("gpm,gmk->pk", inputs.z, self.gene)
        return self.level + genes + inputs.clinical @ self.clinical


class LinearTask(NamedTuple):
    """Training patients with their scores and learned scales.

    No estimand stands for months gained by the cohort's horizon, as for the scores.
    """

    train: Nodes
    scores: Nuisances
    graph: PathwayGraph
    scales: InputScales
    estimand: Estimand | None = None


class Task(NamedTuple):
    """Training patients with their scores, and the patients to predict with theirs.

    A learner may read only `train`, the measurements of `test`, and `outcome_model`: expected
    outcomes of the test patients from models of the training patients.
    """

    train: LinearTask
    test: Nodes
    outcome_model: Float[np.ndarray, "patient arm"]

    def features(
        self,
    ) -> tuple[Float[np.ndarray, "train feature"], Float[np.ndarray, "test feature"]]:
        """Standardised features of training and of test patients."""
        scales = self.train.scales
        return features(self.train.train, scales), features(self.test, scales)


def average_effect(task: LinearTask) -> LinearEffect:
    """The same benefit for everybody: the mean score of the training patients."""
    n_informing = task.scores.informs.sum(0).clip(1)
    level = (task.scores.gain * task.scores.informs).sum(0) / n_informing
    return effect_of(level, np.zeros((n_features(task), len(level))), task)


def ridge_by_arm(task: LinearTask) -> LinearEffect:
    """Ridge of the outcome on all genes in each arm: every gene interacts with treatment."""
    x = features(task.train, task.scales)
    rows, arm = task.train.patient_of.numpy(), task.train.arm.numpy()
    levels, weights = [], []
    for k in range(len(task.train.arms)):
        on = np.flatnonzero(arm == k)
        value, unit = task.scores.value[on], task.scores.group[rows[on]]
        level, weight = _ridge(x[rows[on]], value, np.ones(len(on)), unit)
        # An arm that no training patient had says nothing; it does not say 0.
        level = level if len(on) else float(task.scores.value.mean())
        levels.append(level)
        weights.append(weight)
    by_arm, slope = np.array(levels), np.stack(weights, 1)
    return effect_of(by_arm[1:] - by_arm[0], slope[:, 1:] - slope[:, :1], task)


def ridge_genes(task: LinearTask) -> LinearEffect:
    """Ridge of the doubly robust scores on all genes."""
    return effect_of(*_ridge_on_scores(features(task.train, task.scales), task), task)


def ridge_pathways(task: LinearTask) -> LinearEffect:
    """Ridge of the doubly robust scores on the mean of each pathway."""
    shares = member_shares(task.graph)
    level, weight = _ridge_on_scores(pooled(task.train, shares, task.scales), task)
    return effect_of(level, spread_over_genes(weight, shares, task), task)


def spread_over_genes(
    weight: Float[np.ndarray, "column contrast"], shares: sp.csr_matrix, task: LinearTask
) -> Float[np.ndarray, "feature contrast"]:
    """Weights of pathways and covariates as weights of single values and covariates."""
    cut = shares.shape[0]
    first = first_weights(task.train.kinds).numpy()[:, 0]
    per_gene = shares.T @ weight[:cut]
    flat = (per_gene[:, None] * first[:, None]).reshape(-1, weight.shape[1])
    return np.concatenate([flat, weight[cut:]])


def combine(parts: Sequence[LinearEffect], share: Float[np.ndarray, " part"]) -> LinearEffect:
    """The weighted sum of linear effects, which is one again."""
    weight = torch.from_numpy(np.asarray(share)).float()
    level, gene, clinical = (
        torch.tensordot(weight, torch.stack(t), 1) for t in zip(*parts, strict=True)
    )
    return LinearEffect(level, gene, clinical)


def member_shares(graph: PathwayGraph) -> sp.csr_matrix:
    """1 / size for each gene of a pathway: a product with it is the mean over members."""
    pathway, gene = graph.members
    size = np.bincount(pathway, minlength=len(graph.pathways))
    shape = (len(graph.pathways), len(graph.genes))
    return sp.csr_matrix((1 / size[pathway], (pathway, gene)), shape)


def pathway_means(
    nodes: Nodes, graph: PathwayGraph, scales: InputScales
) -> Float[np.ndarray, "patient feature"]:
    """Mean over each pathway's genes of their standardised omics, then the clinical block."""
    return pooled(nodes, member_shares(graph), scales)


def pooled(
    nodes: Nodes, shares: sp.csr_matrix, scales: InputScales
) -> Float[np.ndarray, "patient column"]:
    """Weighted sums over each pathway's genes of their standardised omics, then the clinical."""
    z, clinical = scales(nodes)
    first = first_weights(nodes.kinds).double()[:, 0]
    gene = (z.double() @ first).numpy()
    return np.concatenate([(shares @ gene).T, clinical.double().numpy()], 1)


def _ridge_on_scores(
    x: Float[np.ndarray, "patient feature"], task: LinearTask
) -> tuple[Float[np.ndarray, " contrast"], Float[np.ndarray, "feature contrast"]]:
    scores, fits = task.scores, []
    for k, on in enumerate(scores.informs.T):
        fits.append(_ridge(x[on], scores.gain[on, k], scores.weight[on, k], scores.group[on]))
    return np.array([level for level, _ in fits]), np.stack([weight for _, weight in fits], 1)


def _ridge(
    x: Float[np.ndarray, "row feature"],
    y: Float[np.ndarray, " row"],
    sample_weight: Float[np.ndarray, " row"],
    unit: Int[np.ndarray, " row"],
) -> tuple[float, Float[np.ndarray, " feature"]]:
    """Level and weights of a ridge on standardised features."""
    weight = np.zeros(x.shape[1])
    used = x.std(0) > 1e-8 if len(y) >= FEWEST_ROWS else np.zeros(x.shape[1], dtype=bool)
    if not used.any():
        return float(y.mean()) if len(y) else 0.0, weight
    center, spread = x[:, used].mean(0), x[:, used].std(0)
    level, slope = tuned_ridge((x[:, used] - center) / spread, y, sample_weight, unit)
    weight[used] = slope / spread
    return float(level - weight[used] @ center), weight


def n_features(task: LinearTask) -> int:
    """Single values of all genes and omics, and clinical columns."""
    return len(task.train.genes) * len(task.train.modalities) + len(task.train.covariates)


def effect_of(
    level: Float[np.ndarray, " contrast"],
    weight: Float[np.ndarray, "feature contrast"],
    task: LinearTask,
) -> LinearEffect:
    """From weights of features (gene by gene, then clinical) to tensors."""
    cut = len(weight) - len(task.train.covariates)
    shape = (len(task.train.genes), len(task.train.modalities), weight.shape[1])
    return LinearEffect(
        torch.from_numpy(np.asarray(level)).float(),
        torch.from_numpy(weight[:cut].reshape(shape)).float(),
        torch.from_numpy(weight[cut:]).float(),
    )
