"""`pathgnn check`: the page opens in a browser without a complaint, and says nobody's id."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from browser import opened
from conftest import ladder_graph, trial_on
from described import assert_described
from small_study import write_small_study
from typer.testing import CliRunner

from pathgnn.cli import app
from pathgnn.export.to_check import to_check, write_tables
from pathgnn.graph.project import project
from pathgnn.train.look import look
from pathgnn.train.overview import overview

HOSTILE = "<img src=x onerror=document.title='hacked'></script><script>document.title='hacked'"


def _seen(cohort, graph, name="a trial"):
    nodes = project(cohort, graph)
    return overview(name, cohort, nodes, graph, look(cohort, nodes, graph, 3, 0))


@pytest.mark.parametrize("kind", ["continuous", "binary", "survival"])
def test_the_page_draws_its_plots_and_loads_nothing(kind, tmp_path, trial, graph):
    cohort, outcome = trial[0], trial[0].outcome
    value = {"binary": (outcome.value > 0) * 1.0, "survival": np.abs(outcome.value) * 10}
    changed = replace(outcome, kind=kind, value=value.get(kind, outcome.value), horizon=12.0)
    site = np.arange(300) % 4
    beside = pd.DataFrame({"site": site.astype(str)}, index=list(cohort.patients))
    seen = _seen(replace(cohort, outcome=changed, beside=beside), graph)
    path = to_check(seen, tmp_path / "check.html")
    page, complaints = opened(path, tmp_path)
    assert page.count('class="plot js-plotly-plot"') == 3
    assert not complaints
    head = path.read_text().split("<script>")[0]
    assert "http" not in head.replace("http-equiv", "")
    assert "S0000" not in path.read_text()


def test_hostile_names_stay_text(tmp_path):
    graph = ladder_graph()
    cohort, _ = trial_on(graph, 120, 3)
    arms = ("control", HOSTILE)
    omics = dict(cohort.omics)
    omics[HOSTILE] = omics.pop("mutation").rename(columns={graph.genes[0]: HOSTILE})
    value = pd.Series(cohort.outcome.value, index=list(cohort.outcome.patient))
    expression = omics["expression"]
    omics["expression"] = expression.assign(**{HOSTILE: value.reindex(expression.index)})
    hostile = replace(
        cohort,
        omics=omics,
        kinds={**cohort.kinds, HOSTILE: "mutation"},
        clinical=cohort.clinical.rename(columns={"age": HOSTILE}),
        outcome=replace(cohort.outcome, arms=arms, unit=HOSTILE),
        beside=pd.DataFrame({"site": [HOSTILE, "b"] * 60}, index=list(cohort.patients)),
        notes=(HOSTILE,),
    )
    seen = _seen(hostile, graph, HOSTILE)
    assert any(f.topic == "leak" and HOSTILE in f.sentence for f in seen.findings)
    write_tables(seen, {}, tmp_path)
    page, _ = opened(to_check(seen, tmp_path / "check.html"), tmp_path)
    title = page.split("<title>")[1].split("</title>")[0]
    assert title.endswith("checked before training")
    assert "<img src=x" not in page


def test_check_prints_one_screen_and_writes_page_and_tables(tmp_path):
    study = write_small_study(tmp_path)
    result = CliRunner().invoke(app, ["check", str(study)])
    assert result.exit_code == 0, result.output
    lines = result.output.splitlines()
    assert len(lines) <= 45
    assert all(len(line) <= 100 for line in lines if str(tmp_path) not in line)
    assert "Page:" in lines[-1]
    run = tmp_path / "run"
    for name in ("check.html", "checks.csv", "who_has_what.csv", "features.csv", "omics.csv"):
        assert (run / name).stat().st_size > 0, name
    assert_described(run, "checks who_has_what omics genes_by_layers covariates features coverage")
    assert not (run / "duplicates.csv").exists()
    assert not (run / "fit").exists()
    for path in run.rglob("*"):
        if path.is_file():
            assert b"S0000" not in path.read_bytes(), path.name


def test_a_leak_in_the_files_is_said_on_the_screen(tmp_path):
    study = write_small_study(tmp_path)
    clinical = pd.read_csv(tmp_path / "clinical.csv", index_col=0)
    clinical["progression_free_months"] = clinical["response"] + 10
    clinical.to_csv(tmp_path / "clinical.csv")
    text = study.read_text().replace('["age"]', '["age", "progression_free_months"]')
    Path(study).write_text(text)
    said = " ".join(CliRunner().invoke(app, ["check", str(study)]).output.split())
    assert "called like an outcome" in said
    assert "progression_free_months" in said
