"""What processes of a job do in a test: `torchrun ranks_work.py FOLDER`; no test module."""

from __future__ import annotations

import os
import signal
import sys
from dataclasses import replace
from pathlib import Path

import torch
from conftest import ladder_graph, trial_on

from pathgnn.attribute.reference import Compared
from pathgnn.attribute.together import attribute_together
from pathgnn.benefit.estimand import mean_gained
from pathgnn.graph.project import project
from pathgnn.model.config import ExplainConfig, FitConfig, NetConfig
from pathgnn.ranks import Ranks, joined
from pathgnn.train.checkpoints import Checkpoints
from pathgnn.train.crossfit import fit
from pathgnn.train.fit import Recipe
from pathgnn.train.outcome import outcome_networks, outlook

QUICK = FitConfig(folds=3, members=1, outcome_rounds=1, benefit_rounds=1, steps=3)
# How a network is trained together: on all patients at once, in mini-batches, by a Cox likelihood.
WAYS = {
    "at once": ({}, {}),
    "mini-batches": ({"batch": 30, "steps": 2}, {}),
    "Cox": ({}, {"hazards": "cox"}),
}


def study():
    """A small graph, and a trial on it."""
    graph = ladder_graph()
    return graph, project(trial_on(graph, 90, 6)[0], graph)


def cross_fit(ranks: Ranks, folder: Path) -> dict[str, torch.Tensor]:
    """Benefit and attribution, shared by some processes."""
    graph, nodes = study()
    fitted = fit(
        nodes,
        Recipe(graph, mean_gained(), NetConfig(), QUICK),
        0,
        ranks=ranks,
        kept=Checkpoints(folder / "parts", "stamp"),
    )
    who = Compared(fitted, nodes, ExplainConfig(), 0)
    found = attribute_together(who, Checkpoints(folder / "shards", "stamp"), ranks)
    return {"benefit": torch.from_numpy(fitted.benefit), "score": found.score, "edge": found.edge}


def outlooks(together: bool) -> dict[str, torch.Tensor]:
    """Outlook of every patient by one network, for each way of training it."""
    out = {}
    for way, (fit_words, net_words) in WAYS.items():
        graph, nodes = study()
        if way == "Cox":
            months = nodes.value - nodes.value.min() + 1
            horizon = float(months.max())
            nodes = replace(nodes, value=months, outcome="survival", horizon=horizon)
        fit_config = QUICK.model_copy(update={"together": together, **fit_words})
        net = NetConfig(**net_words)
        nets = outcome_networks(nodes, Recipe(graph, mean_gained(), net, fit_config), 0)
        out[way] = torch.from_numpy(outlook(nets, nodes))
    return out


def main() -> None:
    """All of it; each process writes what it has."""
    folder = Path(sys.argv[1])
    with joined() as ranks:
        made = cross_fit(ranks, folder)
        die = folder / "die"
        if ranks.rank == 1 and die.exists():
            die.unlink()
            os.kill(os.getpid(), signal.SIGKILL)
        made |= outlooks(together=True)
        torch.save(made, folder / f"made-{ranks.rank}.pt")


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
