"""The guard of a sweep: noise changes nothing, what is clearly better wins, and words say which."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from pathgnn.errors import ConfigError
from pathgnn.train import guard as guard_module
from pathgnn.train.guard import chances, guard_of
from pathgnn.train.tried import Tried

BLOCKS = 45


def rng_of(seed=1):
    return np.random.default_rng(seed)


def one(place, losses, own, state="complete", number=None):
    """A trial with these losses; its excess as a sweep would tell it."""
    n = len(losses)
    excess = float(np.sum(losses) - np.sum(own[:n]))
    return Tried(
        number=place if number is None else number,
        place=place,
        state=state,
        values=(float(np.sum(losses)),) if state == "complete" else (),
        excess=excess,
        folds=3,
        settings={"x": place},
        seconds=1.0,
        error="",
        losses=tuple(map(float, losses)),
    )


def sweep_of(ahead, own=None):
    """Trials that are ahead of the study's own settings by these sums, block by block."""
    own = np.full(len(ahead[0]), 5.0) if own is None else own
    return [one(0, own, own), *(one(i + 1, own - a, own) for i, a in enumerate(ahead))]


def noise(n_trials, rng, mean=0.0, alike=0.5):
    """Differences without, or with, an advantage in units of their standard deviation."""
    shared = np.sqrt(alike) * rng.standard_normal(BLOCKS)
    return mean + shared + np.sqrt(1 - alike) * rng.standard_normal((n_trials, BLOCKS))


def test_chances_known_answers():
    # Of four pairs of signs only one reaches 1 + 1.
    assert chances(np.array([[1.0, 1.0]]), rng_of())[0] == pytest.approx(1 / 4, abs=0.02)
    # Of eight only one reaches 3 + 1 + 1; five have a sum below 3 - 1 - 1 or at it, three above.
    found = chances(np.array([[3.0, 1.0, 1.0]]), rng_of())
    assert found[0] == pytest.approx(1 / 8, abs=0.02)
    # (+, +) lets the first reach it, (+, -) the second: two of four.
    two = chances(np.array([[1.0, 1.0], [1.0, -1.0]]), rng_of())
    assert two.tolist() == pytest.approx([1 / 2, 1], abs=0.02)
    # The same trial twice costs nothing, in any unit, and one that is the study's own little.
    same = chances(np.array([[1.0, 1.0], [9.0, 9.0], [0.0, 0.0]]), rng_of())
    assert same.tolist() == pytest.approx([1 / 4, 1 / 4, 1], abs=0.02)


def test_chances_agree_with_every_sign_tried(monkeypatch):
    monkeypatch.setattr(guard_module, "AT_ONCE", 2)
    ahead = rng_of(3).normal(0.5, 1, (5, 8))
    unit = ahead / np.sqrt((ahead**2).sum(1, keepdims=True))
    largest = [
        max(sum(s * u for s, u in zip(sign, row, strict=True)) for row in unit)
        for sign in itertools.product((-1, 1), repeat=8)
    ]
    slow = [np.mean([m >= row.sum() - 1e-9 for m in largest]) for row in unit]
    assert chances(ahead, rng_of()).tolist() == pytest.approx(slow, abs=0.02)


@pytest.mark.parametrize("given_up", (False, True))
def test_where_nothing_is_better_own_settings_stay_as_often_as_the_level_says(
    monkeypatch, given_up
):
    monkeypatch.setattr(guard_module, "FLIPS", 999)
    rng, taken, less, reps = rng_of(), 0, 0, 400
    for i in range(reps):
        trials = sweep_of(noise(12, rng))
        if given_up:
            own = trials[0].losses
            cut = [one(t.place, t.losses[:30], own, "given up") for t in trials]
            trials = [c if c.excess > 0 else t for t, c in zip(trials, cut, strict=True)]
        found = guard_of(trials, 0.1, i)
        taken += found.chosen.place != 0
        less += found.least.place != 0
    # 40 expected, with a standard deviation of 6; the least risk alone would nearly always win.
    assert 22 <= taken <= 60
    assert less > 0.8 * reps


