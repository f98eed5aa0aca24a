"""Healthy samples: found by list, table, type or barcode, on the patients' scale, no patients."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from small_study import write_small_study

from pathgnn.cohort.read_healthy import read_healthy
from pathgnn.cohort.read_tables import read_cohort
from pathgnn.cohort.samples import normal_samples
from pathgnn.cohort.sources import HealthySource, SampleSource
from pathgnn.errors import CohortError
from pathgnn.study import read_study

NORMAL = ("NT1", "NT2", "NT3")


def _with_normals(folder, names=NORMAL):
    """The small study whose expression table holds further samples."""
    study = write_small_study(folder, n=60)
    path = folder / "expression.csv"
    table = pd.read_csv(path, index_col=0)
    rows = table.iloc[: len(names)].set_axis(list(names), axis=0) + 1
    pd.concat([table, rows]).to_csv(path, index_label="patient")
    return study, rows


def _read(study, source=None, **healthy):
    source = source or read_study(study).cohort
    cohort = read_cohort(source, study.parent)
    return read_healthy(source, HealthySource(**healthy), study.parent, cohort), cohort


@pytest.mark.parametrize("how", ["list", "csv", "table", "id column"])
def test_a_list_or_a_table_names_them(how, tmp_path):
    study, rows = _with_normals(tmp_path)
    listed = {"tissue": ["normal"] * 3 + ["tumour"], "sample": [*NORMAL, "S00001"]}
    table = pd.DataFrame(listed)
    if how == "list":
        (tmp_path / "ids.txt").write_text("\n".join(NORMAL))
        found, _ = _read(study, file="ids.txt")
    elif how == "csv":
        table[["sample", "tissue"]].iloc[:3].to_csv(tmp_path / "ids.csv", index=False)
        found, _ = _read(study, file="ids.csv")
    elif how == "table":
        table[["sample", "tissue"]].to_csv(tmp_path / "ids.csv", index=False)
        found, _ = _read(study, file="ids.csv", keep={"tissue": ["normal"]})
    else:
        table.iloc[:3].to_csv(tmp_path / "ids.csv", index=False)
        found, _ = _read(study, file="ids.csv", id="sample")
    assert found.patients == NORMAL
    assert np.allclose(found.omics["expression"], rows)
    assert found.omics["mutation"].shape[0] == 0


@pytest.mark.parametrize("text", ['"NT1"\n"NT2"\n"NT3"\n', "\ufeffNT1\r\nNT2\r\nNT3\r\n"])
def test_a_list_may_be_quoted_or_of_another_system(tmp_path, text):
    study, _ = _with_normals(tmp_path)
    (tmp_path / "ids.txt").write_text(text, encoding="utf-8", newline="")
    found, _ = _read(study, file="ids.txt")
    assert found.patients == NORMAL


def test_healthy_samples_may_lie_beside_barcodes(tmp_path):
    study, _ = _with_normals(tmp_path)
    for name in ("clinical", "expression", "mutation"):
        path = tmp_path / f"{name}.csv"
        table = pd.read_csv(path, index_col=0).rename(lambda i: i.replace("S0", "TCGA-AA-"))
        if name == "expression":
            table = table.rename(lambda i: f"{i}-01A" if i.startswith("TCGA") else i)
        table.to_csv(path, index_label="patient")
    (tmp_path / "ids.txt").write_text("\n".join(NORMAL))
    found, cohort = _read(study, file="ids.txt")
    assert found.patients == NORMAL
    assert len(cohort.omics["expression"]) == 58
    assert any("3 samples without a barcode of TCGA left out" in n for n in cohort.notes)


@pytest.mark.parametrize(
    ("kind", "is_tissue"),
    [
        ("Solid Tissue Normal", True),
        ("normal", True),
        ("adjacent_normal", True),
        ("NormalAdjacent", True),
        ("Blood Derived Normal", False),
        ("Bone Marrow Normal", False),
        ("Abnormal growth", False),
        ("Primary Tumor", False),
    ],
)
def test_normal_tissue_is_neither_blood_nor_abnormal(tmp_path, kind, is_tissue):
    table = pd.DataFrame({"sample": ["a", "b"], "patient": ["p", "q"], "type": [kind, "Primary"]})
    table.to_csv(tmp_path / "samples.csv", index=False)
    source = SampleSource(file="samples.csv", sample="sample", patient="patient", kind="type")
    assert normal_samples(source, tmp_path) == ({"a"} if is_tissue else set())


def test_the_table_of_samples_tells_by_their_type(tmp_path):
    study, _ = _with_normals(tmp_path)
    known = [f"S{i:05d}" for i in range(60)]
    kinds = ["Primary"] * 60 + ["Solid Tissue Normal"] * 3
    ids = [*known, *NORMAL]
    pd.DataFrame({"sample": ids, "patient": [*known, *known[:3]], "type": kinds}).to_csv(
        tmp_path / "samples.csv", index=False
    )
    table = '[cohort.samples]\nfile = "samples.csv"\npatient = "patient"\nkind = "type"\n'
    study.write_text(study.read_text().replace("[cohort.clinical]", table + "[cohort.clinical]"))
    found, cohort = _read(study)
    assert found.patients == NORMAL
    assert not set(NORMAL) & set(cohort.patients)


def test_barcodes_tell_normal_tissue_and_not_blood(tmp_path):
    study, _ = _with_normals(tmp_path)
    barcode = [f"TCGA-AA-{i:04d}" for i in range(60)]
    own = dict(zip([f"S{i:05d}" for i in range(60)], barcode, strict=True))
    codes = ("-11A", "-10A", "-01A")
    normal = {name: barcode[i] + codes[i] for i, name in enumerate(NORMAL)}
    for name in ("clinical", "expression", "mutation"):
        path = tmp_path / f"{name}.csv"
        table = pd.read_csv(path, index_col=0).rename(own)
        if name == "expression":
            table = table.rename(lambda i: normal.get(i, f"{i}-01A")).drop(f"{barcode[2]}-01A")
        table.to_csv(path, index_label="patient")
    found, cohort = _read(study)
    assert found.patients == (f"{barcode[0]}-11A",)
    assert barcode[0] in cohort.patients


def test_the_scale_is_the_patients(tmp_path):
    # The patients' values are counts; three healthy rows of 0 to 9 alone would pass as logarithms.
    study, _ = _with_normals(tmp_path)
    path = tmp_path / "expression.csv"
    table = pd.read_csv(path, index_col=0)
    rng = np.random.default_rng(0)
    counts = pd.DataFrame(rng.poisson(900, table.shape), index=table.index, columns=table.columns)
    counts.loc[list(NORMAL)] = rng.integers(0, 10, (3, table.shape[1]))
    counts.to_csv(path, index_label="patient")
    (tmp_path / "ids.txt").write_text("\n".join(NORMAL))
    found, _ = _read(study, file="ids.txt")
    assert np.allclose(found.omics["expression"], np.log2(counts.loc[list(NORMAL)] + 1))


def test_a_table_on_disk_gives_the_same(tmp_path):
    study, rows = _with_normals(tmp_path)
    pd.read_csv(tmp_path / "expression.csv", index_col=0).to_parquet(tmp_path / "e.parquet")
    (tmp_path / "ids.txt").write_text("\n".join(NORMAL))
    text = study.read_text().replace('file = "expression.csv"', 'file = "e.parquet"')
    study.write_text(text.replace("[cohort]\n", "[cohort]\nmemory_gb = 1e-9\n"))
    found, cohort = _read(study, file="ids.txt")
    assert not cohort.omics.is_held("expression")
    assert np.allclose(found.omics["expression"], rows, atol=1e-6)


WRONG = {
    "nobody is named": ({}, "name the samples in"),
    "no such file": ({"file": "no.txt"}, "no file at"),
    "ids of another kind": ({"file": "other.txt"}, "is in a table of expression, mutation"),
    "no such column": ({"file": "ids.csv", "keep": {"organ": ["x"]}}, "has no column 'organ'"),
    "no such value": ({"file": "ids.csv", "keep": {"tissue": ["x"]}}, "holds 'x' in 'tissue'"),
    "a patient": ({"file": "patient.txt"}, "1 samples that are called healthy stand for patients"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_cannot_be_is_said(case, tmp_path):
    study, _ = _with_normals(tmp_path)
    (tmp_path / "other.txt").write_text("Q1\nQ2")
    (tmp_path / "patient.txt").write_text("NT1\nS00003")
    pd.DataFrame({"sample": NORMAL, "tissue": "normal"}).to_csv(tmp_path / "ids.csv", index=False)
    healthy, said = WRONG[case]
    with pytest.raises(CohortError, match=said) as error:
        _read(study, **healthy)
    assert "S00003" not in str(error.value)


def test_infinite_values_are_refused(tmp_path):
    study, _ = _with_normals(tmp_path)
    path = tmp_path / "expression.csv"
    table = pd.read_csv(path, index_col=0)
    table.loc["NT1"] = np.inf
    table.to_csv(path, index_label="patient")
    (tmp_path / "ids.txt").write_text("\n".join(NORMAL))
    with pytest.raises(CohortError, match="infinite values of healthy samples"):
        _read(study, file="ids.txt")
