"""The omics of a cohort: small tables are held, large ones are read again when asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

import pandas as pd

from pathgnn.cohort.raw_table import RawTable, gather


class Stored(NamedTuple):
    """A table on disk: where it is, the sample of each patient, and what is done to its values."""

    raw: RawTable
    sample_of: pd.Series
    change: Callable[[pd.DataFrame], pd.DataFrame]

    def read(self, features: pd.Index | None = None) -> pd.DataFrame:
        """Patient x feature as float32, all features or some."""
        rows = pd.Index(self.sample_of)
        table = gather(self.raw, rows, features, self.change)
        table.index = self.sample_of.index
        return table


class Omics(Mapping[str, pd.DataFrame]):
    """Tables patient x feature by omic; one on disk is read each time it is asked for."""

    def __init__(self, tables: Mapping[str, pd.DataFrame | Stored]) -> None:
        self._tables = dict(tables)

    def __getitem__(self, name: str) -> pd.DataFrame:
        table = self._tables[name]
        return table.read() if isinstance(table, Stored) else table

    def __iter__(self) -> Iterator[str]:
        return iter(self._tables)

    def __len__(self) -> int:
        return len(self._tables)

    def is_held(self, name: str) -> bool:
        """Is the table in memory?"""
        return not isinstance(self._tables[name], Stored)

    def patients(self, name: str) -> pd.Index:
        """Patients of an omic, without reading its values."""
        table = self._tables[name]
        return table.sample_of.index if isinstance(table, Stored) else table.index

    def features(self, name: str) -> pd.Index:
        """Features of an omic, without reading its values."""
        table = self._tables[name]
        return table.raw.features if isinstance(table, Stored) else table.columns

    def shape(self, name: str) -> tuple[int, int]:
        """Patients and features of an omic."""
        return len(self.patients(name)), len(self.features(name))

    def some(self, name: str, features: pd.Index) -> pd.DataFrame:
        """Some features of an omic as a new table; a large one is read for these alone."""
        table = self._tables[name]
        return table.read(features) if isinstance(table, Stored) else table[features]

    def of(self, patients: tuple[str, ...]) -> Omics:
        """The same omics for some patients, in that order."""
        return Omics({name: _of(table, patients) for name, table in self._tables.items()})


def as_omics(tables: Mapping[str, pd.DataFrame]) -> Omics:
    """Tables in memory as omics."""
    return tables if isinstance(tables, Omics) else Omics(tables)


def _of(table: pd.DataFrame | Stored, patients: tuple[str, ...]) -> pd.DataFrame | Stored:
    if isinstance(table, Stored):
        there = [p for p in patients if p in table.sample_of.index]
        return table._replace(sample_of=table.sample_of[there])
    return table.reindex([p for p in patients if p in table.index])
