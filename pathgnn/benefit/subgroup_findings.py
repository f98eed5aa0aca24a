"""What the subgroups say in words: effects, calibration and error that differ between levels."""

from __future__ import annotations

import math

from pathgnn.benefit.subgroups import Subgroups
from pathgnn.benefit.verdict import ALPHA, Finding, Severity

CAUTION = "exploratory unless declared beforehand"
QUESTIONS: tuple[tuple[str, Severity, str], ...] = (
    ("effect", "note", "The effect differs between levels of"),
    ("calibration", "warning", "Predictions are off by different amounts between levels of"),
    ("error", "warning", "Predictions help some more than others between levels of"),
)


def subgroup_findings(found: tuple[Subgroups, ...]) -> tuple[Finding, ...]:
    """One finding per question over all columns of an arm; nothing where nothing was asked.

    Calibration or error that differs is a warning: predictions are worse for some people.
    """
    if not found:
        return ()
    out = []
    for question, severity, said in QUESTIONS:
        differ = {one.column: getattr(one.tests, question).q for one in found}
        differ = {column: q for column, q in differ.items() if q < ALPHA}
        if differ:
            named = ", ".join(f"{column} (q = {q:.2g})" for column, q in differ.items())
            sentence = f"{said} {named}; {CAUTION}. See the table of subgroups."
            out.append(Finding(severity, "subgroups", min(differ.values()), sentence))
    tested = [said for one in found if (said := _tested(one))]
    if not out and tested:
        said = f"No difference between levels is shown (q >= {ALPHA}): {'; '.join(tested)}."
        out.append(Finding("ok", "subgroups", 1.0, said))
    return tuple(out)


def _tested(one: Subgroups) -> str:
    """A column and what was tested by it; empty: nothing was."""
    named = [name for name, *_ in QUESTIONS if math.isfinite(getattr(one.tests, name).p)]
    return f"{one.column} ({', '.join(named)})" if named else ""
