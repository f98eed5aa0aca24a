"""Layer 3, how it computes: the network; here the open set of outcome heads."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from pathgnn.model.head import Head
from pathgnn.model.head_binary import BinaryHead
from pathgnn.model.head_continuous import ContinuousHead
from pathgnn.model.head_survival import SurvivalHead

HEADS: Mapping[str, type[Head]] = MappingProxyType(
    {"binary": BinaryHead, "continuous": ContinuousHead, "survival": SurvivalHead}
)
