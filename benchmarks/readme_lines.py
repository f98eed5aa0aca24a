"""Parts of the README that are one line per benchmark, and the recovery of known targets."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"


def read(name: str) -> dict[str, Any]:
    """The JSON of a benchmark."""
    content: dict[str, Any] = json.loads((RESULTS / f"{name}.json").read_text())
    return content


def few_patients(rows: list[dict[str, Any]]) -> str:
    """What the costly rankings rest on, and what the methods cost."""
    rows = [r for r in rows if "few_patients" in r]
    seconds = {
        name: sum(r["cpu_seconds_per_100"][name] for r in rows) / len(rows)
        for name in rows[0]["cpu_seconds_per_100"]
    }
    cost = ", ".join(f"{name} {each:.2g}" for name, each in seconds.items())
    alike = [r["gnn_explainer_seeds_jaccard"] for r in rows]
    return (
        f"Occlusion and PyG's GNNExplainer (best of five settings on another trial, mean of two "
        f"seeds, whose 20 best genes agree with Jaccard {min(alike):.2f} to {max(alike):.2f}) "
        f"explained {rows[0]['few_patients']} patients of each trial. CPU-seconds per 100 "
        f"patients: {cost}."
    )


def known_targets() -> str:
    """Where the pathways of known targets rank, and how far attributions come back."""
    content = read("attribution_real")
    found = [row for row in content["rows"] if "recovery" in row]
    cohorts = list(dict.fromkeys(r["cohort"] for r in content["rows"] if "cohort" in r))
    first = found[0]
    lines = [
        f"**Known targets, real cell lines** (`attribution_real.py`; {first['drugs']} drugs, "
        f"{first['pathways']} pathways; area under the recovery curve of the target's best "
        "pathway; some pathways come out for every drug, so see how far it is above the mean of "
        "targets dealt out among the drugs) and rank-biased overlap of genes over three folds:",
        "",
        "| ranking | target's pathway | above dealt | p | target gene | "
        + " | ".join(cohorts)
        + " |",
        "|---|---|---|---|---|" + "---|" * len(cohorts),
    ]
    for row in found:
        name = row["recovery"]
        overlap = [_mean(content["rows"], cohort, name) for cohort in cohorts]
        cells = [name, f"{row['area']:.2f}", f"{row['above_dealt']:.3f}", f"{row['p']:.2g}"]
        cells.append(f"{row['gene_area']:.2f}")
        lines.append("| " + " | ".join([*cells, *(f"{x:.2f}" for x in overlap)]) + " |")
    return "\n".join(lines)


def neighbours() -> str:
    """What propagation over the graph does for the planted genes."""
    content = read("propagation")
    rows = content["rows"]
    names = [name for name in rows[0] if name not in ("regime", "repeat")]
    said = []
    for regime in dict.fromkeys(r["regime"] for r in rows):
        of = [r for r in rows if r["regime"] == regime]
        each = ", ".join(f"{name} {sum(r[name] for r in of) / len(of):.2f}" for name in names)
        said.append(f"{regime} benefit, the first {len(of)} of those trials: {each}")
    return (
        "**Neighbours** (`propagation.py`; the same area, of scores as they are and spread over "
        f"the graph, the column `propagated`): {'; '.join(said)}."
    )


def case_studies() -> str:
    """What is known of four drugs, found or not."""
    rows = read("case_studies")["rows"]
    lines = [
        "**Case studies, real patients** (`case_studies.py`; the expected was fixed beforehand):",
        "",
        "| study, arm | expected, best | rank | its q | one test at a time | test of benefit, p |",
        "|---|---|---|---|---|---|",
    ]
    for r in rows:
        cells = [f"{r['study']}, {r['arm']}", r["best_expected"], f"{r['rank']} of {r['items']}"]
        cells += [f"{r['q']:.2g}", f"{r['univariate_rank']}", f"{r['test_p']:.2g}"]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def engineering() -> str:
    """Processes, crashes, sample size, cost of attribution: one line each."""
    cost = read("attribution_cost")["rows"]
    each = ", ".join(
        f"{r['cpu_seconds_per_100']:.2g} ({r['genes']:,} genes)"
        for r in cost
        if r["method"] == "integrated gradients" and r["members"] == 1
    )
    lines = [
        _line("Two processes", "scale_out"),
        _line("Reliability", "reliability"),
        _sample_size(),
        f"{_line('Cost of attribution', 'attribution_cost')} CPU-seconds per 100 patients and "
        f"network: {each}.",
    ]
    return "\n\n".join(lines)


def _sample_size() -> str:
    bars = read("cohort_size")["bars"]
    said = "; ".join(f"{b['name'].partition(':')[0]}: {b['value']:.0%}" for b in bars)
    return f"**Sample size** (`cohort_size.py`): share of three trials that show benefit: {said}."


def _line(title: str, name: str) -> str:
    said = []
    for one in read(name)["bars"]:
        value = f"{one['value']:.3g}" if isinstance(one["value"], float) else str(one["value"])
        said.append(
            f"{one['name']} {value}" + ("" if one["met"] else f" (**missed**: {one['goal']})")
        )
    return f"**{title}** (`{name}.py`): {'; '.join(said)}."


def _mean(rows: list[dict[str, Any]], cohort: str, name: str) -> float:
    each = [r["rbo"][name] for r in rows if r.get("cohort") == cohort]
    return sum(each) / len(each)
