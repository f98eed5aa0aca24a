"""Self-supervised pretraining: hidden omics are told from the others, labelled patients or not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from pathgnn.errors import CohortError, ConfigError
from pathgnn.graph.graph import PathwayGraph
from pathgnn.graph.nodes import Nodes
from pathgnn.model.config import NetConfig, PretrainConfig
from pathgnn.model.decoder import Decoder
from pathgnn.model.encoder import Encoder, encoder_part
from pathgnn.model.network import Layout, PathwayNet
from pathgnn.model.scales import Scaling, learned_scales
from pathgnn.seeds import torch_seed

FEWEST_PATIENTS = 20

Progress = Callable[[str], None]


class Pretrained(NamedTuple):
    """An encoder, and the share of the hidden values' variance it told, epoch by epoch.

    Told of patients it was not trained on, whose values were hidden in the same way each time.
    """

    encoder: Encoder
    told: tuple[float, ...]


def pretrain(
    cohorts: Sequence[Nodes],
    graph: PathwayGraph,
    net_config: NetConfig,
    config: PretrainConfig,
    seed: int,
    progress: Progress = lambda _: None,
) -> Pretrained:
    """Learn from the omics of all patients of all cohorts what genes say of each other.

    Single values and whole omics of a patient are hidden and told from what is left, through gene
    features, messages and pathways; outcomes and arms are not read. Each cohort is put in units of
    its own spread. The encoder of the epoch that tells held-out patients best is kept.

    Args:
        cohorts: On the same graph; omics are matched by kind.
        graph: The graph.
        net_config: Shape of the network it is to start.
        config: How it is trained.
        seed: Decides first weights, held-out patients and what is hidden.
        progress: Called with a word after each epoch.

    Raises:
        CohortError: too few patients. ConfigError: a cohort on another graph.
    """
    kinds = tuple(dict.fromkeys(kind for nodes in cohorts for kind in nodes.kinds))
    z, seen = _stacked(cohorts, graph, kinds)
    if z.shape[1] < FEWEST_PATIENTS:
        raise CohortError(
            f"{z.shape[1]} patients are too few to pretrain on; give {FEWEST_PATIENTS} or more"
        )
    with torch_seed(seed):
        net = PathwayNet(graph, Layout(kinds, 0, 0, "continuous"), net_config)
        members = torch.as_tensor(graph.members)
        sizes = (len(graph.genes), net.pool.n_rows)
        decoder = Decoder(members, sizes, len(kinds), net_config.resolved().channels)
        order = torch.randperm(z.shape[1])
        n_held = max(1, int(config.held_out * len(order)))
        given = _Given(z, seen, order[n_held:], order[:n_held])
        told, best = _train(net, decoder, given, config, progress)
    encoder = Encoder(best, graph.genes, kinds, net_config, graph.sha256, z.shape[1])
    return Pretrained(encoder, told)


class _Given(NamedTuple):
    z: Float[Tensor, "gene patient modality"]
    seen: Bool[Tensor, "gene patient modality"]
    train: Int[Tensor, " chosen"]
    held: Int[Tensor, " held"]


def _stacked(
    cohorts: Sequence[Nodes], graph: PathwayGraph, kinds: tuple[str, ...]
) -> tuple[Float[Tensor, "gene patient modality"], Bool[Tensor, "gene patient modality"]]:
    """All patients with all kinds of omics, those a cohort lacks unseen."""
    n = sum(nodes.n_patients for nodes in cohorts)
    z = torch.zeros(len(graph.genes), n, len(kinds))
    seen = torch.zeros(z.shape, dtype=torch.bool)
    start = 0
    for nodes in cohorts:
        if nodes.genes != graph.genes:
            raise ConfigError("all cohorts must lie on the graph that is pretrained on")
        end = start + nodes.n_patients
        own = learned_scales(nodes, Scaling())(nodes).z
        for m, kind in enumerate(nodes.kinds):
            at = kinds.index(kind)
            # Two omics of one kind: the first that saw a value counts.
            new = nodes.seen[:, :, m] & ~seen[:, start:end, at]
            z[:, start:end, at] = torch.where(new, own[:, :, m], z[:, start:end, at])
            seen[:, start:end, at] |= new
        start = end
    return z, seen


def _train(
    net: PathwayNet,
    decoder: Decoder,
    given: _Given,
    config: PretrainConfig,
    progress: Progress,
) -> tuple[tuple[float, ...], dict[str, Tensor]]:
    """Adam on mini-batches until held-out patients are told no better for some epochs."""
    weights = [w for k, w in net.named_parameters() if k.startswith(("embed.", "convs.", "pool."))]
    optimiser = torch.optim.AdamW(
        [*weights, *net.crosstalk.parameters(), *decoder.parameters()],
        lr=config.learning_rate,
        weight_decay=config.weight_decay,
    )
    kept_held = _kept(given.seen[:, given.held], config)
    told: list[float] = []
    best = encoder_part(net)
    for epoch in range(config.epochs):
        for at in torch.split(given.train[torch.randperm(len(given.train))], config.batch):
            seen = given.seen[:, at]
            loss = _loss(net, decoder, given.z[:, at], seen, _kept(seen, config))[0]
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
        with torch.no_grad():
            held = given.z[:, given.held], given.seen[:, given.held]
            loss, plain = _loss(net, decoder, *held, kept_held)
        told.append(1 - float(loss) / max(float(plain), 1e-12))
        progress(f"epoch {epoch + 1}: {told[-1]:.1%} of hidden values told")
        if told[-1] >= max(told):
            best = encoder_part(net)
        if epoch - told.index(max(told)) >= config.patience:
            break
    return tuple(told), {k: v.detach() for k, v in best.items()}


def _kept(
    seen: Bool[Tensor, "gene patient modality"], config: PretrainConfig
) -> Bool[Tensor, "gene patient modality"]:
    """What is left to see: single values are hidden, and whole omics of a patient."""
    single = torch.rand(seen.shape) >= config.hidden_values
    omic = torch.rand(1, *seen.shape[1:]) >= config.hidden_omics
    return seen & single & omic


def _loss(
    net: PathwayNet,
    decoder: Decoder,
    z: Float[Tensor, "gene patient modality"],
    seen: Bool[Tensor, "gene patient modality"],
    kept: Bool[Tensor, "gene patient modality"],
) -> tuple[Float[Tensor, ""], Float[Tensor, ""]]:
    """Mean squared error of what was seen and is hidden, and that of telling the mean."""
    h = net.genes(z * kept)
    told = decoder(h, net.pathways(h))
    hidden = seen & ~kept
    n = hidden.sum().clamp(min=1)
    return ((told - z) * hidden).square().sum() / n, (z * hidden).square().sum() / n
