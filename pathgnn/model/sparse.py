"""One sparse product for all patients of a batch, with gradients for values and features."""

from __future__ import annotations

import warnings
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

# Products per piece of the fallback for edge gradients: 16 MiB of float32.
PIECE = 2**22
# Bytes of features that a product reads at once on a CPU. Larger ones leave the cache: 20,000
# genes, degree 40 and 1,024 features take 2.7 times as long in one piece. The order of the genes
# no longer matters then.
TILE_BYTES = 5 * 2**20
NARROWEST = 32


class Topology(nn.Module):
    """Places of the non-zeros of a sparse matrix, for products with it and with its transpose.

    Entries are sorted by row; `order` is the place of each entry of the transpose. All are buffers
    that move with the network but are not saved: the graph is.
    """

    start: Tensor
    column: Tensor
    row: Tensor
    back_start: Tensor
    back_column: Tensor
    order: Tensor

    def __init__(
        self, row: Int[Tensor, " entry"], column: Int[Tensor, " entry"], n_rows: int, n_columns: int
    ) -> None:
        super().__init__()
        self.n_rows, self.n_columns = n_rows, n_columns
        by_column = torch.argsort(column * max(1, n_rows) + row)
        parts = {
            "start": _starts(row, n_rows),
            "column": column,
            "row": row,
            "back_start": _starts(column, n_columns),
            "back_column": row[by_column],
        }
        for name, part in parts.items():
            self.register_buffer(name, part.int(), persistent=False)
        self.register_buffer("order", by_column, persistent=False)
        _announce()

    def matrix(self, value: Float[Tensor, " entry"]) -> Tensor:
        """The sparse matrix with the given values."""
        return _csr(self.start, self.column, value, (self.n_rows, self.n_columns))

    def transpose(self, value: Float[Tensor, " entry"]) -> Tensor:
        """Its transpose."""
        size = (self.n_columns, self.n_rows)
        return _csr(self.back_start, self.back_column, value[self.order], size)

    def forward(
        self,
        value: Float[Tensor, " entry"],
        x: Float[Tensor, "column feature"],
        base: Float[Tensor, "row feature"] | None = None,
    ) -> Float[Tensor, "row feature"]:
        """base + matrix with the given values times x; gradients never go through N x N."""
        product: Tensor = _SparseProduct.apply(value, x, base, self)  # type: ignore[no-untyped-call]
        return product


def topology(
    row: Int[Tensor, " entry"], column: Int[Tensor, " entry"], n_rows: int, n_columns: int
) -> tuple[Topology, Int[Tensor, " entry"]]:
    """The topology of a matrix and the order that sorts its entries by row."""
    by_row = torch.argsort(row * max(1, n_columns) + column)
    return Topology(row[by_row], column[by_row], n_rows, n_columns), by_row


class _SparseProduct(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, value: Tensor, x: Tensor, base: Tensor | None, topo: Topology) -> Tensor:
        """The product, remembering what its gradients need."""
        ctx.topo = topo
        # Features are kept only for the gradient of the values: most edges have fixed ones.
        ctx.save_for_backward(value, x if ctx.needs_input_grad[0] else None)
        return _product(topo.matrix(value), x, base)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        """Gradients for values (sampled products), features (the transpose) and base."""
        (grad,) = grads
        value, x = ctx.saved_tensors
        topo: Topology = ctx.topo
        for_value = _sampled(topo, grad, x) if ctx.needs_input_grad[0] else None
        for_x = None
        if ctx.needs_input_grad[1]:
            for_x = _product(topo.transpose(value), grad)
        return for_value, for_x, grad if ctx.needs_input_grad[2] else None, None


def add_product(matrix: Tensor, x: Tensor, out: Tensor) -> None:
    """out += matrix @ x in place, on a CPU in tiles of columns that stay in the cache."""
    if matrix.values().numel() == 0:
        return
    matrix = matrix.to(x.dtype)
    width = max(NARROWEST, TILE_BYTES // (x.element_size() * max(1, x.shape[0])))
    if x.is_cuda or x.shape[1] <= width:
        torch.addmm(out, matrix, x, out=out)
        return
    for i in range(0, x.shape[1], width):
        tile = out[:, i : i + width]
        tile.copy_(torch.addmm(tile, matrix, x[:, i : i + width].contiguous()))


def _product(matrix: Tensor, x: Tensor, base: Tensor | None = None) -> Tensor:
    """base + matrix @ x."""
    # Under autocast features are of lower precision than weights: the features decide.
    if base is None:
        out = x.new_zeros(matrix.shape[0], x.shape[1])
    else:
        out = base.to(x.dtype, copy=True).contiguous()
    add_product(matrix, x.contiguous(), out)
    return out


def _csr(start: Tensor, column: Tensor, value: Tensor, size: tuple[int, int]) -> Tensor:
    """Built anew for each product, in 20 microseconds: as a buffer it would break deepcopy."""
    return torch.sparse_csr_tensor(start, column, value, size, check_invariants=False)


def _sampled(topo: Topology, grad: Tensor, x: Tensor) -> Tensor:
    """<grad[row], x[column]> for every entry, by MKL or cuSPARSE or in pieces that stay small."""
    n = len(topo.row)
    has_mkl: bool = torch.backends.mkl.is_available()  # type: ignore[no-untyped-call]
    if n and (x.is_cuda or has_mkl):
        grad, x = (t.contiguous() if t.dtype == torch.float64 else t.float() for t in (grad, x))
        pattern = topo.matrix(grad.new_zeros(n))
        sampled: Tensor = torch.sparse.sampled_addmm(pattern, grad.contiguous(), x.T, beta=0.0)
        return sampled.values()
    step = max(1, PIECE // max(1, x.shape[1]))
    pieces = [
        torch.linalg.vecdot(grad[topo.row[i : i + step]], x[topo.column[i : i + step]])
        for i in range(0, n, step)
    ]
    return torch.cat(pieces) if pieces else grad.new_zeros(0)


def _starts(row: Int[Tensor, " entry"], n_rows: int) -> Int[Tensor, " bound"]:
    return torch.nn.functional.pad(torch.bincount(row, minlength=n_rows).cumsum(0), (1, 0))


def _announce() -> None:
    """Torch says once per process that CSR is in beta; met here, it does not reach the user."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        _csr(torch.tensor([0, 0]), torch.zeros(0, dtype=torch.int64), torch.zeros(0), (1, 1))
