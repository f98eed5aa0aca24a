"""Several processes of one job: shares that add up, the same numbers, a killed one resumed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from ranks_work import cross_fit, outlooks, study

from pathgnn.benefit.estimand import mean_gained
from pathgnn.errors import ConfigError
from pathgnn.model.config import FitConfig, NetConfig
from pathgnn.ranks import ALONE, Ranks, joined
from pathgnn.train.crossfit import fit
from pathgnn.train.fit import Recipe

TESTS = Path(__file__).parent


@given(st.lists(st.floats(0.1, 10), max_size=30), st.integers(1, 6))
def test_every_item_is_done_once_and_nobody_has_much_more(cost, size):
    shares = [Ranks(rank, size).mine(cost) for rank in range(size)]
    assert sorted(i for share in shares for i in share) == list(range(len(cost)))
    load = [sum(cost[i] for i in share) for share in shares]
    # Longest first: at the end nobody is ahead of anybody by more than one item.
    assert max(load) - min(load) <= max(cost, default=0) + 1e-9


def test_a_process_without_others_is_alone(monkeypatch):
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    with joined() as ranks:
        assert ranks == ALONE
        assert ranks.leads
        ranks.wait()


def test_several_processes_need_a_folder_in_common():
    graph, nodes = study()
    recipe = Recipe(graph, mean_gained(), NetConfig(), FitConfig(folds=3))
    with pytest.raises(ConfigError, match="share a fit through a folder"):
        fit(nodes, recipe, 0, ranks=Ranks(0, 2))


def test_two_processes_give_the_numbers_of_one_also_after_one_was_killed(tmp_path, full_forests):
    (tmp_path / "die").touch()
    words = ["--standalone", "--nproc-per-node", "2", "--max-restarts", "1"]
    done = subprocess.run(
        [sys.executable, "-m", "torch.distributed.run", *words, TESTS / "ranks_work.py", tmp_path],
        env={**os.environ, "PYTHONPATH": str(TESTS), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert not (tmp_path / "die").exists()
    first, second = (torch.load(tmp_path / f"made-{rank}.pt") for rank in (0, 1))
    (tmp_path / "alone").mkdir()
    # As those of the processes.
    with full_forests():
        alone = cross_fit(ALONE, tmp_path / "alone") | outlooks(together=False)
    for name, value in alone.items():
        assert torch.equal(first[name], second[name]), name
        spread = float(value.std())
        # Sums over patients in another order; joint training follows them for some steps.
        assert float((first[name] - value).abs().max()) < 1e-4 * spread, name
    assert torch.equal(first["benefit"], alone["benefit"])
