"""The progress bar counts steps and says which one it is at."""

from __future__ import annotations

import pathgnn as pg


def test_a_bar_fills_and_names_its_step(capsys):
    with pg.progress_bar(3) as step:
        for name in ("one", "two", "three"):
            step(name)
    shown = capsys.readouterr().err
    assert "three: 100%" in shown
    assert "3/3" in shown


def test_a_bar_without_a_total_counts(capsys):
    with pg.progress_bar() as step:
        step("fold 1")
    assert "fold 1: : 1it" in capsys.readouterr().err
