"""Which rows of a list of variants are calls that count: by status, and by filter."""

from __future__ import annotations

import re

import pandas as pd

from pathgnn.cohort.effects import LEFT_OUT

# Mutation_Status of what a tumour did not acquire, or what nobody called.
NO_MUTATION = frozenset(("none", "loh", "wildtype", "uncalled", "redacted"))
# FILTER of what passed. The last ones tell how the DNA was prepared and matched, not of a variant.
PASSED = frozenset(("pass", "wga", "native_wga_mix", "nonpreferredpair"))
SAYS_NOTHING = frozenset(("", ".", "nan", "na"))


def leave_out(rows: pd.DataFrame, judged_by_filter: bool) -> tuple[str, ...]:
    """Marks rows that do not count, in place: effect "Left_Out", no hotspot; sentences on it.

    Args:
        rows: With `effect` and `is_hotspot`, and where the file has them `status` and `filter`.
        judged_by_filter: Does the file's filter decide?
    """
    notes = []
    if "status" in rows:
        status = _words(rows["status"])
        notes += _mark(rows, status.str.lower().isin(NO_MUTATION), status, "no somatic mutation")
        if n := int(status.str.lower().eq("germline").sum()):
            notes.append(f"{n} germline variants count as mutations like the somatic ones")
    if "filter" in rows and judged_by_filter:
        words = _words(rows["filter"])
        each = {word: set(re.split("[;,]", word.lower())) for word in words.unique()}
        failed = words.map({w: not s <= PASSED | SAYS_NOTHING for w, s in each.items()})
        if failed.any() and not any(s & PASSED for s in each.values()):
            notes.append(f"no FILTER says PASS ({_some(words)}), so none decides")
        else:
            notes += _mark(rows, failed, words, "not passed")
    return tuple(notes)


def _mark(rows: pd.DataFrame, out: pd.Series, words: pd.Series, why: str) -> list[str]:
    rows.loc[out, "effect"] = LEFT_OUT
    rows.loc[out, "is_hotspot"] = False
    n = int(out.sum())
    return [f"{n} variants are {why} ({_some(words[out])}) and left out"] if n else []


def _words(column: pd.Series) -> pd.Series:
    return column.fillna("").astype(str).str.strip()


def _some(words: pd.Series) -> str:
    return ", ".join(map(repr, words.value_counts().index[:3]))
