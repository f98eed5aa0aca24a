"""The command line on a small study: stages, resume, interruption, exports, prediction."""

from __future__ import annotations

import json
import shutil

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from small_study import write_small_study
from typer.testing import CliRunner

import pathgnn as pg
from pathgnn import run as run_module
from pathgnn import run_stages
from pathgnn.cli import app

STAGE_FILES = (
    "checks.csv",
    "config.json",
    "versions.json",
    "metrics.json",
    "run.log",
    "report.html",
)


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """A finished run of the small study."""
    folder = tmp_path_factory.mktemp("study")
    study = write_small_study(folder)
    result = CliRunner().invoke(app, ["run", str(study)])
    assert result.exit_code == 0, result.output
    return folder


def test_a_run_folder_holds_everything(done):
    run = done / "run"
    for name in STAGE_FILES:
        assert (run / name).stat().st_size > 0, name
    assert (run / "fit" / "model" / "manifest.json").is_file()
    stamp = json.loads((run / "versions.json").read_text())
    assert {"pathgnn", "torch", "graph_sha256", "data_sha256", "seed"} <= stamp.keys()
    assert json.loads((run / "metrics.json").read_text())[0]["arm"] == "treated"


def test_no_patient_id_is_in_any_file(done):
    for path in (done / "run").rglob("*"):
        if path.is_file() and path.suffix != ".png":
            assert b"S0000" not in path.read_bytes(), path.name


def test_ids_are_written_only_on_request(done, tmp_path):
    study = str(done / "study.toml")
    out = ["--out", str(tmp_path / "with")]
    assert CliRunner().invoke(app, ["run", study, *out, "--ids"]).exit_code == 2
    assert CliRunner().invoke(app, ["run", study, *out, "--with-ids"]).exit_code == 0
    assert pd.read_csv(tmp_path / "with" / "tables" / "patients.csv")["patient"][0] == "S00000"


def test_a_rerun_takes_up_finished_stages_and_gives_the_same(done, monkeypatch):
    before = (done / "run" / "tables" / "genes.csv").read_bytes()
    graphml = (done / "run" / "graph.graphml").read_bytes()

    def trained(*_):
        raise AssertionError("trained again")

    monkeypatch.setattr(run_stages, "fit", trained)
    result = CliRunner().invoke(app, ["run", str(done / "study.toml")])
    assert result.exit_code == 0, result.output
    assert (done / "run" / "tables" / "genes.csv").read_bytes() == before
    assert (done / "run" / "graph.graphml").read_bytes() == graphml


def test_a_changed_setting_trains_again(done, tmp_path, monkeypatch):
    called = []
    monkeypatch.setattr(run_stages, "fit", lambda *a, **_: called.append(a) or 1 / 0)
    text = (done / "study.toml").read_text().replace("seed = 3", "seed = 4")
    (done / "other.toml").write_text(text)
    assert isinstance(
        CliRunner().invoke(app, ["fit", str(done / "other.toml")]).exception, ZeroDivisionError
    )
    assert called


