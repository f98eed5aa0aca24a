"""Does the whole job run on real cohorts, and is its benefit better than simple models?"""

from __future__ import annotations

import math
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from record import arguments, bar, record

from pathgnn.errors import RefusedError
from pathgnn.export.results import Results
from pathgnn.export.to_tables import pathways
from pathgnn.run import Options, read_input, run
from pathgnn.study import Study, read_study
from pathgnn.train.stack import NETWORK

STUDIES = Path(__file__).parent / "studies"
NAMES = ("pdxe", "ispy2", "ispy2_neratinib", "metabric_hormone", "metabric_chemo")
HEADER = (
    f"{'study':18s}{'arm':13s}{'learner':28s}{'n':>5s}{'r':>7s}{'AUTOC (SE)':>18s}"
    f"{'slope (SE)':>16s}{'z':>7s}{'p':>8s}"
)
QUICK = {"folds": 3, "members": 1, "outcome_rounds": 1, "benefit_rounds": 1}


def main() -> None:
    """Run every study, print the table, write the JSON."""
    args = arguments(__doc__ or "")
    rows: list[dict[str, Any]] = []
    bars: list[dict[str, Any]] = []
    data: dict[str, str] = {}
    for name in NAMES:
        study = read_study(STUDIES / f"{name}.toml")
        if args.quick:
            study = study.model_copy(update={"fit": study.fit.model_copy(update=QUICK)})
        start = time.perf_counter()
        results = _run(name, study, args.shared / "data" / study.data, data)
        seconds = round(time.perf_counter() - start, 1)
        refused = results is None
        bars.append(
            bar(
                f"{name}: refused",
                float(refused),
                _goal(name),
                refused == (name == "metabric_chemo"),
            )
        )
        if results is not None:
            rows += _rows(name, results, seconds)
            warned = any(f.severity == "warning" and f.topic == "overlap" for f in results.checks)
            if name == "metabric_hormone":
                bars.append(bar(f"{name}: warned of confounding", float(warned), "1", warned))
    _print(rows)
    if not args.quick:
        record("real_runs", __doc__ or "", data, rows, bars)


def _goal(name: str) -> str:
    return "refused" if name == "metabric_chemo" else "printed"


def _run(name: str, study: Study, folder: Path, data: dict[str, str]) -> Results | None:
    given = read_input(study, STUDIES, folder)
    data |= {f"{name}/{file}": digest for file, digest in given.hashes.items()}
    with tempfile.TemporaryDirectory() as out:
        try:
            return run(given, Path(out), Options())
        except RefusedError as error:
            print(f"{name}: refused. {error}")
            return None


def _rows(name: str, results: Results, seconds: float) -> list[dict[str, Any]]:
    """One row per arm and learner; the network's carries what only it has."""
    out = []
    top = pathways(results).iloc[0]
    for k, benefit in enumerate(results.benefits):
        on = results.fitted.scores.informs[:, k]
        gain = results.fitted.scores.gain[on, k]
        for rung in benefit.ladder:
            tau = results.fitted.ladder[rung.name][on, k]
            row: dict[str, Any] = {
                "study": name,
                "arm": benefit.arm,
                "learner": rung.name,
                "n": int(on.sum()),
                "r": None if np.ptp(tau) < 1e-9 else float(np.corrcoef(tau, gain)[0, 1]),
                "autoc": rung.autoc.value,
                "autoc_se": rung.autoc.se,
                "slope": rung.slope.value,
                "slope_se": rung.slope.se if math.isfinite(rung.slope.se) else None,
                "test_z": rung.test.z if rung.test else None,
                "test_p": rung.test.p if rung.test else None,
            }
            if rung.name == NETWORK:
                row |= {
                    "average": list(benefit.average),
                    "top_half": list(benefit.halves[0]),
                    "bottom_half": list(benefit.halves[1]),
                    "findings": [f.sentence for f in benefit.findings],
                    "seconds": seconds,
                }
                if k == results.explained:
                    row["top_pathway"] = [str(top["Term"]), float(top["q"])]
                    row["cascades"] = [list(c.genes) for c in results.explanation.cascades]
                    row["stability"] = list(results.explanation.stability)
            out.append(row)
    return out


def _print(rows: list[dict[str, Any]]) -> None:
    print(HEADER)
    for r in rows:
        corr = "" if r["r"] is None else f"{r['r']:.2f}"
        z = "" if r["test_z"] is None else f"{r['test_z']:.2f}"
        p = "" if r["test_p"] is None else f"{r['test_p']:.3f}"
        slope = "" if r["slope_se"] is None else f"{r['slope']:.2f} ({r['slope_se']:.2f})"
        auc = f"{r['autoc']:.3f} ({r['autoc_se']:.3f})"
        print(
            f"{r['study']:18s}{r['arm']:13s}{r['learner']:28s}{r['n']:5d}{corr:>7s}{auc:>18s}"
            f"{slope:>16s}{z:>7s}{p:>8s}"
        )
        if r["learner"] == NETWORK:
            top, low = r["top_half"], r["bottom_half"]
            print(
                f"    average {r['average'][0]:.3g} (SE {r['average'][1]:.2g}); "
                f"top half {top[0]:.3g}, bottom half {low[0]:.3g}; {r['seconds']} s"
            )
            for key in ("top_pathway", "cascades", "stability"):
                if key in r:
                    print(f"    {key}: {r[key]}")


if __name__ == "__main__":
    main()
