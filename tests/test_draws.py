"""Draws in processes: kept one by one, taken up again, and safe from what dies or was cut off."""

from __future__ import annotations

import json

import pytest
from draw_work import always_dies, dies_once_at_two, refuses, square, threads

from pathgnn.draws import Kept, Pool, read_draw, run_draws
from pathgnn.errors import CohortError, ConfigError


def test_draws_come_in_order_and_only_lacking_ones_are_done(tmp_path):
    kept, told = Kept(tmp_path, "a"), []
    made = {"stamp": "a", "square": -1, "size": 0}
    kept.path(2).write_text(json.dumps(made))
    kept.path(3).write_text('{"stamp": "a", "squ')
    kept.path(4).write_text("[]")
    kept.path(5).write_text("{}")
    found = run_draws(square, b"xy", kept, range(1, 6), Pool(1, told.append))
    assert [d["square"] for d in found] == [1, -1, 9, 16, 25]
    assert found[2] == {"stamp": "a", "square": 9, "size": 2} == read_draw(kept, 3)
    assert told == ["draw 2: kept", "draw 1", "draw 3", "draw 4", "draw 5"]
    assert run_draws(refuses, b"", kept, range(1, 6), Pool()) == found
    assert sorted(p.name for p in tmp_path.iterdir()) == [f"000{i}.json" for i in range(1, 6)]


def test_draws_of_another_run_are_refused_before_anything_is_done(tmp_path):
    kept = Kept(tmp_path, "a")
    kept.path(7).write_text('{"stamp": "b"}')
    with pytest.raises(ConfigError, match=r"0007.json is a draw of other data.*delete"):
        run_draws(always_dies, b"", kept, range(1, 8), Pool())
    assert not kept.path(1).exists()


def test_a_killed_process_loses_only_its_own_draw(tmp_path):
    kept, told = Kept(tmp_path / "kept", "a"), []
    packed = str(tmp_path).encode()
    found = run_draws(dies_once_at_two, packed, kept, range(5), Pool(2, told.append))
    assert [d["square"] for d in found] == [0, 1, 4, 9, 16]
    # The draw that died is the last to be done, and none is done twice.
    assert told[-1] == "draw 2"
    assert sorted(told) == [f"draw {i}" for i in range(5)]


def test_processes_that_always_die_end_in_a_sentence(tmp_path):
    with pytest.raises(ConfigError, match=r"end before draw 0 is finished.*Lower `processes`"):
        run_draws(always_dies, b"", Kept(tmp_path, "a"), range(3), Pool(1))


def test_an_error_of_ours_comes_through_and_no_process_is_too_few(tmp_path):
    with pytest.raises(CohortError, match="draw 0 cannot be done"):
        run_draws(refuses, b"", Kept(tmp_path, "a"), range(1), Pool(1))
    with pytest.raises(ConfigError, match="0 processes"):
        run_draws(square, b"", Kept(tmp_path, "a"), range(1), Pool(0))


def test_a_process_takes_one_thread(tmp_path, monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    found = run_draws(threads, b"", Kept(tmp_path, "a"), range(1), Pool(1))
    assert set(found[0]["threads"]) == {1}
