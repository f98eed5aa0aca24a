"""Several samples per patient: whose a sample is, and which one stands for the patient."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from pathgnn.cohort.read_table import read_table
from pathgnn.cohort.sources import SampleSource
from pathgnn.errors import CohortError

BARCODE = re.compile(r"(?P<patient>TCGA-[A-Z0-9]{2}-[A-Z0-9]{4})(-(?P<code>\d\d)[A-Z]?)?(-|$)")
# Sample types of TCGA: primaries before recurrences before metastases; 10 to 19 are normal.
CODES = ("01", "03", "09", "05", "02", "04", "40", "06", "07")
WORDS = ("primary", "recurr", "metasta")
NORMAL = re.compile(r"(?<!ab)normal|adjacent|healthy|germline", re.IGNORECASE)
# Normal samples that are not of the organ, as the GDC names them.
NOT_TISSUE = re.compile(r"blood|marrow|buccal|lymphoid|fibroblast|immortali[sz]ed", re.IGNORECASE)
# Of the normal samples of TCGA, those of the organ; others are of blood, skin or marrow.
NORMAL_TISSUE = "11"


class Samples(NamedTuple):
    """Which patient a sample belongs to, and how much it is preferred (0 first, -1 never).

    `said` tells the order of preference, `never` who is left out, `unlisted` which samples are in
    neither.
    """

    patient: pd.Series
    rank: pd.Series
    said: str
    never: str = "of normal tissue"
    unlisted: str = "that the table does not list"


def read_samples(source: SampleSource, data: Path) -> Samples | None:
    """The table of samples that a study names; None where it names none.

    Raises:
        CohortError: no such column, or a sample of two patients.
    """
    if not source.file:
        return None
    table = read_table(data / source.file, source.sample, (source.patient,))
    absent = [c for c in (source.patient, source.kind) if c and c not in table.columns]
    if absent or not source.patient:
        raise CohortError(
            f"{source.file} has no column {(absent or [''])[0]!r}; `patient` in [cohort.samples] "
            "names the column with the patient of each sample"
        )
    table = table[table[source.patient].notna()]
    patient = table[source.patient].astype(str).str.strip()
    shared = patient.groupby(level=0).nunique()
    if (shared > 1).any():
        raise CohortError(f"{source.file} gives {int((shared > 1).sum())} samples to two patients")
    first = ~table.index.duplicated()
    kind = table[source.kind].astype(str) if source.kind else pd.Series("", index=table.index)
    said = f"by {source.kind}" if source.kind else "first in the table"
    never = "of a type that `order` does not name" if source.order else "of normal tissue"
    return Samples(patient[first], _rank(kind, source)[first], said, never)


def barcodes(ids: Iterable[str]) -> Samples | None:
    """Patients and sample types that TCGA's barcodes name; None if there is no barcode."""
    found = {i: BARCODE.match(i) for i in ids}
    if not any(found.values()):
        return None
    patient = {i: m["patient"] for i, m in found.items() if m}
    rank = {i: _code_rank(m["code"]) for i, m in found.items() if m}
    said = "primary tumours first, by barcode"
    own = pd.Series(patient, dtype=object)
    return Samples(own, pd.Series(rank, dtype=int), said, unlisted="without a barcode of TCGA")


def normal_samples(source: SampleSource, data: Path) -> set[str]:
    """Samples that the table of samples calls normal tissue; none without a column of types.

    Blood, marrow and other normal samples that are not of the organ are none.
    """
    if not source.file or not source.kind:
        return set()
    table = read_table(data / source.file, source.sample, (source.patient,))
    kind = table[source.kind].astype(str)
    return set(table.index[kind.str.contains(NORMAL) & ~kind.str.contains(NOT_TISSUE)])


def normal_barcodes(ids: Iterable[str]) -> set[str]:
    """Samples of normal tissue by TCGA's barcodes."""
    found = {i: BARCODE.match(i) for i in ids}
    return {i for i, m in found.items() if m and m["code"] == NORMAL_TISSUE}


def choose(ids: pd.Index, samples: Samples, spread: pd.Series) -> tuple[pd.Series, str]:
    """The sample that stands for each patient, and a sentence on the others.

    Of a patient's samples the best type goes first, then the one that most omics have, then
    the order of the table. Normal tissue never stands for a tumour.

    Args:
        ids: Samples of one omic.
        samples: Whose they are and what type; samples it does not list are left out.
        spread: In how many omics each sample was measured.

    Returns:
        Sample by patient.
    """
    known = pd.DataFrame({"sample": ids}).reset_index(names="place")
    known["patient"] = known["sample"].map(samples.patient)
    known["rank"] = known["sample"].map(samples.rank)
    known["omics"] = known["sample"].map(spread).fillna(0)
    listed = known.dropna(subset=["patient"])
    used = listed[listed["rank"] >= 0].sort_values(
        ["rank", "omics", "place"], ascending=[True, False, True], kind="stable"
    )
    best = used.drop_duplicates("patient").sort_values("place")
    parts = []
    if len(used) > len(best):
        parts.append(f"{len(used) - len(best)} further samples of a patient left out")
    if len(listed) > len(used):
        parts.append(f"{len(listed) - len(used)} samples {samples.never} left out")
    if len(known) > len(listed):
        parts.append(f"{len(known) - len(listed)} samples {samples.unlisted} left out")
    said = f"one sample per patient, {samples.said}: " + "; ".join(parts) if parts else ""
    return best.set_index("patient")["sample"], said


def _rank(kind: pd.Series, source: SampleSource) -> pd.Series:
    if source.order:
        place = {value: i for i, value in enumerate(source.order)}
        return kind.map(place).fillna(-1).astype(int)
    lower = kind.str.lower()
    rank = pd.Series(len(WORDS), index=kind.index)
    for i, word in reversed(list(enumerate(WORDS))):
        rank = rank.mask(lower.str.contains(word), i)
    return rank.mask(kind.str.contains(NORMAL), -1).astype(int)


def _code_rank(code: str | None) -> int:
    if code is None:
        return 0
    if code.startswith("1"):
        return -1
    return CODES.index(code) if code in CODES else len(CODES)
