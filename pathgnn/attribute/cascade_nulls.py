"""Is a cascade more than chance would draw, and does the benefit need it?"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Int

from pathgnn.attribute.attribution import Attribution, Cascade
from pathgnn.attribute.cascade import consensus
from pathgnn.attribute.ends import with_ends
from pathgnn.attribute.predicted import by_fold
from pathgnn.attribute.reference import Compared
from pathgnn.attribute.solve import ENDS, STARTS, Terrain, solve
from pathgnn.graph.graph import PathwayGraph
from pathgnn.seeds import rng_for

DEGREE_GROUPS, TRIES = 5, 50


class Needed(NamedTuple):
    """One cascade: `necessity` is the mean change of the benefit, in standard deviations, when its
    genes are moved to the reference in patients the networks never saw; `of_walks` the mean of
    that over connected sets of as many measured genes that lead from a receptor to an effector.
    `of_walks` and `p` are NaN where there is no such set.
    """

    cascade: int
    necessity: float
    of_walks: float
    p: float
    walks: int


class Drawn(NamedTuple):
    """Value of the best cascade, and its mean with scores dealt anew among genes of like degree.

    Only those that were measured have scores to deal.
    """

    value: float
    of_permuted: float
    p: float


def needed(who: Compared, cascades: tuple[Cascade, ...], n_walks: int) -> tuple[Needed, ...]:
    """Necessity of every cascade against size-matched walks, one-sided p, (b + 1) / (m + 1)."""
    graph = with_ends(who.fitted.recipe.graph, who.config)
    rng = rng_for(who.fitted.seed, 7, 9)
    place, folds = {gene: i for i, gene in enumerate(graph.genes)}, by_fold(who)
    measured = who.nodes.measured
    whole = np.concatenate([p(p.inputs.z) for p in folds])
    sd = float(whole.std()) or 1.0

    def change(genes: list[int]) -> float:
        """Mean change without these genes, in standard deviations."""
        mask = torch.zeros(len(graph.genes), dtype=torch.bool)
        mask[genes] = True
        return float(np.abs(whole - np.concatenate([p.moved(mask) for p in folds])).mean()) / sd

    out = []
    for number, cascade in enumerate(cascades, start=1):
        genes = [place[g] for g in cascade.genes]
        here, size = change(genes), int(measured[genes].sum())
        found = [walk(graph, size, rng, measured) for _ in range(n_walks)]
        there = np.array([change(w) for w in found if w])
        p = (1 + (there >= here).sum()) / (1 + len(there)) if len(there) else np.nan
        mean = float(there.mean()) if len(there) else np.nan
        out.append(Needed(number, here, mean, float(p), len(there)))
    return tuple(out)


def walk(
    graph: PathwayGraph, size: int, rng: np.random.Generator, measured: Bool[np.ndarray, " gene"]
) -> list[int]:
    """A connected set of so many measured genes, from a receptor along the edges, with an effector.

    Genes that were not measured join it and do not count, as in a cascade: moving them changes
    nothing. Empty where none is found in 50 tries.
    """
    source, target = graph.edges[:, np.flatnonzero(graph.directed)]
    kind = np.array(graph.kind)
    starts = np.flatnonzero(np.isin(kind, STARTS) & np.isin(np.arange(len(kind)), source))
    for _ in range(TRIES if len(starts) else 0):
        chosen = np.zeros(len(kind), dtype=bool)
        chosen[rng.choice(starts)] = True
        while True:
            is_full = measured[chosen].sum() >= size
            if is_full and np.isin(kind[chosen], ENDS).any():
                return [int(g) for g in np.flatnonzero(chosen)]
            out = target[chosen[source] & ~chosen[target]]
            out = out[~measured[out]] if is_full else out
            if not len(out):
                break
            chosen[rng.choice(out)] = True
    return []


def drawn_by_chance(who: Compared, attribution: Attribution, n: int) -> Drawn | None:
    """The best cascade against those on scores permuted among measured genes of like degree.

    So it is no finding where the panel lies on the graph. None where not even the real scores give
    a cascade.
    """
    terrain = consensus(attribution, with_ends(who.fitted.recipe.graph, who.config))
    edges = np.flatnonzero(terrain.graph.directed)
    best = solve(terrain, who.config, edges)
    if best is None:
        return None
    rng, alike = rng_for(who.fitted.seed, 7, 10), _like_degree(terrain.graph, attribution.measured)
    values = []
    for _ in range(n):
        order = np.arange(len(terrain.prize))
        for at in alike:
            order[at] = rng.permutation(at)
        moved = Terrain(terrain.graph, terrain.prize[order], terrain.direction[order])
        found = solve(moved, who.config, edges)
        values.append(0.0 if found is None else found.value)
    p = (1 + sum(v >= best.value - 1e-9 for v in values)) / (1 + n)
    return Drawn(best.value, float(np.mean(values)), float(p))


def _like_degree(
    graph: PathwayGraph, measured: Bool[np.ndarray, " gene"]
) -> list[Int[np.ndarray, " _"]]:
    """Measured genes in groups by their number of edges."""
    known = np.flatnonzero(measured)
    degree = np.bincount(graph.edges.ravel(), minlength=len(graph.genes))[known]
    cuts = np.quantile(degree, np.linspace(0, 1, DEGREE_GROUPS + 1)[1:-1])
    group = np.searchsorted(cuts, degree, side="right")
    return [known[group == g] for g in np.unique(group)]
