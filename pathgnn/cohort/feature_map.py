"""Feature maps: which genes a measured feature stands for, from a table, a GMT or a manifest."""

from __future__ import annotations

import csv
import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from itertools import islice
from pathlib import Path

import pandas as pd

from pathgnn.cohort.attach import attach
from pathgnn.cohort.read_table import read_table
from pathgnn.errors import CohortError

# Of a probe of Illumina's methylation arrays: where it lies in each of its genes.
GENE_COLUMN, GROUP_COLUMN = "UCSC_RefGene_Name", "UCSC_RefGene_Group"
PROBE_COLUMNS = ("IlmnID", "Name")
# Methylation of these silences a gene; that of a gene's body or of its end does not.
PROMOTER = frozenset(["TSS200", "TSS1500", "5'UTR", "1stExon", "5UTR", "exon_1"])
# The header of a manifest comes within so many lines.
LONGEST_PREFACE = 20


def feature_map(path: Path | None, kind: str, features: pd.Index) -> pd.DataFrame | None:
    """The feature map in a file; without one, what the names themselves say; None if nothing."""
    return attach(kind, features) if path is None else read_feature_map(path)


def read_feature_map(path: Path) -> pd.DataFrame:
    """Table feature, gene, weight: which graph nodes a measured feature stands for.

    Args:
        path: A table feature, gene and perhaps weight (else 1); a GMT, whose sets are the
            features; or Illumina's manifest (csv), of which the probes in promoters are used.

    Raises:
        CohortError: unreadable, a column lacking, or a weight that is no number.
    """
    if ".gmt" in path.suffixes:
        return _from_gmt(path)
    preface = _preface(path)
    if preface is not None:
        return _from_manifest(path, preface)
    table = read_table(path).reset_index()
    absent = {"feature", "gene"} - set(table.columns)
    if absent:
        raise CohortError(
            f"{path.name} needs the columns feature, gene and perhaps weight; lacks "
            f"{sorted(absent)[0]!r}"
        )
    table = table.assign(weight=_weights(table, path))
    return _tidy(table.dropna(subset=["feature", "gene", "weight"]))


def _weights(table: pd.DataFrame, path: Path) -> pd.Series:
    if "weight" not in table:
        return pd.Series(1.0, index=table.index)
    weight = pd.to_numeric(table["weight"], errors="coerce")
    wrong = table["weight"][weight.isna() & table["weight"].notna()]
    if len(wrong):
        raise CohortError(f"{path.name}: weight {wrong.iloc[0]!r} is no number")
    return weight


def _from_gmt(path: Path) -> pd.DataFrame:
    rows = []
    for line in _lines(path):
        name, *rest = line.rstrip("\n").split("\t")
        rows += [(name.strip(), gene.strip(), 1.0) for gene in rest[1:] if gene.strip()]
    if not rows:
        raise CohortError(f"{path.name} holds no set of genes; is it a GMT (name, text, genes)?")
    return _tidy(pd.DataFrame(rows, columns=["feature", "gene", "weight"]))


def _preface(path: Path) -> int | None:
    """Lines before the header of a manifest; None if the file is none."""
    if ".csv" not in path.suffixes or not path.is_file():
        return None
    for number, line in enumerate(_lines(path, LONGEST_PREFACE)):
        if GENE_COLUMN in line:
            return number
    return None


def _from_manifest(path: Path, preface: int) -> pd.DataFrame:
    """Probes in promoters and their genes; a gene's value is the mean of them."""
    columns = [GENE_COLUMN, GROUP_COLUMN]
    try:
        with _opened(path) as handle:
            header = next(csv.reader(islice(handle, preface, None)))
        probes = [c for c in PROBE_COLUMNS if c in header]
        if not probes or not set(columns) <= set(header):
            raise CohortError(
                f"{path.name} looks like a manifest, but lacks IlmnID, {' or '.join(columns)}"
            )
        table = pd.read_csv(path, skiprows=preface, usecols=[*probes, *columns], dtype=str)
    except (ValueError, csv.Error) as error:
        raise CohortError(f"{path.name} is a damaged manifest: fetch it anew") from error
    # The newest arrays have cg25324105_BC11 in the one column, and cg25324105 in the other.
    table = table.melt(columns, probes, value_name="feature").dropna()
    table = table.rename(columns={GENE_COLUMN: "gene", GROUP_COLUMN: "group"})
    # One gene may be named once per transcript, the groups standing in the same order.
    for column in ("gene", "group"):
        table[column] = table[column].str.split(";")
    table = table[table["gene"].str.len() == table["group"].str.len()].explode(["gene", "group"])
    return _tidy(table[table["group"].isin(PROMOTER)].assign(weight=1.0))


def _tidy(table: pd.DataFrame) -> pd.DataFrame:
    out = table[["feature", "gene", "weight"]].drop_duplicates(["feature", "gene"])
    return out.astype({"feature": str, "gene": str, "weight": float}).reset_index(drop=True)


def _lines(path: Path, at_most: int | None = None) -> list[str]:
    try:
        with _opened(path) as handle:
            return list(islice(handle, at_most))
    except (OSError, EOFError, UnicodeDecodeError, zlib.error) as error:
        raise CohortError(f"{path.name} cannot be read ({error}); check the path") from error


@contextmanager
def _opened(path: Path) -> Iterator[TextIOWrapper]:
    plain = path.suffix != ".gz"
    with path.open("rb") if plain else gzip.open(path, "rb") as raw:
        yield TextIOWrapper(raw, encoding="utf-8")
