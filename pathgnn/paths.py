"""Strings where the public interface asks for paths."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

PATHS = ("Path", "Path | None")


def takes_paths(function: Callable[P, R]) -> Callable[P, R]:
    """The same function; a string in the place of a path is taken for one."""
    signature = inspect.signature(function)
    places = [name for name, p in signature.parameters.items() if str(p.annotation) in PATHS]

    @wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        given = signature.bind(*args, **kwargs)
        for name in places:
            if isinstance(given.arguments.get(name), str):
                given.arguments[name] = Path(given.arguments[name])
        return function(*given.args, **given.kwargs)

    return call
