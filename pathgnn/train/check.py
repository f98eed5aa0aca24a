"""What can be said before anything is trained: overlap, outcomes per arm, mapping."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from jaxtyping import Float

from pathgnn.benefit.overlap import overlap
from pathgnn.benefit.verdict import Finding, events_finding, overlap_finding
from pathgnn.errors import RefusedError
from pathgnn.graph.graph import PathwayGraph
from pathgnn.graph.nodes import Nodes
from pathgnn.graph.project import coverage
from pathgnn.seeds import rng_for
from pathgnn.train.estimate import counted_as_events, events_per_arm
from pathgnn.train.folds import check_size, folds
from pathgnn.train.nuisance import check_follow_up, propensity_of

# Share of an omic's features with a name that no table knows: more is a problem of identifiers.
MANY_UNKNOWN = 0.2
# Cells of the tensor that the propensity is learned from: 2,000 features of 10,000 patients.
MOST_CELLS = 20_000_000


def check(
    nodes: Nodes, graph: PathwayGraph, n_folds: int, seed: int, least_coverage: float = 0.2
) -> tuple[Finding, ...]:
    """Findings on overlap, outcomes and coverage; a severity "refused" forbids a benefit."""
    return check_with(propensities(nodes, n_folds, seed), nodes, graph, least_coverage)


def propensities(nodes: Nodes, n_folds: int, seed: int) -> Float[np.ndarray, "row arm"]:
    """Cross-fitted probability of each arm, a row per outcome."""
    check_size(nodes, n_folds)
    nodes = thinned(nodes)
    propensity = np.empty((len(nodes.arm), len(nodes.arms)))
    fold = folds(nodes, n_folds, rng_for(seed, 0))
    check_follow_up(nodes, fold, nodes.horizon)
    for k in range(n_folds):
        rows = np.flatnonzero((fold == k)[nodes.patient_of.numpy()])
        propensity[rows] = propensity_of(nodes, fold != k, fold == k)
    return propensity


def check_with(
    propensity: Float[np.ndarray, "row arm"],
    nodes: Nodes,
    graph: PathwayGraph,
    least_coverage: float = 0.2,
) -> tuple[Finding, ...]:
    """The same, with propensities that are there already."""
    block = nodes.known_clinical[nodes.patient_of]
    worst = overlap(propensity, nodes.arm.numpy(), block)
    return (
        overlap_finding(worst, nodes.randomised),
        events_finding(events_per_arm(nodes), nodes.arms, counted_as_events(nodes)),
        _coverage_finding(nodes, graph, least_coverage),
        *_sign_findings(graph),
        *_name_findings(nodes),
        *_constant_findings(nodes),
    )


def thinned(nodes: Nodes) -> Nodes:
    """The same patients with every so many genes, few enough for a model in memory."""
    cells = nodes.x.numel()
    step = -(-cells // MOST_CELLS)
    if step == 1:
        return nodes
    return replace(nodes, x=nodes.x[::step], seen=nodes.seen[::step], genes=nodes.genes[::step])


def refuse(findings: tuple[Finding, ...], accept_risk: bool) -> None:
    """Stop where a safeguard says so, unless the user takes the risk.

    Raises:
        RefusedError: with the safeguard's sentence and what to do.
    """
    refused = [f for f in findings if f.severity == "refused"]
    if refused and not accept_risk:
        raise RefusedError(
            f"{refused[0].sentence} To go on all the same, pass --accept-risk, which is stamped on "
            "the report."
        )


def _coverage_finding(nodes: Nodes, graph: PathwayGraph, least: float) -> Finding:
    share = float(coverage(nodes, graph)["share"].mean())
    measured = int(nodes.measured.sum())
    said = f"{measured} of {len(nodes.genes)} graph genes are measured; {share:.0%} of a pathway"
    table = coverage(nodes, graph)
    low = table[table["share"] < least]["pathway"].tolist()
    if share >= least:
        fewer = f" {len(low)} of {len(table)} pathways have less than {least:.0%}: "
        named = fewer + _some(low) + "; scores there rest on few genes." if low else ""
        return Finding("note" if low else "ok", "coverage", share, f"{said} on average.{named}")
    advice = f"less than {least:.0%}: use pathways of what was measured, or a larger graph"
    return Finding("warning", "coverage", share, f"{said} on average, {advice}.")


def _some(names: list[str]) -> str:
    return ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")


def _sign_findings(graph: PathwayGraph) -> tuple[Finding, ...]:
    """A table whose signs were not understood looks like a graph without any."""
    if not len(graph.sign) or graph.sign.any():
        return ()
    said = (
        "No edge of the graph has a sign: cascades cannot tell activation from inhibition. If the "
    )
    said += (
        "file has signs, call their column `sign` (1, -1), or `interaction` (activates, inhibits)."
    )
    return (Finding("note", "signs", 0.0, said),)


def _name_findings(nodes: Nodes) -> tuple[Finding, ...]:
    """Features that were refused or lost for their names."""
    out = []
    for r in nodes.report:
        if r.excel_dates:
            said = f"Omic '{r.omic}': {r.excel_dates} features are dates, which a spreadsheet made "
            said += "of genes such as SEPT2 or MARCH1; export the table again with ids as text."
            out.append(Finding("warning", "identifiers", float(r.excel_dates), said))
        if r.ambiguous:
            said = f"Omic '{r.omic}': {r.ambiguous} features could mean two genes and were left "
            said += "out; features.csv names them."
            out.append(Finding("note", "identifiers", float(r.ambiguous), said))
        known = r.features - r.unknown
        like = f" Most of the unknown look like {r.looks_like}." if r.looks_like else ""
        if not r.mapped:
            said = f"Omic '{r.omic}': none of its {r.features} features is in the graph; "
            said += f"features.csv lists them.{like} Other names of genes are understood with "
            said += "HGNC's complete set as `hgnc` in [graph], probes and sites with a feature map."
            out.append(Finding("warning", "identifiers", 0.0, said))
        elif r.not_in_graph and r.unknown > MANY_UNKNOWN * r.features:
            said = f"Omic '{r.omic}': only {known} of {r.features} features have a name that is "
            said += f"known; features.csv lists the others.{like}"
            out.append(Finding("warning", "identifiers", r.unknown / r.features, said))
    return tuple(out)


def _constant_findings(nodes: Nodes) -> tuple[Finding, ...]:
    """Omics that touch the graph nowhere, or that hardly anybody has."""
    out = []
    for m, name in enumerate(nodes.modalities):
        have = float(nodes.seen[:, :, m].any(0).float().mean())
        if have < 0.5:
            said = f"Omic '{name}' was measured in {have:.0%} of the patients (on graph genes); "
            said += "they stay in, and the others' values count as unseen. Leave the omic out if "
            said += "who was measured depends on the outcome."
            out.append(Finding("note", "missing", have, said))
    return tuple(out)
