"""Outcome heads: the contract of every entry, and known answers."""

from __future__ import annotations

import pytest
import torch
from pytest import approx
from torch import tensor

from pathgnn.model import HEADS


def _head(name):
    torch.manual_seed(0)
    head = HEADS[name]()
    value = torch.rand(60) * 24 if name == "survival" else torch.rand(60).round()
    head.prepare(value, torch.rand(60) < 0.7, 20.0)
    return head


@pytest.mark.parametrize("name", HEADS)
def test_every_curve_starts_at_one_and_never_rises(name):
    prediction = _head(name).predict(torch.randn(5), torch.randn(5, 3))
    assert (prediction.survival[..., 0] == 1).all()
    assert (prediction.survival.diff(dim=-1) <= 0).all()


@pytest.mark.parametrize("name", HEADS)
def test_a_higher_prognosis_or_effect_is_a_better_outcome(name):
    head = _head(name)
    low = head.predict(tensor([0.0]), tensor([[0.0, 0.0]])).mean
    assert (head.predict(tensor([1.0]), tensor([[0.0, 0.0]])).mean > low).all()
    effect = head.predict(tensor([0.0]), tensor([[0.0, 1.0]])).mean
    assert effect[0, 1] > effect[0, 0] == low[0, 0]


@pytest.mark.parametrize("name", HEADS)
def test_a_cohort_of_one_works(name):
    assert _head(name).predict(torch.zeros(1), torch.zeros(1, 2)).mean.shape == (1, 2)


@pytest.mark.parametrize("name", HEADS)
def test_the_loss_falls_when_the_prediction_is_right(name):
    head = _head(name)
    value, event = tensor([1.0, 19.0] if name == "survival" else [0.0, 1.0]), tensor([True, True])
    right, wrong = tensor([-1.0, 1.0]), tensor([1.0, -1.0])
    zero = torch.zeros(2)
    assert head.loss(right, zero, value, event) < head.loss(wrong, zero, value, event)
    assert head.loss(zero, right, value, event) < head.loss(zero, wrong, value, event)


def test_binary_loss_known_answer():
    # At even odds the cross-entropy is log 2.
    head = HEADS["binary"]()
    zero = torch.zeros(2)
    assert head.loss(zero, zero, tensor([0.0, 1.0]), zero.bool()).item() == approx(
        0.693147, abs=1e-5
    )


def test_moving_base_and_prognosis_together_changes_nothing():
    head = _head("survival")
    m, delta = torch.randn(4), torch.randn(4, 2)
    before = head.predict(m, delta).survival
    with torch.no_grad():
        head.base.add_(3.0)
    assert torch.allclose(head.predict(m + 3, delta).survival, before, atol=1e-6)


def test_discrete_hazard_recovers_an_exponential():
    # Rate .08 per month, a third censored at random; RMST to 20 within 1 % of the closed form.
    generator = torch.Generator().manual_seed(1)
    died = -torch.rand(40000, generator=generator).log() / 0.08
    lost = -torch.rand(40000, generator=generator).log() / 0.04
    head = HEADS["survival"]()
    head.prepare(torch.minimum(died, lost), died <= lost, 20.0)
    optimiser = torch.optim.LBFGS(head.parameters(), max_iter=100, line_search_fn="strong_wolfe")
    zero = torch.zeros(40000)

    def closure():
        optimiser.zero_grad()
        loss = head.loss(zero, zero, torch.minimum(died, lost), died <= lost)
        loss.backward()
        return loss

    optimiser.step(closure)
    rmst = head.predict(torch.zeros(1), torch.zeros(1, 1)).mean.item()
    assert rmst == approx((1 - 2.718281828 ** (-1.6)) / 0.08, rel=0.01)
