"""The connected cascade of the highest score by a mixed-integer program."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array

from pathgnn.graph.graph import PathwayGraph
from pathgnn.model.config import ExplainConfig

STARTS = ("receptor",)
ENDS = ("transcription_factor", "effector")
# Candidates: genes with so much of the best score, or half of what an edge costs, their neighbours,
# and no more than this many by score; fewer where so many branches do not prove the best cascade of
# them. Branches, not seconds: a busy machine draws the same.
WORTH = 0.1
MOST_CANDIDATES = (60, 30, 15)
BRANCHES = 200
# A cascade of less value is rounding.
WORTHLESS = 1e-6
# An edge whose sign contradicts the directions of its two genes costs this many edges.
INCONSISTENT = 2.0


@dataclass(frozen=True)
class Terrain:
    """What a cascade is drawn on: scores relative to the best gene, directions, ends."""

    graph: PathwayGraph
    prize: Float[np.ndarray, " gene"]
    direction: Int[np.ndarray, " gene"]


class Route(NamedTuple):
    """Edges of one cascade, as places in the graph, and its value."""

    edges: tuple[int, ...]
    value: float


def solve_many(
    terrain: Terrain,
    config: ExplainConfig,
    n: int,
    allowed: Int[np.ndarray, " edge"] | None = None,
) -> list[Route]:
    """Up to n cascades without a common edge, best first, each worth more than it costs."""
    edges = np.arange(terrain.graph.edges.shape[1]) if allowed is None else allowed
    prize = terrain.prize.copy()
    routes: list[Route] = []
    for _ in range(n):
        route = solve(Terrain(terrain.graph, prize, terrain.direction), config, edges)
        if route is None:
            break
        routes.append(route)
        genes = terrain.graph.edges[:, list(route.edges)].ravel()
        # The next cascade is paid for new genes only.
        prize[genes] = 0
        edges = np.setdiff1d(edges, route.edges)
    return routes


def solve(
    terrain: Terrain, config: ExplainConfig, allowed: Int[np.ndarray, " edge"]
) -> Route | None:
    """The connected cascade of the highest score minus edge costs, or None if none is worth it.

    Binary: gene chosen (y), gene is the root (r), edge chosen (x); a level of each gene (t).
    One receptor is the root; every other chosen gene has an edge into it and every gene that is
    no effector an edge out; levels rise along edges, so each gene lies on a route.
    """
    best: Route | None = None
    for most in MOST_CANDIDATES:
        near = _near(terrain, config, allowed, most)
        if len(near) == 0:
            break
        found = _Problem(terrain, config, near).solve()
        if found.gain > (best.value if best else WORTHLESS):
            best = Route(tuple(int(e) for e in near[found.chosen]), found.gain)
        if found.is_proven:
            break
    return best


class _Found(NamedTuple):
    """The best that was found among the edges, and whether it is known that there is no better."""

    gain: float
    chosen: Bool[np.ndarray, " edge"]
    is_proven: bool


class _Problem:
    """Columns y, r, x, t of the program, and its rows."""

    def __init__(
        self,
        terrain: Terrain,
        config: ExplainConfig,
        edges: Int[np.ndarray, " edge"],
    ) -> None:
        nodes = np.unique(terrain.graph.edges[:, edges])
        n, m = len(nodes), len(edges)
        self.y, self.r = slice(0, n), slice(n, 2 * n)
        self.x, self.t = slice(2 * n, 2 * n + m), slice(2 * n + m, 3 * n + m)
        self.size, self.longest = 3 * n + m, config.longest - 1
        place = {int(g): i for i, g in enumerate(nodes)}
        self.source, self.target = (
            np.array([place[int(g)] for g in side]) for side in terrain.graph.edges[:, edges]
        )
        self.prize = terrain.prize[nodes]
        sign = terrain.graph.sign[edges]
        ends = terrain.direction[terrain.graph.edges[:, edges]]
        against = ends[0] * sign * ends[1] < 0
        self.cost = config.edge_cost * np.where(against, INCONSISTENT, 1.0)
        kinds = [terrain.graph.kind[g] for g in nodes]
        self.may_start = np.array([k in STARTS for k in kinds], dtype=float)
        self.may_end = np.array([k in ENDS for k in kinds], dtype=float)

    def solve(self) -> _Found:
        """The best cascade in a bounded number of branches."""
        result = milp(
            -self.gain(),
            integrality=self.integrality(),
            bounds=self.bounds(),
            constraints=self.constraints(),
            # With presolve, HiGHS 1.12 calls some programs infeasible though 0 is feasible.
            options={"presolve": False, "node_limit": BRANCHES},
        )
        if result.x is None:
            return _Found(0.0, np.zeros(len(self.source), dtype=bool), False)
        return _Found(float(-result.fun), result.x[self.x] > 0.5, result.status == 0)

    def gain(self) -> Float[np.ndarray, " column"]:
        """Scores of the genes minus the costs of the edges."""
        out = np.zeros(self.size)
        out[self.y], out[self.x] = self.prize, -self.cost
        return out

    def integrality(self) -> Int[np.ndarray, " column"]:
        """Choices are whole; levels need not be."""
        out = np.ones(self.size, dtype=int)
        out[self.t] = 0
        return out

    def bounds(self) -> Bounds:
        """Binary choices; roots only at receptors; levels up to the longest route."""
        high = np.ones(self.size)
        high[self.r], high[self.t] = self.may_start, self.longest
        return Bounds(np.zeros(self.size), high)

    def constraints(self) -> list[LinearConstraint]:
        """The rows, in the order of the docstring of `solve`."""
        n, m = len(self.prize), len(self.source)
        edge, node = np.arange(m), np.arange(n)
        at_most: list[tuple[csr_array, float | Float[np.ndarray, " gene"]]] = []
        for side in (self.source, self.target):
            at_most.append((self._rows(m, (edge, self.x, edge, 1), (edge, self.y, side, -1)), 0.0))
        into = (self.target, self.x, edge, -1.0)
        out_of = (self.source, self.x, edge, -1.0)
        at_most.append(
            (self._rows(n, (node, self.y, node, 1), (node, self.r, node, -1), into), 0.0)
        )
        ends = self._rows(n, (node, self.y, node, 1), out_of)
        at_most.append((ends, self.may_end))
        at_most.append((self._rows(n, (node, self.r, node, 1), (node, self.y, node, -1)), 0.0))
        # Level of the target >= level of the source + 1 where the edge is chosen.
        big = self.longest + 1
        levels = self._rows(
            m,
            (edge, self.t, self.source, 1),
            (edge, self.t, self.target, -1),
            (edge, self.x, edge, big),
        )
        at_most.append((levels, float(big - 1)))
        one_root = self._rows(1, (np.zeros(n, dtype=int), self.r, node, 1))
        at_most.append((one_root, 1.0))
        # No gene without a root: y_i <= sum of r.
        rooted = self._rows(
            n,
            (node, self.y, node, 1),
            (np.repeat(node, n), self.r, np.tile(node, n), -1),
        )
        at_most.append((rooted, 0.0))
        return [LinearConstraint(a, -np.inf, b) for a, b in at_most]

    def _rows(
        self, n_rows: int, *entries: tuple[np.ndarray, slice, np.ndarray, float]
    ) -> csr_array:
        row = np.concatenate([e[0] for e in entries])
        column = np.concatenate([e[1].start + e[2] for e in entries])
        value = np.concatenate([np.full(len(e[0]), float(e[3])) for e in entries])
        return csr_array((value, (row, column)), shape=(n_rows, self.size))


def _near(
    terrain: Terrain, config: ExplainConfig, allowed: Int[np.ndarray, " edge"], most: int
) -> Int[np.ndarray, " near"]:
    """Allowed edges between candidates: genes of some worth and what lies one step around."""
    source, target = terrain.graph.edges[:, allowed]
    worth = terrain.prize >= min(WORTH, config.edge_cost / 2)
    if not worth.any():
        return allowed[:0]
    reach = worth.copy()
    reach[source[worth[target]]] = True
    reach[target[worth[source]]] = True
    rank = np.argsort(-(terrain.prize + worth), kind="stable")
    keep = np.zeros(len(worth), dtype=bool)
    keep[[g for g in rank if reach[g]][:most]] = True
    return np.asarray(allowed[keep[source] & keep[target]])
