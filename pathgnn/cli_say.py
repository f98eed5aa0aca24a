"""How every command speaks: plain lines, and our errors in one sentence with exit status 2."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from pathgnn.errors import PathgnnError

if TYPE_CHECKING:
    import pandas as pd


def say(text: str) -> None:
    """One line as it is, without markup."""
    Console().print(text, markup=False, highlight=False, soft_wrap=True)


def print_table(table: pd.DataFrame, title: str) -> None:
    """A table on the screen; its text is never markup."""
    names = [escape(str(column).replace("_", " ")) for column in table.columns]
    shown = Table(*names, title=escape(title))
    for row in table.itertuples(index=False):
        shown.add_row(*(f"{v:.3g}" if isinstance(v, float) else escape(str(v)) for v in row))
    Console().print(shown)


@contextmanager
def errors() -> Iterator[None]:
    """Our errors and the system's end in one sentence and exit status 2, without a traceback."""
    try:
        yield
    except (PathgnnError, OSError) as error:
        Console(stderr=True).print(
            f"pathgnn: {error}", markup=False, highlight=False, soft_wrap=True
        )
        raise typer.Exit(2) from error


@contextmanager
def without_values() -> Iterator[None]:
    """An error that nobody foresaw says where it was, but not its words: they may name a patient.

    A KeyError prints the key, a ValueError the cell; what is printed ends in logs and bug reports.
    """
    try:
        yield
    except Exception as error:  # noqa: BLE001
        lines = "".join(traceback.format_tb(error.__traceback__))
        Console(stderr=True).print(
            f"{lines}pathgnn: an unforeseen {type(error).__name__}. Its words may hold data of "
            "patients and are not shown; the lines above say where it was: please report them.",
            markup=False,
            highlight=False,
            soft_wrap=True,
        )
        raise SystemExit(1) from None
