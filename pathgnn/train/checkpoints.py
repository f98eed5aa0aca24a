"""Finished parts of a fit on disk, so that a fit that was killed goes on where it stopped."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from pathgnn.files import whole_file
from pathgnn.graph.nodes import Nodes
from pathgnn.model.network import layout_of
from pathgnn.settings import Settings
from pathgnn.train.fit import Recipe
from pathgnn.train.nuisance import Nuisances
from pathgnn.train.part import Part
from pathgnn.train.weights import (
    MemberWords,
    Shape,
    StackWords,
    members_from,
    stack_words,
    stacks_from,
    tensors_of,
    words_of,
)

SUFFIX = ".safetensors"
SCORES = ("scores", "train_scores")


class Arrays(NamedTuple):
    """What is kept of one part: tensors, and the words to read them by."""

    tensors: Mapping[str, Tensor]
    words: str


class PartWords(Settings):
    """The words of one training set: names of the ladder, networks, and the stack if any."""

    ladder: tuple[str, ...]
    members: tuple[MemberWords, ...]
    stacks: tuple[StackWords, ...]


class Checkpoints(NamedTuple):
    """Where finished parts lie (None: nothing is kept), and the stamp of what they belong to.

    Without `writes`, parts are taken up and none is added.

    A file of another stamp, or one that cannot be read, counts as not there: the part is done
    again, and the file is replaced.
    """

    folder: Path | None = None
    stamp: str = ""
    writes: bool = True

    def part(self, name: str, given: tuple[Nodes, Recipe], make: Callable[[], Part]) -> Part:
        """A training set with its networks, taken up or made and kept."""
        kept = self._read(name)
        if kept is not None:
            try:
                return _part(kept, given)
            except (KeyError, RuntimeError, TypeError, ValueError):
                pass
        part = make()
        self._write(name, _arrays(part))
        return part

    def arrays(
        self, name: str, make: Callable[[], Mapping[str, np.ndarray]]
    ) -> Mapping[str, np.ndarray]:
        """Named numbers, taken up or made and kept."""
        kept = self._read(name)
        if kept is not None:
            return {key: value.numpy() for key, value in kept.tensors.items()}
        made = make()
        self._write(name, Arrays({key: _tensor(value) for key, value in made.items()}, ""))
        return made

    def n_kept(self) -> int:
        """How many parts can be taken up."""
        if self.folder is None or not self.folder.is_dir():
            return 0
        return sum(self._read(path.stem) is not None for path in self.folder.glob(f"*{SUFFIX}"))

    def clear(self) -> None:
        """Delete all parts: the fit is finished."""
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)

    def _read(self, name: str) -> Arrays | None:
        path = None if self.folder is None else self.folder / f"{name}{SUFFIX}"
        if path is None or not path.is_file():
            return None
        try:
            with safe_open(path, framework="pt") as file:
                head = file.metadata() or {}
                if head.get("stamp") != self.stamp:
                    return None
                return Arrays({key: file.get_tensor(key) for key in file.keys()}, head["words"])  # noqa: SIM118
        except (OSError, KeyError, SafetensorError):
            return None

    def _write(self, name: str, made: Arrays) -> None:
        if self.folder is None or not self.writes:
            return
        with whole_file(self.folder / f"{name}{SUFFIX}") as part:
            save_file(dict(made.tensors), part, {"stamp": self.stamp, "words": made.words})


NOTHING_KEPT = Checkpoints()


def _arrays(part: Part) -> Arrays:
    stacks = () if part.stack is None else (part.stack,)
    tensors = tensors_of(part.members, stacks)
    tensors |= {"test": part.test, "mu": _tensor(part.mu), "rows": _tensor(part.rows)}
    tensors |= {
        f"{which}.{key}": _tensor(value)
        for which in SCORES
        for key, value in getattr(part, which)._asdict().items()
    }
    tensors |= {f"ladder.{i}": _tensor(tau) for i, tau in enumerate(part.ladder.values())}
    words = PartWords(
        ladder=tuple(part.ladder),
        members=tuple(words_of(part.members)),
        stacks=tuple(stack_words(stacks)),
    )
    return Arrays(tensors, json.dumps(words.model_dump()))


def _part(kept: Arrays, given: tuple[Nodes, Recipe]) -> Part:
    nodes, recipe = given
    tensors, words = kept.tensors, PartWords.model_validate(json.loads(kept.words))
    shape = Shape(recipe.graph, layout_of(nodes, recipe.fit.center_sites), recipe.net)
    scores, train_scores = (
        Nuisances(*(tensors[f"{which}.{key}"].numpy() for key in Nuisances._fields))
        for which in SCORES
    )
    stacks = stacks_from(words.stacks, tensors, shape)
    return Part(
        test=tensors["test"],
        members=members_from(words.members, tensors, shape),
        stack=stacks[0] if stacks else None,
        mu=tensors["mu"].numpy(),
        scores=scores,
        train_scores=train_scores,
        rows=tensors["rows"].numpy(),
        ladder={name: tensors[f"ladder.{i}"].numpy() for i, name in enumerate(words.ladder)},
    )


def _tensor(value: np.ndarray) -> Tensor:
    return torch.from_numpy(np.array(value, order="C"))
