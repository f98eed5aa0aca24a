"""A fit that was killed goes on where it stopped, and gives the same bit by bit."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from pathgnn.model.config import FitConfig
from pathgnn.model.memory import Plan
from pathgnn.model.network import layout_of
from pathgnn.train import crossfit
from pathgnn.train.checkpoints import Checkpoints
from pathgnn.train.crossfit import fit
from pathgnn.train.weights import Shape, members_from, tensors_of, words_of


def _same(one, other):
    """Every number of two fits, bit by bit."""
    assert np.array_equal(one.mu, other.mu)
    assert one.ladder.keys() == other.ladder.keys()
    assert all(np.array_equal(one.ladder[name], other.ladder[name]) for name in one.ladder)
    assert one.sequential == other.sequential
    pairs = zip(one.scores, other.scores, strict=True)
    assert all(np.array_equal(a, b) for a, b in pairs)
    for a, b in zip(one.members, other.members, strict=True):
        assert (a.fold, a.seed, a.history, a.net.plan) == (b.fold, b.seed, b.history, b.net.plan)
        weights = b.net.state_dict()
        assert all(torch.equal(value, weights[name]) for name, value in a.net.state_dict().items())
    for a, b in zip(one.stacks, other.stacks, strict=True):
        assert np.array_equal(a.share, b.share)
        assert a.rounds == b.rounds
        for one_part, other_part in ((a.linear, b.linear), (a.trees, b.trees)):
            assert all(torch.equal(x, y) for x, y in zip(one_part, other_part, strict=True))


@pytest.fixture(scope="module")
def small(nodes, recipe):
    """A cohort and a recipe that train in seconds."""
    quick = FitConfig(folds=3, members=1, outcome_rounds=1, benefit_rounds=1, steps=2)
    return nodes.take(torch.arange(120)), recipe._replace(fit=quick)


@pytest.fixture(scope="module")
def undisturbed(small):
    return fit(*small, 0)


@pytest.fixture(scope="module")
def interrupted(small, tmp_path_factory):
    """A fit that ended before its last part: three folds are kept, and their rewired networks."""
    kept = Checkpoints(tmp_path_factory.mktemp("parts"), "this study")

    def stop(label):
        if label.startswith("sequential"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(*small, 0, stop, kept)
    return kept


def test_a_resumed_fit_is_the_undisturbed_one_and_trains_only_what_is_lacking(
    interrupted, small, undisturbed, monkeypatch
):
    assert interrupted.n_kept() == 6
    trained, train = [], crossfit.fit_part

    def counted(*args):
        trained.append(args[-1])
        return train(*args)

    monkeypatch.setattr(crossfit, "fit_part", counted)
    _same(fit(*small, 0, kept=interrupted), undisturbed)
    assert trained == [(0, 101)]
    interrupted.clear()
    assert not interrupted.folder.exists()


def test_a_part_of_other_data_or_settings_is_not_taken_up(tmp_path):
    def made():
        return {"benefit": np.ones(2)}

    Checkpoints(tmp_path, "one study").arrays("rewired-0", made)
    other = Checkpoints(tmp_path, "another study")
    assert other.n_kept() == 0
    again = other.arrays("rewired-0", lambda: {"benefit": np.zeros(2)})
    assert again["benefit"].tolist() == [0, 0]
    assert Checkpoints(tmp_path, "one study").n_kept() == 0


@pytest.mark.parametrize("cut", [0, 4, 40, -1])
def test_a_part_that_was_cut_off_is_done_again(cut, tmp_path):
    kept = Checkpoints(tmp_path, "this study")
    kept.arrays("rewired-0", lambda: {"benefit": np.ones(50)})
    path = tmp_path / "rewired-0.safetensors"
    path.write_bytes(path.read_bytes()[:cut])
    assert kept.arrays("rewired-0", lambda: {"benefit": np.zeros(3)})["benefit"].shape == (3,)
    assert kept.n_kept() == 1


def test_without_a_folder_nothing_is_kept(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    kept = Checkpoints()
    assert kept.arrays("x", lambda: {"a": np.ones(1)})["a"] == 1
    assert kept.n_kept() == 0
    assert not list(tmp_path.iterdir())


def test_a_network_comes_back_with_its_way_through_the_patients(undisturbed, small):
    # In blocks of other sizes, sums are rounded otherwise, and a resumed run would differ.
    member = undisturbed.members[0]
    before, member.net.plan = member.net.plan, Plan(7, True)
    try:
        words, tensors = words_of([member]), tensors_of([member], ())
    finally:
        member.net.plan = before
    shape = Shape(small[1].graph, layout_of(small[0]), small[1].net)
    (again,) = members_from(words, tensors, shape)
    assert again.net.plan == Plan(7, True)
    assert not again.net.training
    assert not any(p.requires_grad for p in again.net.parameters())
