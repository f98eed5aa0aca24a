"""What a permutation may move: whole units, patients or groups of them, among those alike."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int


class Exchangeable(NamedTuple):
    """Rows by the block in which they are centred, and the units that are dealt anew.

    `alike` are rows of units, patients or groups of them, whose values might as well have been
    each other's: one array for each kind of unit.
    """

    block: Int[np.ndarray, " row"]
    alike: list[Int[np.ndarray, "_ _"]]

    @property
    def movable(self) -> float:
        """Share of the rows whose unit has another one that is alike."""
        return sum(rows.size for rows in self.alike if len(rows) > 1) / max(1, len(self.block))


def exchangeable(
    group: Int[np.ndarray, " row"],
    block: Int[np.ndarray, " row"],
    patient: Int[np.ndarray, " row"] | None = None,
) -> Exchangeable:
    """Groups trade values with groups that have as many patients in the same blocks.

    What the patients of a group have in common is so no finding.

    Args:
        group: Whose outcomes may go together; a patient alone is a group.
        block: Fold, or arm and fold.
        patient: Whose row it is; None: every row is another patient.
    """
    patient = np.arange(len(group)) if patient is None else patient
    kinds: dict[tuple[tuple[int, int], ...], list[Int[np.ndarray, " row"]]] = {}
    order = np.lexsort((block, patient, group))
    for members in np.split(order, np.flatnonzero(np.diff(group[order])) + 1):
        rows, number = _by_their_blocks(members, block[members], patient[members])
        key = tuple(zip(number.tolist(), block[rows].tolist(), strict=True))
        kinds.setdefault(key, []).append(rows)
    # In an order that does not hang on that of the rows.
    return Exchangeable(block, [np.stack(kinds[key]) for key in sorted(kinds)])


def _by_their_blocks(
    rows: Int[np.ndarray, " member"],
    block: Int[np.ndarray, " member"],
    patient: Int[np.ndarray, " member"],
) -> tuple[Int[np.ndarray, " member"], Int[np.ndarray, " member"]]:
    """A group's rows, patients with the same blocks together, and the number of each one's patient.

    Who comes first in a table says nothing of what a patient may trade.
    """
    each = [np.flatnonzero(patient == one) for one in np.unique(patient)]
    each.sort(key=lambda own: block[own].tolist())
    number = np.repeat(np.arange(len(each)), [len(own) for own in each])
    return rows[np.concatenate(each)], number


def permuted(
    values: Float[np.ndarray, " row"], moves: Exchangeable, n: int, rng: np.random.Generator
) -> Float[np.ndarray, "draw row"]:
    """n times the values, those of whole units dealt anew among units that are alike."""
    out = np.empty((n, len(values)))
    for rows in moves.alike:
        dealt = rng.permuted(np.tile(np.arange(len(rows)), (n, 1)), axis=1)
        out[:, rows] = values[rows[dealt]]
    return out


def centred(
    x: Float[np.ndarray, "row item"], block: Int[np.ndarray, " row"]
) -> Float[np.ndarray, "row item"]:
    """Values minus the mean of their block."""
    out = np.empty_like(x, dtype=float)
    for k in np.unique(block):
        out[block == k] = x[block == k] - x[block == k].mean(0)
    return out
