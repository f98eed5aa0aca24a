"""How every command speaks: plain lines, and our errors in one sentence with exit status 2."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import typer
from rich.console import Console

from pathgnn.errors import PathgnnError


def say(text: str) -> None:
    """One line as it is, without markup."""
    Console().print(text, markup=False, highlight=False, soft_wrap=True)


@contextmanager
def errors() -> Iterator[None]:
    """Our errors end in one sentence and exit status 2, without a traceback."""
    try:
        yield
    except PathgnnError as error:
        Console(stderr=True).print(
            f"pathgnn: {error}", markup=False, highlight=False, soft_wrap=True
        )
        raise typer.Exit(2) from error
