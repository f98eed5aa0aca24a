"""PathwayNet: genes to pathways to prognosis and benefit, all patients in one pass."""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from pathgnn.graph.graph import PathwayGraph
from pathgnn.graph.nodes import Nodes
from pathgnn.model import HEADS, conv_of
from pathgnn.model.compute import Computer
from pathgnn.model.config import NetConfig
from pathgnn.model.conv_signed import SignedConv
from pathgnn.model.head import Prediction
from pathgnn.model.layers import EffectHead, GeneEmbedding, PathwayPool, first_weights
from pathgnn.model.messages import messages_of, pathway_messages
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
    """Value-gated genes, messages along signed edges, pathway activities, additive effect head.

    `chunk` patients go through the genes at once, the others after them; in training each chunk's
    features are computed again on the way back, so that memory is that of one chunk. None: all.
    """

    activity_center: Tensor
    activity_scale: Tensor

    def __init__(self, graph: PathwayGraph, layout: Layout, config: NetConfig) -> None:
        super().__init__()
        config = config.resolved()
        n_genes, n_pathways = len(graph.genes), len(graph.pathways)
        n_covariates, channels = layout.n_covariates, config.channels
        self.n_pathways = n_pathways
        self.chunk: int | None = None
        self.precision: torch.dtype | None = None
        self._run = self._activity
        self.scales = InputScales(n_genes, layout.kinds, n_covariates, len(layout.sites))
        self.embed = GeneEmbedding(n_genes, layout.kinds, channels)
        messages = messages_of(graph, config.relations, config.against)
        self.convs = nn.ModuleList(
            conv_of(config.messages, messages, n_genes, channels, config.layer_norm)
            for _ in range(config.depth)
        )
        self.pool = PathwayPool(torch.as_tensor(graph.members), n_pathways, n_genes)
        self.crosstalk = _crosstalk(graph, self.pool.n_rows, config)
        n_rows = self.pool.n_rows
        # One column reads pathways for benefit, the other for prognosis.
        self.read = nn.Parameter(
            torch.ones(2, n_rows, channels) / channels + 0.02 * torch.randn(2, n_rows, channels)
        )
        self.effect = EffectHead(n_pathways, n_covariates, layout.n_contrasts, n_rows - n_pathways)
        self.trunk_linear = nn.Linear(n_rows + n_covariates, 1)
        last = nn.Linear(config.trunk, 1)
        for layer in (self.trunk_linear, last):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)
        self.trunk = nn.Sequential(nn.Linear(n_rows + n_covariates, config.trunk), nn.GELU(), last)
        self.head = HEADS[layout.outcome]()
        self.register_buffer("activity_center", torch.zeros(2, 1, n_rows))
        self.register_buffer("activity_scale", torch.ones(2, 1, n_rows))
        if config.linear:
            _straighten(self)

    def raw_activity(
        self,
        z: Float[Tensor, "gene patient modality"],
        edge_scale: Float[Tensor, " edge"] | None = None,
        kept: Bool[Tensor, "1 patient modality"] | None = None,
    ) -> Float[Tensor, "2 patient pathway"]:
        """Pathway activities for benefit and for prognosis, before standardising.

        Omics that are not `kept` count as unseen.
        """
        if self.chunk is None or z.shape[1] <= self.chunk:
            return self._run(z, edge_scale, kept)
        masks = [None] * z.shape[1] if kept is None else torch.split(kept, self.chunk, dim=1)
        parts = [
            checkpoint(
                self._run, part, edge_scale, mask, use_reentrant=False, preserve_rng_state=False
            )
            for part, mask in zip(torch.split(z, self.chunk, dim=1), masks, strict=False)
        ]
        return torch.cat(parts, dim=1)

    def compute_on(self, computer: Computer) -> None:
        """Move to a device, and compute in its precision and chunks from now on."""
        self.to(computer.device)
        self.chunk, self.precision = computer.chunk, computer.precision
        self._run = torch.compile(self._activity) if computer.compile else self._activity

    def genes(
        self,
        z: Float[Tensor, "gene patient modality"],
        edge_scale: Float[Tensor, " edge"] | None = None,
    ) -> Float[Tensor, "gene patient channel"]:
        """Gene features after all messages."""
        h: Tensor = self.embed(z)
        for conv in self.convs:
            h = conv(h, edge_scale)
        return h

    def pathways(
        self, h: Float[Tensor, "gene patient channel"]
    ) -> Float[Tensor, "pathway patient channel"]:
        """Pathway features after they have told each other, those of the other genes last."""
        pooled: Tensor = self.pool(h)
        for conv in self.crosstalk:
            pooled = conv(pooled)
        return pooled

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
        m = self.prognosis(trunk_activity, clinical)
        activity, others = activity.tensor_split([self.n_pathways], dim=1)
        rest = self.effect.rest(others, clinical)
        return Scores(m, self.effect.terms(activity), rest, activity, trunk_activity)

    def prognosis(
        self,
        activity: Float[Tensor, "patient pathway"],
        clinical: Float[Tensor, "patient covariate"],
    ) -> Float[Tensor, " patient"]:
        """m from standardised activities of the trunk, those of the other genes among them."""
        joined = torch.cat([activity, clinical], 1)
        m: Tensor = (self.trunk_linear(joined) + self.trunk(joined))[:, 0]
        return m

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

    def _activity(
        self,
        z: Float[Tensor, "gene patient modality"],
        edge_scale: Float[Tensor, " edge"] | None,
        kept: Bool[Tensor, "1 patient modality"] | None,
    ) -> Float[Tensor, "2 patient pathway"]:
        with torch.autocast(z.device.type, self.precision, enabled=self.precision is not None):
            z = z if kept is None else z * kept
            pooled = self.pathways(self.genes(z, edge_scale))
            return torch.einsum("pbc,rpc->rbp", pooled, self.read).float()


def _crosstalk(graph: PathwayGraph, n_rows: int, config: NetConfig) -> nn.ModuleList:
    """Rounds of messages between pathways that start as none; the other genes take no part."""
    rounds = []
    for _ in range(config.crosstalk):
        conv = SignedConv(pathway_messages(graph), n_rows, config.channels, config.layer_norm)
        nn.init.zeros_(conv.mix)
        rounds.append(conv)
    return nn.ModuleList(rounds)


def _straighten(net: PathwayNet) -> None:
    """Hold all but the linear slopes at their start: a ridge regression on pathway means."""
    with torch.no_grad():
        net.embed.shared.copy_(first_weights(net.scales.kinds))
        net.read.fill_(1.0)
    held = [net.embed.shared, net.embed.own, net.pool.logit, net.read, net.effect.bend]
    for parameter in [*held, *net.trunk.parameters()]:
        parameter.requires_grad_(False)
