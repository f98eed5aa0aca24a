"""PathwayNet: genes to pathways to prognosis and benefit, all patients in one pass."""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from pathgnn.graph.graph import PathwayGraph
from pathgnn.graph.nodes import Nodes
from pathgnn.model import HEADS, conv_of
from pathgnn.model.compute import Computer
from pathgnn.model.config import COMPETING, NetConfig
from pathgnn.model.conv_signed import SignedConv, all_rounds
from pathgnn.model.head import Prediction
from pathgnn.model.layers import EffectHead, GeneEmbedding, PathwayPool, first_weights
from pathgnn.model.memory import Plan
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
        return nn.functional.pad(effect, (1, 0))


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
        outcome=COMPETING if nodes.has_competing else nodes.outcome,
        sites=nodes.sites if center_sites else (),
    )


# Activities with a smaller SD are the same in all patients but for rounding.
LEAST_VARYING = 1e-6


class PathwayNet(nn.Module):
    """Value-gated genes, messages along signed edges, pathway activities, additive effect head.

    `plan` says how many patients go through the genes at once.
    """

    activity_center: Tensor
    activity_scale: Tensor

    def __init__(self, graph: PathwayGraph, layout: Layout, config: NetConfig) -> None:
        super().__init__()
        config = config.resolved()
        n_genes, n_pathways = len(graph.genes), len(graph.pathways)
        n_covariates, channels = layout.n_covariates, config.channels
        self.n_pathways = n_pathways
        self.plan = Plan()
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
        # Every measured value on its own, for prognosis: alone it is a ridge regression.
        self.wide = nn.Parameter(torch.zeros(n_genes, len(layout.kinds)))
        # One column reads pathways for benefit, the other for prognosis.
        self.read = nn.Parameter(
            torch.ones(2, n_rows, channels) / channels + 0.02 * torch.randn(2, n_rows, channels)
        )
        self.effect = EffectHead(n_pathways, n_covariates, layout.n_contrasts, n_rows - n_pathways)
        self.trunk_linear = nn.Linear(n_rows, 1)
        self.trunk_clinical = nn.Parameter(torch.zeros(n_covariates))
        last = nn.Linear(config.trunk, 1)
        for layer in (self.trunk_linear, last):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)
        self.trunk_first = nn.Linear(n_rows + n_covariates, config.trunk)
        self.trunk_last = last
        self.head = HEADS[config.head_of(layout.outcome)]()
        self.register_buffer("activity_center", torch.zeros(2, 1, n_rows))
        self.register_buffer("activity_scale", torch.ones(2, 1, n_rows))
        if config.linear:
            _straighten(self, config.linear)

    def raw_activity(
        self,
        z: Float[Tensor, "gene patient modality"],
        edge_scale: Float[Tensor, " edge"] | None = None,
        kept: Bool[Tensor, "1 patient modality"] | None = None,
    ) -> Float[Tensor, "2 patient pathway"]:
        """Pathway activities for benefit and for prognosis, before standardising.

        The last column is what the measured values tell the prognosis on their own. Omics that
        are not `kept` count as unseen.
        """
        block = self.plan.block or z.shape[1]
        if z.shape[1] <= block and not self.plan.again:
            return self._run(z, edge_scale, kept)
        masks = [None] * z.shape[1] if kept is None else torch.split(kept, block, dim=1)
        blocks = zip(torch.split(z, block, dim=1), masks, strict=False)
        if not self.plan.again:
            return torch.cat([self._run(part, edge_scale, mask) for part, mask in blocks], dim=1)
        again = partial(checkpoint, self._run, use_reentrant=False, preserve_rng_state=False)
        return torch.cat([again(part, edge_scale, mask) for part, mask in blocks], dim=1)

    def compute_on(self, computer: Computer) -> None:
        """Move to a device, and compute in its precision and chunks from now on."""
        self.to(computer.device)
        self.plan, self.precision = computer.plan, computer.precision
        self._run = torch.compile(self._activity) if computer.compile else self._activity

    def genes(
        self,
        z: Float[Tensor, "gene patient modality"],
        edge_scale: Float[Tensor, " edge"] | None = None,
    ) -> Float[Tensor, "gene patient channel"]:
        """Gene features after all messages."""
        return all_rounds(self.convs, self.embed(z), edge_scale)

    def pathways(
        self, h: Float[Tensor, "gene patient channel"]
    ) -> Float[Tensor, "pathway patient channel"]:
        """Pathway features after they have told each other, those of the other genes last."""
        return all_rounds(self.crosstalk, self.pool(h))

    def learn_activity_scales(self, raw: Float[Tensor, "2 patient pathway"]) -> None:
        """Mean and spread of the activities of the training patients, kept as buffers."""
        with torch.no_grad():
            self._keep(*_moments(raw[:, :, :-1]))

    def training_scores(
        self, raw: Float[Tensor, "2 patient pathway"], clinical: Float[Tensor, "patient covariate"]
    ) -> Scores:
        """Prognosis and effect of the very patients whose mean and spread are the scales.

        The gradient goes through both: what moves all activities alike moves no score.
        """
        activity = raw[:, :, :-1]
        center, scale = _moments(activity)
        self._keep(center.detach(), scale.detach())
        return self._scores((activity - center) / scale, raw[1, :, -1], clinical)

    def scores(
        self, raw: Float[Tensor, "2 patient pathway"], clinical: Float[Tensor, "patient covariate"]
    ) -> Scores:
        """Prognosis and effect from raw activities, on the scales learned."""
        activity = (raw[:, :, :-1] - self.activity_center) / self.activity_scale
        return self._scores(activity, raw[1, :, -1], clinical)

    def _keep(
        self, center: Float[Tensor, "2 1 pathway"], scale: Float[Tensor, "2 1 pathway"]
    ) -> None:
        self.activity_center.copy_(center)
        self.activity_scale.copy_(scale)

    def _scores(
        self,
        standardised: Float[Tensor, "2 patient pathway"],
        wide: Float[Tensor, " patient"],
        clinical: Float[Tensor, "patient covariate"],
    ) -> Scores:
        activity, trunk_activity = standardised
        m = self.prognosis(trunk_activity, clinical) + wide
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
        bent = self.trunk_last(nn.functional.gelu(self.trunk_first(joined)))
        m: Tensor = (self.trunk_linear(activity) + bent)[:, 0]
        return m + clinical @ self.trunk_clinical

    def prognostic_weights(self) -> tuple[nn.Parameter, ...]:
        """The weights that only the prognosis reads."""
        linear = (*self.trunk_linear.parameters(), self.trunk_clinical, self.wide)
        return (*self.trunk_first.parameters(), *self.trunk_last.parameters(), *linear)

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
            activity = torch.einsum("pbc,rpc->rbp", pooled, self.read).float()
        wide = torch.einsum("gbm,gm->b", z, self.wide)
        return torch.cat([activity, wide.expand(2, 1, -1).transpose(1, 2)], dim=2)


