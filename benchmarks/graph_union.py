"""How long and how much memory do building and loading the union of all databases take?"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd
from record import arguments, bar, record

from pathgnn.files import sha256
from pathgnn.graph.assemble import Sets, assemble
from pathgnn.graph.from_curated import from_curated
from pathgnn.graph.from_gmt import from_gmt
from pathgnn.graph.from_omnipath import from_omnipath
from pathgnn.graph.from_reactome import from_reactome
from pathgnn.graph.from_regulons import from_regulons
from pathgnn.graph.graph import PathwayGraph, Provenance
from pathgnn.graph.keep import read_graph, save_graph
from pathgnn.graph.union import added

RUNS = 5


def main() -> None:
    """Build once per fresh process, load several times per fresh process; medians."""
    args = arguments(__doc__ or "")
    folder = args.shared / "data" / "graph"
    work = tempfile.TemporaryDirectory()
    out = Path(work.name) / "union.pathgraph"
    built = [_fresh("build", folder, out) for _ in range(1 if args.quick else 3)]
    loaded = [_fresh("load", folder, out) for _ in range(1 if args.quick else RUNS)]
    graph = read_graph(out)
    size, counts = out.stat().st_size, added(graph)
    print(counts.to_string(index=False))
    seconds = sorted(b["seconds"] for b in built)[len(built) // 2]
    load = sorted(one["seconds"] for one in loaded)[len(loaded) // 2]
    memory = max(b["gigabytes"] for b in built)
    rows = [
        {"what": "genes", "value": len(graph.genes)},
        {"what": "edges", "value": graph.edges.shape[1]},
        {"what": "pathways", "value": len(graph.pathways)},
        {"what": "file, megabytes", "value": round(size / 1e6, 1)},
        {"what": "builds", "value": built},
        {"what": "loads", "value": loaded},
        {"what": "added by each source", "value": counts.to_dict("records")},
    ]
    bars = [
        bar("build, seconds", seconds, "< 60", seconds < 60),
        bar("build, peak gigabytes of the process", memory, "< 3", memory < 3),
        bar("load, seconds", load, "< 2", load < 2),
    ]
    for line in (*rows[:4], *bars):
        print(line)
    work.cleanup()
    if not args.quick:
        edges = folder / "edges.parquet"
        record("graph_union", __doc__ or "", {edges.name: sha256(edges)}, rows, bars)


def build(folder: Path) -> PathwayGraph:
    """The curated graph, the files as downloaded, and the joined table of all databases."""
    raw = folder / "raw"
    graph = from_curated() | from_omnipath(raw / "omnipath_carnival.tsv.gz")
    graph |= from_regulons(folder / "collectri.parquet")
    graph |= from_regulons(folder / "dorothea_hs_ABC.parquet")
    graph |= _joined(folder)
    graph |= from_gmt(raw / "h.all.v2022.1.Hs.symbols.gmt.gz")
    relations = raw / "ReactomePathwaysRelation.txt.gz"
    return graph | from_reactome(raw / "ReactomePathways.gmt.gz", relations)


def _joined(folder: Path) -> PathwayGraph:
    """Edges of all databases, and the pathways that are not Reactome's."""
    edges = pd.read_parquet(folder / "edges.parquet").rename(
        columns={"score": "confidence", "type": "mechanism", "databases": "sources"}
    )
    ways = pd.read_parquet(folder / "pathways.parquet")
    ways = ways[ways["source"] != "Reactome"].drop_duplicates("name")
    members = pd.read_parquet(folder / "pathway_membership.parquet").groupby("pathway_id")["gene"]
    of = {str(k): tuple(v) for k, v in members}
    pairs = zip(ways["pathway_id"], ways["name"], strict=True)
    named = {str(i): str(n) for i, n in pairs if i in of}
    sets = Sets({n: of[i] for i, n in named.items()}, {n: i for i, n in named.items()})
    return assemble(edges, Provenance("all databases"), sets)


def _fresh(what: str, folder: Path, out: Path) -> dict[str, float]:
    words = [sys.executable, __file__, "--child", what, str(folder), str(out)]
    result: dict[str, float] = json.loads(subprocess.check_output(words).splitlines()[-1])
    return result


def _child(what: str, folder: Path, out: Path) -> None:
    start = time.perf_counter()
    if what == "build":
        save_graph(build(folder), out)
    else:
        read_graph(out)
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(json.dumps({"seconds": round(seconds, 2), "gigabytes": round(peak, 2)}))


if __name__ == "__main__":
    if "--child" in sys.argv:
        _child(sys.argv[2], Path(sys.argv[3]), Path(sys.argv[4]))
    else:
        main()
