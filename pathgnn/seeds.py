"""Randomness: one integer seed becomes generators; torch's global state is touched only here."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch


def rng_for(seed: int, *path: int) -> np.random.Generator:
    """A numpy generator of its own for each path below one seed (fold, member, ...)."""
    return np.random.default_rng(np.random.SeedSequence([seed, *path]))


def seed_for(seed: int, *path: int) -> int:
    """A child seed of its own for each path below one seed."""
    return int(np.random.SeedSequence([seed, *path]).generate_state(1)[0])


@contextmanager
def torch_seed(seed: int) -> Iterator[None]:
    """Torch's global generator set to `seed` inside, put back as it was outside."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield
