"""Is a cascade more than chance would draw, and does the benefit need it?"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Int

from pathgnn.attribute.attribution import Attribution, Cascade
from pathgnn.attribute.cascade import consensus, with_ends
from pathgnn.attribute.predicted import by_fold
from pathgnn.attribute.reference import Compared
from pathgnn.attribute.solve import ENDS, STARTS, Terrain, solve
from pathgnn.graph.graph import PathwayGraph
from pathgnn.seeds import rng_for

DEGREE_GROUPS, TRIES = 5, 50


class Needed(NamedTuple):
    """One cascade: `necessity` is the mean change of the benefit, in standard deviations, when its
    genes are moved to the reference in patients the networks never saw; `of_walks` the mean of
    that over connected sets of as many genes that lead from a receptor to an effector.
    """

    cascade: int
    necessity: float
    of_walks: float
    p: float
    walks: int


class Drawn(NamedTuple):
    """The best cascade's value, beside its mean with scores dealt anew to genes of like degree."""

    value: float
    of_permuted: float
    p: float


def needed(who: Compared, cascades: tuple[Cascade, ...], n_walks: int) -> tuple[Needed, ...]:
    """Necessity of every cascade against size-matched walks, one-sided p, (b + 1) / (m + 1)."""
    graph = with_ends(who.fitted.recipe.graph, who.config)
    rng = rng_for(who.fitted.seed, 7, 9)
    place, folds = {gene: i for i, gene in enumerate(graph.genes)}, by_fold(who)
    whole = np.concatenate([p(p.inputs.z) for p in folds])
    sd = float(whole.std()) or 1.0

    def change(genes: list[int]) -> float:
        """Mean change without these genes, in standard deviations."""
        mask = torch.zeros(len(graph.genes), dtype=torch.bool)
        mask[genes] = True
        return float(np.abs(whole - np.concatenate([p.moved(mask) for p in folds])).mean()) / sd

    out = []
    for number, cascade in enumerate(cascades, start=1):
        here = change([place[g] for g in cascade.genes])
        found = [walk(graph, len(cascade.genes), rng) for _ in range(n_walks)]
        there = np.array([change(w) for w in found if w])
        p = (1 + (there >= here).sum()) / (1 + len(there))
        mean = float(there.mean()) if len(there) else np.nan
        out.append(Needed(number, here, mean, float(p), len(there)))
    return tuple(out)


def walk(graph: PathwayGraph, size: int, rng: np.random.Generator) -> list[int]:
    """A connected set of so many genes grown from a receptor along the edges, with an effector.

    Empty where none is found in 50 tries.
    """
    source, target = graph.edges[:, np.flatnonzero(graph.directed)]
    kind = np.array(graph.kind)
    starts = np.flatnonzero(np.isin(kind, STARTS) & np.isin(np.arange(len(kind)), source))
    for _ in range(TRIES if len(starts) else 0):
        chosen = np.zeros(len(kind), dtype=bool)
        chosen[rng.choice(starts)] = True
        while chosen.sum() < size:
            out = target[chosen[source] & ~chosen[target]]
            if not len(out):
                break
            chosen[rng.choice(out)] = True
        if chosen.sum() == size and np.isin(kind[chosen], ENDS).any():
            return [int(g) for g in np.flatnonzero(chosen)]
    return []


def drawn_by_chance(who: Compared, attribution: Attribution, n: int) -> Drawn | None:
    """The best cascade against those on scores permuted among genes of like degree.

    None where not even the real scores give a cascade.
    """
    terrain = consensus(attribution, with_ends(who.fitted.recipe.graph, who.config))
    edges = np.flatnonzero(terrain.graph.directed)
    best = solve(terrain, who.config, edges)
    if best is None:
        return None
    rng, groups = rng_for(who.fitted.seed, 7, 10), _like_degree(terrain.graph)
    values = []
    for _ in range(n):
        order = np.arange(len(groups))
        for g in np.unique(groups):
            at = np.flatnonzero(groups == g)
            order[at] = rng.permutation(at)
        moved = Terrain(terrain.graph, terrain.prize[order], terrain.direction[order])
        found = solve(moved, who.config, edges)
        values.append(0.0 if found is None else found.value)
    p = (1 + sum(v >= best.value - 1e-9 for v in values)) / (1 + n)
    return Drawn(best.value, float(np.mean(values)), float(p))


def _like_degree(graph: PathwayGraph) -> Int[np.ndarray, " gene"]:
    """Group of each gene by its number of edges."""
    degree = np.bincount(graph.edges.ravel(), minlength=len(graph.genes))
    cuts = np.quantile(degree, np.linspace(0, 1, DEGREE_GROUPS + 1)[1:-1])
    return np.asarray(np.searchsorted(cuts, degree, side="right"))
