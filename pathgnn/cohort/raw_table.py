"""A measured table before it is a patient's: samples x features, read whole or in blocks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd

# First columns that say: a row is a feature. What stands beside the names is no sample.
FEATURE_NAMES = ("Hugo_Symbol", "Composite.Element.REF", "Gene Symbol", "gene_name", "Protein")
# In lower case.
ANNOTATIONS = frozenset(
    {
        "hugo_symbol",
        "hgnc_symbol",
        "symbol",
        "gene symbol",
        "gene_name",
        "entrez_gene_id",
        "entrezid",
        "entrez",
        "ensembl_gene_id",
        "gene id",
        "gene_id",
        "locus id",
        "cytoband",
        "gene_type",
        "biotype",
        "gene_biotype",
        "entity_stable_id",
        "name",
        "description",
        "url",
        "length",
        "gene_length",
        "gene length",
        "width",
        "chr",
        "chrom",
        "chromosome",
        "start",
        "end",
        "start_position",
        "end_position",
        "strand",
    }
)


Blocks = Callable[[pd.Index | None], Iterator[pd.DataFrame]]


class RawTable(NamedTuple):
    """Values of an omic, by sample and feature.

    Attributes:
        ids: Samples, in the order of the rows of every block.
        features: Features; the columns of all blocks together.
        blocks: The table in parts, for all features (None) or those given: each part holds some
            samples or some features, and no cell comes twice.
        n_bytes: What the table takes in memory as float32.
        notes: What was decided while reading.
        is_stored: The values are not in memory: they are read with each block.
    """

    ids: pd.Index
    features: pd.Index
    blocks: Blocks
    n_bytes: int
    notes: tuple[str, ...] = ()
    is_stored: bool = False


def is_annotation(column: object) -> bool:
    """Does a column say something of a feature, beside the samples?"""
    return str(column).strip().lower() in ANNOTATIONS


def in_memory(table: pd.DataFrame, notes: tuple[str, ...] = ()) -> RawTable:
    """A table that is read already, as one block."""

    def blocks(features: pd.Index | None) -> Iterator[pd.DataFrame]:
        yield table if features is None else table[features]

    return RawTable(table.index, table.columns, blocks, 4 * table.size, notes)


def turned(table: pd.DataFrame) -> RawTable:
    """A table whose rows are features, the other way round; annotation columns are left out.

    Of rows with the same name the one with most values is used, of equals the first.
    """
    annotation = [c for c in table.columns if is_annotation(c)]
    values = table.drop(columns=annotation)
    named = _named_rows(table, values)
    kept, n_lost = _one_row_each(named)
    nameless = len(values) - len(named)
    said = {
        f"{n_lost} rows name a feature again; the fullest was kept": n_lost,
        f"{nameless} rows without a name were left out": nameless,
    }
    return in_memory(kept.T, tuple(text for text, n in said.items() if n))


def gather(
    raw: RawTable,
    rows: pd.Index,
    features: pd.Index | None,
    change: Callable[[pd.DataFrame], pd.DataFrame],
) -> pd.DataFrame:
    """Some samples and features in one table of float32, changed block by block.

    Args:
        raw: Where they come from.
        rows: Samples wanted.
        features: Features wanted; None: all.
        change: What becomes of each block: a function of single values.
    """
    columns = raw.features if features is None else features
    out = np.full((len(rows), len(columns)), np.nan, dtype=np.float32)
    for block in raw.blocks(features):
        there = rows.isin(block.index)
        part = change(block.reindex(rows[there]) if not block.index.equals(rows) else block)
        at_row, at_column = np.flatnonzero(there), columns.get_indexer(part.columns)
        if len(part.columns) and np.array_equal(
            at_column, np.arange(at_column[0], at_column[0] + len(at_column))
        ):
            out[at_row, at_column[0] : at_column[0] + len(at_column)] = part.to_numpy(np.float32)
        else:
            out[np.ix_(at_row, at_column)] = part.to_numpy(np.float32)
    return pd.DataFrame(out, index=rows, columns=columns, copy=False)


def _named_rows(table: pd.DataFrame, values: pd.DataFrame) -> pd.DataFrame:
    """Rows under their names; one without a symbol under its Entrez id, else left out."""
    names = pd.Series(values.index.astype(str), index=range(len(values)))
    nameless = names.isin(("", "nan", "NaN", "None"))
    for column in ("Entrez_Gene_Id", "Locus ID", "Gene ID"):
        if nameless.any() and column in table.columns:
            ids = pd.to_numeric(table[column], errors="coerce").reset_index(drop=True)
            names = names.where(~nameless | ids.isna(), ids.astype("Int64").astype(str))
            nameless &= ids.isna()
    return values[~nameless.to_numpy()].set_axis(pd.Index(names[~nameless]), axis=0)


def _one_row_each(table: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    if not table.index.has_duplicates:
        return table, 0
    filled = table.notna().sum(axis=1).to_numpy()
    order = np.lexsort((np.arange(len(table)), -filled))
    first = ~table.index[order].duplicated()
    return table.iloc[np.sort(order[first])], int((~first).sum())
