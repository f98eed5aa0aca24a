"""Sanity: an attribution must change when what the network learned is shuffled away."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from scipy import stats

from pathgnn.attribute.attribute import attribute
from pathgnn.attribute.reference import Compared
from pathgnn.attribute.stability import TOP_GENES, jaccard_at
from pathgnn.model.network import PathwayNet
from pathgnn.seeds import seed_for

# Beyond this rank correlation with shuffled weights an attribution tells of inputs alone.
MOST_ALIKE = 0.7


class Sanity(NamedTuple):
    """How alike genes are ranked by the trained and by the shuffled networks."""

    shuffled: str
    rank_correlation: float
    jaccard: float

    @property
    def passed(self) -> bool:
        """Does the attribution depend on what was learned?"""
        return self.rank_correlation < MOST_ALIKE


def sanity(who: Compared) -> tuple[Sanity, ...]:
    """Ranking of the genes with the weights of the readout shuffled, and with all weights shuffled.

    The other learners of the stack are left out on both sides.

    Source: Adebayo et al., NeurIPS 2018.
    """
    who = who._replace(fitted=replace(who.fitted, stacks=()))
    trained = _genes(who)
    out = []
    for word, chosen in (("readout", _is_readout), ("all weights", _any)):
        other = _genes(_shuffled(who, chosen))
        known = (trained > 0) | (other > 0)
        alike = stats.spearmanr(trained[known], other[known]).statistic if known.any() else 0.0
        pair = np.stack([trained, other])
        out.append(Sanity(word, float(np.nan_to_num(alike)), jaccard_at(pair, TOP_GENES)))
    return tuple(out)


def _genes(who: Compared) -> Float[np.ndarray, " gene"]:
    return np.asarray(attribute(who).by_gene.abs().mean(0).double().numpy())


def _shuffled(who: Compared, chosen: Callable[[str], bool]) -> Compared:
    """The same networks, the entries of each chosen weight in another order."""
    members = []
    for i, member in enumerate(who.fitted.members):
        net: PathwayNet = copy.deepcopy(member.net)
        draw = torch.Generator().manual_seed(seed_for(who.fitted.seed, 7, 8, i))
        with torch.no_grad():
            for name, weight in net.named_parameters():
                if chosen(name):
                    order = torch.randperm(weight.numel(), generator=draw)
                    weight.copy_(weight.reshape(-1)[order].reshape(weight.shape))
        members.append(member._replace(net=net))
    return who._replace(fitted=replace(who.fitted, members=tuple(members)))


def _is_readout(name: str) -> bool:
    return name == "read" or name.startswith("effect.")


def _any(name: str) -> bool:
    return True
