"""Antibodies and phosphorylated sites to the genes that they measure."""

from __future__ import annotations

import re
from typing import NamedTuple

import pandas as pd

from pathgnn.cohort.genes import read_aliases
from pathgnn.files import shipped

# _pS473, _pT202_Y204, .Y1248, _S807;S811 at the end of a name; without the p only behind a mark.
SITE = re.compile(
    r"(?:[_\-. ]?(?P<p>p)(?=[STY]\d)|[_\-.:])(?P<site>[STY]\d+(?:[_/;.]?p?[STY]\d+)*)$", re.ASCII
)
RESIDUE = re.compile(r"[STY]\d+")
# TCPA's host and validation at the end of a name: -R-V, -M-C, .G.E.
VALIDATION = re.compile(r"[-_.][RMG][-_.](V|C|E|Q|QC|NA)$")
# R writes an X before a name that starts with a digit.
R_PREFIX = re.compile(r"^X(?=\d)")
# Caspase-7_cleavedD198, CASPASE7CLEAVEDD198, Caspase-7_cD198, Cleaved-PARP.
CLEAVED = re.compile(
    r"^cleaved[-_. ]?(?=.)|(?<!^)(?<!un)[-_. ]?cleaved.*$|[-_.](?-i:cD)\d{2,4}$", re.IGNORECASE
)
# Cutting switches these on; it takes PARP1 and most others apart, so those are left out.
ON_WHEN_CUT = re.compile(r"CASP\d+|NOTCH\d")
# Antibodies whose name is the approved symbol of another gene than theirs.
OTHER_GENES = frozenset({"EIF2A", "MYT1", "PDK1", "TTF1", "UGT1A"})
# So many names of a table must be those of antibodies before any is taken for one: PDK1 is an
# antibody against PDPK1 in the one table, and the gene PDK1 in the other.
FEWEST = 0.05


class Antibody(NamedTuple):
    """What a feature's name says: the genes it gives, the antibody, and the site.

    `marked` names are an antibody's; `as_gene` ones are a gene and its site, as in PDK1_S241;
    `cleaved` ones are an antibody's against the cut protein alone.
    """

    genes: tuple[str, ...]
    name: str
    site: str
    marked: bool
    as_gene: bool = False
    cleaved: bool = False


def proteins(features: pd.Index) -> pd.DataFrame:
    """Genes of the antibodies for whole proteins; those for a site are left out.

    So are those for a cut protein, unless the cut switches it on. Empty where the names look like
    those of genes rather than antibodies.
    """
    known, symbols = _known(), _symbols()
    read = {str(f): read_name(str(f)) for f in features}
    n_antibodies = sum(_is_antibody(f, a, known, symbols) for f, a in read.items())
    if n_antibodies < FEWEST * len(read):
        return _frame([])
    rows = []
    for feature, antibody in read.items():
        how = "cleaved form" if antibody.cleaved else "antibody"
        for gene in _genes(antibody, known):
            rows.append((feature, gene, _whole(antibody, gene), antibody.site, how))
    return _frame(rows)


def sites(features: pd.Index) -> pd.DataFrame:
    """Genes of the antibodies and peptides for a site; those without one are left out.

    Phosphorylation that is known to switch its protein off has weight -1. An antibody against
    several genes has one sign: its site is numbered as in one of them.
    """
    known, off, aliases = _known(), _inhibitory(), read_aliases(shipped("aliases.csv"))
    rows = []
    for feature in map(str, features):
        antibody = read_name(feature)
        genes = _genes(antibody, known)
        symbols = {symbol for gene in genes for symbol in aliases.get(gene, (gene,))}
        weight = _sign(symbols, antibody.site, off) if antibody.site else 0.0
        how = "gene and site" if antibody.as_gene else "antibody"
        rows += [(feature, gene, weight, antibody.site, how) for gene in genes]
    return _frame(rows)


def read_name(feature: str) -> Antibody:
    """The parts of a name such as AKT1 AKT2|Akt_pS473, AAK1_S21, ERBB2.Y1248 or HER2-M-V."""
    listed, _, name = feature.rpartition("|")
    genes = tuple(re.split(r"[\s,;/]+", listed.strip())) if listed.strip() else ()
    plain = VALIDATION.sub("", name.strip())
    found = SITE.search(plain)
    base = R_PREFIX.sub("", plain[: found.start()] if found else plain)
    whole = CLEAVED.sub("", base)
    residues = RESIDUE.findall(found["site"]) if found else []
    marked = bool(genes) or plain != name.strip()
    return Antibody(
        genes=genes,
        name=whole,
        site="_".join(residues),
        marked=marked,
        as_gene=found is not None and found["p"] is None and not marked and base.upper() == base,
        cleaved=whole != base,
    )


def _genes(antibody: Antibody, known: dict[str, tuple[str, ...]]) -> tuple[str, ...]:
    """Ours first: files annotate PDK1_pS241 with PDK1 (it is PDPK1), and p65 with NFKB1.

    RB_S807 is the antibody's Rb, for no gene has that symbol; PDK1_S241 stays with the gene PDK1.
    """
    if antibody.as_gene and antibody.name in OTHER_GENES:
        return (antibody.name,)
    return known.get(_key(antibody.name)) or antibody.genes or (antibody.name,)


def _whole(antibody: Antibody, gene: str) -> float:
    lost = antibody.cleaved and not ON_WHEN_CUT.fullmatch(gene)
    return 0.0 if antibody.site or lost else 1.0


def _sign(symbols: set[str], site: str, off: set[tuple[str, str]]) -> float:
    residues = RESIDUE.findall(site)
    return -1.0 if any((s, r) in off for s in symbols for r in residues) else 1.0


def _is_antibody(
    feature: str, antibody: Antibody, known: dict[str, tuple[str, ...]], symbols: frozenset[str]
) -> bool:
    genes = known.get(_key(antibody.name), ())
    named = bool(genes) and feature not in genes and feature not in symbols
    return antibody.marked or bool(antibody.site) or named


def _key(name: str) -> str:
    """Names in any case and with any marks are the same: 4E-BP1, 4E.BP1, 4ebp1."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _known() -> dict[str, tuple[str, ...]]:
    table = pd.read_csv(shipped("antibodies.csv"), dtype=str)
    return {
        _key(a): tuple(g.split(";")) for a, g in zip(table["antibody"], table["genes"], strict=True)
    }


def _symbols() -> frozenset[str]:
    """Names of antibodies that are, or were, symbols: a table of genes may have them, too."""
    table = pd.read_csv(shipped("aliases.csv"), dtype=str)
    return OTHER_GENES.union(table["alias"][table["kind"] == "previous"])


def _inhibitory() -> set[tuple[str, str]]:
    table = pd.read_csv(shipped("inhibitory_sites.csv"), dtype=str)
    return set(zip(table["gene"], table["site"], strict=True))


def _frame(rows: list[tuple[str, str, float, str, str]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["feature", "gene", "weight", "site", "how"])
    return frame.astype({"weight": float})
