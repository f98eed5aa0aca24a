"""Measured features to genes of a graph, each way counted and nothing lost silently."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from pathgnn.cohort.identifiers import KINDS, Identifiers
from pathgnn.errors import GraphError

PATTERNS: Mapping[str, re.Pattern[str]] = {
    "Ensembl ids": re.compile(r"ENSG\d{11}(\.\d+)?$"),
    "Entrez ids": re.compile(r"\d{1,9}$"),
    "UniProt accessions": re.compile(r"[OPQ]\d[A-Z0-9]{3}\d$|[A-NR-Z]\d[A-Z][A-Z0-9]{2}\d$"),
    "Affymetrix probes": re.compile(r"\d+(_[a-z])?_at$"),
    "mouse symbols": re.compile(r"[A-Z][a-z]+\d*[a-z]?\d*$"),
}
# 2-Sep, Sep-02, 2-Sep-19, 2023-09-02: what a spreadsheet made of SEPT2 and its like.
EXCEL_DATE = re.compile(
    r"(\d{1,2}-(?P<a>Mar|Sep|Dec|Oct|Apr|Feb)(-\d{2,4})?"
    r"|(?P<b>Mar|Sep|Dec|Oct|Apr|Feb)-\d{1,2}"
    r"|(19|20)\d\d-(02|03|04|09|10|12)-\d\d( 00:00:00)?)$",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class GeneMap:
    """Which feature stands for which gene, how each was found, and what became of the others.

    Attributes:
        gene_of: Feature -> gene of the graph; each gene once.
        how: Feature -> symbol, letter case, previous, alias, hgnc, ensembl, entrez, uniprot; joined
            with a feature of the same gene.
        ambiguous: Feature -> the genes it could be; refused.
        duplicates: Feature -> gene of the graph for which another feature stands already.
        elsewhere: Feature -> gene that is known but not in the graph.
        unknown: Features that no table knows.
        dates: Unknown features that look like dates of a spreadsheet.
        left_out: Features that a feature map knows and leaves out, such as sites among proteins.
        spread: (feature, gene) pairs of a feature map, in which a feature may have several genes,
            or of mutations, in which a gene may have several features.
    """

    gene_of: Mapping[str, str]
    how: Mapping[str, str]
    ambiguous: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    duplicates: Mapping[str, str] = field(default_factory=dict)
    elsewhere: Mapping[str, str] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()
    dates: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    spread: tuple[tuple[str, str], ...] = ()

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """All (feature, gene) pairs that are used."""
        return self.spread or tuple(self.gene_of.items())

    @property
    def counts(self) -> Mapping[str, int]:
        """Mapped features per kind of name."""
        return Counter(self.how.values())

    def to_frame(self) -> pd.DataFrame:
        """A row per feature, and gene of a feature map: feature, status, gene, how."""
        rows = [(f, "mapped", g, self.how[f]) for f, g in self.pairs]
        rows += [(f, "ambiguous", " or ".join(genes), "") for f, genes in self.ambiguous.items()]
        rows += [(f, "duplicate", gene, "") for f, gene in self.duplicates.items()]
        rows += [(f, "not in graph", gene, "") for f, gene in self.elsewhere.items()]
        rows += [(f, "left out", "", "") for f in self.left_out]
        dates = set(self.dates)
        rows += [(f, "spreadsheet date" if f in dates else "unknown", "", "") for f in self.unknown]
        return pd.DataFrame(rows, columns=["feature", "status", "gene", "how"])


def map_features(features: Iterable[str], genes: Iterable[str], known: Identifiers) -> GeneMap:
    """Features of one omic mapped to graph genes.

    A symbol of the graph stands for itself. Any other name is looked up; one that could mean two
    genes is refused. Of several features of one gene the better kind of name wins (in the order
    of `KINDS`), of equals the one met first; the others are listed as duplicates.
    """
    wanted, names = set(genes), [str(f) for f in dict.fromkeys(features)]
    hits: list[tuple[int, int, str, str, str]] = []
    ambiguous: dict[str, tuple[str, ...]] = {}
    elsewhere: dict[str, str] = {}
    unknown: list[str] = []
    for place, name in enumerate(names):
        symbols, how = ((name,), "symbol") if name in wanted else known.find(name)
        if len(symbols) > 1:
            ambiguous[name] = symbols
        elif not symbols:
            unknown.append(name)
        elif symbols[0] in wanted:
            hits.append((KINDS.index(how), place, name, symbols[0], how))
        else:
            elsewhere[name] = symbols[0]
    gene_of, how_of, duplicates = _one_per_gene(hits)
    return GeneMap(
        gene_of, how_of, ambiguous, duplicates, elsewhere, tuple(unknown), excel_dates(unknown)
    )


def read_aliases(path: Path) -> dict[str, tuple[str, ...]]:
    """Alias or previous symbol -> approved symbols, from a table alias, symbol."""
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    return {str(a): tuple(sorted(set(group))) for a, group in table.groupby("alias")["symbol"]}


def name_identifier_type(omic: str, features: Iterable[str]) -> str:
    """What kind of identifier most features look like; empty if they look like symbols."""
    sample = [str(f) for f in list(features)[:500]]
    for kind, pattern in PATTERNS.items():
        if sum(bool(pattern.match(f)) for f in sample) > 0.5 * len(sample):
            # Lactate and Pyruvate look like symbols of mice.
            metabolic = omic.lower().startswith("metabol")
            return "" if kind == "mouse symbols" and metabolic else kind
    return ""


def refuse_no_overlap(omics: Mapping[str, Iterable[str]], genes: Iterable[str]) -> GraphError:
    """The error for a cohort none of whose features is in the graph."""
    wanted = ", ".join(list(genes)[:3])
    for name, features in omics.items():
        found = list(features)
        if kind := name_identifier_type(name, found):
            return GraphError(
                f"no feature of the cohort is in the graph: omic '{name}' has {kind} (such as "
                f"{found[0]}), the graph HGNC symbols (such as {wanted}); {_remedy(kind)}"
            )
    some = ", ".join(str(f) for f in list(next(iter(omics.values())))[:3])
    return GraphError(
        f"no feature of the cohort is in the graph: the cohort has {some}, the graph {wanted}; "
        "use HGNC symbols, give `hgnc` in [graph], or a feature map (feature, gene, weight)"
    )


def excel_dates(features: Iterable[str]) -> tuple[str, ...]:
    """Features that a spreadsheet turned from SEPT, MARCH or DEC genes into dates."""
    return tuple(f for f in map(str, features) if EXCEL_DATE.match(f))


def _remedy(kind: str) -> str:
    if kind == "Affymetrix probes":
        return "give the array's annotation as a feature map (feature, gene, weight)"
    if kind == "mouse symbols":
        return "map them to their human orthologues first"
    return "give HGNC's complete set as `hgnc` in [graph], which maps them"


def _one_per_gene(
    hits: list[tuple[int, int, str, str, str]],
) -> tuple[dict[str, str], dict[str, str], dict[str, str]]:
    """gene_of, how and duplicates from (rank, place, feature, gene, how), in feature order."""
    best: dict[str, str] = {}
    for _, _, name, gene, _ in sorted(hits):
        best.setdefault(gene, name)
    ordered = sorted(hits, key=lambda hit: hit[1])
    gene_of = {name: gene for _, _, name, gene, _ in ordered if best[gene] == name}
    how = {name: h for _, _, name, _, h in ordered if name in gene_of}
    duplicates = {name: gene for _, _, name, gene, _ in ordered if name not in gene_of}
    return gene_of, how, duplicates
