"""Names of genes: which approved symbol stands behind a symbol, alias or database identifier."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import pandas as pd

from pathgnn.errors import GraphError
from pathgnn.paths import takes_paths

Names = Mapping[str, tuple[str, ...]]
# Kinds of names in the order in which one gene's features give way to each other.
KINDS = ("symbol", "letter case", "previous", "alias", "hgnc", "ensembl", "entrez", "uniprot")
# Column of the HGNC file -> kind; several values in one field stand between bars.
HGNC_COLUMNS: Mapping[str, str] = MappingProxyType(
    {
        "prev_symbol": "previous",
        "alias_symbol": "alias",
        "hgnc_id": "hgnc",
        "entrez_id": "entrez",
        "ensembl_gene_id": "ensembl",
        "uniprot_ids": "uniprot",
    }
)
# Version of an Ensembl id, isoform of a UniProt accession: not part of the gene's name.
TAIL: Mapping[str, re.Pattern[str]] = MappingProxyType(
    {"ensembl": re.compile(r"(?<=^ENSG\d{11})\.\d+(_PAR_Y)?$"), "uniprot": re.compile(r"-\d+$")}
)


class Hit(NamedTuple):
    """The symbols a name stands for, none if unknown, and what kind of name it is."""

    symbols: tuple[str, ...]
    how: str


@dataclass(frozen=True)
class Identifiers:
    """What names mean.

    Attributes:
        approved: Symbols that stand for themselves and nothing else.
        names: Kind of name -> name -> symbols.
        source: Where this is known from.
        called: Approved symbol -> the older name under which a graph holds the gene.
    """

    approved: frozenset[str] = frozenset()
    names: Mapping[str, Names] = field(default_factory=dict)
    source: str = ""
    called: Mapping[str, str] = field(default_factory=dict)

    def find(self, name: str) -> Hit:
        """What a name stands for; several symbols mean that it is ambiguous."""
        if name in self.approved:
            return Hit((self.called.get(name, name),), "symbol")
        found = {kind: self._under(kind, name) for kind in KINDS[1:]}
        hits = {kind: symbols for kind, symbols in found.items() if symbols}
        if not hits:
            return Hit((), "")
        # A name that was one gene's symbol and is another's alias could mean either.
        symbols = tuple(sorted({self.called.get(s, s) for listed in hits.values() for s in listed}))
        return Hit(symbols, next(iter(hits)))

    def _under(self, kind: str, name: str) -> tuple[str, ...]:
        known = self.names.get(kind, {})
        if kind in TAIL:
            name = TAIL[kind].sub("", name)
        if kind == "letter case":
            return known.get(name, known.get(name.casefold(), ()))
        return known.get(name, ())


@takes_paths
def read_hgnc(path: Path) -> Identifiers:
    """Approved symbols and their other names from HGNC's complete set (tsv, plain or gzipped).

    Raises:
        GraphError: an unreadable file or a missing column.
    """
    wanted = ["symbol", "status", *HGNC_COLUMNS]
    try:
        table = pd.read_csv(path, sep="\t", dtype=str, usecols=wanted, na_filter=False)
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise GraphError(
            f"{path} cannot be read as HGNC's complete set: {error}; `pathgnn graph fetch hgnc`"
        ) from error
    table = table[table["status"] == "Approved"]
    if table.empty:
        raise GraphError(f"{path} has no approved symbol; is it HGNC's complete set?")
    approved = frozenset(table["symbol"])
    names = {kind: _names(table, column) for column, kind in HGNC_COLUMNS.items()}
    names["letter case"] = _upper(approved)
    return Identifiers(approved, names, path.name)


def embedded(aliases: Names, symbols: Iterable[str]) -> Identifiers:
    """What the graph itself knows: its symbols and their aliases."""
    return Identifiers(frozenset(symbols), {"alias": aliases}, "the graph's own aliases")


def with_names(known: Identifiers, kind: str, names: Names, source: str) -> Identifiers:
    """The same identifiers and some more of one kind; what is known already stays as it is."""
    joined = {**names, **known.names.get(kind, {})}
    where = f"{known.source}, {source}".strip(", ")
    return Identifiers(known.approved, {**known.names, kind: joined}, where, known.called)


def _names(table: pd.DataFrame, column: str) -> dict[str, tuple[str, ...]]:
    listed = table.assign(name=table[column].str.split("|")).explode("name")
    listed = listed[listed["name"].fillna("").str.strip() != ""]
    listed["name"] = listed["name"].str.strip()
    return {str(n): tuple(sorted(set(group))) for n, group in listed.groupby("name")["symbol"]}


def _upper(symbols: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """C9ORF72 -> C9orf72: tables are often written in capitals."""
    out: dict[str, list[str]] = {}
    for symbol in sorted(symbols):
        if symbol.upper() != symbol:
            out.setdefault(symbol.upper(), []).append(symbol)
    return {name: tuple(listed) for name, listed in out.items()}
