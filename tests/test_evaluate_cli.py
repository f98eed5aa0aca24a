"""`pathgnn evaluate` and `pathgnn modalities` on a small study: files, words, no ids."""

from __future__ import annotations

import json

import pandas as pd
import pytest
from described import assert_described
from small_study import write_small_study
from typer.testing import CliRunner

from pathgnn.cli import app


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return write_small_study(tmp_path_factory.mktemp("small"))


@pytest.fixture(scope="module")
def run_folder(study):
    out = study.parent / "run"
    result = CliRunner().invoke(app, ["fit", str(study), "--out", str(out)])
    assert result.exit_code == 0, result.output
    return out


def _texts(folder):
    return "\n".join(p.read_text() for p in folder.glob("*.csv"))


def test_evaluate_writes_what_its_reader_needs_and_no_id(study, run_folder, tmp_path):
    out = tmp_path / "external"
    model = str(run_folder / "fit" / "model")
    other = write_small_study(tmp_path, n=120)
    call = ["evaluate", model, str(other), "--source", str(study), "--out", str(out)]
    result = CliRunner().invoke(app, call)
    assert result.exit_code == 0, result.output
    assert {p.stem for p in out.iterdir()} == {
        "external",
        "patients",
        "calibration",
        "toc",
        "findings",
        "transport",
        "data_dictionary",
    }
    assert_described(out, "external patients calibration toc findings transport", "external")
    assert {"p", "autoc", "level", "slope", "score_slope"} <= set(
        pd.read_csv(out / "external.csv").columns
    )
    ids = pd.read_csv(other.parent / "clinical.csv").iloc[:, 0].astype(str)
    assert not any(i in _texts(out) for i in ids)
    result = CliRunner().invoke(app, [*call, "--with-ids"])
    assert result.exit_code == 0, result.output
    assert ids[0] in (out / "patients.csv").read_text()


def test_a_model_is_not_judged_by_the_outcomes_that_it_learned_from(study, run_folder, tmp_path):
    call = ["evaluate", str(run_folder / "fit" / "model"), str(study), "--out", str(tmp_path / "x")]
    result = CliRunner().invoke(app, call)
    assert result.exit_code == 2
    assert "learned from these very outcomes" in " ".join(result.stderr.split())
    assert not (tmp_path / "x").exists()
    assert CliRunner().invoke(app, [*call, "--accept-risk"]).exit_code == 0


def test_the_source_must_be_the_models_own_study(study, run_folder, tmp_path):
    other = study.with_name("other.toml")
    other.write_text(study.read_text().replace('reference = "control"', 'reference = "treated"'))
    assert other.read_text() != study.read_text()
    model = str(run_folder / "fit" / "model")
    call = ["evaluate", model, str(study), "--source", str(other), "--out", str(tmp_path / "x")]
    result = CliRunner().invoke(app, call)
    assert result.exit_code == 2
    assert "not the study that the model was trained on" in " ".join(result.stderr.split())


def test_a_folder_with_other_files_is_refused_before_any_work(study):
    call = ["evaluate", "no-model", str(study), "--out", str(study.parent)]
    result = CliRunner().invoke(app, call)
    assert result.exit_code == 2
    assert "holds other files, which would be lost" in result.stderr
    assert study.is_file()


def test_modalities_says_what_to_measure(study, tmp_path):
    call = ["modalities", str(study), "--out", str(tmp_path), "--cost", "mutation=3"]
    result = CliRunner().invoke(app, call)
    assert result.exit_code == 0, result.output
    folder = tmp_path / "modalities"
    subsets = pd.read_csv(folder / "subsets.csv")
    assert_described(folder, "subsets shares", "modalities")
    assert subsets["chosen"].sum() == subsets["metric"].nunique()
    assert subsets.loc[subsets["mutation"] & ~subsets["expression"], "cost"].min() >= 3
    assert (folder / "value_1.png").stat().st_size > 1000
    # They are of these settings and stay beside a fit of them, also where it replaces another.
    kept = tmp_path / "stages.json"
    kept.write_text(json.dumps(json.loads(kept.read_text()) | {"fit": "of other settings"}))
    fit = CliRunner().invoke(app, ["fit", str(study), "--out", str(tmp_path)])
    assert fit.exit_code == 0, fit.output
    assert (folder / "subsets.csv").is_file()


@pytest.mark.parametrize(
    ("extra", "said"),
    [
        (["--cost", "mutation"], "is no OMIC=NUMBER"),
        (["--cost", "mutation=nan"], "a cost is a number of 0 or more"),
        (["--cost", "rna=3"], "no omic 'rna' to give a cost"),
        (["--learner", "forest"], "it is linear or network"),
    ],
)
def test_wrong_options_end_in_a_sentence(study, tmp_path, extra, said):
    result = CliRunner().invoke(app, ["modalities", str(study), "--out", str(tmp_path), *extra])
    assert result.exit_code == 2
    assert said in result.stderr
