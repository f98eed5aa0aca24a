"""Any layer of PyTorch Geometric that works on a static graph, in place of ours, for a trial."""

from __future__ import annotations

import inspect
from typing import Any

import torch
import torch_geometric.nn as pyg
from jaxtyping import Float
from torch import Tensor, nn

from pathgnn.errors import ConfigError
from pathgnn.model.conv import Conv
from pathgnn.model.messages import Messages

# Arguments that some layers cannot be made without.
NEEDED = {"K": 2}


class PygConv(Conv):
    """h + layer(h) for a layer such as GraphConv or SAGEConv.

    Such a layer knows neither sign nor relation, and holds a feature per message and patient:
    slower and larger than `SignedConv`. Without an `edge_weight` its edges get no attribution.
    """

    ends: Tensor
    edge: Tensor

    def __init__(
        self, layer: str, messages: Messages, n_nodes: int, channels: int, norm: bool = False
    ) -> None:
        super().__init__()
        self.layer = _layer(layer, channels)
        self.takes_weight = "edge_weight" in inspect.signature(self.layer.forward).parameters
        self.register_buffer("ends", messages.ends, persistent=False)
        self.register_buffer("edge", messages.edge, persistent=False)
        self.norm = nn.LayerNorm(channels, elementwise_affine=False) if norm else nn.Identity()
        _try(self, layer, n_nodes, channels)

    def forward(
        self, h: Float[Tensor, "gene patient channel"], scale: Float[Tensor, " edge"] | None = None
    ) -> Float[Tensor, "gene patient channel"]:
        """Gene features after one round."""
        x = self.norm(h).transpose(0, 1).contiguous()
        if self.takes_weight:
            weight = h.new_ones(len(self.edge)) if scale is None else scale[self.edge]
            told = self.layer(x, self.ends, edge_weight=weight)
        else:
            told = self.layer(x, self.ends)
        out: Tensor = h + told.transpose(0, 1)
        return out


def _layer(name: str, channels: int) -> nn.Module:
    kind: Any = getattr(pyg, name, None)
    if not hasattr(kind, "propagate"):
        raise ConfigError(f"net.messages: torch_geometric.nn has no layer {name!r}; try GraphConv")
    wanted = inspect.signature(kind.__init__).parameters
    if "in_channels" not in wanted:
        raise ConfigError(f"net.messages: layer {name!r} has no weights to learn; try GraphConv")
    needed = {k: v for k, v in NEEDED.items() if k in wanted}
    try:
        layer: nn.Module = kind(channels, channels, **needed)
    except (AttributeError, ImportError, TypeError, ValueError) as error:
        raise ConfigError(f"net.messages: layer {name!r} wants more than sizes: {error}") from error
    return layer


def _try(conv: PygConv, name: str, n_nodes: int, channels: int) -> None:
    """Two patients through the layer: does it take a static graph, and keep them apart?"""
    said = f"net.messages: layer {name!r} of torch_geometric does not work on a static graph"
    with torch.no_grad():
        h = torch.randn(n_nodes, 2, channels)
        try:
            both, one = conv(h), conv(h[:, :1])
        except (
            AssertionError,
            AttributeError,
            ImportError,
            IndexError,
            RuntimeError,
            TypeError,
            ValueError,
        ) as error:
            raise ConfigError(f"{said} ({error}); try GraphConv, GCNConv or SAGEConv") from error
    if not torch.allclose(both[:, :1], one, atol=1e-4):
        raise ConfigError(f"{said}: it mixes patients; try GraphConv, GCNConv or SAGEConv")
