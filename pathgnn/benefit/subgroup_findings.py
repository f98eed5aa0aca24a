"""What the subgroups say in words: effects, calibration and error that differ between levels."""

from __future__ import annotations

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
    asked = ", ".join(one.column for one in found if not one.why_empty)
    if not out and asked:
        said = (
            f"By {asked}, neither effect, calibration nor error is shown to differ (q >= {ALPHA})."
        )
        out.append(Finding("ok", "subgroups", 1.0, said))
    return tuple(out)
