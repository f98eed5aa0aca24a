"""Writes the golden bundle: a tiny model of this schema, twenty patients, and what it says of them.

Run it only when the schema changes: `python tests/golden.py`. The old bundle is then refused.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from pathgnn.cohort.cohort import Cohort, Outcome
from pathgnn.train.bundle import load, predict, save

GOLDEN = Path(__file__).parent / "train" / "golden_bundle"
N_PATIENTS, DIGITS = 20, 3


def golden_cohort() -> Cohort:
    """The twenty patients; their outcomes mean nothing."""
    tables = {
        path.stem: pd.read_csv(path, index_col=0, dtype={0: str})
        for path in sorted((GOLDEN / "cohort").glob("*.csv"))
    }
    clinical = tables.pop("clinical")
    patients = tuple(clinical.index)
    outcome = Outcome(
        kind="continuous",
        patient=patients,
        arm=np.arange(N_PATIENTS) % 2,
        arms=("control", "treated"),
        value=np.arange(N_PATIENTS, dtype=float),
        event=np.ones(N_PATIENTS, dtype=bool),
        stratum=np.zeros(N_PATIENTS, dtype=int),
        randomised=True,
    )
    kinds = {name: name for name in tables}
    return Cohort("golden", patients, tables, kinds, clinical, outcome)


def main() -> None:
    """Train the model on simulated patients and write everything."""
    from small_run import write_small_run

    with tempfile.TemporaryDirectory() as name:
        learned = write_small_run(Path(name), 150)
        save(load(Path(name) / "fit" / "model"), GOLDEN / "model")
    chosen = list(learned.patients[:N_PATIENTS])
    (GOLDEN / "cohort").mkdir(exist_ok=True)
    for omic, table in learned.omics.items():
        table.reindex(chosen).round(DIGITS).to_csv(GOLDEN / "cohort" / f"{omic}.csv")
    learned.clinical.loc[chosen].round(DIGITS).to_csv(GOLDEN / "cohort" / "clinical.csv")
    (found,) = predict(load(GOLDEN / "model"), golden_cohort())
    said = {"benefit": found.benefit.tolist(), "score": found.score.tolist()}
    (GOLDEN / "expected.json").write_text(json.dumps(said, indent=1) + "\n")


if __name__ == "__main__":
    main()