def test_a_clearly_better_trial_wins_among_many():
    ahead = noise(20, rng_of())
    ahead[7] = noise(1, rng_of(2), mean=1.0)
    found = guard_of(sweep_of(ahead), 0.05, 1)
    assert found.chosen.place == found.least.place == 8
    assert found.p[8] <= 0.001
    assert found.finding.severity == "ok"
    assert "Trial 8 wins, clearly better than your own settings" in found.finding.sentence
    assert f"the risk is {ahead[7].sum():.4g} below" in found.finding.sentence.replace("its", "the")
    assert "the best of 20" in found.finding.sentence


def test_what_is_clearly_better_wins_over_what_is_ahead_by_more_with_less_certainty():
    wild = noise(1, rng_of(6), mean=0.1)[0] * 200
    steady = noise(1, rng_of(2), mean=1.0)[0]
    assert wild.sum() > steady.sum()
    found = guard_of(sweep_of([wild, steady]), 0.05, 1)
    assert (found.chosen.place, found.least.place) == (2, 1)
    assert "Trial 1 has less risk, but not clearly" in found.finding.sentence


def test_nothing_clearly_better_is_said_and_level_one_overrules():
    trials = sweep_of(noise(12, rng_of(6)))
    found = guard_of(trials, 0.05, 1)
    assert (found.chosen.place, found.least.place) == (0, 4)
    said = found.finding.sentence
    assert "nothing tried is clearly better than your own settings" in said
    assert f"p = {found.p[found.least.number]:.2g}" in said
    asked = guard_of(trials, 1.0, 1)
    assert asked.chosen == asked.least == found.least
    assert asked.finding.severity == "warning"


def test_own_settings_of_least_risk_win():
    found = guard_of(sweep_of(-np.abs(noise(3, rng_of()))), 0.05, 1)
    assert found.chosen.place == found.least.place == 0
    assert "none of 3 other trials has a lower risk" in found.finding.sentence
    alone = guard_of(sweep_of(noise(1, rng_of()))[:1], 0.05, 1)
    assert alone.chosen.place == 0


def test_who_finished_first_changes_nothing():
    trials = sweep_of(noise(12, rng_of(), mean=0.3))
    found = guard_of(trials, 0.05, 1)
    mixed = [trials[i]._replace(number=k) for k, i in enumerate(rng_of(2).permutation(13))]
    again = guard_of(mixed, 0.05, 1)
    assert again.chosen.place == found.chosen.place
    places = {t.number: t.place for t in mixed}
    assert {places[n]: p for n, p in again.p.items()} == pytest.approx(found.p)


def test_trials_that_were_given_up_count_among_the_many():
    trials = sweep_of(noise(1, rng_of(3), mean=0.4))
    own = np.array(trials[0].losses)
    ahead = noise(30, rng_of(6))[:, :30]
    more = [one(i + 2, own[:30] - a, own, "given up") for i, a in enumerate(ahead)]
    alone, among = guard_of(trials, 0.05, 1), guard_of([*trials, *more], 0.05, 1)
    assert among.p[1] > 2 * alone.p[1]
    assert set(among.p) == {1}
    assert among.n_rivals == 31
    failed = [t._replace(state=s) for t, s in zip(more, itertools.cycle(("failed", "lost")))]
    assert guard_of([*trials, *failed], 0.05, 1) == alone


def test_a_sweep_that_kept_no_losses_keeps_own_settings_and_says_why():
    trials = [t._replace(losses=()) for t in sweep_of(noise(4, rng_of(), mean=2.0))]
    found = guard_of(trials, 0.05, 1)
    assert found.chosen.place == 0 != found.least.place
    assert all(math.isnan(p) for p in found.p.values())
    assert "older version, kept no losses" in found.finding.sentence
    assert guard_of(trials, 1.0, 1).chosen == found.least
    # An old trial among new ones cannot win, and the others are compared as ever.
    mixed = sweep_of(noise(4, rng_of(), mean=2.0))
    mixed[1] = mixed[1]._replace(losses=(), excess=-1e9)
    found = guard_of(mixed, 0.05, 1)
    assert found.least.place == 1 != found.chosen.place != 0


def test_nothing_is_said_before_the_own_settings_are_tried():
    trials = sweep_of(noise(4, rng_of()))
    for some in (trials[1:], [trials[0]._replace(state="running"), *trials[1:]]):
        with pytest.raises(ConfigError, match="own settings are not tried yet"):
            guard_of(some, 0.05, 1)
