"""Antibodies and phosphorylated sites to the genes that they measure."""

from __future__ import annotations

import re
from typing import NamedTuple

import pandas as pd

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
# Caspase-7_cleavedD198: the active form, taken for the protein.
CLEAVED = re.compile(r"[-_. ]cleaved.*$", re.IGNORECASE)
# So many names of a table must be those of antibodies before any is taken for one: PDK1 is an
# antibody against PDPK1 in the one table, and the gene PDK1 in the other.
FEWEST = 0.05


class Antibody(NamedTuple):
    """What a feature's name says: the genes it gives, the antibody, and the site.

    `marked` names are an antibody's; `as_gene` ones are a gene and its site, as in PDK1_S241.
    """

    genes: tuple[str, ...]
    name: str
    site: str
    marked: bool
    as_gene: bool = False


def proteins(features: pd.Index) -> pd.DataFrame:
    """Genes of the antibodies for whole proteins; those for a site are left out.

    Empty where the names look like those of genes rather than antibodies.
    """
    known = _known()
    read = {str(f): read_name(str(f)) for f in features}
    n_antibodies = sum(_is_antibody(f, a, known) for f, a in read.items())
    if n_antibodies < FEWEST * len(read):
        return _frame([])
    rows = []
    for feature, antibody in read.items():
        for gene in _genes(antibody, known):
            rows.append((feature, gene, 0.0 if antibody.site else 1.0, antibody.site, "antibody"))
    return _frame(rows)


def sites(features: pd.Index) -> pd.DataFrame:
    """Genes of the antibodies and peptides for a site; those without one are left out.

    Phosphorylation that is known to switch its protein off has weight -1.
    """
    known, off = _known(), _inhibitory()
    rows = []
    for feature in map(str, features):
        antibody = read_name(feature)
        for gene in _genes(antibody, known):
            residues = RESIDUE.findall(antibody.site)
            weight = -1.0 if any((gene, r) in off for r in residues) else 1.0
            how = "gene and site" if antibody.as_gene else "antibody"
            rows.append((feature, gene, weight if antibody.site else 0.0, antibody.site, how))
    return _frame(rows)


def read_name(feature: str) -> Antibody:
    """The parts of a name such as AKT1 AKT2|Akt_pS473, AAK1_S21, ERBB2.Y1248 or HER2-M-V."""
    listed, _, name = feature.rpartition("|")
    genes = tuple(re.split(r"[\s,;/]+", listed.strip())) if listed.strip() else ()
    plain = VALIDATION.sub("", name.strip())
    found = SITE.search(plain)
    base = plain[: found.start()] if found else plain
    residues = RESIDUE.findall(found["site"]) if found else []
    marked = bool(genes) or plain != name.strip()
    return Antibody(
        genes=genes,
        name=CLEAVED.sub("", R_PREFIX.sub("", base)),
        site="_".join(residues),
        marked=marked,
        as_gene=found is not None and found["p"] is None and not marked and base.upper() == base,
    )


def _genes(antibody: Antibody, known: dict[str, tuple[str, ...]]) -> tuple[str, ...]:
    """Ours first: files annotate PDK1_pS241 with PDK1 (it is PDPK1), and p65 with NFKB1."""
    if antibody.as_gene:
        return (antibody.name,)
    return known.get(_key(antibody.name)) or antibody.genes or (antibody.name,)


def _is_antibody(feature: str, antibody: Antibody, known: dict[str, tuple[str, ...]]) -> bool:
    genes = known.get(_key(antibody.name), ())
    named = bool(genes) and feature not in genes and feature.upper() != feature
    return antibody.marked or bool(antibody.site) or named


def _key(name: str) -> str:
    """Names in any case and with any marks are the same: 4E-BP1, 4E.BP1, 4ebp1."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _known() -> dict[str, tuple[str, ...]]:
    table = pd.read_csv(shipped("antibodies.csv"), dtype=str)
    return {
        _key(a): tuple(g.split(";")) for a, g in zip(table["antibody"], table["genes"], strict=True)
    }


def _inhibitory() -> set[tuple[str, str]]:
    table = pd.read_csv(shipped("inhibitory_sites.csv"), dtype=str)
    return set(zip(table["gene"], table["site"], strict=True))


def _frame(rows: list[tuple[str, str, float, str, str]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["feature", "gene", "weight", "site", "how"])
    return frame.astype({"weight": float})
