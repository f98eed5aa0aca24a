"""SIGNOR: curated causal interactions, with or without the header of the downloaded file."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from pathgnn.errors import GraphError
from pathgnn.graph.assemble import assemble
from pathgnn.graph.graph import PathwayGraph
from pathgnn.graph.tables import need, numbers, provenance_of, read_frame, read_lines

# Columns as SIGNOR names them in its files; the REST service sends them without names.
COLUMNS = (
    *("ENTITYA", "TYPEA", "IDA", "DATABASEA", "ENTITYB", "TYPEB", "IDB", "DATABASEB"),
    *("EFFECT", "MECHANISM", "RESIDUE", "SEQUENCE", "TAX_ID", "CELL_DATA", "TISSUE_DATA"),
    *("MODULATOR_COMPLEX", "TARGET_COMPLEX", "MODIFICATIONA", "MODASEQ", "MODIFICATIONB"),
    *("MODBSEQ", "PMID", "DIRECT", "NOTES", "ANNOTATOR", "SENTENCE", "SIGNOR_ID", "SCORE"),
)
USED = ("ENTITYA", "TYPEA", "ENTITYB", "TYPEB", "EFFECT", "MECHANISM", "TAX_ID")
# -1 and an empty entry stand for what was not seen in one species.
HUMAN = ("9606", "-1", "")
CHEMICAL = ("smallmolecule", "chemical")


def from_signor(path: Path, metabolites: bool = False) -> PathwayGraph:
    """SIGNOR's human interactions between proteins, by the symbols it gives them.

    `up-regulates...` is +1, `down-regulates...` -1, `form complex` undirected, any other effect a
    directed edge of sign 0. SIGNOR's score in [0, 1] is the confidence, where the file has one.
    Complexes, families, phenotypes and stimuli are left out.

    Args:
        path: tsv, with the header of SIGNOR's files or with the 28 columns of its REST service.
        metabolites: Small molecules and chemicals come in too, by name, as kind `metabolite`.

    Raises:
        GraphError: an unreadable file, a missing column, or no human interaction in it.

    Source: Lo Surdo et al., Nucleic Acids Res 2023, 51:D631.
    """
    table = _read(path)
    kinds = ("protein", *CHEMICAL) if metabolites else ("protein",)
    human = table["TAX_ID"].isin(HUMAN) & (table["ENTITYA"] != "") & (table["ENTITYB"] != "")
    chosen = table[human & table["TYPEA"].isin(kinds) & table["TYPEB"].isin(kinds)]
    if chosen.empty:
        raise GraphError(
            f"{path.name}: none of its {len(table)} rows joins two human proteins; TYPEA is "
            f"{table['TYPEA'].iloc[0][:40]!r} and TAX_ID {table['TAX_ID'].iloc[0][:40]!r} in the "
            "first; download the human data again"
        )
    provenance = provenance_of(
        path, name="SIGNOR", licence="Creative Commons", url="https://signor.uniroma2.it"
    )
    return assemble(_edges(chosen, path), provenance, nodes=_metabolites(chosen))


def _read(path: Path) -> pd.DataFrame:
    first = next(read_lines(path), "").split("\t")
    if first[0].strip('"').upper() == "ENTITYA":
        table = need(read_frame(path, "\t"), USED, path)
    elif len(first) == len(COLUMNS):
        table = read_frame(path, "\t", COLUMNS)
    else:
        raise GraphError(
            f"{path.name} has no header that starts with ENTITYA, and {len(first)} columns where "
            f"SIGNOR's REST service sends {len(COLUMNS)}; download it again"
        )
    for column in USED:
        table[column] = table[column].str.strip().str.strip('"')
    for column in ("TYPEA", "TYPEB", "EFFECT", "MECHANISM"):
        table[column] = table[column].str.lower()
    return table


def _edges(table: pd.DataFrame, path: Path) -> pd.DataFrame:
    effect = table["EFFECT"]
    up, down = effect.str.startswith("up-regulates"), effect.str.startswith("down-regulates")
    scored = "SCORE" in table.columns
    return pd.DataFrame(
        {
            "source": table["ENTITYA"],
            "target": table["ENTITYB"],
            "sign": up.astype(int) - down.astype(int),
            "directed": effect != "form complex",
            "mechanism": table["MECHANISM"],
            "confidence": numbers(table["SCORE"].str.strip(), path) if scored else float("nan"),
        }
    )


def _metabolites(table: pd.DataFrame) -> pd.DataFrame | None:
    names = [table.loc[table[f"TYPE{e}"].isin(CHEMICAL), f"ENTITY{e}"] for e in "AB"]
    found = pd.concat(names).drop_duplicates()
    return pd.DataFrame({"symbol": found, "kind": "metabolite"}) if len(found) else None
