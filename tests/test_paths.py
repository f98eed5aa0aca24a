"""Strings serve as paths wherever the public interface asks for one."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest

import pathgnn as pg
from pathgnn.paths import PATHS, takes_paths

TAKE_PATHS = [
    name
    for name in dir(pg)
    if inspect.isfunction(found := getattr(pg, name))
    and any(str(p.annotation) in PATHS for p in inspect.signature(found).parameters.values())
]


@takes_paths
def seen(folder: Path, beside: Path | None = None, word: str = "") -> tuple[object, ...]:
    """What arrives."""
    return folder, beside, word


def test_strings_become_paths_and_words_stay_words():
    assert seen("a", word="b") == (Path("a"), None, "b")
    assert seen(Path("a"), beside="c") == (Path("a"), Path("c"), "")


@pytest.mark.parametrize("name", TAKE_PATHS)
def test_every_public_function_takes_strings_for_paths(name):
    assert hasattr(getattr(pg, name), "__wrapped__")


def test_some_are_found():
    assert {"load", "read_cohort", "to_report"} <= set(TAKE_PATHS)
