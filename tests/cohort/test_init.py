"""`pathgnn init` on a folder of loose tables: what it guesses, asks and leaves out is written."""

from __future__ import annotations

import numpy as np
import pandas as pd

from pathgnn.init import write_study
from pathgnn.study import read_study


def test_init_says_units_answers_and_what_it_left_out(tmp_path):
    n = 40
    ids = [f"x{i}" for i in range(n)]
    clinical = {"patient": ids, "arm": ["a", "b"] * (n // 2), "agent": ["x", "y"] * (n // 2)}
    clinical |= {"time_days": range(n), "censored": [0, 1] * (n // 2), "age": range(n)}
    pd.DataFrame(clinical).to_csv(tmp_path / "clinical.csv", index=False)
    twice = pd.DataFrame(np.random.default_rng(0).normal(size=(n, 2)), columns=["TP53", "TP53"])
    twice.set_axis(ids).to_csv(tmp_path / "rna.csv", index_label="patient")
    for name in ("copy_number.gct", "protein.xlsx", "notes.docx"):
        (tmp_path / name).write_text("")
    text = write_study(tmp_path, tmp_path / "study.toml").read_text()
    assert "# copy_number.gct is not read: write it as csv, tsv or parquet" in text
    assert "# protein.xlsx is not read" in text
    assert "notes.docx" not in text
    assert 'time_unit = "days"' in text
    assert "is it the other way round here?" in text
    assert 'columns = ["age"]' in text
    assert "# rna.csv was left out: " in text
    (tmp_path / "study.toml").unlink()
    twice.set_axis(["TP53", "KRAS"], axis=1).set_axis(ids).to_csv(tmp_path / "rna.csv")
    answer = pd.DataFrame(clinical).drop(columns=["time_days", "censored"])
    answer.assign(response=["no", "yes"] * (n // 2)).to_csv(tmp_path / "clinical.csv", index=False)
    study = read_study(write_study(tmp_path, tmp_path / "study.toml"))
    assert study.cohort.outcome.good == ("yes",)
