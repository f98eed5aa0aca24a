"""Fixtures: a small graph and cohort, a quick fit, and the shared folder where there is one."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from itertools import pairwise
from pathlib import Path

# Before torch and BLAS are loaded: the tests run in one process per core.
os.environ.setdefault("OMP_NUM_THREADS", "1")

from shape_check import checks

# Shapes are checked here and nowhere else, so they cost users nothing.
checks.install()

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
import pytest  # noqa: E402

from pathgnn.benefit.estimand import mean_gained  # noqa: E402
from pathgnn.cohort.cohort import Cohort  # noqa: E402
from pathgnn.cohort.simulate import Plan, Truth, simulate_trial  # noqa: E402
from pathgnn.graph.assemble import Sets, assemble  # noqa: E402
from pathgnn.graph.graph import PathwayGraph, Provenance  # noqa: E402
from pathgnn.graph.nodes import Nodes  # noqa: E402
from pathgnn.graph.project import project  # noqa: E402
from pathgnn.model.config import FitConfig, NetConfig  # noqa: E402
from pathgnn.train import forest, grow  # noqa: E402
from pathgnn.train.crossfit import fit  # noqa: E402
from pathgnn.train.fit import Recipe  # noqa: E402
from pathgnn.train.fitted import Fitted  # noqa: E402
from pathgnn.train.grow import N_TREES  # noqa: E402

QUICK = FitConfig(folds=3, members=1)
# Forests of the tests are small, but for those of `full_forests`.
FEW_TREES = 10


@pytest.fixture(autouse=True)
def _shapes_are_checked_anew() -> None:
    checks.begin()


@pytest.fixture(scope="session", autouse=True)
def _small_forests() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for module in (forest, grow):
            patch.setattr(module, "N_TREES", FEW_TREES)
        yield


@pytest.fixture(scope="session")
def full_forests() -> Callable[[], AbstractContextManager[None]]:
    """Forests as users have them, for as long as the block lasts."""

    @contextmanager
    def full() -> Iterator[None]:
        with pytest.MonkeyPatch.context() as patch:
            for module in (forest, grow):
                patch.setattr(module, "N_TREES", N_TREES)
            yield

    return full


@pytest.fixture(scope="session")
def shared() -> Path:
    """The shared folder, or a skip with the reason."""
    folder = Path(os.environ.get("PATHGNN_SHARED", Path(__file__).parents[2] / "shared"))
    if not (folder / "data").is_dir():
        pytest.skip(f"no shared data at {folder}; set PATHGNN_SHARED")
    return folder


def ladder_graph(n_pathways: int = 4, length: int = 6) -> PathwayGraph:
    """Pathways that are chains receptor -> kinases -> transcription factor, joined at the start."""
    genes = [f"P{p}G{i}" for p in range(n_pathways) for i in range(length)]
    edges, sign = [], []
    for p in range(n_pathways):
        for i in range(length - 1):
            edges.append((p * length + i, p * length + i + 1))
            sign.append(-1 if i == length - 2 and p % 2 == 0 else 1)
        edges.append((p * length, ((p + 1) % n_pathways) * length + 2))
        sign.append(1)
    kind = ["receptor", *["kinase"] * (length - 2), "transcription_factor"] * n_pathways
    members = [(p, p * length + i) for p in range(n_pathways) for i in range(length)]
    place = [("membrane" if k == "receptor" else "cytosol") for k in kind]
    named = [(genes[u], genes[v], s, "binding") for (u, v), s in zip(edges, sign, strict=True)]
    return assemble(
        pd.DataFrame(named, columns=["source", "target", "sign", "mechanism"]),
        Provenance("test"),
        Sets({f"PATH{p}": [genes[i] for q, i in members if q == p] for p in range(n_pathways)}),
        pd.DataFrame({"symbol": genes, "kind": kind, "compartment": place}),
    )


def trial_on(
    graph: PathwayGraph, n: int, seed: int, sd_benefit: float = 2.0
) -> tuple[Cohort, Truth]:
    """A trial whose benefit runs through the first pathway and whose prognosis through the last."""
    return simulate_trial(trial_plan(graph, sd_benefit), n, np.random.default_rng(seed))


def trial_plan(graph: PathwayGraph, sd_benefit: float = 2.0) -> Plan:
    """The plan of such a trial."""
    cascade = graph.members_of(graph.pathways[0])
    place = {g: i for i, g in enumerate(graph.genes)}
    sign = {(int(u), int(v)): int(s) for (u, v), s in zip(graph.edges.T, graph.sign, strict=True)}
    steps = [sign[place[u], place[v]] for u, v in pairwise(cascade)]
    return Plan(
        genes=graph.genes,
        edges=graph.edges,
        sign=graph.sign,
        cascade=cascade,
        direction=tuple(int(d) for d in np.cumprod([1, *steps])),
        prognostic=graph.members_of(graph.pathways[-2]),
        sd_benefit=sd_benefit,
    )


@pytest.fixture(scope="session")
def graph() -> PathwayGraph:
    return ladder_graph()


@pytest.fixture(scope="session")
def trial(graph: PathwayGraph) -> tuple[Cohort, Truth]:
    return trial_on(graph, 300, 3, sd_benefit=3.0)


@pytest.fixture(scope="session")
def nodes(trial: tuple[Cohort, Truth], graph: PathwayGraph) -> Nodes:
    return project(trial[0], graph)


@pytest.fixture(scope="session")
def recipe(graph: PathwayGraph) -> Recipe:
    return Recipe(graph, mean_gained(), NetConfig(), QUICK)


@pytest.fixture(scope="session")
def fitted(nodes: Nodes, recipe: Recipe) -> Fitted:
    return fit(nodes, recipe, 0)
