"""Which numbers does the README show? Write its measured part from the benchmarks' JSON."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from readme_lines import case_studies, engineering, few_patients, known_targets, neighbours

ROOT = Path(__file__).parents[1]
START, END = "<!-- measured -->", "<!-- /measured -->"
TRIALS_SAID = (
    "**Benefit** (`benefit.py`; one configuration for all; what the stack expects beforehand was "
    "chosen on other simulated outcomes of METABRIC's patients, nothing on the other cohorts). "
    "I-SPY2, randomised, complete remission: AUTOC (pooled SE), p of the valid sequential test; "
    "its biomarkers were tuned on this very trial."
)
RECOVERED_SAID = (
    "Xenografts, seven drugs: r of predicted with observed benefit of held-out tumours, mean over "
    "drugs (95 % over tumours, of predictions averaged over repeats), and within folds, where the "
    "average of a fold's training set ranks nobody. METABRIC's patients with a "
    "simulated benefit: r with the truth in the patients that none was trained on (1,300 were), "
    "mean of three cohorts each."
)
# Sections whose goals are one line together.
TOGETHER = ("known", "ACTG 175")
LARGEST = "10,000 patients x 20,000 genes x 5 omics"


def main() -> None:
    """Replace the part of the README between its two marks."""
    path = ROOT / "README.md"
    text = path.read_text()
    before, rest = text.split(START)
    after = rest.split(END)[1]
    parts = [
        _demo(),
        _attribution(),
        neighbours(),
        known_targets(),
        case_studies(),
        _benefit(),
        _accuracy(),
        _speed(),
        _pretraining(),
        _graph(),
        _cohorts(),
        engineering(),
    ]
    measured = "\n\n".join(parts)
    path.write_text(f"{before}{START}\n{measured}\n{END}{after}")


def _read(name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((ROOT / "benchmarks/results" / f"{name}.json").read_text())
    return content


def _demo() -> str:
    rows = _read("demo_recovery")["rows"]
    lines = [
        f"**Simulated trials, {len(rows)} seeds** (600 patients, one planted cascade; "
        "`demo_recovery.py`):",
        "",
        "| seed | default r | network r | rewired r | best simple r | pathway rank "
        "| genes recovered | prognostic called predictive |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for r in rows:
        called = "yes" if r["prognostic_called_predictive"] else "no"
        lines.append(
            f"| {r['seed']} | {r['r']:.2f} | {r['r_network']:.2f} | {r['r_rewired']:.2f} "
            f"| {r['r_best_other']:.2f} | {r['pathway_rank']} | {r['recovered']:.0%} | {called} |"
        )
    return "\n".join(lines)


def _attribution() -> str:
    found = _read("attribution")
    of = {
        regime: [r["auprc"] for r in found["rows"] if r["regime"] == regime]
        for regime in ("strong", "weak")
    }
    lines = [
        f"**Attribution** (`attribution.py`; trials of each kind so far: {len(of['strong'])}; area "
        "under precision and recall of the planted genes, by mean absolute score):",
        "",
        "| ranking | strong benefit | weak benefit |",
        "|---|---|---|",
    ]
    for name in of["strong"][0]:
        cells = []
        for rows in of.values():
            each = [r[name] for r in rows]
            mean = sum(each) / len(each)
            cells.append(f"{mean:.2f} ({min(each):.2f} to {max(each):.2f})")
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join([*lines, "", few_patients(found["rows"]), "", *_goals(found["bars"])])


def _goals(bars: list[dict[str, Any]]) -> list[str]:
    """What was asked, one line each."""
    return [
        f"- {b['name']}: {b['value']:.3g}, asked {b['goal']}: {'met' if b['met'] else '**missed**'}"
        for b in bars
    ]


def _graph() -> str:
    controls = _read("does_the_graph_help")
    kinds = {True: "needs it", False: "does not"}
    right = {
        kind: [r["says_helps"] == kind for r in controls["rows"] if r["needs"] == kind]
        for kind in kinds
    }
    verdicts = ", ".join(f"{sum(v)} of {len(v)} where it {kinds[k]}" for k, v in right.items())
    union = {r["what"]: r["value"] for r in _read("graph_union")["rows"]}
    build, memory, load = (bar["value"] for bar in _read("graph_union")["bars"])
    mapped = _read("identifier_mapping")["rows"]
    total = {k: sum(r[k] for r in mapped) for k in ("features", "mapped", "ambiguous", "unknown")}
    share = {k: total[k] / total["features"] for k in ("mapped", "ambiguous", "unknown")}
    return "\n".join(
        [
            f"**Graph.** The verdict of `pathgnn controls` was right in {verdicts} "
            "(`does_the_graph_help.py`; where it is needed, the deciding genes are not measured; "
            "300 patients, five trainings of each kind; 18 of 20 are asked). "
            f"Union of all databases at hand, {union['genes']:,} genes, {union['edges']:,} edges, "
            f"{union['pathways']:,} pathways: built in {build:.1f} s and {memory:.1f} GB, read "
            f"back in {load:.2f} s (`graph_union.py`). Of {total['features']:,} features in "
            f"{len(mapped)} real tables, {share['mapped']:.1%} are mapped with HGNC's file, "
            f"{share['ambiguous']:.1%} refused as ambiguous, {share['unknown']:.1%} unknown "
            "(`identifier_mapping.py`).",
        ]
    )


def _cohorts() -> str:
    """What was read, how fast, and what the leakage guard said."""
    tables = _read("read_everything")["bars"][0]
    scale = {bar["name"]: bar["value"] for bar in _read("read_scale")["bars"]}
    seconds, gigabytes = (scale[f"{k}, {LARGEST}"] for k in ("seconds", "peak GB"))
    per_patient = _read("read_scale")["rows"][-1]["bytes_per_patient"] / 2**20
    bars = _read("check_findings")["bars"]
    rows = [r for r in _read("check_findings")["rows"] if "leak" in r]
    fired = sum(r["fired"] for r in rows)
    return (
        f"**Cohorts.** {tables['value']} of {tables['value']} real tables and studies are read "
        f"(`read_everything.py`). {LARGEST}: read, checked and projected in {seconds:.0f} s and "
        f"{gigabytes:.1f} GB, {per_patient:.2f} MB per patient (`read_scale.py`). The leakage "
        f"guard fired on {fired} of {len(rows)} planted leaks, and gave {bars[2]['value']:.0f} "
        f"{bars[2]['name']} (the aim is none), all in three small class comparisons, of kidney "
        "tissues, sepsis subphenotypes, and tumour with normal, which separate almost perfectly "
        "(`check_findings.py`)."
    )


def _accuracy() -> str:
    """Mean over tasks of each model, and the goals, met or not."""
    from accuracy_summary import SHARE, single_omics, tables

    content = _read("accuracy")
    groups = tables(content["rows"])
    names = list(dict.fromkeys(name for table in groups.values() for name in table.index))
    lines = [
        "**Outcomes without treatment** (`accuracy.py`; the same folds for all, one configuration; "
        "mean Harrell C over the TCGA cancers, mean r over drugs and folds elsewhere):",
        "",
        "| model | " + " | ".join(f"{g} ({t.shape[1] - 1})" for g, t in groups.items()) + " |",
        "|---" * (len(groups) + 1) + "|",
    ]
    for name in names:
        means = [t.loc[name, "mean"] if name in t.index else math.nan for t in groups.values()]
        if all(math.isnan(mean) for mean in means):
            continue
        cells = ["" if math.isnan(mean) else f"{mean:.3f}" for mean in means]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    by_group: dict[str, list[float]] = {g: [] for g in groups}
    for row in content["rows"]:
        if row["model"] == SHARE:
            by_group[row["group"]].append(row["value"])
    share = ", ".join(f"{g} {sum(x) / len(x):.0%}" for g, x in by_group.items())
    (by_graph,) = (r["value"] for r in content["rows"] if r["model"].startswith("flexynesis GNN"))
    lines += [
        "",
        f"The network's share of the stack, on average: {share}. The "
        "peers' untuned penalty and way of tuning were chosen on these folds, in their favour. "
        "Forest, MLP and controls were not run on every cancer; the JSON has those that were. "
        "Flexynesis, with fewer iterations than its 100, was run on TCGA, its graph "
        f"network, at minutes a fold, on BLCA alone ({by_graph:.3f}). The network on single omics "
        f"beside all of them, on two folds: {_omics(single_omics(content['rows']))}.",
    ]
    return "\n".join([*lines, *_bars(content)])


def _omics(groups: dict[str, dict[str, float]]) -> str:
    each = {
        group: ", ".join(f"{name.replace('_', ' ')} {value:.2f}" for name, value in of.items())
        for group, of in groups.items()
    }
    return "; ".join(f"{group}: {said}" for group, said in each.items())


def _speed() -> str:
    """What was asked of speed and memory: ranges over sizes, and how many were met."""
    bars = _read("throughput")["bars"]
    kinds = {
        "PyG's CPU-seconds over ours": "cpu_seconds, PyG / pathgnn:",
        "our memory over PyG's": "memory, pathgnn / PyG:",
        "share of the memory bandwidth": "share of bandwidth, pathgnn:",
        "the same, features computed again, CPU-seconds": "PyG / pathgnn, features computed",
        "the same, memory": "memory, pathgnn, features computed",
    }
    said = []
    for what, part in kinds.items():
        of = [b for b in bars if part in b["name"]]
        low, high = min(b["value"] for b in of), max(b["value"] for b in of)
        met = sum(b["met"] for b in of)
        said.append(f"{what} {low:.2g} to {high:.2g} ({met} of {len(of)} goals met)")
    exponents = [b for b in bars if b["name"].startswith("exponent")]
    grows = ", ".join(f"{b['name'].split(',')[0][12:]} {b['value']:.2f}" for b in exponents)
    memory, other = (b["value"] for b in _read("memory_estimate")["bars"])
    return (
        "**A training step** beside PyTorch Geometric, the same numbers, 5,000 and 20,000 genes "
        f"(`throughput.py`): {'; '.join(said)}. Exponents of growth: {grows}. The memory that "
        f"`check` predicts was {memory:+.0%} off at worst, {other:+.0%} with other layers."
    )


def _pretraining() -> str:
    """C gained at each number of labelled patients."""
    bars = _read("pretraining")["bars"]
    said = "; ".join(
        f"{b['name'].split(', ')[1]}: {b['value']:+.3f} ({b['low']:+.3f} to {b['high']:+.3f})"
        for b in bars
    )
    return f"**Pretraining**, C gained on METABRIC (`pretraining.py`): {said}."


def _bars(content: dict[str, Any]) -> list[str]:
    """One line per goal."""
    out = []
    for b in content["bars"]:
        interval = f" ({b['low']:.3g} to {b['high']:.3g})" if b["low"] is not None else ""
        met = "met" if b["met"] else "**missed**"
        out.append(f"- {b['name']}: {b['value']:.3g}{interval}, asked {b['goal']}: {met}")
    return out


def _benefit() -> str:
    """Real trials beside the ladder, xenografts, semi-synthetic cohorts, and every goal."""
    content = _read("benefit")
    by_section: dict[str, list[dict[str, Any]]] = {}
    for row in content["rows"]:
        by_section.setdefault(row["section"], []).append(row)
    parts = [
        TRIALS_SAID,
        "",
        *_trials(by_section["trials"]),
        "",
        RECOVERED_SAID,
        "",
        *_recovered(by_section["xenografts"], by_section["semi"]),
        "",
        *_bars({"bars": [b for b in content["bars"] if not b["name"].startswith(TOGETHER)]}),
        *(_together(content["bars"], start) for start in TOGETHER),
    ]
    return "\n".join(parts)


def _together(bars: list[dict[str, Any]], start: str) -> str:
    """Many goals of one kind in a line."""
    of = [b for b in bars if b["name"].startswith(start)]
    return f"- {start}: {sum(b['met'] for b in of)} of {len(of)} goals met"


def _trials(rows: list[dict[str, Any]]) -> list[str]:
    arms = list(dict.fromkeys(r["arm"] for r in rows))
    learners = list(dict.fromkeys(r["learner"] for r in rows))
    lines = ["| learner | " + " | ".join(arms) + " |", "|---" * (len(arms) + 1) + "|"]
    for learner in learners:
        of = {r["arm"]: r for r in rows if r["learner"] == learner}
        cells = []
        for arm in arms:
            r = of[arm]
            p = f", p {r['test_p']:.2g}" if r["test_p"] is not None else ""
            cells.append(f"{r['autoc']:.3f} ({r['autoc_se']:.3f}){p}")
        lines.append(f"| {learner} | " + " | ".join(cells) + " |")
    return lines


def _recovered(tumours: list[dict[str, Any]], semi: list[dict[str, Any]]) -> list[str]:
    variants = list(dict.fromkeys(r["variant"] for r in semi))
    variants.remove("null")
    learners = list(dict.fromkeys(r["learner"] for r in semi if "calibrated" not in r["learner"]))
    xenografts = {r["learner"]: r for r in tumours}
    lines = ["| learner | xenografts | " + " | ".join(variants) + " |"]
    lines.append("|---" * (len(variants) + 2) + "|")
    for learner in learners:
        found = xenografts.get("stacked" if learner.startswith("default") else learner)
        first = ""
        if found is not None:
            first = f"{found['mean']:.2f} ({found['low']:.2f} to {found['high']:.2f})"
            first += f"; {found['within_mean']:.2f}"
        cells = []
        for variant in variants:
            r = [x["r"] for x in semi if (x["variant"], x["learner"]) == (variant, learner)]
            cells.append(f"{sum(r) / len(r):.2f}" if r else "")
        lines.append(f"| {learner} | {first} | " + " | ".join(cells) + " |")
    return lines


if __name__ == "__main__":
    main()
