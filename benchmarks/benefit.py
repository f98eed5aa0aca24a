"""Is the predicted benefit right: tests valid, effects recovered, real trials and simulations?"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any

import benefit_known
import benefit_null
import benefit_observational
import benefit_semi
import benefit_trials
import benefit_xenografts
import pandas as pd
from record import record

# Each has `cases(quick)`, `run(case, shared, quick)` -> rows, `recorded(rows)` -> what of them goes
# into the JSON, and `bars(rows)`.
SECTIONS: Mapping[str, ModuleType] = MappingProxyType(
    {
        "null": benefit_null,
        "known": benefit_known,
        "trials": benefit_trials,
        "semi": benefit_semi,
        "xenografts": benefit_xenografts,
        "observational": benefit_observational,
    }
)
Rows = list[dict[str, Any]]


def main() -> None:
    """Every case of every section, the tables, the bars, the JSON."""
    args = _arguments()
    rows: Rows = []
    bars: Rows = []
    for name in args.section or SECTIONS:
        found = list(_rows(name, args))
        told = [row | {"section": name} for row in SECTIONS[name].recorded(found)]
        print(f"\n{name}\n{_table(told)}", flush=True)
        rows += told
        if not args.quick:
            bars += SECTIONS[name].bars(found)
    for one in bars:
        met = "met   " if one["met"] else "MISSED"
        print(f"{met} {one['name']}: {one['value']:.3g}, {one['goal']}")
    if not args.quick and not args.section:
        record("benefit", __doc__ or "", {}, rows, bars)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small versions of all sections")
    parser.add_argument("--section", action="append", choices=[*SECTIONS], help="only this one")
    parser.add_argument("--keep", type=Path, help="file that keeps finished cases for a next call")
    parser.add_argument(
        "--shared", type=Path, default=Path(os.environ.get("PATHGNN_SHARED", "../shared"))
    )
    return parser.parse_args()


def _rows(name: str, args: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """Rows of a section; those of cases that an earlier call kept are taken from there."""
    kept = _kept(args.keep, name)
    for case in SECTIONS[name].cases(args.quick):
        if case in kept:
            yield from kept[case]
            continue
        found = SECTIONS[name].run(case, args.shared, args.quick)
        if args.keep:
            with args.keep.open("a") as handle:
                handle.write(json.dumps({"section": name, "case": case, "rows": found}) + "\n")
        yield from found


def _kept(path: Path | None, section: str) -> dict[str, Rows]:
    if path is None or not path.is_file():
        return {}
    entries = [json.loads(line) for line in path.read_text().splitlines()]
    return {e["case"]: e["rows"] for e in entries if e["section"] == section}


def _table(rows: Rows) -> str:
    return pd.DataFrame(rows).drop(columns="section").round(3).to_string(index=False)


if __name__ == "__main__":
    main()
