"""Which settings a sweep ends with, what that does to a result, what reserved patients say."""

from __future__ import annotations

import math
from typing import NamedTuple

from pathgnn.benefit.metrics import Estimate
from pathgnn.benefit.verdict import ALPHA, Finding, Severity


class Rival(NamedTuple):
    """A trial by number: by how much its risk is below the study's own settings', and its p."""

    number: int
    ahead: float
    p: float


def choice_finding(chosen: Rival | None, least: Rival | None, level: float, n: int) -> Finding:
    """Which settings win among `n` trials and the study's own.

    Args:
        chosen: The trial whose settings win; None: the study's own.
        least: The trial of least risk; None: the study's own.
        level: p up to which a trial is clearly better.
        n: Trials that have been compared with the study's own.
    """
    if least is None:
        said = f"Your own settings win: none of {n} other trials has a lower risk."
        return Finding("note", "sweep", float("nan"), said)
    if chosen is None:
        known = not math.isnan(least.p)
        lead = ": nothing tried is clearly better than your own settings" if known else ""
        said = (
            f"Your own settings win{lead}. Trial {least.number} has the least risk, "
            f"{_ahead(least, n)} `sweep best --least-risk`, or level 1, takes it all the same."
        )
        return Finding("note", "sweep", least.p, said)
    if level == 1:
        said = f"Trial {chosen.number} wins, as at level 1 the least risk does: {_ahead(chosen, n)}"
        return Finding("warning", "sweep", chosen.p, said)
    said = (
        f"Trial {chosen.number} wins, clearly better than your own settings: its risk is "
        f"{_ahead(chosen, n)}"
    )
    if least.number != chosen.number:
        said += f" Trial {least.number} has less risk, but not clearly: p = {least.p:.2g}."
    return Finding("ok", "sweep", chosen.p, said)


def _ahead(trial: Rival, n: int) -> str:
    below = f"{trial.ahead:.4g} below theirs"
    if math.isnan(trial.p):
        return (
            f"{below}, but this sweep, of an older version, kept no losses of its trials, so "
            "nobody can tell that from chance; sweep anew under another --name."
        )
    return (
        f"{below}; were none better, the best of {n} would be so far ahead with p = {trial.p:.2g}."
    )


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
    """Did the sweep gain anything over the study's own settings, where it chose others?"""
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


def kept_finding() -> Finding:
    """The sweep chose the study's own settings."""
    said = "The winner is the study's own settings, so there is no gain to judge."
    return Finding("note", "sweep", 0.0, said)
