"""What a choice of settings by a sweep does to a result, and what reserved patients say of it."""

from __future__ import annotations

from pathgnn.benefit.metrics import Estimate
from pathgnn.benefit.verdict import ALPHA, Finding, Severity


def chosen_finding(chosen: str) -> Finding:
    """The patients of a run helped to choose its settings."""
    said = (
        f"The settings were chosen by a sweep ({chosen}). Where these are the same patients, tests "
        "and curves below are too good by what that choice gained; `pathgnn sweep verify` has a "
        "valid test on reserved patients."
    )
    return Finding("warning", "sweep", float("nan"), said)


def winner_finding(arm: str, n: int, autoc: Estimate, p: float) -> Finding:
    """The winner's ranking on patients that neither its weights nor its settings have seen."""
    numbers = (
        f"{arm}: on {n} reserved patients AUTOC {autoc.value:.3f} "
        f"({autoc.low:.3f} to {autoc.high:.3f}), p = {p:.2g}"
    )
    if p < ALPHA and autoc.value > 0:
        said = f"{numbers}: the winner ranks those who benefit more; valid if asked once."
        return Finding("ok", "sweep", p, said)
    said = f"{numbers}: not shown that the winner ranks those who benefit more."
    return Finding("note", "sweep", p, said)


def gained_finding(gained: Estimate) -> Finding:
    """Did the sweep gain anything over the study's own settings?"""
    severity: Severity
    numbers = f"risk {gained.value:.4g} lower ({gained.low:.4g} to {gained.high:.4g})"
    if gained.low > 0:
        severity, word = "ok", "better than"
    elif gained.high < 0:
        severity, word = "warning", "worse than"
    else:
        severity, word = "note", "not shown to be better than"
    said = f"On reserved patients the winner is {word} the study's own settings: {numbers}."
    return Finding(severity, "sweep", gained.value, said)
