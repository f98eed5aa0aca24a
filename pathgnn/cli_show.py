"""What the command line shows of a finished run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from pathgnn.cli_say import say

if TYPE_CHECKING:
    from pathgnn.attribute.attribution import Cascade
    from pathgnn.export.results import Results


def show_truth(results: Results) -> None:
    """Predicted against known benefit, and the top cascade beside the planted one."""
    truth = results.truth
    if truth is None:
        return
    table = Table(title="Predicted benefit against the known truth (every patient out of fold)")
    for column in ("learner", "r with truth", "AUTOC", "test p"):
        table.add_column(column, justify="left" if column == "learner" else "right")
    for rung in results.benefit.ladder:
        r = _correlation(results, rung.name)
        p = f"{rung.test.p:.2g}" if rung.test else ""
        table.add_row(rung.name, r, f"{rung.autoc.value:.2f}", p)
    Console().print(table)
    found = results.explanation.cascades
    cascade = Table(title="Top cascade beside the planted one")
    for column in ("", "pathway", "genes"):
        cascade.add_column(column)
    cascade.add_row("planted", truth.pathway, " → ".join(truth.cascade))
    chain = _chain(found[0]) if found else f"none: {results.explanation.no_cascade}"
    cascade.add_row("found", found[0].pathway if found else "-", chain)
    Console().print(cascade)
    n_found = len(set(found[0].genes) & set(truth.cascade)) if found else 0
    say(f"{n_found} of {len(truth.cascade)} planted genes are in the top cascade.")
    say(_pathway_line(results))


def _correlation(results: Results, learner: str) -> str:
    """r of a learner's benefit with the truth; none for one that predicts the average."""
    import numpy as np

    tau = results.fitted.ladder[learner][:, results.explained]
    if results.truth is None or learner == "average effect":
        return "-"
    return f"{np.corrcoef(tau, results.truth.benefit)[0, 1]:.2f}"


def _chain(cascade: Cascade) -> str:
    levels: list[list[str]] = [[] for _ in range(max(cascade.order) + 1)]
    for gene, order in zip(cascade.genes, cascade.order, strict=True):
        levels[order].append(gene)
    return " → ".join(" + ".join(row) for row in levels)


def _pathway_line(results: Results) -> str:
    from pathgnn.export.to_tables import pathways

    truth = results.truth
    if truth is None:
        return ""
    table = pathways(results).set_index("Term")
    rank = list(table.index).index(truth.pathway) + 1
    q, q_other = (float(table["q"][name]) for name in (truth.pathway, truth.prognostic_pathway))
    word = "predictive" if table["is_predictive"][truth.prognostic_pathway] else "not predictive"
    return (
        f"Planted pathway {truth.pathway} ranks {rank} (q = {q:.2g}); the prognostic "
        f"{truth.prognostic_pathway} is called {word} (q = {q_other:.2g})."
    )


def show_results(results: Results, out: Path) -> None:
    """Average benefit and findings of every arm, and where the files are."""
    for benefit in results.benefits:
        average = benefit.average
        say(
            f"{benefit.arm} against {benefit.reference}: average {average.value:.3g} "
            f"({average.low:.3g} to {average.high:.3g}), {benefit.estimand.unit}."
        )
        for f in benefit.findings:
            say(f"  [{f.severity}] {f.sentence}")
    if results.subgroup_cascades:
        _show_subgroups(results)
    if (out / "report.html").is_file():
        say(
            f"Report: {out / 'report.html'}   tables: {out / 'tables'}   figures: {out / 'figures'}"
        )


def _show_subgroups(results: Results) -> None:
    """The strongest cascade of every level, and what is not shown."""
    from pathgnn.attribute.subgroup_cascades import MULTIPLICITY

    for column in results.subgroup_cascades:
        say(f"Cascades by {column.column}:")
        for level in column.levels:
            said = "no stable cascade"
            if level.cascades:
                best, q = level.cascades[0], level.q[0]
                said = f"{_chain(best)} (p {best.p:.2g}, q {q:.2g})"
            say(f"  {level.name} ({len(level.patients)} patients): {said}")
        if column.not_shown:
            say(f"  ({column.not_shown})")
    say(MULTIPLICITY)
