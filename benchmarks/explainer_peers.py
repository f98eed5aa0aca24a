"""Importance of genes for a predicted benefit by occlusion and by PyG's GNNExplainer."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple, TypeVar

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch_geometric.explain import Explainer, GNNExplainer

from pathgnn.attribute.attribute import shard
from pathgnn.attribute.predicted import Predicted, by_fold
from pathgnn.attribute.reference import Compared
from pathgnn.attribute.stability import TOP_GENES, jaccard_at
from pathgnn.model.scales import Standardised
from pathgnn.seeds import seed_for, torch_seed
from pathgnn.train.fitted import Fitted

Made = TypeVar("Made")
# Both cost too much for everybody: the first patients of each fold are explained.
PER_FOLD = 10
# One mask per gene, 200 epochs and rate .1 found the planted genes of a strong cohort that counts
# nowhere best (area .95); PyG's default of 100 and .01 reached .85, and with one mask per gene and
# omic .37.
EPOCHS, RATE, MASK = 200, 0.1, "object"
# A mask that is drawn with one seed only looks reproducible.
SEEDS = (0, 1)


class Peers(NamedTuple):
    """Scores of the genes and CPU-seconds per 100 patients by each peer.

    `seeds_alike` is Jaccard@20 between the two seeds of GNNExplainer, whose mean is its score.
    """

    score: dict[str, Float[np.ndarray, " gene"]]
    seconds: dict[str, float]
    patients: Int[np.ndarray, " few"]
    seeds_alike: float


def peers(who: Compared) -> Peers:
    """Occlusion and GNNExplainer of a few patients of each fold."""
    few = few_patients(who.fitted, PER_FOLD)
    occluding = who._replace(config=who.config.model_copy(update={"method": "occlusion"}))
    occluded, first = timed(lambda: shard(occluding, torch.from_numpy(few)).parts["score"])
    masks, second = timed(lambda: np.stack([gnn_explainer(who, seed) for seed in SEEDS]))
    return Peers(
        score={
            "occlusion": occluded.sum(2).abs().mean(0).double().numpy(),
            "GNNExplainer": masks.mean(0),
        },
        seconds={
            "occlusion": 100 * first / len(few),
            "GNNExplainer": 100 * second / len(few) / len(SEEDS),
        },
        patients=few,
        seeds_alike=jaccard_at(masks, TOP_GENES),
    )


def gnn_explainer(who: Compared, seed: int) -> Float[np.ndarray, " gene"]:
    """Mean over a few patients of each fold of each gene's mask.

    Source: Ying et al., NeurIPS 2019.
    """
    scale = float(who.fitted.benefit[:, who.contrast].std()) or 1.0
    masks = [
        masks_of(some(whole, np.arange(PER_FOLD)), scale, seed_for(seed, 21, k))
        for k, whole in enumerate(by_fold(who))
    ]
    return np.asarray(torch.cat(masks).mean(0).double().numpy())


def masks_of(part: Predicted, scale: float, seed: int) -> Float[Tensor, "patient gene"]:
    """How much of each gene's values a patient's benefit needs, in [0, 1]; 0: none were seen."""
    explainer = Explainer(
        Union(part, scale),
        GNNExplainer(epochs=EPOCHS, lr=RATE),
        explanation_type="model",
        node_mask_type=MASK,
        model_config={"mode": "regression", "task_level": "graph", "return_type": "raw"},
    )
    edges = torch.as_tensor(part.who.fitted.recipe.graph.edges)
    with torch_seed(seed):
        mask: Tensor = explainer(part.inputs.z.transpose(0, 1).flatten(0, 1), edges).node_mask
    return mask.view(len(part.at), -1)


class Union(nn.Module):
    """A fold's predicted benefit as PyG wants it: every patient a copy of the graph, in one batch.

    The loss of a batch is the mean of its patients' own, and Adam does not see the factor, so each
    patient's mask is what it would be alone. Rounds of pathgnn are none of PyG's layers, so no
    mask can be laid on edges.
    """

    def __init__(self, predicted: Predicted, scale: float) -> None:
        super().__init__()
        self.predicted, self.scale = predicted, scale

    def forward(
        self, x: Float[Tensor, "node modality"], edge_index: Int[Tensor, "2 edge"]
    ) -> Float[Tensor, " patient"]:
        """Benefits in standard deviations; a mask takes values to 0, the training mean."""
        z = x.view(len(self.predicted.at), -1, x.shape[1]).transpose(0, 1)
        return self.predicted.benefit(z) / self.scale


def few_patients(fitted: Fitted, n: int) -> Int[np.ndarray, " few"]:
    """The first n patients of every fold."""
    folds = range(fitted.recipe.fit.folds)
    return np.concatenate([np.flatnonzero(fitted.fold == k)[:n] for k in folds])


def timed(make: Callable[[], Made]) -> tuple[Made, float]:
    """What is made, and the CPU-seconds it took."""
    start = time.process_time()
    return make(), time.process_time() - start


def some(whole: Predicted, chosen: Int[np.ndarray, " chosen"]) -> Predicted:
    """Some patients of a fold."""
    at = torch.from_numpy(chosen)
    inputs, start = (Standardised(x.z[:, at], x.clinical[at]) for x in (whole.inputs, whole.start))
    own_m = tuple(m[at] for m in whole.own_m)
    return whole._replace(at=whole.at[at], inputs=inputs, start=start, own_m=own_m)
