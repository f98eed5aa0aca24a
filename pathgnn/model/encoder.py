"""A pretrained encoder: what genes and their neighbours say of each other, learned from omics."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from pathgnn.errors import ConfigError
from pathgnn.graph.graph import PathwayGraph
from pathgnn.model.config import NetConfig
from pathgnn.model.network import PathwayNet

SHARED, OWN = "embed.shared", "embed.own"
PARTS = ("embed.", "convs.", "pool.", "crosstalk.")


@dataclass(frozen=True, eq=False)
class Encoder:
    """Weights from genes to pathways, with what they fit: genes, kinds of omics, and the network.

    `graph` is the hash of the graph it was learned on; `n_patients` how many it has seen.
    """

    weights: Mapping[str, Tensor]
    genes: tuple[str, ...]
    kinds: tuple[str, ...]
    net: NetConfig
    graph: str
    n_patients: int

    @property
    def sha256(self) -> str:
        """Hash of all weights and of the graph."""
        digest = hashlib.sha256(self.graph.encode())
        for name in sorted(self.weights):
            digest.update(name.encode())
            digest.update(self.weights[name].contiguous().numpy().tobytes())
        return digest.hexdigest()

    def check(self, graph: PathwayGraph, net: NetConfig) -> None:
        """Refuse another graph than the encoder was learned on, and settings it cannot have.

        Raises:
            ConfigError: saying which, and what to do.
        """
        for name in sorted(net.model_fields_set):
            asked, given = getattr(net, name), getattr(self.net, name)
            if asked != given:
                raise ConfigError(
                    f"[net] {name} = {asked!r}, but the encoder was pretrained with {given!r}; "
                    "leave it out, or pretrain again"
                )
        if graph.sha256 != self.graph:
            raise ConfigError(
                "the encoder was pretrained on another graph than this study's; give both studies "
                "the same [graph], or pretrain on this one"
            )

    @property
    def net_in_full(self) -> NetConfig:
        """The settings of its network, all of them set: none is open to the cohort's size."""
        return NetConfig.model_validate(self.net.model_dump())

    def put_into(self, net: PathwayNet, genes: tuple[str, ...]) -> dict[str, Tensor]:
        """Start a network here; returns the weights that its penalties are to draw it to.

        Omics are matched by kind; one that the encoder has not seen keeps its own start.

        Raises:
            ConfigError: other genes, or a network of another shape.
        """
        if genes != self.genes:
            raise ConfigError(
                f"the encoder knows {len(self.genes)} genes in its order, the cohort's graph has "
                f"{len(genes)}; pretrain on the graph of this study"
            )
        state = dict(net.state_dict())
        known = {k: v for k, v in self.weights.items() if k not in (SHARED, OWN)}
        other = [k for k, v in known.items() if k not in state or state[k].shape != v.shape]
        channels = self.weights[OWN].shape[2]
        if other or channels != state[OWN].shape[2]:
            raise ConfigError(
                f"the encoder has {self.net.channels} channels and {self.net.depth} rounds of "
                f"{self.net.messages} messages; give [net] the same"
            )
        known |= {name: self._by_kind(name, net) for name in (SHARED, OWN)}
        net.load_state_dict(known, strict=False)
        return {name: value.clone() for name, value in known.items()}

    def _by_kind(self, name: str, net: PathwayNet) -> Tensor:
        """The weights of this network's omics; those of an unknown kind stay as they are."""
        state: Mapping[str, Tensor] = net.state_dict()
        out = state[name].clone()
        axis = out.dim() - 2
        for m, kind in enumerate(net.scales.kinds):
            if kind in self.kinds:
                at = torch.tensor([self.kinds.index(kind)])
                out.index_copy_(axis, torch.tensor([m]), self.weights[name].index_select(axis, at))
        return out


def encoder_part(net: PathwayNet) -> dict[str, Tensor]:
    """The weights of a network from genes to pathways."""
    return {k: v.clone() for k, v in net.named_parameters() if k.startswith(PARTS)}
