"""The command `pathgnn predict`: benefit of new patients by a saved model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pathgnn.cli_say import errors, say

if TYPE_CHECKING:
    import pandas as pd

StudyFile = Annotated[Path, typer.Argument(help="the study file")]
Data = Annotated[Path | None, typer.Option(help="folder of the tables; else as the study says")]
# Of fewer the mean says little about the scale.
FEWEST = 10
Ids = Annotated[bool, typer.Option("--with-ids", help="write patient ids into the tables")]


def predict(
    model: Annotated[Path, typer.Argument(help="RUN/fit/model of an earlier run")],
    study: StudyFile,
    data: Data = None,
    out: Annotated[Path, typer.Option(help="csv to write")] = Path("benefit.csv"),
    ids: Ids = False,
) -> None:
    """Predict the benefit of a study's patients with a saved model; outcomes are not needed."""
    with errors():
        import pandas as pd

        from pathgnn.cohort.pseudonym import pseudonyms
        from pathgnn.newcomers import new_patients
        from pathgnn.study import read_study, unexplained
        from pathgnn.train.bundle import load, meet, predict_nodes
        from pathgnn.train.evaluate import input_findings

        trained = load(model)
        cohort, known = new_patients(unexplained(read_study(study)), study.parent, data)
        nodes, names = meet(trained, cohort, known), cohort.patients
        if not ids:
            names = pseudonyms(len(names))
        parts = [
            pd.DataFrame({"patient": names, **b._asdict()}) for b in predict_nodes(trained, nodes)
        ]
        _write(pd.concat(parts), trained.recipe.estimand.unit, out)
        surplus = sorted(set(cohort.omics) - set(trained.modalities))
        if surplus:
            say(f"Omics unknown to the model, left out: {', '.join(surplus)}")
        for note in cohort.notes:
            say(note)
        findings = input_findings(trained, cohort, nodes)
        for finding in findings:
            moved = finding.topic == "shift" and finding.severity == "warning"
            if finding.topic == "missing" or (moved and len(names) >= FEWEST):
                say(f"[{finding.severity}] {finding.sentence}")
        say(f"Wrote {out}: {len(names)} patients")


def _write(table: pd.DataFrame, unit: str, out: Path) -> None:
    """The table, and beside it what its columns mean."""
    from pathgnn.export.dictionary import dictionary
    from pathgnn.files import write_csv

    write_csv(out, table)
    meaning = dictionary({"predicted": table}, unit).drop(columns="table")
    write_csv(out.with_name(f"{out.stem}_dictionary.csv"), meaning)
