"""STRING: protein links above a score, read in pieces, as undirected edges between symbols."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from pathgnn.errors import GraphError
from pathgnn.graph.assemble import assemble
from pathgnn.graph.graph import PathwayGraph
from pathgnn.graph.tables import need, open_text, provenance_of, read_frame, read_lines

LINKS = ("protein1", "protein2", "combined_score")
ROWS_AT_ONCE = 1_000_000
HUMAN = "9606."


def from_string(links: Path, info: Path, score: int = 700) -> PathwayGraph:
    """STRING's associations of human proteins by preferred name: undirected, without a sign.

    The combined score is a probability times 1000 that the association is real, so the confidence
    of an edge is the score / 1000. Each pair stands twice in the file and once in the graph.

    Args:
        links: 9606.protein.links, also .detailed, .full or physical: columns with blanks between.
        info: 9606.protein.info of the same version: #string_protein_id and preferred_name.
        score: Lowest combined score that is kept, 0 to 1000; 400 is medium, 700 high and 900
            highest confidence in STRING's words.

    Raises:
        GraphError: an unreadable file, a missing column, a score that is none, a protein that
            `info` does not name, or no pair above the score.

    Source: Szklarczyk et al., Nucleic Acids Res 2023, 51:D638.
    """
    if not 0 <= score <= 1000:
        raise GraphError(f"the lowest STRING score is {score}; it must be from 0 to 1000")
    names = _names(info)
    parts = list(_pairs(links, names.index, score))
    pairs = pd.concat(parts).drop_duplicates(["low", "high"]) if parts else pd.DataFrame()
    if pairs.empty:
        raise GraphError(f"{links.name}: no pair has a score of {score} or more; lower it")
    symbols = names.to_numpy(dtype=object)
    edges = pd.DataFrame(
        {
            "source": symbols[pairs["low"]],
            "target": symbols[pairs["high"]],
            "directed": False,
            "confidence": pairs["score"].to_numpy() / 1000,
        }
    )
    provenance = provenance_of(
        links, name="STRING", licence="CC-BY-4.0", url="https://string-db.org/cgi/download"
    )
    return assemble(edges, provenance)


def _names(path: Path) -> pd.Series:
    """Preferred name by protein."""
    table = need(read_frame(path, "\t"), ("#string_protein_id", "preferred_name"), path)
    names = table.drop_duplicates("#string_protein_id").set_index("#string_protein_id")
    if not names.index.str.startswith(HUMAN).any():
        raise GraphError(
            f"{path.name}: no protein is human, the first is {names.index[0][:40]!r}; download "
            "9606.protein.info"
        )
    return names["preferred_name"]


def _pairs(path: Path, proteins: pd.Index, lowest: int) -> Iterator[pd.DataFrame]:
    """Places of both proteins, the lower first, and the score, piece by piece."""
    header = next(read_lines(path), "").split(" ")
    absent = [c for c in LINKS if c not in header]
    if absent:
        raise GraphError(
            f"{path.name} lacks the column {absent[0]!r}; it starts with {' '.join(header)[:80]!r}"
        )
    with open_text(path) as text:
        for piece in pd.read_csv(
            text,
            sep=" ",
            usecols=list(LINKS),
            dtype={"protein1": str, "protein2": str},
            chunksize=ROWS_AT_ONCE,
            keep_default_na=False,
            low_memory=False,
            quoting=3,
            index_col=False,
        ):
            yield _checked(piece, path, proteins, lowest)


def _checked(piece: pd.DataFrame, path: Path, proteins: pd.Index, lowest: int) -> pd.DataFrame:
    score = pd.to_numeric(piece["combined_score"], errors="coerce")
    if not score.between(0, 1000).all():
        at = int((~score.between(0, 1000)).to_numpy().argmax())
        raise GraphError(
            f"{path.name}, line {piece.index[at] + 2}: combined_score is "
            f"{str(piece['combined_score'].iloc[at])[:40]!r}, not a number from 0 to 1000; "
            "download it again"
        )
    kept = piece[score >= lowest]
    ends = np.stack([proteins.get_indexer(pd.Index(kept[c])) for c in LINKS[:2]])
    if (ends < 0).any():
        end, at = np.argwhere(ends < 0)[0]
        raise GraphError(
            f"{path.name}, line {kept.index[at] + 2}: protein {kept[LINKS[end]].iloc[at]!r} is not "
            "in the info file; download both of the same version"
        )
    return pd.DataFrame({"low": ends.min(0), "high": ends.max(0), "score": score[kept.index]})
