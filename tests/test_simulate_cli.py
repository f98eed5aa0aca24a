"""`pathgnn simulate` writes a study that runs as it is; `pathgnn score` reads answers to it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from small_study import write_small_study
from typer.testing import CliRunner

from pathgnn.cli import app
from pathgnn.cli_simulate import _answer
from pathgnn.errors import ConfigError
from pathgnn.graph.from_curated import from_curated
from pathgnn.graph.keep import read_graph, save_graph
from pathgnn.graph.select import only_pathways
from pathgnn.run import check_study, read_input
from pathgnn.simulated_study import read_truth
from pathgnn.study import read_study

SMALL = ("--only", "RTK_RAS_MAPK", "--only", "WNT", "--patients", "120")


def go(*words):
    return CliRunner().invoke(app, [str(word) for word in words])


def written(out, *words):
    result = go("simulate", out, *words)
    assert result.exit_code == 0, result.output
    return read_input(read_study(out / "study.toml"), out), read_truth(out), result.output


def files_of(folder):
    return {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.mark.parametrize("kind", ["continuous", "binary", "survival"])
def test_a_written_cohort_reads_back_with_patients_arms_outcome_and_truth(tmp_path, kind):
    words = ("--outcome", kind, "--sites", 3, "--arms", 3, "--assignment", "stratified")
    given, truth, said = written(tmp_path / "sim", *SMALL, *words)
    cohort = given.cohort
    assert cohort.patients == truth.patients
    assert cohort.outcome.arms == truth.arms == ("control", "treated 1", "treated 2")
    assert cohort.outcome.kind == kind
    assert set(cohort.omics) == {
        "expression", "protein", "mutation", "copy_number", "methylation"
    }  # fmt: skip
    assert given.graph.pathways == ("RTK_RAS_MAPK", "WNT")
    assert truth.tau.shape == (120, 2)
    assert set(cohort.beside["site"]) == {"site 1", "site 2", "site 3"}
    assert len(np.unique(cohort.outcome.stratum)) == 2
    assert cohort.outcome.horizon == (36.0 if kind == "survival" else 0.0)
    assert " → ".join(truth.cascade) in said
    check_study(given)


def test_a_written_cohort_is_the_one_in_memory(tmp_path):
    from pathgnn.cohort.simulation import Simulation
    from pathgnn.simulated import simulate

    given, truth, _ = written(tmp_path / "sim", *SMALL, "--seed", 7)
    graph = only_pathways(from_curated(), ("RTK_RAS_MAPK", "WNT"))
    made = simulate(graph, Simulation(n_patients=120, seed=7))
    assert given.cohort.outcome.value == pytest.approx(made.cohort.outcome.value, rel=1e-12)
    for name, table in made.cohort.omics.items():
        back = given.cohort.omics[name]
        assert set(back.index) == set(table.index)
        expected = table.clip(-2, 2) if name == "copy_number" else table
        assert (back.loc[table.index, table.columns] == expected).all(axis=None)
    for name in ("tau", "score", "confounder"):
        assert (getattr(truth, name) == getattr(made.truth, name)).all()
    assert truth.propensity == pytest.approx(made.truth.propensity)
    words = ("patients", "genes", "cascade", "direction", "parts", "prognostic", "edges", "pathway")
    assert all(getattr(truth, w) == getattr(made.truth, w) for w in words)


def test_the_same_seed_writes_the_same_files(tmp_path):
    written(tmp_path / "a" / "sim", *SMALL, "--seed", 3)
    written(tmp_path / "b" / "sim", *SMALL, "--seed", 3)
    one, other = (files_of(tmp_path / name / "sim") for name in ("a", "b"))
    # The graph file's header is in no fixed order; what it holds is compared.
    assert one.pop(Path("graph.pathgraph"))
    assert other.pop(Path("graph.pathgraph"))
    assert one == other
    graphs = [read_graph(tmp_path / name / "sim" / "graph.pathgraph") for name in ("a", "b")]
    assert graphs[0].sha256 == graphs[1].sha256


def test_settings_come_from_a_file_and_the_line_goes_first(tmp_path):
    toml = tmp_path / "sim.toml"
    toml.write_text(
        'seed = 9\n[mechanism]\nshape = "and_gate"\nsd_benefit = 3.0\n'
        "[measurement]\ndropout = { protein = 0.6 }\n"
    )
    words = ("--sd-benefit", 2, "--null", "--dropout", "methylation=0.7")
    given, _, _ = written(tmp_path / "sim", *SMALL, "--settings", toml, *words)
    kept = json.loads((tmp_path / "sim" / "truth" / "truth.json").read_text())["settings"]
    assert kept["seed"] == 9
    assert kept["mechanism"]["shape"] == "and_gate"
    assert (kept["mechanism"]["sd_benefit"], kept["mechanism"]["mean_benefit"]) == (0.0, 0.0)
    assert kept["measurement"]["dropout"] == {"protein": 0.6, "methylation": 0.7}
    assert len(given.cohort.omics["protein"]) < 70
    assert len(given.cohort.omics["methylation"]) < 60


def test_semi_synthetic_from_a_study_keeps_its_patients_and_omics(tmp_path):
    study = write_small_study(tmp_path)
    before = read_input(read_study(study), tmp_path)
    given, truth, _ = written(tmp_path / "semi", "--like", study, "--outcome", "binary")
    assert given.cohort.patients == before.cohort.patients == truth.patients
    for name, table in before.cohort.omics.items():
        assert (given.cohort.omics[name] == table).all(axis=None) or table.isna().any(axis=None)
    assert given.graph.sha256 == before.graph.sha256
    assert given.cohort.outcome.kind == "binary"
    assert list(given.cohort.clinical.columns) == ["age"]


def test_a_study_with_subgroups_is_simulated_with_them(tmp_path):
    study = write_small_study(tmp_path)
    # One of them is a covariate, too.
    table = pd.read_csv(tmp_path / "clinical.csv").assign(her2=lambda t: t.index % 2)
    table.to_csv(tmp_path / "clinical.csv", index=False)
    text = study.read_text().replace(
        "[cohort.outcome]", '[cohort.beside]\nsubgroups = ["her2", "age"]\n[cohort.outcome]'
    )
    study.write_text(text)
    given, _, _ = written(tmp_path / "semi", "--like", study)
    assert given.study.cohort.beside.subgroups == ("her2", "age")
    assert sorted(given.cohort.beside.columns) == ["subgroup:age", "subgroup:her2"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--shape", "cubic"), "mechanism.shape"),
        (("--overlap", "2"), "prognostic_overlap"),
        (("--arms", "1"), "assignment.arms"),
        (("--patients", "5"), "n_patients"),
        (("--pathway", "NOWHERE"), "NOWHERE"),
        (("--noise", "protein"), "wants OMIC=NUMBER"),
        (("--dropout", "protein=much"), "dropout.protein"),
        (("--dropout", "rna=0.5"), "measurement.dropout"),
        (("--settings", "absent.toml"), "no settings file"),
        (("--graph", "absent.pathgraph"), "absent.pathgraph"),
    ],
)
def test_bad_settings_end_in_one_sentence_and_write_nothing(tmp_path, words, said):
    result = go("simulate", tmp_path / "sim", *words)
    assert result.exit_code == 2
    assert said in result.output
    assert result.output.strip().count("\n") == 0
    assert not list(tmp_path.iterdir())


def test_a_folder_with_other_files_is_not_overwritten(tmp_path):
    (tmp_path / "mine.csv").write_text("a,b\n")
    result = go("simulate", tmp_path, *SMALL)
    assert result.exit_code == 2
    assert "holds other files" in result.output
    assert (tmp_path / "mine.csv").is_file()


def test_a_run_inside_an_earlier_simulation_is_not_lost(tmp_path):
    written(tmp_path / "sim", *SMALL)
    assert go("simulate", tmp_path / "sim", *SMALL).exit_code == 0
    (tmp_path / "sim" / "run-sim").mkdir()
    result = go("simulate", tmp_path / "sim", *SMALL)
    assert result.exit_code == 2
    assert "also holds run-sim" in " ".join(result.output.split())


def test_ids_of_an_answer_are_text(tmp_path):
    table = pd.DataFrame({"patient": ["007", "NA"], "arm": "drug", "benefit": [1.5, -2.0]})
    table.to_csv(tmp_path / "patients.csv", index=False)
    found = _answer("benefit", tmp_path / "patients.csv", "drug")
    assert found.to_dict() == {"007": 1.5, "NA": -2.0}
    table.assign(benefit="much").to_csv(tmp_path / "patients.csv", index=False)
    with pytest.raises(ConfigError, match="'benefit' holds text"):
        _answer("benefit", tmp_path / "patients.csv", "drug")


def test_a_graph_of_ones_own_is_simulated_on(tmp_path):
    path = tmp_path / "mine.pathgraph"
    save_graph(only_pathways(from_curated(), ("NOTCH", "WNT", "P53")), path)
    given, truth, _ = written(tmp_path / "sim", "--graph", path, "--patients", 60)
    assert set(given.graph.pathways) == {"NOTCH", "WNT", "P53"}
    assert truth.pathway in given.graph.pathways


def test_answers_are_scored_from_tables(tmp_path):
    _, truth, _ = written(tmp_path / "sim", *SMALL, "--arms", 3)
    tables = tmp_path / "run" / "tables"
    tables.mkdir(parents=True)
    patients = [
        pd.DataFrame({"patient": truth.patients, "arm": arm, "benefit": truth.tau[:, k]})
        for k, arm in enumerate(truth.arms[1:])
    ]
    table = pd.concat(patients)
    table.assign(score=2 * table["benefit"] + 1).to_csv(tables / "patients.csv", index=False)
    # Tables of a run: a row per gene and modality, sizes without sign, direction beside.
    genes = pd.DataFrame({"symbol": truth.cascade, "gene_mean_abs": 1.0})
    genes["direction"] = truth.direction
    pd.concat([genes, genes]).to_csv(tables / "genes.csv", index=False)
    edges = pd.DataFrame(list(truth.edges), columns=["source", "target"]).assign(score=1.0)
    edges.to_csv(tables / "edges.csv", index=False)
    pathways = pd.DataFrame({"Term": ["WNT", "RTK_RAS_MAPK"], "score": [0.1, 0.9]})
    pathways.to_csv(tables / "pathways.csv", index=False)
    out = tmp_path / "scores.csv"
    result = go("score", tmp_path / "sim", "--run", tmp_path / "run", "--out", out)
    assert result.exit_code == 0, result.output
    found = pd.read_csv(out).set_index(["of", "number"])["value"]
    for name in ("r", "spearman", "autoc_ratio"):
        assert found["benefit", name] == pytest.approx(1.0)
        assert found["ranking", name] == pytest.approx(1.0)
    assert found["benefit", "pehe"] == pytest.approx(0.0, abs=1e-12)
    assert found["genes", "auprc"] == 1.0
    assert found["pathways", "rank"] == (1 if truth.pathway == "RTK_RAS_MAPK" else 2)
    second = go(
        "score", tmp_path / "sim", "--benefit", tables / "patients.csv", "--arm", "treated 2"
    )
    assert second.exit_code == 0, second.output


def test_tables_of_genes_are_of_the_arm_that_the_run_explains(tmp_path):
    _, truth, _ = written(tmp_path / "sim", *SMALL, "--arms", 3)
    run, out = tmp_path / "run", tmp_path / "scores.csv"
    (run / "tables").mkdir(parents=True)
    study = {"cohort": {"treatment": {"arms": list(truth.arms[1:])}}}
    study["explain"] = {"contrast": "treated 2"}
    (run / "config.json").write_text(json.dumps(study))
    rows = [
        (p, a, t)
        for p, each in zip(truth.patients, truth.tau, strict=True)
        for a, t in zip(truth.arms[1:], each, strict=True)
    ]
    patients = pd.DataFrame(rows, columns=["patient", "arm", "benefit"])
    patients.assign(score=patients["benefit"]).to_csv(run / "tables" / "patients.csv")
    first = go("score", tmp_path / "sim", "--run", run, "--out", out, "--arm", "treated 1")
    assert first.exit_code == 0, first.output
    assert "are of 'treated 2' and not scored" in " ".join(first.output.split())
    assert set(pd.read_csv(out)["of"]) == {"benefit", "ranking"}
    # Without an arm that of the run is meant, whose tables of genes are asked for.
    assert "no table at" in go("score", tmp_path / "sim", "--run", run).stderr


def test_answers_that_cannot_be_scored_are_refused(tmp_path):
    written(tmp_path / "sim", *SMALL)
    strange = tmp_path / "strange.csv"
    pd.DataFrame({"patient": ["P1", "P2"], "benefit": [1.0, 2.0]}).to_csv(strange, index=False)
    for words, said in (
        ((), "nothing to score"),
        (("--benefit", strange), "--with-ids"),
        (("--genes", strange), "no column 'gene' or 'symbol'"),
        (("--benefit", tmp_path / "none.csv"), "no table"),
        (("--benefit", strange, "--arm", "X"), "no treated arm 'X'"),
    ):
        result = go("score", tmp_path / "sim", *words)
        assert result.exit_code == 2, result.output
        assert said in result.output
    result = go("score", tmp_path, "--benefit", strange)
    assert result.exit_code == 2
    assert "truth.json" in result.output
