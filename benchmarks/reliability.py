"""Is anything lost, leaked or executed when runs are killed, disks fill up and files are hostile?

Runs of a small simulated study are killed at random moments and resumed; disks are full, sealed or
quota-bound; inputs vanish; bundles are forged; every file of every command is searched for a mark
that all patient ids carry; and every reader is fuzzed by atheris (the extra `fuzz`). `--keep` is a
folder that finished parts are taken up from.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

# Before torch is loaded: all runs of a comparison have one thread.
os.environ["OMP_NUM_THREADS"] = "1"
HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "tests"), str(HERE.parent / "tests" / "train")]

# ruff: noqa: E402
from canary import CANARY, mark, search
from record import bar, record
from reliability_runs import faults, kills, pathgnn
from small_study import write_small_study

from pathgnn.errors import BundleError
from pathgnn.files import write_json
from pathgnn.train.bundle import load

# Kills per seed of the moments.
KILLS = {8: 16, 9: 5}
GROUPS = ("tables", "containers", "graphs", "folders")
FORMATS = (
    *("tables", "parquet", "figures", "rnk", "gmt", "graphml"),
    *("cx2", "sif", "cyjs", "h5ad", "gsea", "report"),
)
Rows = list[dict[str, Any]]


def study_in(folder: Path) -> Path:
    """A simulated trial of 90 patients on 24 genes, trained in seconds."""
    folder.mkdir(parents=True, exist_ok=True)
    study = write_small_study(folder)
    text = study.read_text()
    for stage in ("outcome", "benefit"):
        text = text.replace(f"{stage}_rounds = 1", f"{stage}_rounds = 2")
    study.write_text(text)
    return study


def killed(work: Path, quick: bool) -> Rows:
    """Kills at random moments."""
    study, rows = study_in(work / "study"), []
    for seed, n in KILLS.items():
        rows += kills(study, work / f"seed{seed}", 1 if quick else n, seed)
    return rows


def starved(work: Path, quick: bool) -> Rows:
    """Faults of the disk and of others; after the kills, whose undisturbed run they need."""
    return faults(study_in(work / "study"), work / f"seed{min(KILLS)}")[-2 if quick else -100 :]


def bundles(work: Path, quick: bool) -> Rows:
    """Every forged bundle of the tests: what it is, and whether it was refused in our words."""
    from golden import GOLDEN
    from test_bundle_hostile import CASES, RAN

    rows = []
    for damage in CASES:
        folder = work / "bundle" / damage.__name__
        shutil.copytree(GOLDEN / "model", folder / "model", dirs_exist_ok=True)
        damage(folder / "model")
        try:
            load(folder / "model")
            said = ""
        except BundleError as error:
            said = str(error).replace(str(folder), "")[:160]
        refused = bool(said) and not RAN
        rows.append({"kind": "bundle", "name": damage.__name__.strip("_"), "refused": refused})
        rows[-1]["sentence"] = said
    return rows


def searched(work: Path, quick: bool) -> Rows:
    """The mark of all ids, searched in every file and line that the commands write."""
    study = mark(study_in(work / "marked"))
    out, model = work / "marked-run", work / "marked-run" / "fit" / "model"
    commands: list[tuple[object, ...]] = [
        ("check", study, "--out", out),
        ("run", study, "--out", out),
        ("export", study, "--out", out, *(f"--to={name}" for name in FORMATS)),
        ("predict", model, study, "--out", out / "predicted.csv"),
        ("evaluate", model, study, "--source", study, "--out", out / "external", "--accept-risk"),
        ("examine", study, "--out", out, "--draws", 19),
        ("modalities", study, "--out", out),
    ]
    if not quick:
        commands += [
            ("permute", study, "--out", out, "--draws", 1),
            ("repeat", study, "--out", out, "--repeats", 2),
            ("nulls", study, "--out", out, "--draws", 1),
            ("controls", study, "--out", out, "--draws", 2),
            ("pretrain", study, "--out", out / "encoder", "--epochs", 2),
            ("sweep", "run", study, "--out", out, "--trials", 2),
        ]
    rows = []
    for command in commands:
        ended = pathgnn(*command)
        n, found = search(out)
        rows.append(
            {
                "kind": "canary",
                "name": str(command[0]),
                "status": ended.status,
                "files": n,
                "named_in": found + ["screen"] * (CANARY in ended.said),
            }
        )
        print(rows[-1], flush=True)
        if ended.status:
            print(ended.said[-500:], flush=True)
    ids = pathgnn("export", study, "--out", out, "--with-ids", "--to=tables", "--to=h5ad")
    found = search(out)[1]
    asked = {"kind": "canary", "name": "export --with-ids", "status": ids.status}
    return [*rows, asked | {"files": search(out)[0], "found_as_asked": len(found)}]


def fuzzed(work: Path, quick: bool) -> Rows:
    """Minutes, files and findings of atheris for each group of readers."""
    seconds, rows = 5 if quick else 60, []
    for group in GROUPS:
        folder = work / "fuzz" / group
        command = [sys.executable, str(HERE / "fuzz.py"), group, str(seconds), str(folder)]
        done = subprocess.run(command, capture_output=True, check=False, timeout=seconds + 900)
        found = folder / "found.jsonl"
        tried = json.loads((folder / "done.json").read_text())
        listed = [json.loads(x) for x in found.read_text().splitlines()] if found.is_file() else []
        rows.append(
            {
                "kind": "fuzz",
                "name": group,
                "status": done.returncode,
                "minutes": seconds / 60,
                "readers": len(tried),
                "files_tried": sum(tried.values()),
                "findings": listed,
            }
        )
        print(rows[-1], flush=True)
    return rows


PARTS: dict[str, Callable[[Path, bool], Rows]] = {
    "kills": killed,
    "faults": starved,
    "bundles": bundles,
    "canary": searched,
    "fuzz": fuzzed,
}


def bars_of(rows: Rows) -> list[Any]:
    """What was asked, met or not."""

    def of(kind: str) -> Rows:
        return [row for row in rows if row["kind"] == kind]

    kill, fault, forged = of("kill -9"), of("fault"), of("bundle")
    canary, fuzz = of("canary"), of("fuzz")
    survived = sum(row["survived"] for row in kill)
    in_order = sum(row["in_order"] for row in fault)
    refused = sum(row["refused"] for row in forged)
    named = sum(len(row.get("named_in", [])) for row in canary)
    failed = sum(row["status"] != 0 for row in (*canary, *fuzz))
    findings = sum(len(row["findings"]) for row in fuzz)
    minutes = sum(row["minutes"] for row in fuzz)
    as_asked = canary[-1]["found_as_asked"]
    return [
        bar(
            "kills survived, tables bit by bit", survived, f"all {len(kill)}", survived == len(kill)
        ),
        bar("faults said and survived", in_order, f"all {len(fault)}", in_order == len(fault)),
        bar("hostile bundles refused", refused, f"all {len(forged)}", refused == len(forged)),
        bar("places that name a patient", named, "0", named == 0),
        bar("files with ids where asked for", as_asked, "1 or more", as_asked > 0),
        bar("commands that failed meanwhile", failed, "0", failed == 0),
        bar("errors that are not ours, in fuzzing", findings, "0", findings == 0),
        bar("minutes of fuzzing", minutes, "4", minutes >= 4),
    ]


def main() -> None:
    """Run all parts, print the bars and write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a small version")
    parser.add_argument("--keep", type=Path, help="folder of finished parts")
    parser.add_argument("--only", choices=list(PARTS), help="this part alone; kept, not recorded")
    asked = parser.parse_args()
    work = asked.keep or Path(tempfile.mkdtemp())
    rows: Rows = []
    for name, part in PARTS.items():
        kept = work / f"{name}.json"
        if asked.only not in (None, name):
            continue
        if not kept.is_file():
            work.mkdir(parents=True, exist_ok=True)
            write_json(kept, part(work, asked.quick))
        rows += json.loads(kept.read_text())
    if asked.only:
        return
    bars = bars_of(rows)
    for one in bars:
        met = "met" if one["met"] else "MISSED"
        print(f"{one['name']}: {one['value']:g}, asked {one['goal']}: {met}")
    if not asked.quick:
        question = (__doc__ or "").partition("\n")[0]
        print(record("reliability", question, {"seeds": ", ".join(map(str, KILLS))}, rows, bars))


if __name__ == "__main__":
    main()
