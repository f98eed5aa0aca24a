"""The command `pathgnn predict`: benefit of new patients by a saved model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pathgnn.cli_say import errors, say

StudyFile = Annotated[Path, typer.Argument(help="the study file")]
Data = Annotated[Path | None, typer.Option(help="folder of the tables; else as the study says")]
ASKED = (
    "They are those with an omic, an outcome and an arm in the study's files; nobody else is "
    "predicted."
)
Ids = Annotated[bool, typer.Option("--with-ids", help="write patient ids into the tables")]


def predict(
    model: Annotated[Path, typer.Argument(help="RUN/fit/model of an earlier run")],
    study: StudyFile,
    data: Data = None,
    out: Annotated[Path, typer.Option(help="csv to write")] = Path("benefit.csv"),
    ids: Ids = False,
) -> None:
    """Predict the benefit of the patients of a study with a saved model."""
    with errors():
        import pandas as pd

        from pathgnn.cohort.pseudonym import pseudonyms
        from pathgnn.files import write_csv
        from pathgnn.run import read_input
        from pathgnn.study import read_study, unexplained
        from pathgnn.train.bundle import load
        from pathgnn.train.bundle import predict as predict_new
        from pathgnn.train.evaluate import input_findings, meet

        trained = load(model)
        given = read_input(unexplained(read_study(study)), study.parent, data)
        names = given.cohort.patients
        if not ids:
            names = pseudonyms(len(names))
        parts = [
            pd.DataFrame({"patient": names, **b._asdict()})
            for b in predict_new(trained, given.cohort, given.known)
        ]
        write_csv(out, pd.concat(parts))
        surplus = sorted(set(given.cohort.omics) - set(trained.modalities))
        lacking = [m for m in trained.modalities if m not in given.cohort.omics]
        for omics, why in ((surplus, "unknown to the model, left out"), (lacking, "not measured")):
            if omics:
                say(f"Omics {why}: {', '.join(omics)}")
        nodes = meet(trained, given.cohort, given.known)
        for finding in input_findings(trained, given.cohort, nodes):
            if finding.severity != "ok":
                say(f"[{finding.severity}] {finding.sentence}")
        say(f"Wrote {out}: {len(names)} patients. {ASKED}")
