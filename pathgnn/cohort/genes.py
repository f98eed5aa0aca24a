"""Identifiers: measured features to graph nodes by symbol or alias, all counted."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from pathgnn.errors import GraphError

PATTERNS: Mapping[str, re.Pattern[str]] = {
    "Ensembl ids": re.compile(r"ENSG\d{11}(\.\d+)?$"),
    "Entrez ids": re.compile(r"\d{1,9}$"),
    "UniProt accessions": re.compile(r"[OPQ]\d[A-Z0-9]{3}\d$|[A-NR-Z]\d[A-Z][A-Z0-9]{2}\d$"),
    "Affymetrix probes": re.compile(r"\d+(_[a-z])?_at$"),
}
EXCEL_DATE = re.compile(r"\d{1,2}-(Mar|Sep|Dec|Oct|Apr)$", re.IGNORECASE)


@dataclass(frozen=True)
class GeneMap:
    """Which feature stands for which gene, and how each was found."""

    gene_of: Mapping[str, str]
    how: Mapping[str, str]
    ambiguous: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)


def map_features(
    features: Iterable[str], genes: Iterable[str], aliases: Mapping[str, tuple[str, ...]]
) -> GeneMap:
    """Features of one omic mapped to graph genes.

    A feature that is a symbol of the graph stands for it. Otherwise it is looked up among the
    aliases; one that leads to two genes is refused, and an alias gives way to the gene's own
    symbol or to the alias met first, so each gene has one feature.
    """
    wanted, names = set(genes), list(dict.fromkeys(features))
    gene_of = {name: name for name in names if name in wanted}
    how = dict.fromkeys(gene_of, "symbol")
    ambiguous, unknown, taken = [], [], set(gene_of.values())
    for name in names:
        if name in gene_of:
            continue
        hits = tuple(g for g in aliases.get(name, ()) if g in wanted)
        if len(hits) > 1:
            ambiguous.append(name)
        elif hits and hits[0] not in taken:
            gene_of[name], how[name] = hits[0], "alias"
            taken.add(hits[0])
        else:
            unknown.append(name)
    return GeneMap(gene_of, how, tuple(ambiguous), tuple(unknown), Counter(how.values()))


def read_aliases(path: Path) -> dict[str, tuple[str, ...]]:
    """Alias or previous symbol -> approved symbols, from a table alias, symbol."""
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    return {str(a): tuple(sorted(set(group))) for a, group in table.groupby("alias")["symbol"]}


def name_identifier_type(features: Iterable[str]) -> str:
    """What kind of identifier most features look like; empty if they look like symbols."""
    sample = [str(f) for f in list(features)[:500]]
    if not sample:
        return ""
    for kind, pattern in PATTERNS.items():
        if sum(bool(pattern.match(f)) for f in sample) > 0.5 * len(sample):
            return kind
    return ""


def refuse_no_overlap(omics: Mapping[str, Iterable[str]], genes: Iterable[str]) -> GraphError:
    """The error for a cohort none of whose features is in the graph."""
    wanted = ", ".join(list(genes)[:3])
    for name, features in omics.items():
        found = list(features)
        kind = name_identifier_type(found)
        if kind:
            return GraphError(
                f"no feature of the cohort is in the graph: omic '{name}' has {kind} (such as "
                f"{found[0]}), the graph HGNC symbols (such as {wanted}); map them to symbols "
                "first, or give a feature map"
            )
    some = ", ".join(str(f) for f in list(next(iter(omics.values())))[:3])
    return GraphError(
        f"no feature of the cohort is in the graph: the cohort has {some}, the graph {wanted}; "
        "use HGNC symbols, or give a feature map (feature, gene, weight)"
    )


def excel_dates(features: Iterable[str]) -> tuple[str, ...]:
    """Features that a spreadsheet turned from SEPT, MARCH or DEC genes into dates."""
    return tuple(f for f in map(str, features) if EXCEL_DATE.match(f))