def _put(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("x")


def test_a_run_of_other_settings_that_is_killed_leaves_the_results_with_their_own(
    tmp_path, monkeypatch
):
    study, run = write_small_study(tmp_path), tmp_path / "run"
    _put(run, "report.html", "tables/genes.csv", "fit/x", "config.json")
    stages = json.dumps({"fit": "of other settings"})
    (run / "stages.json").write_text(stages)
    with monkeypatch.context() as killed:
        killed.setattr("pathgnn.run_stages.fit_parts", lambda _: 1 / 0)
        CliRunner().invoke(app, ["run", str(study)])
    assert (run / "config.json").read_text() == "x"
    assert (run / "stages.json").read_text() == stages
    assert (run / "tables" / "genes.csv").is_file()
    # Killed once the new fit is there, it leaves the new settings, and nothing told of the other.
    with monkeypatch.context() as killed:
        killed.setattr("pathgnn.run_stages.save_fitted", lambda *_: 1 / 0)
        CliRunner().invoke(app, ["run", str(study)])
    assert json.loads((run / "config.json").read_text())["seed"] == 3
    assert json.loads((run / "stages.json").read_text()) == {}
    assert not any((run / name).exists() for name in ("report.html", "tables"))


def test_what_was_told_of_another_fit_goes_and_a_check_changes_no_finished_run(tmp_path):
    study, run = write_small_study(tmp_path), tmp_path / "run"
    assert CliRunner().invoke(app, ["run", str(study)]).exit_code == 0
    config = (run / "config.json").read_text()
    other = tmp_path / "other.toml"
    other.write_text(study.read_text().replace("seed = 3", "seed = 4"))
    assert CliRunner().invoke(app, ["check", str(other)]).exit_code == 0
    assert (run / "config.json").read_text() == config
    assert (run / "report.html").is_file()
    # What it was told by permuted arms is of this fit, too; draws say themselves what they are of.
    _put(run / "nulls" / "treatment", "pathways.csv", "value.svg", "1.json")
    assert CliRunner().invoke(app, ["fit", str(other)]).exit_code == 0
    assert (run / "config.json").read_text() != config
    assert not any((run / name).exists() for name in ("report.html", "tables", "figures"))
    assert [p.name for p in (run / "nulls").rglob("*.*")] == ["1.json"]
    assert "is replaced, and what was told of it" in (run / "run.log").read_text()
    # Another explanation of the same fit leaves no report of the one before.
    assert CliRunner().invoke(app, ["run", str(other)]).exit_code == 0
    _put(run, "controls/prediction.csv", "patients/patient_cascades.csv")
    text = other.read_text()
    other.write_text(text.replace("[explain]", '[explain]\nreference = "control arm"'))
    said = CliRunner().invoke(app, ["explain", str(other)])
    assert said.exit_code == 0, said.output
    assert "Report" not in said.output
    assert not any((run / name).exists() for name in ("report.html", "tables", "graph.graphml"))
    assert not any((run / name).exists() for name in ("controls/prediction.csv", "patients"))
    # As an error about a damaged fit advises.
    shutil.rmtree(run / "fit")
    assert CliRunner().invoke(app, ["fit", str(other)]).exit_code == 0
    assert (run / "fit" / "model").is_dir()


def test_an_interrupted_run_leaves_nothing_half_written_and_resumes(tmp_path, monkeypatch):
    study = write_small_study(tmp_path)

    def killed(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(run_stages, "explain", killed)
        CliRunner().invoke(app, ["run", str(study)])
    run = tmp_path / "run"
    assert json.loads((run / "stages.json").read_text()).keys() == {"fit"}
    assert not (run / "explanation").exists()
    assert not list(run.rglob(".part-*"))
    monkeypatch.setattr(run_stages, "fit", killed)
    assert CliRunner().invoke(app, ["run", str(study)]).exit_code == 0


@pytest.mark.parametrize("name", ["stages.json", "fit/fit.json", "fit/fit.safetensors"])
def test_a_damaged_run_folder_is_recovered_as_the_error_says(name, done, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(done / "run", run)
    (run / name).write_text("")
    words = ["explain", str(done / "study.toml"), "--out", str(run)]
    said = CliRunner().invoke(app, words)
    assert said.exit_code == 2
    assert "delete" in said.output


def test_stages_stop_where_asked(tmp_path):
    study = write_small_study(tmp_path)
    result = CliRunner().invoke(app, ["check", str(study)])
    assert result.exit_code == 0
    assert "randomised" in result.output
    assert not (tmp_path / "run" / "fit").exists()
    assert CliRunner().invoke(app, ["explain", str(study)]).exit_code == 0
    assert (tmp_path / "run" / "explanation").is_dir()
    assert not (tmp_path / "run" / "report.html").exists()


def test_a_study_runs_from_python_and_takes_up_what_the_command_did(done, monkeypatch):
    monkeypatch.setattr(run_stages, "fit", None)
    told = []
    results = pg.run_study(done / "study.toml", done / "run", progress=told.append)
    assert told == ["fit: taken from the run folder"]
    patients = pd.read_csv(done / "run" / "tables" / "patients.csv")
    assert np.allclose(results.benefit.benefit, patients["benefit"])


def test_csv_and_parquet_say_the_same(done):
    tables = done / "run" / "tables"
    for path in tables.glob("*.parquet"):
        whole = pd.read_parquet(path)
        text = pd.read_csv(path.with_suffix(".csv"), keep_default_na=False)
        assert list(whole.columns) == list(text.columns), path.name
        assert len(whole) == len(text)
    genes = pd.read_csv(tables / "genes.csv")
    assert np.allclose(genes["mean_abs"], pd.read_parquet(tables / "genes.parquet")["mean_abs"])


def test_graphml_reads_back_with_scores(done):
    graph = nx.read_graphml(done / "run" / "graph.graphml")
    genes = pd.read_csv(done / "run" / "tables" / "genes.csv").drop_duplicates("symbol")
    for row in genes.itertuples():
        assert graph.nodes[row.symbol]["score"] == pytest.approx(row.gene_mean_abs)
    edges = pd.read_csv(done / "run" / "tables" / "edges.csv")
    assert graph.number_of_edges() == len(edges)
    assert graph.edges[edges.source[0], edges.target[0]]["sign"] == edges["sign"][0]


def test_rnk_is_ranked_and_gseapy_takes_it(done):
    import gseapy

    rnk = pd.read_csv(done / "run" / "tables" / "genes.rnk", sep="\t", header=None)
    assert rnk[1].is_monotonic_decreasing
    sets = {"PATH0": [f"P0G{i}" for i in range(6)], "PATH1": [f"P1G{i}" for i in range(6)]}
    result = gseapy.prerank(
        rnk, sets, min_size=2, permutation_num=20, seed=0, outdir=None, threads=1
    )
    assert set(result.res2d["Term"]) == set(sets)


def test_predict_gives_the_same_patients_the_same_columns(done, tmp_path):
    out = tmp_path / "benefit.csv"
    args = ["predict", str(done / "run/fit/model"), str(done / "study.toml"), "--out", str(out)]
    result = CliRunner().invoke(app, args)
    assert result.exit_code == 0, result.output
    table = pd.read_csv(out)
    columns = ["patient", "arm", "benefit", "score", "measured", "differs", "rests_on"]
    assert list(table.columns) == columns
    assert len(table) == len(pd.read_csv(done / "run" / "tables" / "patients.csv"))
    assert table["measured"].between(0, 1).all()


def test_init_writes_a_study_that_checks(tmp_path):
    study = write_small_study(tmp_path)
    graph = study.read_text().split("[graph]")[1].split("[fit]")[0]
    study.unlink()
    (tmp_path / "edges.csv").rename(tmp_path / "edges.txt")
    result = CliRunner().invoke(app, ["init", str(tmp_path)])
    assert result.exit_code == 0, result.output
    text = study.read_text()
    assert 'file = "expression.csv"' in text
    assert 'kind = "mutation"' in text
    assert 'reference = "control"' in text
    study.write_text(text + "[graph]" + graph.replace("edges.csv", "edges.txt"))
    checked = CliRunner().invoke(app, ["check", str(study), "--out", str(tmp_path / "run")])
    assert checked.exit_code == 0, checked.output
    assert CliRunner().invoke(app, ["init", str(tmp_path)]).exit_code == 2


def test_help_does_not_load_torch():
    import subprocess
    import sys

    code = "import sys; from pathgnn.cli import app; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_small_study_takes_one_thread(nodes, monkeypatch):
    assert run_module._threads(nodes) == 1
    monkeypatch.setattr(run_module, "SMALL", 1)
    assert run_module._threads(nodes) is None
