"""The checks of types and shapes that jaxtyping's hook puts on every function of pathgnn in tests.

Checking every call took more than a third of the suite's time, most of it in the same small
functions of one training after another: each test checks the first calls of each function.
"""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Callable
from functools import partial, wraps
from typing import Any

import jaxtyping
from beartype import BeartypeConf, beartype

CHECKED_CALLS = 20

# An int is a fine float, as PEP 484 says.
check = beartype(conf=BeartypeConf(is_pep484_tower=True))


class Checks:
    """jaxtyping's decorator for the first calls of a function, and the function itself then."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self.decorator = jaxtyping.jaxtyped

    def install(self) -> None:
        """Check every module of pathgnn that is imported from now on."""
        jaxtyping.jaxtyped = self.jaxtyped
        jaxtyping.install_import_hook("pathgnn", "shape_check.check")

    def begin(self) -> None:
        """A test begins: the next calls are checked."""
        self.calls.clear()

    def jaxtyped(self, thing: Any = None, *, typechecker: Any) -> Any:
        """In the place of jaxtyping's decorator; classes and descriptors are left to that."""
        if thing is None:
            return partial(self.jaxtyped, typechecker=typechecker)
        checked = self.decorator(thing, typechecker=typechecker)
        return self._at_first(thing, checked) if inspect.isfunction(thing) else checked

    def _at_first(self, plain: Callable[..., Any], checked: Callable[..., Any]) -> Any:
        name = f"{plain.__module__}.{plain.__qualname__}"

        @wraps(plain)
        def call(*args: Any, **named: Any) -> Any:
            self.calls[name] += 1
            now = checked if self.calls[name] <= CHECKED_CALLS else plain
            return now(*args, **named)

        return call


checks = Checks()
