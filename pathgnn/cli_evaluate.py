"""The command `pathgnn evaluate`: a saved model in another cohort with outcomes."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from pathgnn.cli_say import errors, print_table, say

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from pathgnn.benefit.verdict import Finding
    from pathgnn.graph.nodes import Nodes
    from pathgnn.train.bundle import Model
    from pathgnn.train.evaluate import External

# The table that every folder of an evaluation holds.
MARK = "external.csv"
TABLES = (
    "external",
    "patients",
    "calibration",
    "toc",
    "findings",
    "transport",
    "data_dictionary",
)


def evaluate(
    model: Annotated[Path, typer.Argument(help="RUN/fit/model of an earlier run")],
    study: Annotated[Path, typer.Argument(help="study file of the other cohort")],
    data: Annotated[Path | None, typer.Option(help="folder of its tables")] = None,
    out: Annotated[Path, typer.Option(help="folder to write")] = Path("external"),
    source: Annotated[
        Path | None, typer.Option(help="study the model was trained on, to carry its effect over")
    ] = None,
    risk: Annotated[bool, typer.Option("--accept-risk", help="go on where refused")] = False,
    ids: Annotated[bool, typer.Option("--with-ids", help="write patient ids")] = False,
) -> None:
    """Does the ranking hold in other patients? Recalibration, what was missing, transport."""
    with errors():
        from pathgnn.export.dictionary import write_described
        from pathgnn.files import refuse_others, whole_folder
        from pathgnn.run import read_input
        from pathgnn.study import read_study, unexplained
        from pathgnn.train.bundle import load, meet
        from pathgnn.train.check import refuse
        from pathgnn.train.evaluate import evaluate as judge
        from pathgnn.train.evaluate import input_findings, own_findings

        refuse_others(out, MARK, [f"{name}.csv" for name in TABLES])
        trained, read = load(model), unexplained(read_study(study))
        own = None if source is None else _own(source, trained)
        given = read_input(read, study.parent, data)
        nodes = meet(trained, given.cohort, given.known)
        inputs = (*own_findings(trained, nodes), *input_findings(trained, given.cohort, nodes))
        found = judge(trained, nodes, read.seed)
        refuse((*inputs, *(f for one in found for f in one.findings)), risk)
        tables = _tables(found, inputs, given.cohort.patients if ids else None)
        if own is not None:
            tables["transport"] = _transport(own, nodes, trained, found)
        with whole_folder(out, MARK) as part:
            write_described(tables, trained.recipe.estimand.unit, part, "external")
        print_table(_short(found), "external validation")
        for heading, findings in _by_arm(inputs, found):
            if heading:
                say(heading)
            for finding in findings:
                say(f"[{finding.severity}] {finding.sentence}")
        say(f"Tables: {out}")


def _by_arm(
    inputs: tuple[Finding, ...], found: tuple[External, ...]
) -> Iterator[tuple[str, tuple[Finding, ...]]]:
    """What is said of all, then of each arm what is said of it alone, under its name."""
    several = len(found) > 1
    joint = tuple(f for f in found[0].findings if several and all(f in o.findings for o in found))
    yield "", (*inputs, *joint)
    for one in found:
        own = tuple(f for f in one.findings if f not in joint)
        yield f"{one.arm} against {one.reference}:" if several else "", own


def _tables(
    found: tuple[External, ...], inputs: tuple[Finding, ...], ids: tuple[str, ...] | None
) -> dict[str, pd.DataFrame]:
    import pandas as pd

    from pathgnn.cohort.pseudonym import pseudonyms

    rows, patients, groups, curves, findings = [], [], [], [], []
    for one in found:
        rows.append(_numbers(one))
        names = ids or pseudonyms(len(one.score))
        patients.append(
            pd.DataFrame(
                {
                    "patient": names,
                    "arm": one.arm,
                    "benefit": one.benefit,
                    "recalibrated": one.recalibrated.benefit,
                    "score": one.score,
                }
            )
        )
        groups += [
            {"arm": one.arm, "predicted": mean, "observed": e.value, "low": e.low, "high": e.high}
            for mean, e in one.groups
        ]
        curve = pd.DataFrame({"share": one.toc.share, "toc": one.toc.value, "se": one.toc.se})
        curves.append(curve.assign(arm=one.arm))
        findings += [{"arm": one.arm, **f._asdict()} for f in one.findings]
    findings += [{"arm": "all", **f._asdict()} for f in inputs]
    return {
        "external": pd.DataFrame(rows),
        "patients": pd.concat(patients, ignore_index=True),
        "calibration": pd.DataFrame(groups),
        "toc": pd.concat(curves, ignore_index=True),
        "findings": pd.DataFrame(findings),
    }


def _short(found: tuple[External, ...]) -> pd.DataFrame:
    """What the screen has room for."""
    import pandas as pd

    return pd.DataFrame(
        [
            {
                "arm": one.arm,
                "average": one.average.ranged,
                "AUTOC": one.autoc.ranged,
                "p": f"{one.p:.2g}",
                "top half": f"{one.halves[0].value:.3g}",
                "bottom half": f"{one.halves[1].value:.3g}",
            }
            for one in found
        ]
    )


def _numbers(one: External) -> dict[str, Any]:
    named = {
        "average": one.average,
        "autoc": one.autoc,
        "level": one.level,
        "score_slope": one.recalibrated.slope,
        "top_half": one.halves[0],
        "bottom_half": one.halves[1],
    }
    row: dict[str, Any] = {"arm": one.arm, "reference": one.reference, "p": one.p}
    for name, estimate in named.items():
        row |= {name: estimate.value, f"{name}_se": estimate.se}
    # Where all are predicted the average no slope of the prediction is known.
    slope = (one.slope.value, one.slope.se) if one.differs else (math.nan, math.nan)
    row |= {"differs": one.differs, "slope": slope[0], "slope_se": slope[1]}
    row |= {"qini": one.qini, "share_treated": one.policy.share}
    return row | {f"gain against {g.against}": g.gain.value for g in one.policy.gains}


class _Own(NamedTuple):
    """The patients of the model's own study, and its seed."""

    nodes: Nodes
    seed: int


