"""What a result shows of itself: a small escaped table in Jupyter, one line elsewhere."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from html import escape
from typing import NamedTuple

# A card is read at a glance: longer text is cut, more rows are counted.
LONGEST, MOST_ROWS = 400, 12
# No colour of its own, so that it can be read in light and in dark themes.
LEFT = "text-align:left;vertical-align:top;white-space:normal;padding:.1em 1em .1em .2em"
FAINT = f"{LEFT};opacity:.75;font-weight:normal"


class Card(NamedTuple):
    """A title, facts by label, and where there is one a table with its head; no patient ids."""

    title: str
    facts: Sequence[tuple[str, object]]
    head: Sequence[str] = ()
    rows: Sequence[Sequence[object]] = ()


class Shown(ABC):
    """A result that shows itself by its card, so that no saved notebook holds patients.

    A dataclass of this kind needs `repr=False`.
    """

    @abstractmethod
    def card(self) -> Card:
        """What is shown."""

    def __repr__(self) -> str:
        return as_text(self.card())

    def _repr_html_(self) -> str:
        return as_html(self.card())


def as_text(card: Card) -> str:
    """The facts in one line, without the table."""
    facts = "; ".join(f"{label}: {_said(value)}" for label, value in card.facts)
    return f"<{card.title}; {facts}>"


def as_html(card: Card) -> str:
    """A table without script or colours; every name in it is escaped."""
    width = max(2, len(card.head))
    lines = [_row([_cell("th", card.title, width)])]
    for label, value in card.facts:
        lines.append(_row([_cell("td", label, style=FAINT), _cell("td", value, width - 1)]))
    if card.rows:
        lines.append(_row([_cell("th", name) for name in card.head]))
        lines += [_row([_cell("td", value) for value in row]) for row in card.rows[:MOST_ROWS]]
    if len(card.rows) > MOST_ROWS:
        more = f"and {len(card.rows) - MOST_ROWS} more"
        lines.append(_row([_cell("td", more, width, FAINT)]))
    return f"<table>{''.join(lines)}</table>"


def _row(cells: Sequence[str]) -> str:
    return f"<tr>{''.join(cells)}</tr>"


def _cell(tag: str, value: object, span: int = 1, style: str = LEFT) -> str:
    across = f' colspan="{span}"' if span > 1 else ""
    return f'<{tag}{across} style="{style}">{escape(_said(value))}</{tag}>'


def _said(value: object) -> str:
    """Numbers with three digits, text cut."""
    text = f"{value:.3g}" if isinstance(value, float) else str(value)
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
