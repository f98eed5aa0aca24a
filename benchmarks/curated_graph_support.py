"""How much of the curated graph do public databases support?

Every edge of `data/edges.csv` is looked up in a signed interaction graph (OmniPath, CollecTRI,
DoRothEA, Reactome FI, STRING, iRefIndex), in four of its sources on their own, in two published
logic models and, for metabolites, in the metabolic network of COSMOS. `--update` writes the answer
for each edge to the column `support` of that file.
Edges were removed because of this look-up: it is consistency, not an independent test.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

ROOT = Path(__file__).resolve().parents[1]
RESULT = ROOT / "benchmarks" / "results" / "curated_graph_support.json"
CURATED_FILES = ("nodes.csv", "edges.csv", "pathways.csv", "aliases.csv")
LOGIC_MODELS = {
    "Fumia2013.reggraph": "Fumia_namesToHugo_curated.txt",
    "Zanudo.reggraph": "Zanudo_namesToHugo_curated.txt",
}
SHARED_FILES = (
    "edges.parquet",
    "collectri.parquet",
    "dorothea_hs_ABC.parquet",
    "omnipath_ptm.parquet",
    "metabolic_edges_cosmos.parquet",
    "raw/omnipath_carnival.tsv.gz",
    *(f"raw/logic_models/{name}" for pair in LOGIC_MODELS.items() for name in pair),
)
Pair = tuple[str, str]


class Evidence(NamedTuple):
    """What the databases say: one vote (-1, 0 or 1) per file and directed pair."""

    votes: Counter[Pair]  # the sum of the signs; a pair with a key is known as directed
    undirected: set[Pair]

    def support(self, source: str, target: str, sign: int) -> str:
        """The strongest thing that is confirmed: sign, direction, pair or none."""
        if (source, target) in self.votes:
            return "sign" if self.consensus(source, target) == sign else "direction"
        back = (target, source)
        known = back in self.votes or back in self.undirected or (source, target) in self.undirected
        return "pair" if known else "none"

    def consensus(self, source: str, target: str) -> int:
        """Sign of the sum of the votes; 0 where no database has a sign or they are tied."""
        total = self.votes.get((source, target), 0)
        return (total > 0) - (total < 0)


def main() -> None:
    """Print the table, write the JSON, and with `--update` the column `support`."""
    arguments = _arguments()
    edges = pd.read_csv(ROOT / "data" / "edges.csv", keep_default_na=False)
    pathways = pd.read_csv(ROOT / "data" / "pathways.csv", keep_default_na=False)
    graph = arguments.shared / "data" / "graph"
    edges = checked(edges, read_evidence(graph, read_metabolites()))
    rows = pathway_rows(edges, pathways)
    _print_report(rows, edges)
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    report = _report(rows, graph)
    RESULT.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    if arguments.update:
        columns = ["source", "target", "sign", "mechanism", "support", "reason"]
        edges[columns].to_csv(ROOT / "data" / "edges.csv", index=False, lineterminator="\n")


def read_evidence(graph: Path, metabolites: dict[str, set[str]]) -> Evidence:
    """Votes and undirected pairs of all files under `graph`; metabolites by HMDB id or CID."""
    table = pd.read_parquet(
        graph / "edges.parquet", columns=["source", "target", "directed", "sign"]
    )
    undirected = table[~table["directed"]]
    votes: Counter[Pair] = Counter()
    for signs in (_signs(table[table["directed"]]), *_rest(graph, metabolites)):
        votes.update(signs)
    return Evidence(votes, set(zip(undirected["source"], undirected["target"], strict=True)))


def checked(edges: pd.DataFrame, evidence: Evidence) -> pd.DataFrame:
    """The edges with `support` filled in anew and `consensus`, the sign the databases agree on."""
    triples = list(zip(edges["source"], edges["target"], edges["sign"], strict=True))
    return edges.assign(
        support=[evidence.support(*triple) for triple in triples],
        consensus=[evidence.consensus(source, target) for source, target, _ in triples],
    )


def pathway_rows(edges: pd.DataFrame, pathways: pd.DataFrame) -> list[dict[str, Any]]:
    """One row per pathway, of the edges with both ends in it, and a last row `TOTAL`."""
    rows = []
    for name, members in zip(pathways["pathway"], pathways["members"], strict=True):
        genes = set(members.split(";"))
        rows.append(_row(name, edges[edges["source"].isin(genes) & edges["target"].isin(genes)]))
    return [*rows, _row("TOTAL", edges)]


def _rest(graph: Path, metabolites: dict[str, set[str]]) -> Iterator[Counter[Pair]]:
    yield from _single_sources(graph)
    yield from _logic_models(graph)
    yield _metabolic(graph, metabolites)


def read_metabolites() -> dict[str, set[str]]:
    """HMDB id or PubChem CID -> names of metabolites, from the aliases."""
    table = pd.read_csv(ROOT / "data" / "aliases.csv", keep_default_na=False)
    out: dict[str, set[str]] = {}
    for alias, symbol in zip(table["alias"], table["symbol"], strict=True):
        if alias.startswith(("HMDB", "CID:")):
            out.setdefault(alias.removeprefix("CID:"), set()).add(symbol)
    return out


def _metabolic(graph: Path, metabolites: dict[str, set[str]]) -> Counter[Pair]:
    """Metab__HMDB0000122_c -> Gene77__HK1_HK2 and back: each enzyme of a reaction on its own."""
    table = pd.read_parquet(graph / "metabolic_edges_cosmos.parquet")
    rows = [
        (source, target, int(sign))
        for a, sign, b in table.itertuples(index=False)
        for source in _parts(a, metabolites)
        for target in _parts(b, metabolites)
        if a.startswith("Metab__") or b.startswith("Metab__")
    ]
    return _signs(pd.DataFrame(rows, columns=["source", "target", "sign"]))


def _parts(node: str, metabolites: dict[str, set[str]]) -> list[str]:
    if node.startswith("Metab__"):
        return sorted(metabolites.get(node.removeprefix("Metab__").rpartition("_")[0], ()))
    return [g for g in node.rpartition("__")[2].split("_") if g != "reverse"]


def _single_sources(graph: Path) -> Iterator[Counter[Pair]]:
    names = ["source", "target", "sign"]
    yield _signs(pd.read_parquet(graph / "collectri.parquet").set_axis(names, axis=1))
    dorothea = pd.read_parquet(graph / "dorothea_hs_ABC.parquet")[["tf", "target", "mor"]]
    yield _signs(dorothea.set_axis(names, axis=1))
    carnival = pd.read_csv(graph / "raw" / "omnipath_carnival.tsv.gz", sep="\t")
    yield _signs(carnival[["source", "target", "interaction"]].set_axis(names, axis=1))
    ptm = pd.read_parquet(graph / "omnipath_ptm.parquet")
    ptm = ptm[["enzyme_genesymbol", "substrate_genesymbol"]].assign(sign=0)
    yield _signs(ptm.set_axis(names, axis=1))


def _logic_models(graph: Path) -> Iterator[Counter[Pair]]:
    for model, names in LOGIC_MODELS.items():
        symbols = _symbols_of_nodes(graph / "raw" / "logic_models" / names)
        lines = (graph / "raw" / "logic_models" / model).read_text(encoding="utf-8").splitlines()
        rows = [
            (source, target, 1 if arrow == "->" else -1)
            for head, arrow, tail in (line.split() for line in lines if line.strip())
            for source in symbols.get(head, [])
            for target in symbols.get(tail, [])
        ]
        yield _signs(pd.DataFrame(rows, columns=["source", "target", "sign"]))


def _symbols_of_nodes(names: Path) -> dict[str, list[str]]:
    symbols: dict[str, list[str]] = {}
    for line in names.read_text(encoding="utf-8").splitlines()[1:]:
        node, _, listed = line.partition("\t")
        symbols[node.strip()] = [symbol.strip() for symbol in listed.split(",") if symbol.strip()]
    return symbols


def _signs(table: pd.DataFrame) -> Counter[Pair]:
    # A file may list one pair many times (each site, each complex): it still has one vote.
    total = table.groupby(["source", "target"], as_index=False)["sign"].sum()
    pairs = zip(total["source"], total["target"], strict=True)
    signs = ((total["sign"] > 0).astype(int) - (total["sign"] < 0)).tolist()
    return Counter(dict(zip(pairs, signs, strict=True)))


def _row(name: str, edges: pd.DataFrame) -> dict[str, Any]:
    level = edges["support"].map({"none": 0, "pair": 1, "direction": 2, "sign": 3})
    signed = edges[edges["consensus"] != 0]
    missing = edges[edges["support"] == "none"]
    opposed = signed[signed["consensus"] != signed["sign"]]
    return {
        "pathway": name,
        "genes": len(set(edges["source"]) | set(edges["target"])),
        "edges": len(edges),
        "pair_percent": _percent(int((level >= 1).sum()), len(edges)),
        "direction_percent": _percent(int((level >= 2).sum()), len(edges)),
        "signed_edges": len(signed),
        "sign_agreement_percent": _percent(len(signed) - len(opposed), len(signed)),
        "unsupported": (missing["source"] + " > " + missing["target"]).tolist(),
        "opposed": (opposed["source"] + " > " + opposed["target"]).tolist(),
    }


def _percent(part: int, whole: int) -> float | None:
    return round(100 * part / whole, 1) if whole else None


def _report(rows: list[dict[str, Any]], graph: Path) -> dict[str, Any]:
    files = {f"data/{name}": ROOT / "data" / name for name in CURATED_FILES}
    files |= {f"graph/{name}": graph / name for name in SHARED_FILES}
    return {
        "question": "How much of the curated graph do public databases support?",
        "date": datetime.now(UTC).date().isoformat(),
        "machine": {
            "cpu_count": os.cpu_count(),
            "platform": f"{platform.system()} {platform.machine()}",
        },
        "versions": {
            "python": platform.python_version(),
            "pandas": version("pandas"),
            "pyarrow": version("pyarrow"),
        },
        "data": {
            name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in files.items()
        },
        "rows": rows,
        "bars": _bars(rows),
    }


def _bars(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    total = rows[-1]
    supported = total["edges"] - len(total["unsupported"])
    agreeing = total["signed_edges"] - len(total["opposed"])
    return [
        _share_bar("supported share", supported, total["edges"], 0.85),
        _share_bar(
            "sign agreement, edges chosen after the look-up (before: .927)",
            agreeing,
            total["signed_edges"],
            0.95,
        ),
        _count_bar("pathways", len(rows) - 1, 35),
        _count_bar("genes and metabolites", total["genes"], 900),
        _count_bar("edges", total["edges"], 2500),
    ]


def _share_bar(name: str, part: int, whole: int, goal: float) -> dict[str, Any]:
    """A share with its Wilson 95% interval; the interval informs, the value decides."""
    share = part / whole
    z2 = 1.96**2
    middle = (share + z2 / (2 * whole)) / (1 + z2 / whole)
    half = (z2 * (share * (1 - share) / whole + z2 / (4 * whole**2))) ** 0.5 / (1 + z2 / whole)
    return {
        "name": name,
        "value": round(share, 4),
        "low": round(middle - half, 4),
        "high": round(middle + half, 4),
        "goal": goal,
        "met": share >= goal,
    }


def _count_bar(name: str, count: int, goal: int) -> dict[str, Any]:
    met = count >= goal
    return {"name": name, "value": count, "low": None, "high": None, "goal": goal, "met": met}


def _print_report(rows: list[dict[str, Any]], edges: pd.DataFrame) -> None:
    table = pd.DataFrame(rows).drop(columns=["unsupported", "opposed"])
    total = rows[-1]
    parts = [
        table.to_string(index=False),
        "support: " + ", ".join(f"{k} {v}" for k, v in edges["support"].value_counts().items()),
        f"unsupported ({len(total['unsupported'])}): " + "; ".join(total["unsupported"]),
        f"sign differs ({len(total['opposed'])}): " + "; ".join(total["opposed"]),
        *(f"{bar['name']}: {bar['value']}, goal {bar['goal']}" for bar in _bars(rows)),
    ]
    sys.stdout.write("\n".join(parts) + "\n")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    shared = Path(os.environ.get("PATHGNN_SHARED", ROOT.parent / "shared"))
    parser.add_argument("--shared", type=Path, default=shared, help="folder that holds data/graph")
    parser.add_argument("--update", action="store_true", help="rewrite support in data/edges.csv")
    return parser.parse_args()


if __name__ == "__main__":
    main()
