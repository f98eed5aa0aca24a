"""PathwayNet: genes to pathways to prognosis and benefit, all patients in one pass."""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from pathgnn.graph.graph import PathwayGraph
from pathgnn.graph.project import Nodes
from pathgnn.model import HEADS
from pathgnn.model.config import NetConfig
from pathgnn.model.head import Prediction
from pathgnn.model.layers import EffectHead, GeneEmbedding, PathwayPool, SignedConv, messages_of
from pathgnn.model.scales import InputScales, Standardised


class Scores(NamedTuple):
    """The network's inner scores, before the outcome head."""

    m: Float[Tensor, " patient"]
    terms: Float[Tensor, "patient pathway contrast"]
    rest: Float[Tensor, "patient contrast"]
    activity: Float[Tensor, "patient pathway"]
    trunk_activity: Float[Tensor, "patient pathway"]

    @property
    def delta(self) -> Float[Tensor, "patient arm"]:
        """Effect per arm, 0 in the reference arm."""
        effect = self.terms.sum(1) + self.rest
        return torch.cat([torch.zeros_like(effect[:, :1]), effect], 1)


class Layout(NamedTuple):
    """What of a cohort decides the size of the network; no sites where they are not centred."""

    kinds: tuple[str, ...]
    n_covariates: int
    n_contrasts: int
    outcome: str
    sites: tuple[str, ...] = ()


def layout_of(nodes: Nodes, center_sites: bool = False) -> Layout:
    """The layout of a projected cohort."""
    return Layout(
        kinds=nodes.kinds,
        n_covariates=len(nodes.covariates),
        n_contrasts=len(nodes.arms) - 1,
        outcome=nodes.outcome,
        sites=nodes.sites if center_sites else (),
    )


class PathwayNet(nn.Module):
    """Value-gated genes, messages along signed edges, pathway activities, additive effect head."""

    activity_center: Tensor
    activity_scale: Tensor

    def __init__(self, graph: PathwayGraph, layout: Layout, config: NetConfig) -> None:
        super().__init__()
        n_genes, n_pathways = len(graph.genes), len(graph.pathways)
        n_covariates, channels = layout.n_covariates, config.channels
        self.scales = InputScales(n_genes, layout.kinds, n_covariates, len(layout.sites))
        self.embed = GeneEmbedding(n_genes, layout.kinds, channels)
        messages = messages_of(graph)
        self.convs = nn.ModuleList(
            SignedConv(messages, n_genes, channels) for _ in range(config.depth)
        )
        self.pool = PathwayPool(torch.as_tensor(graph.members), n_pathways, n_genes)
        # One column reads pathways for benefit, the other for prognosis.
        self.read = nn.Parameter(
            torch.ones(2, n_pathways, channels) / channels
            + 0.02 * torch.randn(2, n_pathways, channels)
        )
        self.effect = EffectHead(n_pathways, n_covariates, layout.n_contrasts)
        self.trunk_linear = nn.Linear(n_pathways + n_covariates, 1)
        last = nn.Linear(config.trunk, 1)
        for layer in (self.trunk_linear, last):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)
        self.trunk = nn.Sequential(
            nn.Linear(n_pathways + n_covariates, config.trunk), nn.GELU(), last
        )
        self.head = HEADS[layout.outcome]()
        self.register_buffer("activity_center", torch.zeros(2, 1, n_pathways))
        self.register_buffer("activity_scale", torch.ones(2, 1, n_pathways))

    def raw_activity(
        self,
        z: Float[Tensor, "gene patient modality"],
        edge_scale: Float[Tensor, " edge"] | None = None,
    ) -> Float[Tensor, "2 patient pathway"]:
        """Pathway activities for benefit and for prognosis, before standardising."""
        h = self.embed(z)
        for conv in self.convs:
            h = conv(h, edge_scale)
        pooled = self.pool(h)
        return torch.einsum("pbc,rpc->rbp", pooled, self.read)

    def learn_activity_scales(self, raw: Float[Tensor, "2 patient pathway"]) -> None:
        """Mean and spread of the activities of the training patients, kept as buffers."""
        with torch.no_grad():
            self.activity_center.copy_(raw.mean(1, keepdim=True))
            self.activity_scale.copy_(raw.std(1, keepdim=True, correction=0).clamp(min=1e-6))

    def scores(
        self, raw: Float[Tensor, "2 patient pathway"], clinical: Float[Tensor, "patient covariate"]
    ) -> Scores:
        """Prognosis and effect from raw activities."""
        activity, trunk_activity = (raw - self.activity_center) / self.activity_scale
        joined = torch.cat([trunk_activity, clinical], 1)
        m = (self.trunk_linear(joined) + self.trunk(joined))[:, 0]
        rest = self.effect.mean + clinical @ self.effect.clinical
        return Scores(m, self.effect.terms(activity), rest, activity, trunk_activity)

    def forward(
        self, inputs: Standardised, edge_scale: Float[Tensor, " edge"] | None = None
    ) -> Scores:
        """Scores of every patient."""
        return self.scores(self.raw_activity(inputs.z, edge_scale), inputs.clinical)

    def predict(self, nodes: Nodes) -> Prediction:
        """Expected outcome of every patient in every arm."""
        with torch.no_grad():
            out = self(self.scales(nodes))
            prediction: Prediction = self.head.predict(out.m, out.delta)
        return prediction
