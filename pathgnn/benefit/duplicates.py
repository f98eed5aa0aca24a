"""Patients who are in the cohort twice: the same profile under two ids."""

from __future__ import annotations

import hashlib
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float, Int

from pathgnn.benefit.verdict import Finding
from pathgnn.cohort.cohort import Outcome
from pathgnn.cohort.pieces import pieces
from pathgnn.cohort.pseudonym import pseudonym

# Correlation of profiles over genes that are centred per gene; replicates reach .98, sibs do not.
NEAR = 0.98
FEWEST_FOR_NEAR, FEATURES_COMPARED = 200, 500
FEWEST_MUTATED, FEWEST_VALUES = 5, 20
NEAR_KINDS = frozenset({"expression", "protein", "methylation"})
ROWS_AT_ONCE = 1000
# Features of a piece in which different values are counted.
COUNTED = 200
MOST_PAIRS = 5000


class Pair(NamedTuple):
    """Two patients, by their places in the cohort, and how alike they are in one omic."""

    first: int
    second: int
    omic: str
    alike: float


def duplicates_in(
    name: str, kind: str, table: pd.DataFrame, patients: tuple[str, ...]
) -> tuple[Pair, ...]:
    """Pairs with the same or nearly the same profile in one omic.

    Mutation: the same five or more genes. Else: 20 or more different values and all the same, or,
    for expression, protein and methylation with 200 features or more, a correlation of .98.
    Copy number called in a few levels says nothing: quiet genomes are alike.
    """
    places = pd.Index(patients).get_indexer(table.index)
    keys = (_mutation_keys if kind == "mutation" else _value_keys)(table, patients)
    pairs = {p: 1.0 for p in _equal(keys)}
    if kind in NEAR_KINDS and table.shape[1] >= FEWEST_FOR_NEAR:
        for a, b, r in _near(table, patients, np.sort(places[places >= 0])):
            pairs.setdefault((a, b), r)
    return tuple(Pair(a, b, name, r) for (a, b), r in sorted(pairs.items())[:MOST_PAIRS])


def duplicates_finding(
    pairs: tuple[Pair, ...], outcome: Outcome, patients: tuple[str, ...]
) -> tuple[Finding, ...]:
    """How many pairs, and how many of them differ in arm or outcome; names nobody."""
    if not pairs:
        return (Finding("ok", "duplicates", 0.0, "No two patients have the same profile."),)
    both, arm, value = differs(pairs, outcome, patients)
    said = f"{len(both)} pairs of patients have the same or nearly the same profile; "
    said += f"{int(arm.sum())} of them are in different arms, {int(value.sum())} have different "
    said += "outcomes. Somebody who is there twice is in training and test at once: keep one row "
    said += "each, or name a column that says who belongs together as `group` in [cohort.beside]; "
    said += "duplicates.csv lists them by row number."
    return (Finding("warning", "duplicates", float(len(both)), said),)


def to_table(pairs: tuple[Pair, ...], outcome: Outcome, patients: tuple[str, ...]) -> pd.DataFrame:
    """One row per pair of patients under their row numbers, as in the tables of a run."""
    both, arm, value = differs(pairs, outcome, patients)
    omics, alike = dict[tuple[int, int], list[str]](), dict[tuple[int, int], float]()
    for p in pairs:
        key = (p.first, p.second)
        omics.setdefault(key, []).append(p.omic)
        alike[key] = max(alike.get(key, 0.0), p.alike)
    return pd.DataFrame(
        {
            "patient_a": [pseudonym(a) for a, _ in both],
            "patient_b": [pseudonym(b) for _, b in both],
            "omics": [";".join(omics[key]) for key in both],
            "alike": [round(alike[key], 4) for key in both],
            "same_arm": ~arm,
            "same_outcome": ~value,
        }
    )


def differs(
    pairs: tuple[Pair, ...], outcome: Outcome, patients: tuple[str, ...]
) -> tuple[list[tuple[int, int]], Bool[np.ndarray, " pair"], Bool[np.ndarray, " pair"]]:
    """Pairs over all omics; are arm, and outcome, different? By each patient's first row."""
    both = sorted({(p.first, p.second) for p in pairs})
    first = pd.Series(range(len(outcome.patient)), index=list(outcome.patient))
    row = first[~first.index.duplicated()].reindex(list(patients)).to_numpy(dtype=int)
    a, b = (row[np.array([pair[i] for pair in both], dtype=int)] for i in (0, 1))
    same = np.isclose(outcome.value[a], outcome.value[b]) & (outcome.event[a] == outcome.event[b])
    return both, outcome.arm[a] != outcome.arm[b], ~same


