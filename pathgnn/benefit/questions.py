"""What must not be read off an input: the outcome and the arm, one value per patient."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float, Int

from pathgnn.cohort.cohort import Outcome

# An arm of a crossover with fewer patients is not asked about.
FEWEST_ASKED = 20


class Question(NamedTuple):
    """One value per patient, NaN where it is not known; 0 and 1 if `binary`."""

    what: str
    topic: str
    value: Float[np.ndarray, " patient"]
    binary: bool

    @property
    def known(self) -> Bool[np.ndarray, " patient"]:
        """Whose answer is known."""
        return np.asarray(~np.isnan(self.value))

    def of(self, chosen: Int[np.ndarray, " chosen"]) -> Question:
        """The same for some of the patients."""
        return self._replace(value=self.value[chosen])


def outcome_questions(outcome: Outcome, patients: tuple[str, ...]) -> tuple[Question, ...]:
    """The outcome; for survival the event, the time, and the event by the horizon.

    A patient of a crossover has a value in each arm, so each arm is a question of its own.
    """
    if not outcome.crossover:
        return _outcome(outcome, patients, np.arange(len(outcome.arm)), "the outcome")
    out: list[Question] = []
    for k, arm in enumerate(outcome.arms):
        rows = np.flatnonzero(outcome.arm == k)
        if len({outcome.patient[i] for i in rows}) >= FEWEST_ASKED:
            out += _outcome(outcome, patients, rows, f"the outcome in arm '{arm}'")
    return tuple(out)


def arm_questions(outcome: Outcome, patients: tuple[str, ...]) -> tuple[Question, ...]:
    """Each arm against all others; none in a crossover, where a patient has several."""
    if outcome.crossover:
        return ()
    rows = np.arange(len(outcome.arm))
    arms = outcome.arms[1:] if len(outcome.arms) == 2 else outcome.arms
    place = {arm: k for k, arm in enumerate(outcome.arms)}
    return tuple(
        Question(
            f"treatment '{arm}'",
            "treatment leak",
            _spread((outcome.arm == place[arm]).astype(float), outcome, patients, rows),
            True,
        )
        for arm in arms
    )


def classes(questions: tuple[Question, ...]) -> Question | None:
    """Two classes of patients that a whole table is asked about: the last binary question.

    A continuous outcome is cut at its median; None where nothing is asked.
    """
    if not questions:
        return None
    binary = [q for q in questions if q.binary]
    if binary:
        return binary[-1]
    first = questions[0]
    above = (first.value > np.nanmedian(first.value)).astype(float)
    value = np.where(np.isnan(first.value), np.nan, above)
    return Question(f"the upper half of {first.what}", first.topic, value, True)


def _outcome(
    outcome: Outcome, patients: tuple[str, ...], rows: Int[np.ndarray, " row"], what: str
) -> tuple[Question, ...]:
    value = _spread(outcome.value[rows], outcome, patients, rows)
    if outcome.kind != "survival":
        return (Question(what, "leak", value, outcome.kind == "binary"),)
    event = _spread(outcome.event[rows].astype(float), outcome, patients, rows)
    early = np.where((event > 0) & (value <= outcome.horizon), 1.0, np.nan)
    later = (value > outcome.horizon) | ((value == outcome.horizon) & (event == 0))
    by_horizon = np.where(later, 0.0, early)
    name = f"an event by month {outcome.horizon:g}"
    asked = (
        Question("the follow-up time", "leak", value, False),
        Question("the event", "leak", event, True),
        Question(name, "leak", by_horizon, True),
    )
    return tuple(q for q in asked if not q.binary or _both_classes(q.value))


def _both_classes(value: Float[np.ndarray, " patient"]) -> bool:
    known = value[~np.isnan(value)]
    return bool((known == 0).sum() >= 5 and (known == 1).sum() >= 5)


def _spread(
    value: Float[np.ndarray, " row"],
    outcome: Outcome,
    patients: tuple[str, ...],
    rows: Int[np.ndarray, " row"],
) -> Float[np.ndarray, " patient"]:
    """First value of each patient."""
    found = pd.Series(value, index=[outcome.patient[i] for i in rows])
    found = found[~found.index.duplicated()]
    return found.reindex(list(patients)).to_numpy(dtype=float)
