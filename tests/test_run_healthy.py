"""Healthy samples as the reference, from the study file: explained, examined, and no patients."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from canary import CANARY, mark, search
from small_study import write_small_study
from typer.testing import CliRunner

import pathgnn as pg
from pathgnn import run_stages
from pathgnn.attribute.attribute import attribute
from pathgnn.attribute.reference import Compared
from pathgnn.cli import app
from pathgnn.nulls import Nulling, run_nulls
from pathgnn.run import fitted_of

NORMAL = [f"{CANARY}-N{i}" for i in range(8)]
QUICK = "stack = false\ngroup_lasso = 0.0\nsteps = 2\n"
HEALTHY = """reference = "healthy"
[explain.healthy]
file = "normal.txt"
"""


def _said(*words):
    result = CliRunner().invoke(app, [str(w) for w in words])
    return result.exit_code, result.output + result.stderr


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """A study that was fitted before anybody asked for healthy samples, then explained by them."""
    folder = tmp_path_factory.mktemp("study")
    study = mark(write_small_study(folder, n=60))
    text = study.read_text().replace("[fit]\n", "[fit]\n" + QUICK)
    study.write_text(text)
    path = folder / "expression.csv"
    table = pd.read_csv(path, index_col=0)
    more = table.iloc[:8].set_axis(NORMAL, axis=0) + 2
    pd.concat([table, more]).to_csv(path, index_label="patient")
    (folder / "normal.txt").write_text("\n".join(NORMAL))
    out = folder / "run"
    assert _said("fit", study, "--out", out)[0] == 0
    study.write_text(text + HEALTHY)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run_stages, "fit", None)
        code, said = _said("run", study, "--out", out)
    assert code == 0, said
    return study, out, said


def test_the_attribution_compares_with_the_healthy_samples(done):
    study, out, _ = done
    given = pg.read_input(pg.read_study(study), study.parent)
    explained = pg.run_study(study, out).explanation.attribution
    # By hand: the first eight patients with 2 more of each gene, and no mutation known.
    eight = given.nodes.take(torch.arange(8))
    modality = given.nodes.modalities.index("expression")
    only = torch.arange(len(given.nodes.modalities)) == modality
    by_hand = replace(
        eight,
        x=(eight.x + 2) * only * eight.seen,
        seen=eight.seen & only,
        clinical_seen=torch.zeros_like(eight.clinical_seen),
    )
    who = Compared(fitted_of(out), given.nodes, given.study.explain, 0, by_hand)
    expected = attribute(who)
    assert torch.allclose(explained.score, expected.score, atol=1e-5)
    assert explained.score.abs().max() > 0.01
    assert explained.reference.startswith("mean of the healthy samples (8 with expression)")
    assert "of mutation, clinical covariates the training mean" in explained.reference


def test_healthy_samples_are_no_patients_and_are_named_nowhere(done):
    _, out, said = done
    assert len(pd.read_csv(out / "tables" / "patients.csv")) == 60
    assert CANARY not in said
    assert search(out)[1] == []
    assert "8 healthy samples are the reference" in (out / "report.html").read_text()


def test_an_explanation_is_examined_against_the_same_reference(done):
    study, out, _ = done
    code, said = _said("examine", study, "--out", out, "--draws", 19)
    assert code == 0, said
    faithful = pd.read_csv(out / "examination" / "faithfulness.csv")
    assert np.isfinite(faithful.select_dtypes("number")).all().all()


def test_nulls_permute_against_the_same_reference(done, tmp_path):
    study, out, _ = done
    given = pg.read_input(pg.read_study(study), study.parent)
    config, fitted = given.study.explain, fitted_of(out)
    plan = Nulling(draws=1, healthy=given.healthy)
    found = run_nulls(fitted, given.nodes, config, plan, tmp_path)
    own = pg.run_study(study, out).explanation.attribution
    assert np.allclose(found.gene, own.by_gene.abs().mean(0).numpy(), atol=1e-5)
    assert search(tmp_path)[1] == []
    # Draws against other samples are no draws of this null.
    other = replace(given.healthy, x=given.healthy.x + 1)
    with pytest.raises(pg.PathgnnError, match="another"):
        run_nulls(fitted, given.nodes, config, Nulling(draws=1, healthy=other), tmp_path)


def test_who_only_predicts_needs_no_healthy_samples(done, tmp_path):
    study, out, _ = done
    text = study.read_text().replace("normal.txt", "gone.txt")
    (study.parent / "other.toml").write_text(text)
    other = study.parent / "other.toml"
    code, said = _said("explain", other, "--out", tmp_path / "run")
    assert (code, "no file at" in said) == (2, True)
    to = ("--out", tmp_path / "benefit.csv")
    code, said = _said("predict", out / "fit" / "model", other, *to)
    assert code == 0, said


def test_samples_that_no_reference_asks_for_are_an_error(done, tmp_path):
    study, _, _ = done
    other = study.parent / "unasked.toml"
    other.write_text(study.read_text().replace('reference = "healthy"\n', ""))
    code, said = _said("check", other, "--out", tmp_path / "run")
    assert code == 2
    assert 'explain.reference is "mean"' in said
