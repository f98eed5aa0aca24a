"""From gene and pathway features back to measured values: the other half of an autoencoder."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from pathgnn.model.sparse import topology


class Decoder(nn.Module):
    """Every omic of every gene from its own features and the mean of its pathways'.

    Weights are shared by all genes, plus the gene's own.
    """

    share: Tensor

    def __init__(
        self, members: Int[Tensor, "2 member"], sizes: tuple[int, int], kinds: int, channels: int
    ) -> None:
        super().__init__()
        n_genes, n_rows = sizes
        pathway, gene = members
        n_in = torch.bincount(gene, minlength=n_genes).clamp(min=1)
        self.topo, order = topology(gene, pathway, n_genes, n_rows)
        self.register_buffer("share", (1 / n_in[gene]).float()[order], persistent=False)
        self.shared = nn.Parameter(0.1 * torch.randn(kinds, 2 * channels))
        self.own = nn.Parameter(torch.zeros(n_genes, kinds, 2 * channels))
        self.level = nn.Parameter(torch.zeros(n_genes, 1, kinds))

    def forward(
        self,
        h: Float[Tensor, "gene patient channel"],
        pooled: Float[Tensor, "pathway patient channel"],
    ) -> Float[Tensor, "gene patient modality"]:
        """Values in training units, also of what was hidden."""
        back = self.topo(self.share, pooled.flatten(1)).view_as(h)
        both = torch.cat([h, back], dim=2)
        return torch.bmm(both, (self.shared + self.own).transpose(1, 2)) + self.level
