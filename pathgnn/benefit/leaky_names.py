"""Leakage guard: columns that are called like an outcome."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import pairwise

from pathgnn.benefit.verdict import Finding

ENDPOINTS = ("os", "dfs", "pfs", "dss", "rfs", "efs", "pfi", "dfi", "dmfs", "mfs", "ttp", "css")
COUNTED: tuple[str, ...] = (
    "months",
    "month",
    "days",
    "day",
    "years",
    "year",
    "time",
    "status",
    "event",
    "censor",
)
COUNTED += ("censored", "mo", "mos", "m", "int")
# Runs of words; the words of a name are split at _ . - space and at a change of case.
PLAIN = (
    "vital status",
    "days to death",
    "days to last",
    "last follow up",
    "last followup",
    "last contact",
    "overall survival",
    "free survival",
    "specific survival",
    "survival time",
    "survival status",
    "survival months",
    "survival days",
    "time to event",
    "time to progression",
    "time to relapse",
    "time to recurrence",
    "time to death",
    "new tumor event",
    "new tumour event",
    "cause of death",
    "treatment outcome",
    "best response",
    "best average response",
)
# Enough in a covariate, but an omic may well have a signature "UV response".
IN_COVARIATES = (
    "survival",
    "survived",
    "survivor",
    "death",
    "dead",
    "deceased",
    "died",
    "alive",
    "recurrence",
    "recurred",
    "recurrent",
    "relapse",
    "relapsed",
    "progression",
    "progressed",
    "response",
    "responder",
    "nonresponder",
    "recist",
    "mrecist",
    "pcr",
    "p cr",
    "rcb",
    "censor",
    "censored",
    "censoring",
    "follow up",
    "followup",
    "tumor status",
    "tumour status",
    "disease status",
    "outcome",
    "event",
    *ENDPOINTS,
)
LEVELS = frozenset({"dead", "deceased", "died", "alive", "living", "relapsed", "recurred"})
# What was known before: a family's history, an earlier response, a method.
BEFORE = frozenset({"family", "history", "prior", "previous", "earlier", "baseline", "qpcr", "rt"})
NAMED = 4


def name_findings(covariates: Iterable[str], omics: dict[str, list[str]]) -> tuple[Finding, ...]:
    """Covariates and omic features whose names sound like an outcome."""
    out = []
    found = list(dict.fromkeys(c.split("=")[0] for c in covariates if sounds_like_outcome(c)))
    if found:
        said = f"Clinical covariates are called like an outcome: {_some(found)}. What is known "
        said += "only after treatment began must not be an input: take it out of `columns` in "
        said += "[cohort.clinical], unless it was known before."
        out.append(Finding("warning", "leak", float(len(found)), said))
    for omic, features in omics.items():
        found = [f for f in features if sounds_like_outcome(f, omic=True)]
        if found:
            said = f"Omic '{omic}' holds columns that are called like an outcome: {_some(found)}. "
            said += "Take them out of its file, or list what to use in its `columns`."
            out.append(Finding("warning", "leak", float(len(found)), said))
    return tuple(out)


def words(name: str) -> list[str]:
    """Lower-case words of a column's name: OSMonths, os_months and os.months are the same."""
    split = re.sub(r"([a-z0-9])([A-Z])|([A-Z]+)([A-Z][a-z])", r"\1\3 \2\4", name)
    return re.findall(r"[a-z]+|[0-9]+", split.lower())


def sounds_like_outcome(name: str, omic: bool = False) -> bool:
    """Is a column called like an outcome? "age", "stage" and "pr_status" are not."""
    column, _, level = name.partition("=")
    said = words(column)
    if BEFORE & set(said):
        return False
    text = f" {' '.join(said)} "
    counted = any(a in ENDPOINTS and b in COUNTED for a, b in pairwise(said))
    if counted or any(f" {run} " in text for run in PLAIN):
        return True
    if omic:
        return False
    if any(f" {run} " in text for run in IN_COVARIATES):
        return True
    return bool(LEVELS & set(words(level)))


def _some(names: list[str]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(f"'{n}'" for n in names[:NAMED]) + more
