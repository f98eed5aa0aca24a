"""No patient is named in a file or on the screen unless asked for; small cells are hidden."""

from __future__ import annotations

import gzip
import zipfile

import pandas as pd
import pytest
from canary import CANARY, holds, mark, search
from small_study import write_small_study
from typer.testing import CliRunner

from pathgnn.cli import app

FORMATS = ("parquet", "figures", "cx2", "sif", "cyjs", "h5ad", "gsea")


@pytest.fixture(scope="module")
def marked(tmp_path_factory):
    return mark(write_small_study(tmp_path_factory.mktemp("study"), n=60))


def _said(*arguments):
    """What a command prints, its errors too."""
    result = CliRunner().invoke(app, [str(a) for a in arguments])
    words = "" if result.exception is None else str(result.exception)
    return result.exit_code, result.output + result.stderr + words


def test_the_search_finds_the_canary_packed_in_every_way(tmp_path):
    table = pd.DataFrame({"a": [1.0] * 50}, index=[f"{CANARY}-{i}" for i in range(50)])
    table.to_parquet(tmp_path / "t.parquet", compression="zstd")
    (tmp_path / "t.csv.gz").write_bytes(gzip.compress(table.to_csv().encode()))
    with zipfile.ZipFile(tmp_path / "t.zip", "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("t.csv", table.to_csv())
    import anndata
    from matplotlib.figure import Figure

    anndata.AnnData(table).write_h5ad(tmp_path / "t.h5ad", compression="gzip")
    figure = Figure()
    figure.text(0, 0, CANARY)
    figure.savefig(tmp_path / "t.pdf", metadata={"Title": CANARY})
    (tmp_path / f"{CANARY}.txt").write_text("")
    assert search(tmp_path) == (6, sorted(p.name for p in tmp_path.iterdir()))
    (tmp_path / "clean.csv").write_text("P00001")
    assert not holds(tmp_path / "clean.csv")


def test_no_file_and_no_line_of_a_run_names_a_patient_unless_asked(marked, tmp_path):
    run = tmp_path / "run"
    said = [_said("run", marked, "--out", run)]
    said.append(_said("export", marked, "--out", run, *(f"--to={f}" for f in FORMATS)))
    model = run / "fit" / "model"
    said.append(_said("predict", model, marked, "--out", run / "benefit.csv"))
    said.append(_said("evaluate", model, marked, "--out", run / "external", "--accept-risk"))
    assert [code for code, _ in said] == [0, 0, 0, 0], said
    assert not any(CANARY in words for _, words in said)
    n, found = search(run)
    assert n > 60
    assert found == []
    code, words = _said("export", marked, "--out", run, "--to=tables", "--to=h5ad", "--with-ids")
    assert (code, CANARY in words) == (0, False)
    found = search(run)[1]
    assert {"pathways.h5ad", "tables/patients.csv", "tables/patients.parquet"} <= set(found)
    assert all(name.startswith(("tables/", "pathways.h5ad")) for name in found)


def _toml(study, old, new):
    text = study.read_text()
    assert old in text
    study.write_text(text.replace(old, new))


def _arm(study):
    _toml(study, 'column = "arm"', 'column = "patient_again"')


def _value(study):
    _toml(study, 'value = "response"', 'value = "patient_again"')


def _event(study):
    survival = '"survival"\ntime = "months"\nevent = "patient_again"'
    _toml(study, '"continuous"\nvalue = "response"', survival)


def _events(study):
    _event(study)
    _toml(study, 'event = "patient_again"', 'event = "patient_again"\nevents = ["Dead"]')


def _covariate(study):
    _toml(study, '["age"]', '["age", "patient_again"]')


def _no_column(study):
    _toml(study, "[cohort.omics.mutation]", '[cohort.omics.mutation]\nid = "who"')


def _omic_column(study):
    path = study.parent / "expression.csv"
    table = pd.read_csv(path)
    table.assign(again=table["patient"]).to_csv(path, index=False)


def _turned_twice(study):
    path = study.parent / "expression.csv"
    table = pd.read_csv(path, index_col=0).T
    table.insert(0, table.columns[0], table.iloc[:, 0], allow_duplicates=True)
    table.to_csv(path, index_label="gene")


def _turned_words(study):
    path = study.parent / "expression.parquet"
    table = pd.read_csv(study.parent / "expression.csv", index_col=0).T.astype(str)
    table.to_parquet(path)
    _toml(study, 'file = "expression.csv"', 'file = "expression.parquet"')
    _toml(study, "[cohort]\n", "[cohort]\nmemory_gb = 1e-9\n")


def _duplicated(study):
    path = study.parent / "clinical.csv"
    table = pd.read_csv(path)
    pd.concat([table, table.head(1).assign(response=9.0)]).to_csv(path, index=False)


MISTAKES = (
    _arm,
    _value,
    _event,
    _events,
    _covariate,
    _no_column,
    _omic_column,
    _turned_twice,
    _turned_words,
    _duplicated,
)


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda m: m.__name__.strip("_"))
def test_no_error_names_a_patient(mistake, tmp_path):
    study = mark(write_small_study(tmp_path, n=60))
    path = tmp_path / "clinical.csv"
    table = pd.read_csv(path)
    table.assign(patient_again=table["patient"]).to_csv(path, index=False)
    mistake(study)
    code, said = _said("check", study)
    assert code == 2, said
    assert CANARY not in said
    if (tmp_path / "run").exists():
        assert search(tmp_path / "run")[1] == []


def test_rare_combinations_of_omics_are_counted_as_fewer_than_five(tmp_path):
    study = mark(write_small_study(tmp_path, n=60))
    path = tmp_path / "mutation.csv"
    pd.read_csv(path).iloc[2:].to_csv(path, index=False)
    assert _said("check", study)[0] == 0
    who = pd.read_csv(tmp_path / "run" / "who_has_what.csv", dtype=str)
    assert who["patients"].tolist() == ["51", "7", "<5"]
    counts = [n for column in who.columns[1:] for n in who[column]]
    assert all(n == "<5" or int(n) == 0 or int(n) >= 5 for n in counts)


def test_few_events_and_rare_levels_of_a_covariate_are_hidden(tmp_path):
    study = write_small_study(tmp_path, n=60)
    path = tmp_path / "clinical.csv"
    table = pd.read_csv(path)
    rare = ["yes" if i < 3 else "no" for i in range(len(table))]
    good = [int(i < 4) if arm == "control" else 1 for i, arm in enumerate(table["arm"])]
    treated = table.index[table["arm"] == "treated"]
    table = table.assign(rare=rare, response=good)
    table.loc[treated[:9], "response"] = 0
    table.to_csv(path, index=False)
    _toml(study, '"continuous"', '"binary"')
    _toml(study, '["age"]', '["age", "rare"]')
    code, said = _said("check", study)
    assert code == 0, said
    n_treated = len(treated)
    few = sum(good[i] for i in table.index if table["arm"][i] == "control")
    assert 0 < few < 5
    assert "control" in said
    assert "(<5 " in said
    assert f"({n_treated - 9} " in said
    balance = pd.read_csv(tmp_path / "run" / "covariates.csv", index_col=0)
    assert balance.loc["rare=yes", ["arm control", "arm treated"]].isna().any()
    assert balance.loc["age", ["arm control", "arm treated"]].notna().all()
