"""`pathgnn pretrain` and `--from` on a small study with patients that have no outcome."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from small_study import write_small_study
from typer.testing import CliRunner

from pathgnn import run_stages
from pathgnn.cli import app
from pathgnn.cohort.read_everyone import read_everyone
from pathgnn.cohort.read_tables import read_cohort
from pathgnn.run import everyone_of
from pathgnn.study import read_study

N, UNLABELLED = 90, 40


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """The small study; forty more patients have expression and nothing else."""
    folder = tmp_path_factory.mktemp("pretrain")
    path = write_small_study(folder, N)
    table = pd.read_csv(folder / "expression.csv", index_col=0)
    rng = np.random.default_rng(0)
    more = pd.DataFrame(
        rng.standard_normal((UNLABELLED, table.shape[1])),
        index=[f"U{i}" for i in range(UNLABELLED)],
        columns=table.columns,
    )
    pd.concat([table, more]).to_csv(folder / "expression.csv", index_label="patient")
    return path


@pytest.fixture(scope="module")
def encoder(study):
    out = study.parent / "encoder"
    words = ["pretrain", str(study), "--out", str(out), "--epochs", "3"]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.output
    assert "of what was hidden in unseen patients is told" in result.output.replace("\n", " ")
    return out


def test_patients_without_an_outcome_are_read_for_pretraining_only(study):
    source = read_study(study).cohort
    labelled, everyone = (read(source, study.parent) for read in (read_cohort, read_everyone))
    assert set(everyone.patients) - set(labelled.patients) == {f"U{i}" for i in range(UNLABELLED)}
    assert len(everyone.patients) == len(labelled.patients) + UNLABELLED
    for name in labelled.omics:
        same = everyone.omics[name].loc[labelled.omics[name].index]
        pd.testing.assert_frame_equal(same, labelled.omics[name])


def test_healthy_samples_are_no_patients_to_learn_from(study):
    healthy = '[explain]\nreference = "healthy"\nhealthy.file = "healthy.txt"\n'
    text = study.read_text().replace("[explain]\n", healthy)
    before, _ = everyone_of(read_study(study), study.parent)
    named = ("U0", "U1")
    (study.parent / "healthy.txt").write_text("\n".join(named))
    other = study.parent / "with_healthy.toml"
    other.write_text(text)
    after, _ = everyone_of(read_study(other), other.parent)
    assert set(before.patients) - set(after.patients) == set(named)


def test_an_encoder_holds_no_patient_and_counts_them(study, encoder):
    words = json.loads((encoder / "encoder.json").read_text())
    assert words["n_patients"] == len(
        read_everyone(read_study(study).cohort, study.parent).patients
    )
    for path in encoder.iterdir():
        assert b"S0000" not in path.read_bytes()


def test_a_run_starts_from_an_encoder_and_another_is_no_rerun(study, encoder):
    scores = []
    for start in ([], ["--from", str(encoder)], ["--from", str(encoder)]):
        result = CliRunner().invoke(app, ["fit", str(study), *start])
        assert result.exit_code == 0, result.output
        log = (study.parent / "run" / "run.log").read_text()
        scores.append((log.count("fit finished"), "taken from" in result.output))
    assert [n for n, _ in scores] == [1, 2, 2]
    assert (study.parent / "run" / "fit" / "encoder" / "encoder.json").is_file()


def test_a_killed_fit_goes_on_from_its_encoder_and_another_study_does_not(
    study, encoder, tmp_path, monkeypatch
):
    out = tmp_path / "run"

    def fitted(path, *more):
        return CliRunner().invoke(app, ["fit", str(path), "--out", str(out), *more])

    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(run_stages, "save_fitted", killed)
        fitted(study, "--from", str(encoder))
    assert not (out / "fit").exists()
    assert fitted(study).exit_code == 0
    assert "finished parts taken up" in (out / "run.log").read_text()
    assert (out / "fit" / "encoder").is_dir()
    other = study.parent / "another.toml"
    text = study.read_text().replace("seed = 3", "seed = 4")
    other.write_text(text + "[net]\ndepth = 1\n")
    result = fitted(other)
    assert result.exit_code == 0, result.output
    assert not (out / "fit" / "encoder").exists()


def test_an_encoder_of_another_graph_or_shape_ends_in_a_sentence(study, encoder, tmp_path):
    text = study.read_text()
    other = study.parent / "other.toml"
    other.write_text(text + "[net]\ndepth = 3\n")
    result = CliRunner().invoke(app, ["fit", str(other), "--from", str(encoder)])
    assert result.exit_code == 2
    assert "pretrained with 2" in result.output.replace("\n", " ")
    edges = pd.read_csv(study.parent / "edges.csv")
    edges.iloc[1:].to_csv(study.parent / "fewer.csv", index=False)
    other.write_text(text.replace("edges.csv", "fewer.csv"))
    result = CliRunner().invoke(app, ["fit", str(other), "--from", str(encoder)])
    assert result.exit_code == 2
    assert "another graph" in result.output.replace("\n", " ")
    result = CliRunner().invoke(app, ["fit", str(study), "--from", str(tmp_path)])
    assert result.exit_code == 2


def test_check_says_settings_and_memory(study):
    result = CliRunner().invoke(app, ["check", str(study), "--out", str(study.parent / "seen")])
    assert result.exit_code == 0, result.output
    said = " ".join(result.output.split())
    assert "Training one network will take about" in said
    assert "3 folds, 1 network(s) each" in said
