"""Networks and stacks as named tensors and words, for bundles and for kept parts of a fit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from pydantic import Field
from safetensors import safe_open
from torch import Tensor

from pathgnn.graph.graph import PathwayGraph
from pathgnn.model.compute import Computer
from pathgnn.model.config import NetConfig
from pathgnn.model.memory import Plan
from pathgnn.model.network import Layout, PathwayNet
from pathgnn.settings import Settings
from pathgnn.train.fit import History
from pathgnn.train.grow import N_TREES
from pathgnn.train.linear import LinearEffect
from pathgnn.train.part import Member
from pathgnn.train.stack import Stack, learners_of
from pathgnn.train.trees import DEEPEST, LEAF, Trees

# Size and type of a tensor.
Wanted = tuple[tuple[int, ...], torch.dtype]


class MemberWords(Settings):
    """What a manifest says of a network; `plan` is how it goes through patients."""

    fold: int
    seed: int
    history: tuple[tuple[float, ...], tuple[float, ...]]
    plan: tuple[int | None, bool] = (None, False)


class StackWords(Settings):
    """What a manifest says of a stack."""

    share: tuple[float, ...]
    rounds: int
    trees: int = Field(ge=1)
    nodes: int = Field(ge=1)


class Shape(NamedTuple):
    """All that decides the shape of a network."""

    graph: PathwayGraph
    layout: Layout
    config: NetConfig


def words_of(members: Iterable[Member]) -> list[MemberWords]:
    """What is kept of the networks beside their weights."""
    return [
        MemberWords(
            fold=m.fold,
            seed=m.seed,
            history=(m.history.outcome, m.history.benefit),
            plan=(m.net.plan.block, m.net.plan.again),
        )
        for m in members
    ]


def stack_words(stacks: Iterable[Stack]) -> list[StackWords]:
    """What is kept of the stacks beside the weights of their learners."""
    return [
        StackWords(
            share=tuple(s.share.tolist()),
            rounds=s.rounds,
            trees=len(s.trees.root),
            nodes=len(s.trees.feature),
        )
        for s in stacks
    ]


def tensors_of(members: Iterable[Member], stacks: Iterable[Stack]) -> dict[str, Tensor]:
    """Every weight and buffer under its name."""
    weights = {
        f"{i}.{name}": value.contiguous()
        for i, member in enumerate(members)
        for name, value in member.net.state_dict().items()
    }
    return weights | {
        f"{part}.{k}.{name}": value.contiguous()
        for k, stack in enumerate(stacks)
        for part, learner in (("linear", stack.linear), ("trees", stack.trees))
        for name, value in learner._asdict().items()
    }


def read_weights(
    path: Path, members: Sequence[MemberWords], stacks: Sequence[StackWords], shape: Shape
) -> dict[str, Tensor]:
    """The tensors of a file, once its header holds those of the networks and nothing else.

    Raises:
        ValueError: other names, shapes or types of numbers, found before anything is loaded.
    """
    with safe_open(path, framework="pt") as file:
        found = {key: file.get_slice(key) for key in file.keys()}  # noqa: SIM118
        there = {key: tuple(part.get_shape()) for key, part in found.items()}
        _refuse_other_size(there, shape)
        own = {k: (tuple(v.shape), v.dtype) for k, v in empty_net(shape).state_dict().items()}
        wanted = {f"{i}.{k}": v for i in range(len(members)) for k, v in own.items()}
        for k, stack in enumerate(stacks):
            wanted |= {f"linear.{k}.{name}": one for name, one in _linear_sizes(shape).items()}
            wanted |= {f"trees.{k}.{name}": one for name, one in _tree_sizes(stack).items()}
        if there != {key: size for key, (size, _) in wanted.items()}:
            odd = next(k for k in sorted({*there, *wanted}) if there.get(k) != _size(wanted, k))
            raise ValueError(f"its weights do not fit the manifest: {odd[:80]!r} differs")
        tensors = {key: file.get_tensor(key) for key in wanted}
    for key, (_, dtype) in wanted.items():
        if tensors[key].dtype != dtype:
            raise ValueError(f"its weights do not fit the manifest: {key} is {tensors[key].dtype}")
    return tensors


def _size(wanted: Mapping[str, Wanted], key: str) -> tuple[int, ...] | None:
    return wanted[key][0] if key in wanted else None


def _refuse_other_size(there: Mapping[str, tuple[int, ...]], shape: Shape) -> None:
    """The largest tensors as the manifest has them, before a network of that size is built."""
    n_genes, n_kinds = len(shape.graph.genes), len(shape.layout.kinds)
    config, n_covariates = shape.config.resolved(), shape.layout.n_covariates
    read = there.get("0.read", ())
    fits = (
        there.get("0.wide") == (n_genes, n_kinds)
        and len(read) == 3
        and read[2] == config.channels
        and there.get("0.trunk_first.weight") == (config.trunk, read[1] + n_covariates)
    )
    if not fits:
        raise ValueError("its weights do not fit the layout in the manifest")


def _linear_sizes(shape: Shape) -> dict[str, Wanted]:
    n, layout = shape.layout.n_contrasts, shape.layout
    genes = (len(shape.graph.genes), len(layout.kinds), n)
    sizes = {"level": (n,), "gene": genes, "clinical": (layout.n_covariates, n)}
    return {name: (size, torch.float32) for name, size in sizes.items()}


def _tree_sizes(stack: StackWords) -> dict[str, Wanted]:
    whole, real = torch.int32, torch.float32
    per_node = {"feature": whole, "threshold": real, "left": whole, "right": whole, "value": real}
    sizes: dict[str, Wanted] = {name: ((stack.trees,), whole) for name in ("root", "contrast")}
    return sizes | {name: ((stack.nodes,), dtype) for name, dtype in per_node.items()}


def members_from(
    words: Iterable[MemberWords], tensors: Mapping[str, Tensor], shape: Shape
) -> tuple[Member, ...]:
    """The networks again, frozen."""
    return tuple(
        Member(w.fold, w.seed, _net(i, w, tensors, shape), History(*w.history))
        for i, w in enumerate(words)
    )


def stacks_from(
    words: Iterable[StackWords], tensors: Mapping[str, Tensor], shape: Shape
) -> tuple[Stack, ...]:
    """The stacks again.

    Raises:
        ValueError: other learners than this version's, or trees that lead nowhere.
    """
    out = []
    for k, one in enumerate(words):
        if len(one.share) != len(learners_of(shape.layout.outcome)):
            raise ValueError(f"a stack of {len(one.share)} learners; this version has others")
        linear = LinearEffect(*(tensors[f"linear.{k}.{name}"] for name in LinearEffect._fields))
        trees = Trees(*(tensors[f"trees.{k}.{name}"] for name in Trees._fields))
        _refuse_broken(trees, shape)
        out.append(Stack(np.array(one.share), one.rounds, linear, trees))
    return tuple(out)


def _refuse_broken(trees: Trees, shape: Shape) -> None:
    """Trees that would ask of no feature, go in circles, or leave a contrast without one."""
    layout, n_nodes = shape.layout, len(trees.feature)
    n_features = len(shape.graph.genes) * len(layout.kinds) + layout.n_covariates
    own, leaf = torch.arange(n_nodes), trees.feature == LEAF
    children = torch.stack([trees.left, trees.right])
    fits: dict[str, Any] = {
        "number": len(trees.root) <= N_TREES * layout.n_contrasts,
        "values": (torch.isfinite(trees.threshold) & torch.isfinite(trees.value)).all(),
        "root": ((trees.root >= 0) & (trees.root < n_nodes)).all(),
        "contrast": set(trees.contrast.tolist()) == set(range(layout.n_contrasts)),
        "feature": ((trees.feature >= LEAF) & (trees.feature < n_features)).all(),
        "children": (
            (children < n_nodes) & torch.where(leaf, children == own, children > own)
        ).all(),
    }
    wrong = [name for name, fit in fits.items() if not fit]
    if wrong:
        raise ValueError(f"its trees are broken: {wrong[0]}")
    node = trees.root.long()
    for _ in range(DEEPEST):
        node = torch.cat([trees.left[node], trees.right[node]]).long().unique()  # type: ignore[no-untyped-call]
    if (trees.feature[node] != LEAF).any():
        raise ValueError("its trees are broken: depth")


def empty_net(shape: Shape) -> PathwayNet:
    """A network of this shape whose weights mean nothing; the user's random state is left alone."""
    with torch.random.fork_rng(devices=[]):
        return PathwayNet(*shape)


def _net(i: int, words: MemberWords, tensors: Mapping[str, Tensor], shape: Shape) -> PathwayNet:
    net, start = empty_net(shape), f"{i}."
    net.load_state_dict(
        {k.removeprefix(start): v for k, v in tensors.items() if k.startswith(start)}
    )
    net.compute_on(Computer(torch.device("cpu"), plan=Plan(*words.plan)))
    for parameter in net.parameters():
        parameter.requires_grad_(False)
    return net.eval()
