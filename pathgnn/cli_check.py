"""The one screen of `pathgnn check`: who, what, findings by severity, and where the page is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from pathgnn.cli_say import say

if TYPE_CHECKING:
    from pathgnn.train.overview import Overview

PATTERNS_SHOWN, WIDTH = 5, 100
# What these looked for and did not find is named in one line.
QUIET = ("duplicates", "leak", "randomisation", "inside folds", "sites", "censoring")
COLOURS = {"refused": "bold red", "warning": "yellow", "note": "cyan", "ok": "green"}


def show(seen: Overview, page: Path) -> None:
    """Print the screen; names of the study are never markup."""
    say(header(seen))
    console = Console()
    console.print(_omics(seen), width=WIDTH)
    if len(seen.who_has_what) > 1:
        console.print(_patterns(seen), width=WIDTH)
    console.print(_findings(seen), width=WIDTH)
    if seen.notes:
        said = escape("; ".join(seen.notes))
        console.print(f"[dim]Tables: {said}.[/]", width=WIDTH, highlight=False)
    say(f"Page: {page}")


def header(seen: Overview) -> str:
    """Patients, arms with their sizes and events, and the outcome, in one line."""
    counted = {"survival": "events", "binary": "good outcomes"}.get(seen.kind)
    arms = [
        f"{a.arm} {a.patients}" + (f" ({a.shown_events} {counted})" if counted else "")
        for a in seen.arms
    ]
    how = "randomised" if seen.randomised else "observational"
    how += ", several arms per patient" if seen.crossover else ""
    unit = f" ({seen.unit})" if seen.unit else ""
    return (
        f"{seen.name}: {seen.n_patients} patients; {seen.kind} outcome{unit}; {how}\n"
        f"Arms: {', '.join(arms)}"
    )


def _omics(seen: Overview) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for name in ("omic", "patients", "features", "on the graph", "missing inside"):
        table.add_column(name, justify="left" if name == "omic" else "right")
    for row in seen.omics.to_dict("records"):
        counts = (row[k] for k in ("patients", "features", "mapped"))
        missing = f"{row['missing_inside']:.1%}"
        table.add_row(escape(str(row["omic"])), *map(str, counts), missing)
    return table


def _patterns(seen: Overview) -> Table:
    """The commonest combinations of omics."""
    shown = seen.who_has_what
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("who has what")
    for name in shown.columns[1:]:
        table.add_column(escape(str(name)), justify="right")
    for row in shown.head(PATTERNS_SHOWN).itertuples(index=False):
        table.add_row(*(escape(str(value)) for value in row))
    rest = len(shown) - PATTERNS_SHOWN
    if rest > 0:
        table.add_row(f"and {rest} rarer combinations", *([""] * (len(shown.columns) - 1)))
    return table


def _findings(seen: Overview) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    passed = [f.topic for f in seen.findings if f.severity == "ok" and f.topic in QUIET]
    for f in seen.findings:
        if f.severity == "ok" and f.topic in QUIET:
            continue
        severity = f"[{COLOURS[f.severity]}]{f.severity}[/]"
        table.add_row(severity, f"[bold]{escape(f.topic)}[/]", escape(f.sentence))
    if passed:
        said = f"{', '.join(dict.fromkeys(passed))}: nothing found, see the page"
        table.add_row(f"[{COLOURS['ok']}]ok[/]", "[bold]passed[/]", said)
    return table
