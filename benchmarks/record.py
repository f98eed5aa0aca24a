"""What every benchmark's JSON holds: question, date, machine, versions, data, rows, bars."""

from __future__ import annotations

import argparse
import json
import os
import platform
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pathgnn.files import write_json
from pathgnn.train.bundle import versions

RESULTS = Path(__file__).parent / "results"


def arguments(question: str) -> argparse.Namespace:
    """--quick and --shared, the same for all."""
    parser = argparse.ArgumentParser(description=question)
    parser.add_argument("--quick", action="store_true", help="a small version, under a minute")
    parser.add_argument(
        "--shared", type=Path, default=Path(os.environ.get("PATHGNN_SHARED", "../shared"))
    )
    return parser.parse_args()


def bar(name: str, value: float, goal: str, met: bool, **limits: float) -> dict[str, Any]:
    """One number that was asked of the benchmark, met or not."""
    low, high = limits.get("low"), limits.get("high")
    return {"name": name, "value": value, "low": low, "high": high, "goal": goal, "met": met}


def kept_rows(path: Path | None) -> list[dict[str, Any]]:
    """Rows that an earlier, interrupted call finished."""
    lines = path.read_text().splitlines() if path is not None and path.is_file() else []
    return [json.loads(line) for line in lines]


def keep_row(path: Path | None, row: dict[str, Any]) -> None:
    """Add a finished row to the file, where one is given."""
    if path is not None:
        with path.open("a") as handle:
            handle.write(json.dumps(row) + "\n")


def record(
    name: str, question: str, data: dict[str, str], rows: list[Any], bars: list[Any]
) -> Path:
    """Write the JSON of a benchmark."""
    machine = {
        "cpus": os.cpu_count(),
        "system": platform.system(),
        "python": platform.python_version(),
    }
    path = RESULTS / f"{name}.json"
    write_json(
        path,
        {
            "question": question,
            "date": datetime.now(UTC).date().isoformat(),
            "machine": machine,
            "versions": versions(),
            "data": data,
            "rows": rows,
            "bars": bars,
        },
    )
    return path
