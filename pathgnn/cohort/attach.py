"""Features whose names are no gene symbols, attached to the genes they measure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import pandas as pd

from pathgnn.cohort.attach_antibodies import proteins, sites
from pathgnn.cohort.attach_mirna import targets

# Each gives feature, gene, weight, site and how; weight 0: known, but left out. Empty: the names
# need no attachment. Genes are named as the source names them; the graph looks them up.
ATTACH: Mapping[str, Callable[[pd.Index], pd.DataFrame]] = MappingProxyType(
    {"protein": proteins, "phospho_protein": sites, "mirna": targets}
)


def attach(kind: str, features: pd.Index) -> pd.DataFrame | None:
    """The feature map of a kind that has names of its own; None if there is nothing to attach."""
    if kind not in ATTACH:
        return None
    found = ATTACH[kind](features)
    return found if found["weight"].any() else None