def _moments(
    activity: Float[Tensor, "2 patient pathway"],
) -> tuple[Float[Tensor, "2 1 pathway"], Float[Tensor, "2 1 pathway"]]:
    """Mean and SD of activities over patients; one that does not vary is left out, not blown up."""
    variance = activity.var(1, keepdim=True, correction=0)
    variance = variance.masked_fill(variance < LEAST_VARYING**2, torch.inf)
    return activity.mean(1, keepdim=True), variance.sqrt()


def _crosstalk(graph: PathwayGraph, n_rows: int, config: NetConfig) -> nn.ModuleList:
    """Rounds of messages between pathways that start as none; the other genes take no part."""
    rounds = []
    for _ in range(config.crosstalk):
        conv = SignedConv(pathway_messages(graph), n_rows, config.channels, config.layer_norm)
        nn.init.zeros_(conv.mix)
        rounds.append(conv)
    return nn.ModuleList(rounds)


def _straighten(net: PathwayNet, of: str) -> None:
    """Hold all but the linear slopes at their start: a ridge regression on pathways or genes."""
    with torch.no_grad():
        net.embed.shared.copy_(first_weights(net.scales.kinds))
        net.read.fill_(1.0)
    held: list[Tensor] = [net.embed.shared, net.embed.own, net.pool.logit]
    held += [net.read, net.effect.bend]
    if of == "pathways":
        held.append(net.wide)
    else:
        effect = net.effect
        held += [net.trunk_linear.weight, effect.pooled, effect.by_arm, effect.others]
    for parameter in [*held, *net.trunk_first.parameters(), *net.trunk_last.parameters()]:
        parameter.requires_grad_(False)
