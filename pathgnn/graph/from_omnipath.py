"""OmniPath: interactions, the short signed network, or enzymes and their substrates."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from pathgnn.errors import GraphError
from pathgnn.graph.assemble import assemble
from pathgnn.graph.graph import PathwayGraph
from pathgnn.graph.tables import NO_NAME, need, numbers, provenance_of, read_frame

COMPLEX = "COMPLEX:"
FLAGS = {"1": True, "true": True, "1.0": True, "0": False, "false": False, "0.0": False, "": False}


def from_omnipath(path: Path, references: bool = False) -> PathwayGraph:
    """OmniPath's interactions between HGNC symbols; what its header holds says which table it is.

    Interactions of the web service, asked for with genesymbols=1: directed where is_directed says
    so, signed by the consensus columns where they are there, else by is_stimulation and
    is_inhibition; both or neither: 0. The short table (source, interaction, target): directed,
    signed by `interaction`. Enzymes and substrates: directed, sign 0, `modification` as mechanism.
    A complex becomes its members, each with the edges of the complex. Rows without a symbol are
    left out, and the database names of OmniPath are not kept.

    Args:
        path: tsv or csv.
        references: The confidence is n_references, the number of articles. False: curation_effort,
            articles times resources, or n_references where that is not there.

    Raises:
        GraphError: an unreadable file, a missing column, or a flag or sign that is none.

    Source: Türei et al., Mol Syst Biol 2021, 17:e9923.
    """
    table = read_frame(path)
    if "enzyme_genesymbol" in table.columns:
        edges = _enzymes(table, path)
    elif "interaction" in table.columns:
        edges = _short(table, path)
    else:
        edges = _interactions(table, path)
    edges["confidence"] = _confidence(table, references, path)
    provenance = provenance_of(
        path,
        name="OmniPath",
        licence="that of each resource in it",
        url="https://omnipathdb.org",
    )
    return assemble(_members(edges, path), provenance)


def _interactions(table: pd.DataFrame, path: Path) -> pd.DataFrame:
    if "source_genesymbol" not in table.columns and "source" in table.columns:
        raise GraphError(
            f"{path.name} lacks the column 'source_genesymbol'; ask the web service again with "
            "genesymbols=1"
        )
    voted = {"consensus_stimulation", "consensus_inhibition"} <= set(table.columns)
    prefix = "consensus" if voted else "is"
    up, down = f"{prefix}_stimulation", f"{prefix}_inhibition"
    need(table, ("source_genesymbol", "target_genesymbol", "is_directed", up, down), path)
    sign = _flag(table[up], path).astype(int) - _flag(table[down], path).astype(int)
    out = pd.DataFrame(
        {end: _marked(table, f"{end}_genesymbol", end) for end in ("source", "target")}
    )
    kind = table["type"] if "type" in table.columns else pd.Series("", index=table.index)
    return out.assign(
        sign=sign,
        directed=_flag(table["is_directed"], path),
        mechanism=kind.map({"transcriptional": "transcription"}).fillna(""),
    )


def _enzymes(table: pd.DataFrame, path: Path) -> pd.DataFrame:
    need(table, ("enzyme_genesymbol", "substrate_genesymbol", "modification"), path)
    return pd.DataFrame(
        {
            "source": _marked(table, "enzyme_genesymbol", "enzyme"),
            "target": _marked(table, "substrate_genesymbol", "substrate"),
            "mechanism": table["modification"],
        }
    )


def _short(table: pd.DataFrame, path: Path) -> pd.DataFrame:
    need(table, ("source", "interaction", "target"), path)
    sign = numbers(table["interaction"], path)
    wrong = ~sign.isin((-1, 0, 1))
    if wrong.any():
        at = int(wrong.to_numpy().argmax())
        raise GraphError(
            f"{path.name}, line {at + 2}: interaction is {table['interaction'].iloc[at]!r}; it "
            "must be 1, -1 or 0 (unknown)"
        )
    return table[["source", "target"]].assign(sign=sign)


def _marked(table: pd.DataFrame, symbols: str, accessions: str) -> pd.Series:
    """Symbols, with COMPLEX: in front where the accession says that it is one."""
    if accessions not in table.columns:
        return table[symbols]
    several = table[accessions].str.startswith(COMPLEX) & table[accessions].str.contains("_")
    return table[symbols].mask(several, COMPLEX + table[symbols])


def _members(edges: pd.DataFrame, path: Path) -> pd.DataFrame:
    for end in ("source", "target"):
        edges[end] = edges[end].map(_split)
        edges = edges.explode(end, ignore_index=True)
    named = edges[~edges[["source", "target"]].isin(NO_NAME).any(axis=1)]
    if named.empty:
        raise GraphError(f"{path.name}: no row has the symbols of both ends; download it again")
    return named


def _split(name: str) -> list[str]:
    """Members of a complex; of other names the name itself.

    A `-` joins members only where every part can be a symbol: HLA-A and NKX2-5 stay whole.
    """
    if not name.startswith(COMPLEX):
        return [name.strip()]
    body = name.split(COMPLEX)[-1].strip()
    parts = [part for part in body.split("_") if part]
    if len(parts) != 1:
        return parts or [""]
    parts = body.split("-")
    return parts if all(len(p) > 1 and p[0].isalpha() for p in parts) else [body]


def _flag(column: pd.Series, path: Path) -> pd.Series:
    values = column.str.strip().str.lower().map(FLAGS)
    if values.isna().any():
        at = int(values.isna().to_numpy().argmax())
        raise GraphError(
            f"{path.name}, line {at + 2}: {column.name} is {column.iloc[at]!r}; it must be 1 or 0, "
            "True or False"
        )
    return values.astype(bool)


def _confidence(table: pd.DataFrame, references: bool, path: Path) -> pd.Series:
    if references:
        return numbers(need(table, ("n_references",), path)["n_references"], path)
    there = [c for c in ("curation_effort", "n_references") if c in table.columns]
    return numbers(table[there[0]], path) if there else pd.Series(float("nan"), index=table.index)
