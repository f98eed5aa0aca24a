"""Layer 3, how it computes: the network; here the open sets of outcome heads and messages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from pathgnn.model.conv import Conv
from pathgnn.model.conv_attention import AttentionConv
from pathgnn.model.conv_pyg import PygConv
from pathgnn.model.conv_signed import SignedConv
from pathgnn.model.head import Head
from pathgnn.model.head_binary import BinaryHead
from pathgnn.model.head_cause_specific import CauseSpecificHead
from pathgnn.model.head_continuous import ContinuousHead
from pathgnn.model.head_cox import CoxHead
from pathgnn.model.head_subdistribution import SubdistributionHead
from pathgnn.model.head_survival import SurvivalHead
from pathgnn.model.messages import Messages

HEADS: Mapping[str, type[Head]] = MappingProxyType(
    {
        "binary": BinaryHead,
        "continuous": ContinuousHead,
        "survival": SurvivalHead,
        "cox": CoxHead,
        "subdistribution": SubdistributionHead,
        "cause-specific": CauseSpecificHead,
    }
)
CONVS: Mapping[str, Callable[[Messages, int, int, bool], Conv]] = MappingProxyType(
    {"signed": SignedConv, "attention": AttentionConv}
)
PYG = "pyg:"


def conv_of(name: str, messages: Messages, n_nodes: int, channels: int, norm: bool = False) -> Conv:
    """One round of messages by its name: a key of CONVS, or `pyg:` and a layer's class."""
    if name.startswith(PYG):
        return PygConv(name.removeprefix(PYG), messages, n_nodes, channels, norm)
    return CONVS[name](messages, n_nodes, channels, norm)