def _own(source: Path, model: Model) -> _Own:
    """The study that the model was trained on.

    Raises:
        ConfigError: it is another one, by its graph, its arms or its outcomes.
    """
    from pathgnn.errors import ConfigError
    from pathgnn.run import read_input
    from pathgnn.study import read_study, unexplained
    from pathgnn.train.outcome_hash import outcome_hash

    study = unexplained(read_study(source))
    given = read_input(study, source.parent)
    same = given.graph.sha256 == model.recipe.graph.sha256 and given.nodes.arms == model.arms
    if not same or model.outcomes not in ("", outcome_hash(given.nodes)):
        raise ConfigError(
            f"--source {source} is not the study that the model was trained on: its graph, arms "
            f"({', '.join(given.nodes.arms)}; the model's are {', '.join(model.arms)}) or outcomes "
            "are others"
        )
    return _Own(given.nodes, study.seed)


def _transport(own: _Own, target: Nodes, model: Model, found: tuple[External, ...]) -> pd.DataFrame:
    """Average effects of the model's own study, its patients weighted to look like the new ones."""
    import pandas as pd

    from pathgnn.graph.nodes import match_layout
    from pathgnn.train.evaluate import source_scores
    from pathgnn.train.transport import transport_weights, transported

    nodes = match_layout(own.nodes, target.modalities, target.covariates)
    carry = transport_weights(nodes, match_layout(target, target.modalities, target.covariates), 0)
    scores = source_scores(nodes, own.seed, model.recipe.estimand)
    rows = []
    for one in found:
        k = nodes.arms.index(one.arm) - 1
        on = scores.informs[:, k]
        gain, group = scores.gain[on, k], scores.group[on]
        there = transported(gain, carry.weight[on], group)
        rows.append(
            {
                "arm": one.arm,
                "source_average": float(gain.mean()),
                "transported": there.value,
                "transported_se": there.se,
                "here": one.average.value,
                "here_se": one.average.se,
                "effective_share": carry.ess_share,
                "smd_before": carry.smd_before,
                "smd_after": carry.smd_after,
            }
        )
    return pd.DataFrame(rows)
