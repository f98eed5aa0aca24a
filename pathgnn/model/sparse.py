"""One sparse product for all patients of a batch, with gradients for values and features."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch_geometric import EdgeIndex

# Products per piece of the fallback for edge gradients: 16 MiB of float32.
PIECE = 2**22


@dataclass(frozen=True)
class Topology:
    """Places of the non-zeros of a sparse matrix, for products with it and with its transpose.

    `forward` is sorted by row, `backward` the transpose sorted by its row, `order` the place in
    `forward` of each entry of `backward`.
    """

    forward: EdgeIndex
    backward: EdgeIndex
    order: Int[Tensor, " entry"]
    n_rows: int
    n_columns: int


def topology(
    row: Int[Tensor, " entry"], column: Int[Tensor, " entry"], n_rows: int, n_columns: int
) -> tuple[Topology, Int[Tensor, " entry"]]:
    """The topology of a matrix and the order that sorts its entries by row."""
    by_row = torch.argsort(row * max(1, n_columns) + column)
    row, column = row[by_row], column[by_row]
    by_column = torch.argsort(column * max(1, n_rows) + row)
    return (
        Topology(
            forward=_index(row, column, n_rows, n_columns),
            backward=_index(column[by_column], row[by_column], n_columns, n_rows),
            order=by_column,
            n_rows=n_rows,
            n_columns=n_columns,
        ),
        by_row,
    )


def sparse_product(
    topo: Topology, value: Float[Tensor, " entry"], x: Float[Tensor, "column feature"]
) -> Float[Tensor, "row feature"]:
    """Matrix with the given values times x; gradients reach values and x, never through N x N."""
    product: Tensor = _SparseProduct.apply(value, x, topo)  # type: ignore[no-untyped-call]
    return product


class _SparseProduct(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, value: Tensor, x: Tensor, topo: Topology) -> Tensor:
        """The product, remembering what its gradients need."""
        ctx.topo = topo
        ctx.save_for_backward(value, x)
        return _matmul(topo.forward, x, value)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, Tensor | None, None]:
        """Gradients for values (sampled products) and features (the transpose)."""
        (grad,) = grads
        value, x = ctx.saved_tensors
        topo: Topology = ctx.topo
        for_value = _sampled(topo, grad, x) if ctx.needs_input_grad[0] else None
        for_x = None
        if ctx.needs_input_grad[1]:
            for_x = _matmul(topo.backward, grad.contiguous(), value[topo.order])
        return for_value, for_x, None


def _sampled(topo: Topology, grad: Tensor, x: Tensor) -> Tensor:
    """<grad[row], x[column]> for every entry, by MKL or in pieces that stay small."""
    row, column = topo.forward.as_tensor()
    has_mkl: bool = torch.backends.mkl.is_available()  # type: ignore[no-untyped-call]
    if has_mkl and x.is_floating_point() and len(row):
        (start, end), _ = topo.forward.get_csr()
        pattern = torch.sparse_csr_tensor(
            start, end, grad.new_zeros(len(row)), (topo.n_rows, topo.n_columns)
        )
        sampled: Tensor = torch.sparse.sampled_addmm(pattern, grad.contiguous(), x.T, beta=0.0)
        return sampled.values()
    step = max(1, PIECE // max(1, x.shape[1]))
    pieces = [
        torch.linalg.vecdot(grad[row[i : i + step]], x[column[i : i + step]])
        for i in range(0, len(row), step)
    ]
    return torch.cat(pieces) if pieces else grad.new_zeros(0)


def _matmul(index: EdgeIndex, x: Tensor, value: Tensor) -> Tensor:
    if index.shape[1] == 0:
        return x.new_zeros(int(index.sparse_size(0)), x.shape[1])
    product: Tensor = index.matmul(x, value)
    return product


def _index(row: Tensor, column: Tensor, n_rows: int, n_columns: int) -> EdgeIndex:
    index = EdgeIndex(torch.stack([row, column]), sparse_size=(n_rows, n_columns), sort_order="row")
    index.fill_cache_()
    # torch announces once per process that CSR is in beta; met here, it does not reach the user.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        _matmul(
            index, torch.zeros(n_columns, 1, device=row.device), row.new_zeros(len(row)).float()
        )
    return index