def _mutation_keys(table: pd.DataFrame, patients: tuple[str, ...]) -> dict[int, bytes]:
    """Per patient with enough of them, the mutated genes."""
    keys: dict[int, bytes] = {}
    mutated = [np.packbits(np.nan_to_num(p.values) != 0, axis=1) for p in pieces(table, patients)]
    n = sum(np.bitwise_count(part).sum(1, dtype=int) for part in mutated)
    for i in np.flatnonzero(n >= FEWEST_MUTATED):
        keys[int(i)] = b"".join(part[i].tobytes() for part in mutated)
    return keys


def _value_keys(table: pd.DataFrame, patients: tuple[str, ...]) -> dict[int, bytes]:
    """Per patient with enough different values, the values."""
    rows: list[list[bytes]] = [[] for _ in patients]
    different = np.zeros(len(patients), dtype=int)
    for piece in pieces(table, patients):
        step = max(1, len(piece.features) // COUNTED)
        ordered = np.sort(piece.values[:, ::step], axis=1)
        new = (np.diff(ordered, axis=1) > 0).sum(1) + ~np.isnan(ordered[:, 0])
        different = np.maximum(different, new)
        for i, row in enumerate(np.nan_to_num(piece.values, nan=np.inf) + np.float32(0)):
            rows[i].append(hashlib.blake2b(row.tobytes(), digest_size=16).digest())
    return {int(i): b"".join(rows[i]) for i in np.flatnonzero(different >= FEWEST_VALUES)}


def _equal(keys: dict[int, bytes]) -> list[tuple[int, int]]:
    """Neighbours among those with the same key; three alike make two pairs."""
    by_key: dict[bytes, list[int]] = {}
    for place, key in keys.items():
        by_key.setdefault(key, []).append(place)
    return [pair for same in by_key.values() for pair in pairwise(same)]


def _near(
    table: pd.DataFrame, patients: tuple[str, ...], places: Int[np.ndarray, " measured"]
) -> list[tuple[int, int, float]]:
    """Pairs whose profiles over the most variable features correlate, features standardised."""
    z = _standardised(table, tuple(patients[i] for i in places))
    z /= np.sqrt((z**2).sum(1, keepdims=True)).clip(1e-6)
    out = []
    for start in range(0, len(z), ROWS_AT_ONCE):
        r = z[start : start + ROWS_AT_ONCE] @ z.T
        for i, j in np.argwhere(r >= NEAR):
            if start + i < j:
                out.append((int(places[start + i]), int(places[j]), float(min(r[i, j], 1.0))))
    return out


def _standardised(
    table: pd.DataFrame, patients: tuple[str, ...]
) -> Float[np.ndarray, "patient feature"]:
    """The features that vary most, mean 0 and variance 1, gaps at 0."""
    spread = np.concatenate([_spread(p.values) for p in pieces(table, patients)])
    best = np.sort(np.argsort(-spread, kind="stable")[:FEATURES_COMPARED])
    best = best[spread[best] > 0]
    x = next(pieces(table.iloc[:, best], patients, size=max(1, len(best)))).values
    seen = ~np.isnan(x)
    mean = np.nansum(x, 0) / seen.sum(0).clip(1)
    return np.asarray(np.where(seen, (x - mean) / np.sqrt(spread[best]), 0), dtype=np.float32)


def _spread(values: Float[np.ndarray, "patient feature"]) -> Float[np.ndarray, " feature"]:
    """Variance over the measured patients; 0 where hardly anybody was."""
    seen = ~np.isnan(values)
    n = seen.sum(0)
    mean = np.nansum(values, 0) / n.clip(1)
    variance = np.where(seen, (values - mean) ** 2, 0).sum(0) / n.clip(1)
    return np.asarray(np.where(n > len(values) / 2, variance, 0.0), dtype=float)
