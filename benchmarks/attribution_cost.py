"""What do attributions cost, in CPU-seconds and memory per 100 patients, by the number of genes?"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from typing import Any, NamedTuple

import numpy as np
import torch
from memory_estimate import _memory, _peak, random_graph, random_nodes
from record import arguments, bar, record

from pathgnn.attribute.attribute import attribute
from pathgnn.attribute.reference import Compared
from pathgnn.benefit.estimand import mean_gained
from pathgnn.model.config import ExplainConfig, FitConfig, NetConfig
from pathgnn.seeds import torch_seed
from pathgnn.train.fit import Recipe, begin, finish
from pathgnn.train.fitted import Fitted
from pathgnn.train.part import STACKED, History, Member

DEGREE, OMICS = 10, 3
METHODS = ("integrated gradients", "input x gradient", "expected gradients")


class Case(NamedTuple):
    """A cohort, and how many networks explain each patient."""

    genes: int
    patients: int
    members: int
    method: str = METHODS[0]


# The last is the size that is asked: 10 CPU-minutes and 2 GB at most.
LARGE = Case(5000, 2000, 5)
CASES = (*(Case(g, 200, 1, m) for g in (1000, 5000, 12000) for m in METHODS), LARGE)
MOST_SECONDS, MOST_BYTES = 600.0, 2e9


def main() -> None:
    """Every case in a fresh process; the table, the bars, the JSON."""
    args = arguments(__doc__ or "")
    rows = []
    for case in CASES[:1] if args.quick else CASES:
        words = [sys.executable, "-W", "ignore", __file__, "--one", json.dumps(case)]
        rows.append(json.loads(subprocess.check_output(words).splitlines()[-1]))
        print(rows[-1], flush=True)
    if args.quick:
        return
    seconds, peak = rows[-1]["cpu_seconds"], rows[-1]["peak_bytes"]
    size = "2,000 patients x 5,000 genes x 5 networks"
    bars = [
        bar(f"CPU-seconds, {size}", seconds, "<= 600", seconds <= MOST_SECONDS),
        bar(f"peak memory, {size}", peak, "<= 2e9", peak <= MOST_BYTES),
    ]
    print(bars)
    record("attribution_cost", __doc__ or "", {}, rows, bars)


def one(case: Case) -> dict[str, Any]:
    """CPU-seconds and peak memory beyond what the cohort and the networks take."""
    torch.set_num_threads(1)
    graph = random_graph(case.genes, DEGREE)
    nodes = random_nodes(graph, case.patients, OMICS)
    reference = "distribution" if case.method == "expected gradients" else "mean"
    config = ExplainConfig(method=case.method, reference=reference)
    fitted = _untrained(graph, nodes, case.members)
    before, start = _memory(), time.process_time()
    found = attribute(Compared(fitted, nodes, config, 0))
    seconds, peak = time.process_time() - start, _peak() - before
    share = 100 / (case.patients * case.members)
    return {
        **case._asdict(),
        "edges": graph.edges.shape[1],
        "omics": OMICS,
        "cpu_seconds": seconds,
        "cpu_seconds_per_100": seconds * share,
        "peak_bytes": peak,
        "result_bytes": 4 * found.score.numel(),
        "largest_gap": float(found.gap.abs().max() / found.explained.std()),
    }


def _untrained(graph: Any, nodes: Any, members: int) -> Fitted:
    """Networks of random weights: what they cost does not depend on what they learned."""
    fit = FitConfig(folds=3, members=members, stack=False)
    recipe = Recipe(graph, mean_gained(), NetConfig(), fit)
    fold = np.arange(nodes.n_patients) % fit.folds
    made = []
    for k in range(fit.folds):
        for m in range(members):
            with torch_seed(10 * k + m):
                net, stage = begin(nodes.take(torch.from_numpy(np.flatnonzero(fold != k))), recipe)
                finish(stage)
                for weight in net.parameters():
                    weight.data += 0.05 * torch.randn_like(weight)
            made.append(Member(k, m, net.eval().requires_grad_(False), History((), ())))
    benefit = np.random.default_rng(0).standard_normal((nodes.n_patients, 1))
    nothing: Any = None
    return Fitted(
        recipe, 0, tuple(made), fold, nothing, nothing, {"network": benefit, STACKED: benefit}, {}
    )


if __name__ == "__main__":
    if "--one" in sys.argv:
        print(json.dumps(one(Case(*json.loads(sys.argv[-1])))))
    else:
        main()
