"""The layers around the messages: value-gated gene embedding, PathwayPool, EffectHead."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from pathgnn.model.sparse import topology

# What one standard deviation more of each omic says, at first, about a gene's activity.
FIRST_WEIGHT: Mapping[str, float] = MappingProxyType(
    {
        "expression": 1.0,
        "protein": 1.0,
        "phospho_protein": 1.0,
        "metabolite": 1.0,
        # A microRNA reaches its targets with weight -1, so more repression is less activity.
        "mirna": 1.0,
        "signature": 1.0,
        "copy_number": 0.5,
        "mutation": 0.25,
        "methylation": -0.5,
    }
)


def first_weights(kinds: tuple[str, ...]) -> Float[Tensor, "modality 1"]:
    """The first weight of each modality."""
    return torch.tensor([[FIRST_WEIGHT[kind]] for kind in kinds])


class GeneEmbedding(nn.Module):
    """Measured values gated by weights per modality, shared by all genes, plus the gene's own."""

    def __init__(self, n_genes: int, kinds: tuple[str, ...], channels: int) -> None:
        super().__init__()
        self.shared = nn.Parameter(first_weights(kinds) + 0.1 * torch.randn(len(kinds), channels))
        self.own = nn.Parameter(torch.zeros(n_genes, len(kinds), channels))

    def forward(
        self, z: Float[Tensor, "gene patient modality"]
    ) -> Float[Tensor, "gene patient channel"]:
        """Gene features; an unseen value is 0 in `z` and adds nothing."""
        return torch.bmm(z, self.shared + self.own)


class PathwayPool(nn.Module):
    """Attention-weighted mean of each pathway's genes; weights are learned per member.

    A gene may be in many pathways. Genes in none are pooled in a last row of their own, `others`
    saying whether there is one: what they tell is not lost.
    """

    pathway: Tensor

    def __init__(self, members: Int[Tensor, "2 member"], n_pathways: int, n_genes: int) -> None:
        super().__init__()
        alone = torch.bincount(members[1], minlength=n_genes) == 0
        rest = torch.nonzero(alone)[:, 0]
        self.others = len(rest) > 0
        self.n_rows = n_pathways + int(self.others)
        pathway = torch.cat([members[0], torch.full_like(rest, n_pathways)])
        self.topo, order = topology(pathway, torch.cat([members[1], rest]), self.n_rows, n_genes)
        self.register_buffer("pathway", pathway[order], persistent=False)
        self.logit = nn.Parameter(torch.zeros(len(pathway)))

    def attention(self) -> Float[Tensor, " member"]:
        """Weights of the members, summing to 1 in each pathway, sorted by pathway and gene."""
        top = self.logit.new_zeros(self.n_rows).scatter_reduce(
            0, self.pathway, self.logit.detach(), "amax", include_self=False
        )
        weight = (self.logit - top[self.pathway]).exp()
        total = weight.new_zeros(self.n_rows).index_add(0, self.pathway, weight)
        return weight / total[self.pathway]

    def forward(
        self, h: Float[Tensor, "gene patient channel"]
    ) -> Float[Tensor, "pathway patient channel"]:
        """Pathway features, those of the other genes last."""
        pooled: Tensor = self.topo(self.attention(), h.flatten(1))
        return pooled.view(self.n_rows, *h.shape[1:])


class EffectHead(nn.Module):
    """delta_k = t_k + sum_p beta_kp s_p(A_p) + gamma_k c, additive over pathways.

    beta_kp = b_p + v_kp (partial pooling over arms); s_p is the identity plus a bend that starts
    at 0. With both at their start the head is a linear pathway-interaction model. Genes in no
    pathway (`n_others`) have slopes beside the pathways', and are no term of them.
    """

    def __init__(
        self, n_pathways: int, n_covariates: int, n_contrasts: int, n_others: int = 0
    ) -> None:
        super().__init__()
        self.mean = nn.Parameter(torch.zeros(n_contrasts))
        self.pooled = nn.Parameter(torch.zeros(n_pathways))
        self.by_arm = nn.Parameter(torch.zeros(n_pathways, n_contrasts))
        self.bend = nn.Parameter(torch.zeros(n_pathways))
        self.clinical = nn.Parameter(torch.zeros(n_covariates, n_contrasts))
        self.others = nn.Parameter(torch.zeros(n_others, n_contrasts))

    def slopes(self) -> Float[Tensor, "pathway contrast"]:
        """beta: effect modification per standard deviation of pathway activity."""
        if self.by_arm.shape[1] == 1:
            return self.pooled[:, None]
        return self.pooled[:, None] + self.by_arm

    def terms(
        self, activity: Float[Tensor, "patient pathway"]
    ) -> Float[Tensor, "patient pathway contrast"]:
        """What each pathway adds to delta."""
        bent = activity + self.bend * nn.functional.gelu(activity)
        return bent[:, :, None] * self.slopes()

    def rest(
        self, others: Float[Tensor, "patient other"], clinical: Float[Tensor, "patient covariate"]
    ) -> Float[Tensor, "patient contrast"]:
        """What is added to delta outside the pathways."""
        return self.mean + clinical @ self.clinical + others @ self.others
