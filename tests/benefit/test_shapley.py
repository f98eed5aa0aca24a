"""Shapley values and the cheapest good coalition."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from pytest import approx

from pathgnn.benefit.shapley import cheapest, coalitions, shapley

ABC = ("a", "b", "c")


def _game(values):
    return {c: np.array([float(v)]) for c, v in zip(coalitions(ABC), values, strict=True)}


def test_a_glove_game_known_answer():
    # a has a left glove, b and c a right one each; a pair is worth 1. a: 2/3, b and c: 1/6.
    pair = [0, 0, 0, 0, 1, 1, 0, 1]
    assert {p: float(v[0]) for p, v in shapley(ABC, _game(pair)).items()} == approx(
        {"a": 2 / 3, "b": 1 / 6, "c": 1 / 6}
    )


@given(st.lists(st.floats(-5, 5), min_size=8, max_size=8))
def test_shares_sum_to_what_all_have_more_than_none(values):
    found = shapley(ABC, _game(values))
    assert sum(float(v[0]) for v in found.values()) == approx(values[-1] - values[0], abs=1e-9)


@given(st.lists(st.floats(-5, 5), min_size=4, max_size=4))
def test_who_adds_nothing_gets_nothing(values):
    without = dict(zip(coalitions(("a", "b")), values, strict=True))
    game = {c: np.array([without[c - {"c"}]]) for c in coalitions(ABC)}
    assert float(shapley(ABC, game)["c"][0]) == approx(0, abs=1e-12)


def _draws(value, sd, rng):
    return {c: v + sd * rng.normal(size=400) for c, v in value.items()}


def test_the_cheapest_within_an_error_is_chosen():
    rng = np.random.default_rng(0)
    value = dict(zip(coalitions(("a", "b")), [0.0, 0.95, 0.2, 1.0], strict=True))
    got = cheapest(value, _draws(value, 0.1, rng), {"a": 1.0, "b": 5.0})
    assert got.best == {"a", "b"}
    assert got.chosen == {"a"}
    assert got.behind == approx(0.05)
    sure = cheapest(value, _draws(value, 0.001, rng), {"a": 1.0, "b": 5.0})
    assert sure.chosen == {"a", "b"}


def test_where_nothing_helps_nothing_is_chosen():
    value = {c: 0.01 * len(c) for c in coalitions(ABC)}
    draws = _draws(value, 0.3, np.random.default_rng(1))
    assert cheapest(value, draws, dict.fromkeys(ABC, 1.0)).chosen == frozenset()


def test_of_equally_cheap_ones_the_better_is_taken():
    value = dict(zip(coalitions(("a", "b")), [0.0, 0.9, 0.95, 1.0], strict=True))
    draws = _draws(value, 0.2, np.random.default_rng(2))
    assert cheapest(value, draws, {"a": 1.0, "b": 1.0}).chosen == {"b"}
