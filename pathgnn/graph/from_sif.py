"""Cytoscape's simple interaction format, and what its relation words mean."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from pathgnn.errors import GraphError
from pathgnn.graph.assemble import assemble
from pathgnn.graph.graph import PathwayGraph
from pathgnn.graph.tables import provenance_of, read_lines


class Meaning(NamedTuple):
    """What a relation word says of an edge."""

    sign: int
    directed: bool
    mechanism: str


UP, DOWN, BINDS = Meaning(1, True, ""), Meaning(-1, True, ""), Meaning(0, False, "binding")
# A blank or `_` inside a relation, but none in a sign.
BETWEEN_WORDS = re.compile(r"(?<=[a-z])[-_ ]+(?=[a-z])")
# How words start. What is `activated-by` another is its target, not its source.
STARTS = {
    re.compile(r"(?!.*ed-by)(activat|stimulat|up(-?reg|$))"): UP,
    re.compile(r"(?!.*ed-by)(inhibit|repress|down(-?reg|$))"): DOWN,
}
# Whole words with `-` between. The signs are those of CellNOpt and CARNIVAL. Those with `-of`,
# `-by` or `-to` and the last four are Pathway Commons'.
RELATIONS = {
    **dict.fromkeys(("1", "1.0", "+1", "+", "->", "-->"), UP),
    **dict.fromkeys(("increases", "indirect-activation", "indirectly-activates"), UP),
    **dict.fromkeys(("-1", "-1.0", "-", "-|", "--|"), DOWN),
    **dict.fromkeys(("decreases", "indirect-inhibition", "indirectly-inhibits"), DOWN),
    **dict.fromkeys(("inactivates", "inactivation", "deactivates", "deactivation"), DOWN),
    **dict.fromkeys(("suppresses", "suppression", "blocks"), DOWN),
    "transcriptional-activation": Meaning(1, True, "transcription"),
    "transcriptional-inhibition": Meaning(-1, True, "transcription"),
    "transcriptional-repression": Meaning(-1, True, "transcription"),
    "degrades": Meaning(-1, True, "degradation"),
    "phosphorylates": Meaning(0, True, "phosphorylation"),
    "dephosphorylates": Meaning(0, True, "dephosphorylation"),
    "acts-on": Meaning(0, True, ""),
    "pd": Meaning(0, True, "transcription"),
    **dict.fromkeys(("pp", "binds", "binds-to", "binding", "interacts"), BINDS),
    "controls-state-change-of": Meaning(0, True, "state change"),
    "controls-phosphorylation-of": Meaning(0, True, "phosphorylation"),
    "controls-expression-of": Meaning(0, True, "transcription"),
    "controls-transport-of": Meaning(0, True, "transport"),
    "controls-transport-of-chemical": Meaning(0, True, "transport"),
    "controls-production-of": Meaning(0, True, "production"),
    "consumption-controlled-by": Meaning(0, True, "consumption"),
    "used-to-produce": Meaning(0, True, "production"),
    "catalysis-precedes": Meaning(0, True, "catalysis"),
    "chemical-affects": Meaning(0, True, "chemical"),
    "in-complex-with": BINDS,
    "interacts-with": BINDS,
}


def from_sif(path: Path) -> PathwayGraph:
    """Nodes and edges of a SIF file: `A relation B C` on a line, or the name of a lone node.

    A tab anywhere in the file separates words throughout it, else blanks do. See `meaning_of` for
    the relations.

    Raises:
        GraphError: an unreadable file, a line with a relation and no target, or no edge at all.

    Source: Cytoscape manual, "Supported Network File Formats"; the relations of Pathway Commons
        as its "BioPAX to SIF" page documents them.
    """
    edges: list[tuple[str, str, int, bool, str]] = []
    nodes: dict[str, None] = {}
    for number, words in _words(path):
        if len(words) == 2:
            raise GraphError(
                f"{path.name}, line {number}: {' '.join(words)[:80]!r} has no target; a line is "
                "`source relation target`, or one name"
            )
        nodes |= dict.fromkeys([words[0], *words[2:]])
        edges += [(words[0], target, *meaning_of(words[1])) for target in words[2:]]
    if not edges:
        raise GraphError(f"{path.name} has no line `source relation target`; is it a SIF file?")
    columns = ["source", "target", *Meaning._fields]
    table = pd.DataFrame(edges, columns=columns)
    return assemble(table, provenance_of(path), nodes=pd.DataFrame({"symbol": list(nodes)}))


def meaning_of(word: str) -> Meaning:
    """Sign, direction and mechanism of a relation, whatever its case.

    `activates`, `stimulates`, `up-regulates` and their kin are +1, as `1` and `->`; `inhibits`,
    `represses`, `blocks` and `down-regulates` -1, as `-1` and `-|`. A word that is not known is an
    undirected edge with itself as mechanism.
    """
    return known_meaning(word) or Meaning(0, False, word.strip())


def known_meaning(word: str) -> Meaning | None:
    """As `meaning_of`, but None of a word that is not known."""
    lower = BETWEEN_WORDS.sub("-", word.strip().lower())
    found = (meaning for start, meaning in STARTS.items() if start.match(lower))
    return next(found, RELATIONS.get(lower))


def _words(path: Path) -> Iterator[tuple[int, list[str]]]:
    lines = list(read_lines(path))
    separator = "\t" if any("\t" in line for line in lines) else None
    for number, line in enumerate(lines, start=1):
        words = [word.strip() for word in line.split(separator)]
        words = [word for word in words if word]
        if words:
            yield number, words
