"""Leakage guard: features that exist in one outcome class only, as in tables put together."""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float
from scipy.special import gammaln
from scipy.stats import norm

from pathgnn.benefit.questions import Question, classes
from pathgnn.benefit.verdict import Finding
from pathgnn.cohort.pieces import pieces

# A feature can tell where chance leaves it in one class only with at most this probability.
RARE = 0.05
N_PERMUTED = 200
FEWEST, EXCESS, SURE = 5, 3.0, 1e-4
# Kinds whose 0 says that nothing was found.
SPARSE_KINDS = frozenset({"mutation", "copy_number"})

Present = Callable[[Float[np.ndarray, "patient feature"]], Bool[np.ndarray, "patient feature"]]


class Counted(NamedTuple):
    """Features in one class only, what permuted classes give, and how many could tell."""

    found: int
    expected: float
    p: float
    could_tell: int


def one_class_findings(
    name: str,
    kind: str,
    table: pd.DataFrame,
    patients: tuple[str, ...],
    questions: tuple[Question, ...],
    rng: np.random.Generator,
) -> tuple[Finding, ...]:
    """Is far more measured, or altered, in one outcome class only than chance would have it?

    Args:
        name: The omic.
        kind: Its kind; altered (other than 0) is asked of mutation and copy number.
        table: patient x feature.
        patients: Whom the questions' values belong to.
        questions: About the outcome.
        rng: Permutes the classes.
    """
    question = classes(questions)
    if question is None:
        return ()
    out = []
    for what, present in PRESENT.items():
        if what == "measured" or kind in SPARSE_KINDS:
            counted = count(table, patients, question, present, rng)
            if _fires(counted):
                out.append(_said(name, what, question, counted))
    return tuple(out)


def count(
    table: pd.DataFrame,
    patients: tuple[str, ...],
    question: Question,
    present: Present,
    rng: np.random.Generator,
) -> Counted:
    """Features present in one class only, against 200 permutations of the classes over patients.

    Whole patients are permuted, so that hypermutated patients and correlated genes are allowed
    for. Only features count whose hypergeometric chance is at most 5 %.
    """
    on = ~np.isnan(question.value)
    y = question.value[on].astype(np.float32)
    shuffled = np.stack([y, *(rng.permutation(y) for _ in range(N_PERMUTED))])
    alone = np.zeros(len(shuffled))
    could_tell = 0
    for piece in pieces(table, patients):
        there = present(piece.values[on]).astype(np.float32)
        n_there = there.sum(0)
        tells = by_chance(n_there, float(y.sum()), len(y)) <= RARE
        could_tell += int(tells.sum())
        in_first = shuffled @ there[:, tells]
        alone += ((in_first < 0.5) | (in_first > n_there[tells] - 0.5)).sum(1)
    found, null = int(alone[0]), alone[1:]
    # At least one feature of spread: all-or-nothing counts would have none.
    z = (found - null.mean()) / max(null.std(), 1.0)
    return Counted(found, float(null.mean()), float(norm.sf(z)), could_tell)


def by_chance(
    n_there: Float[np.ndarray, " feature"], n_first: float, n: int
) -> Float[np.ndarray, " feature"]:
    """Chance that all patients who have a feature are of one class (hypergeometric)."""

    def all_in(size: float) -> Float[np.ndarray, " feature"]:
        """Chance that they all are among so many patients."""
        left = size - n_there
        logs = gammaln(size + 1) + gammaln(n - n_there + 1)
        logs = logs - gammaln(n + 1) - gammaln(left.clip(0) + 1)
        return np.where(left >= 0, np.exp(logs), 0.0)

    return np.asarray(np.where(n_there > 0, all_in(n_first) + all_in(n - n_first), 1.0)).clip(0, 1)


def _measured(values: Float[np.ndarray, "patient feature"]) -> Bool[np.ndarray, "patient feature"]:
    return np.asarray(~np.isnan(values))


def _altered(values: Float[np.ndarray, "patient feature"]) -> Bool[np.ndarray, "patient feature"]:
    return np.asarray(np.nan_to_num(values) != 0)


PRESENT = MappingProxyType({"measured": _measured, "altered": _altered})


def _fires(counted: Counted) -> bool:
    enough = counted.found >= max(FEWEST, EXCESS * counted.expected)
    return enough and counted.p < SURE


def _said(name: str, what: str, question: Question, counted: Counted) -> Finding:
    said = f"Omic '{name}': {counted.found} of {counted.could_tell} features are {what} in one "
    said += f"class of {question.what} only; by chance it would be {counted.expected:.1f}. Was the "
    said += "table put together from a file per class? Take all patients through one pipeline, or "
    said += f"keep features that were {'measured' if what == 'measured' else 'looked for'} in both."
    return Finding("warning", "leak", float(counted.found), said)
