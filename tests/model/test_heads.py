"""Outcome heads: the contract of every entry, and known answers."""

from __future__ import annotations

import pytest
import torch
from pytest import approx
from torch import tensor

from pathgnn.model import HEADS
from pathgnn.model.hazards import bin_edges
from pathgnn.model.head import Observed
from pathgnn.model.head_cox import breslow, cox_loss

TIMED = ("survival", "cox", "subdistribution", "cause-specific")


def _rows(value, event):
    return Observed(value, event, torch.zeros_like(event))


def _head(name):
    torch.manual_seed(0)
    head = HEADS[name]()
    value = torch.rand(60) * 24 if name in TIMED else torch.rand(60).round()
    head.prepare(_rows(value, torch.rand(60) < 0.7), 20.0)
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
    rows = _rows(tensor([1.0, 19.0] if name in TIMED else [0.0, 1.0]), tensor([True, True]))
    right, wrong = tensor([-1.0, 1.0]), tensor([1.0, -1.0])
    zero = torch.zeros(2)
    assert head.loss(right, zero, rows) < head.loss(wrong, zero, rows)
    assert head.loss(zero, right, rows) < head.loss(zero, wrong, rows)


def test_binary_loss_known_answer():
    # At even odds the cross-entropy is log 2.
    head = HEADS["binary"]()
    zero = torch.zeros(2)
    assert head.loss(zero, zero, _rows(tensor([0.0, 1.0]), zero.bool())).item() == approx(
        0.693147, abs=1e-5
    )


def test_moving_base_and_prognosis_together_changes_nothing():
    head = _head("survival")
    m, delta = torch.randn(4), torch.randn(4, 2)
    before = head.predict(m, delta).survival
    with torch.no_grad():
        head.base.add_(3.0)
    assert torch.allclose(head.predict(m + 3, delta).survival, before, atol=1e-6)


def _train(head, rows, n_steps=100):
    """The head alone at m = delta = 0, until its likelihood is at its best."""
    optimiser = torch.optim.LBFGS(
        list(head.parameters()), max_iter=n_steps, line_search_fn="strong_wolfe"
    )
    zero = torch.zeros(len(rows.value))

    def closure():
        optimiser.zero_grad()
        loss = head.loss(zero, zero, rows)
        loss.backward()
        return loss

    optimiser.step(closure)


def _exponentials(n, *rates):
    generator = torch.Generator().manual_seed(1)
    return [-torch.rand(n, generator=generator).log() / rate for rate in rates]


def test_discrete_hazard_recovers_an_exponential():
    # Rate .08 per month, a third censored at random; RMST to 20 within 1 % of the closed form.
    died, lost = _exponentials(40000, 0.08, 0.04)
    rows, head = _rows(torch.minimum(died, lost), died <= lost), HEADS["survival"]()
    head.prepare(rows, 20.0)
    _train(head, rows)
    rmst = head.predict(torch.zeros(1), torch.zeros(1, 1)).mean.item()
    assert rmst == approx((1 - 2.718281828 ** (-1.6)) / 0.08, rel=0.01)


def test_the_baseline_of_cox_recovers_an_exponential():
    died, lost = _exponentials(40000, 0.08, 0.04)
    head = HEADS["cox"]()
    head.prepare(_rows(torch.minimum(died, lost), died <= lost), 20.0)
    rmst = head.predict(torch.zeros(1), torch.zeros(1, 1)).mean.item()
    assert rmst == approx((1 - 2.718281828 ** (-1.6)) / 0.08, rel=0.01)


@pytest.mark.parametrize("name", ["subdistribution", "cause-specific"])
def test_competing_events_leave_the_cumulative_incidence(name):
    # Rates .04 and .05, censored at .03: months free of the first by 20 are 20 - int F.
    first, other, lost = _exponentials(40000, 0.04, 0.05, 0.03)
    time = torch.minimum(torch.minimum(first, other), lost)
    rows, head = Observed(time, time == first, time == other), HEADS[name]()
    head.prepare(rows, 20.0)
    _train(head, rows)
    out = head.predict(torch.zeros(1), torch.zeros(1, 1))
    gone = 1 - 2.718281828 ** (-1.8)
    assert out.survival[0, 0, -1].item() == approx(1 - 4 / 9 * gone, rel=0.01)
    assert out.mean.item() == approx(20 - 4 / 9 * (20 - gone / 0.09), rel=0.01)


def test_cox_loss_of_two_patients_known_answer():
    # Two at risk at month 1, one at month 2: log 2 + log 1.
    loss = cox_loss(torch.zeros(2), tensor([1.0, 2.0]), tensor([True, True]))
    assert loss.item() == approx(0.693147, abs=1e-5)


def test_cox_loss_is_efrons_slow_loop():
    generator = torch.Generator().manual_seed(3)
    score = torch.randn(40, generator=generator).double()
    time = torch.randint(1, 9, (40,), generator=generator).double()
    event = torch.rand(40, generator=generator) < 0.6
    total = 0.0
    for t in time[event].unique():
        dying, risk = event & (time == t), (time >= t)
        d = int(dying.sum())
        for k in range(d):
            at_risk = score[risk].exp().sum() - k / d * score[dying].exp().sum()
            total += at_risk.log() - score[dying][k]
    assert cox_loss(score, time, event).item() == approx(float(total), rel=1e-9)


def test_adding_a_constant_to_all_log_hazards_changes_no_cox_loss():
    time, event = tensor([3.0, 1.0, 2.0, 2.0]), tensor([True, True, False, True])
    score = tensor([0.3, -1.0, 0.5, 2.0])
    plain = cox_loss(score, time, event).item()
    assert cox_loss(score + 90, time, event).item() == approx(plain, rel=1e-4)


def test_the_gradient_of_cox_stands_at_scores_of_hundreds():
    score = tensor([300.0, -300.0, 0.0], requires_grad=True)
    cox_loss(score, tensor([1.0, 1.0, 2.0]), tensor([True, True, True])).backward()
    assert score.grad.isfinite().all()


def test_breslow_known_answer():
    # Deaths at 1 (three at risk) and 3 (one at risk): 1/3, then 1/3 + 1.
    time, event = tensor([1.0, 2.0, 3.0]), tensor([True, False, True])
    got = breslow(torch.zeros(3), time, event, tensor([0.5, 1.0, 2.5, 3.0]))
    assert got.tolist() == approx([0, 1 / 3, 1 / 3, 4 / 3])


def test_bins_stay_in_order_where_many_die_just_before_the_horizon():
    value = torch.full((30,), 59.9999)
    edges = bin_edges(value, torch.ones(30, dtype=torch.bool), 60.0)
    assert float(edges[-1]) == approx(60.0)
    assert (edges.diff() > 0).all()
