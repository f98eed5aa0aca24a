"""PSI-MITAB 2.5 to 2.8: molecular interactions of IntAct, MINT, mentha, BioGRID and others."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from pathgnn.errors import GraphError
from pathgnn.graph.assemble import assemble
from pathgnn.graph.graph import PathwayGraph
from pathgnn.graph.tables import provenance_of, read_lines

COLUMNS = 15
# The 36th column of 2.6 and later says that the partners were seen not to interact.
NEGATIVE = 35
# Genetic interactions (MI:0208 and its children, by number or by name) are between mutations, not
# molecules: synthetic lethality joins genes of two pathways.
GENETIC = re.compile(r"MI:(?:0208|079[4-9]|093[2-5]|2402)\b|genetic|multigenic", re.IGNORECASE)
HUMAN = re.compile(r"taxid:9606(?!\d)")
GENE_NAME = re.compile(r'uniprotkb:"?([^"|(]{1,60})"?\(gene name\)')
SHORT_NAME = re.compile(r'psi-mi:"?([^"|(]{1,60})"?\(display_short\)')
LOCUS = re.compile(r'entrez gene/locuslink:"?([^"|(]{1,60})"?(?:\||$)')
SCORE = re.compile(r"(?:miscore|-score):(\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)")
TERM = re.compile(r"\(([^()]{1,200})\)")


def from_psi_mitab(path: Path) -> PathwayGraph:
    """Interactions between human molecules: undirected, sign 0, the interaction type as mechanism.

    The symbol is the alias `uniprotkb:...(gene name)`, else `psi-mi:...(display_short)`, else the
    `entrez gene/locuslink:` among the alternative identifiers, as BioGRID writes it. Rows without
    one, of other species, of genetic interactions, or marked as negative are left out. The
    confidence is the first score in the confidence column, `intact-miscore:` or `mentha-score:`
    for instance; NaN without one.

    Args:
        path: Tabs between, with or without a header that starts with `#`; the first 15 columns
            are the same in all versions.

    Raises:
        GraphError: an unreadable file, a line of fewer columns, or no human interaction in it.

    Source: Kerrien et al., BMC Biol 2007, 5:44; the columns as HUPO-PSI documents them.
    """
    rows: list[tuple[str, str, str, float]] = []
    n_human = 0
    for fields in _human(path):
        n_human += 1
        source, target = (_symbol(fields[4 + end], fields[2 + end]) for end in (0, 1))
        if source and target:
            rows.append((source, target, _term(_physical(fields[11])[0]), _score(fields[14])))
    if not rows:
        raise GraphError(
            f"{path.name}: {n_human} human interactions (taxid:9606, none genetic), and none names "
            "both genes; it wants an alias such as uniprotkb:TP53(gene name) or "
            "psi-mi:TP53(display_short)"
        )
    columns = ["source", "target", "mechanism", "confidence"]
    return assemble(pd.DataFrame(rows, columns=columns).assign(directed=False), provenance_of(path))


def _human(path: Path) -> Iterator[list[str]]:
    for number, line in enumerate(read_lines(path), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        fields = line.split("\t")
        if len(fields) < COLUMNS:
            raise GraphError(
                f"{path.name}, line {number}: {len(fields)} columns, PSI-MITAB has {COLUMNS} or "
                f"more; it starts with {line[:40]!r}; download it again"
            )
        negative = len(fields) > NEGATIVE and fields[NEGATIVE].strip().lower() == "true"
        human = HUMAN.search(fields[9]) and HUMAN.search(fields[10])
        if human and not negative and _physical(fields[11]):
            yield fields


def _physical(types: str) -> list[str]:
    """The types of an interaction without genetic ones; several stand with `|` between."""
    return [one for one in types.split("|") if not GENETIC.search(one)]


def _symbol(aliases: str, others: str) -> str:
    found = GENE_NAME.search(aliases) or SHORT_NAME.search(aliases) or LOCUS.search(others)
    return found[1].strip() if found else ""


def _term(text: str) -> str:
    """The name of the first term: psi-mi:"MI:0915"(physical association)."""
    found = TERM.search(text)
    return found[1].strip() if found else ""


def _score(text: str) -> float:
    found = SCORE.search(text)
    return float(found[1]) if found else float("nan")
