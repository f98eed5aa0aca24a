"""Fuzz one group of readers with atheris for a bounded time; findings as one JSON line each.

`python benchmarks/fuzz.py GROUP SECONDS FOLDER`: the groups are tables, containers, graphs and
folders. An error that is none of ours is written down and the search goes on; a hang of a minute,
more than 4 GB, or a crash of the interpreter ends it.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["pathgnn"], enable_loader_override=False):
    sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
    import fuzz_targets
    from small_run import write_small_run

CONTAINERS = ("h5ad observations", "h5ad layer", "parquet", "parquet in parts", "vcf", "vcf.gz")
FLAGS = ("-rss_limit_mb=4096", "-timeout=60", "-max_len=20000", "-print_final_stats=0")


def targets_of(group: str, folder: Path) -> Mapping[str, fuzz_targets.Target]:
    """The readers of a group."""
    if group == "graphs":
        return fuzz_targets.graph_targets()
    if group == "folders":
        write_small_run(folder / "run")
        return fuzz_targets.folder_targets(folder / "run", folder / "run" / "encoder")
    packed = group == "containers"
    found = fuzz_targets.cohort_targets(folder)
    return {name: t for name, t in found.items() if (name in CONTAINERS) == packed}


def main() -> None:
    """Fuzz until the time is over; `done.json` counts what was tried."""
    group, seconds, folder = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
    folder.mkdir(parents=True, exist_ok=True)
    targets = list(targets_of(group, folder).items())
    corpus, work = folder / "corpus", folder / "work"
    for place in (corpus, work):
        place.mkdir(exist_ok=True)
    for i, (_, target) in enumerate(targets):
        for j, seed in enumerate(target.seeds):
            (corpus / f"{i}-{j}").write_bytes(bytes([i]) + seed)
    seen: set[tuple[str, str, str]] = set()
    tried = dict.fromkeys((name for name, _ in targets), 0)

    def once(data: bytes) -> None:
        """The first byte chooses the reader, the rest is its file."""
        name, target = targets[data[0] % len(targets)] if data else targets[0]
        tried[name] += 1
        if sum(tried.values()) % 20 == 0:
            (folder / "done.json").write_text(json.dumps(tried))
        found = fuzz_targets.attempt(target, data[1:], work)
        if found is None or (name, found.kind, found.where) in seen:
            return
        seen.add((name, found.kind, found.where))
        with (folder / "found.jsonl").open("a") as handle:
            handle.write(json.dumps({"reader": name, **found._asdict()}) + "\n")
        (folder / f"found-{len(seen)}").write_bytes(data[1:])

    atheris.Setup([sys.argv[0], f"-max_total_time={seconds}", *FLAGS, str(corpus)], once)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
