"""`pathgnn predict` on other cohorts: the same answer for what is shared, or a sentence why not."""

from __future__ import annotations

import pandas as pd
import pytest
from conftest import ladder_graph
from golden import GOLDEN, golden_cohort
from typer.testing import CliRunner

from pathgnn.cli import app

STUDY = """
name = "other"
[cohort.clinical]
file = "clinical.csv"
columns = ["COVARIATES"]
[cohort.outcome]
file = "outcome.csv"
kind = "continuous"
value = "response"
[cohort.treatment]
column = "arm"
reference = "control"
randomised = true
[graph]
edges = "edges.csv"
pathways = "pathways.gmt"
"""


def _study(folder, tables, kinds=None):
    """A study of the golden patients with these omics."""
    cohort, graph = golden_cohort(), ladder_graph(2, 4)
    cohort.clinical.to_csv(folder / "clinical.csv", index_label="patient")
    outcome = cohort.outcome
    arms = [outcome.arms[a] for a in outcome.arm]
    columns = {"patient": outcome.patient, "arm": arms, "response": outcome.value}
    pd.DataFrame(columns).to_csv(folder / "outcome.csv", index=False)
    pairs = [(graph.genes[u], graph.genes[v]) for u, v in graph.edges.T]
    edges = pd.DataFrame(pairs, columns=["source", "target"]).assign(sign=graph.sign)
    edges.to_csv(folder / "edges.csv", index=False)
    sets = ["\t".join((p, "na", *graph.members_of(p))) + "\n" for p in graph.pathways]
    (folder / "pathways.gmt").write_text("".join(sets))
    text = STUDY.replace('"COVARIATES"', ", ".join(f'"{c}"' for c in cohort.clinical))
    for name, table in tables.items():
        table.to_csv(folder / f"{name}.csv", index_label="patient")
        kind = (kinds or {}).get(name, name)
        text += f'[cohort.omics.{name}]\nfile = "{name}.csv"\nkind = "{kind}"\n'
    path = folder / "study.toml"
    path.write_text(text)
    return path


def _predicted(folder, tables, kinds=None):
    folder.mkdir()
    study, out = _study(folder, tables, kinds), folder / "benefit.csv"
    args = ["predict", str(GOLDEN / "model"), str(study), "--out", str(out)]
    result = CliRunner().invoke(app, args)
    assert result.exit_code == 0, result.output
    table, said = pd.read_csv(out), pd.read_csv(folder / "benefit_dictionary.csv")
    assert said["column"].tolist() == list(table.columns)
    assert said.notna().all().all()
    return table, result.output


@pytest.fixture(scope="module")
def tables():
    return dict(golden_cohort().omics)


@pytest.fixture(scope="module")
def usual(tables, tmp_path_factory):
    return _predicted(tmp_path_factory.mktemp("usual") / "s", tables)[0]


def test_the_order_of_genes_rows_and_omics_does_not_matter(tables, usual, tmp_path):
    turned = {k: t.iloc[::-1, ::-1] for k, t in reversed(tables.items())}
    found, _ = _predicted(tmp_path / "s", turned)
    assert found["score"].to_numpy() == pytest.approx(usual["score"], abs=1e-5)
    assert usual["score"].std() > 0.01


def test_an_omic_that_the_model_does_not_know_is_named_and_changes_nothing(tables, usual, tmp_path):
    more = tables | {"second_protein": tables["protein"] + 1}
    found, said = _predicted(tmp_path / "s", more, {"second_protein": "protein"})
    assert found["score"].to_numpy() == pytest.approx(usual["score"], abs=1e-5)
    assert "Omics unknown to the model, left out: second_protein" in said


def test_genes_and_omics_that_are_missing_count_as_not_measured(tables, usual, tmp_path):
    genes = list(tables["expression"].columns[:3])
    without = tables | {"expression": tables["expression"].drop(columns=genes)}
    empty = tables | {"expression": tables["expression"].assign(**dict.fromkeys(genes))}
    found, _ = _predicted(tmp_path / "without", without)
    masked, _ = _predicted(tmp_path / "masked", empty)
    assert found["score"].to_numpy() == pytest.approx(masked["score"], abs=1e-5)
    assert abs(found["score"] - usual["score"]).max() > 1e-4
    fewer = {k: t for k, t in tables.items() if k != "protein"}
    found, said = _predicted(tmp_path / "fewer", fewer)
    assert "The model learned from protein, which the cohort lacks" in said.replace("\n", " ")
    assert (found["measured"] <= usual["measured"]).all()


@pytest.mark.parametrize(
    ("change", "kinds", "said"),
    [
        ({"expression": "expression"}, {"expression": "protein"}, "'expression' as expression"),
        ({"expression": "rna"}, {"rna": "expression"}, "name the same layers the same way"),
    ],
)
def test_other_kinds_and_other_names_are_refused(change, kinds, said, tables, tmp_path):
    study = _study(tmp_path, {new: tables[old] for old, new in change.items()}, kinds)
    args = ["predict", str(GOLDEN / "model"), str(study), "--out", str(tmp_path / "b.csv")]
    result = CliRunner().invoke(app, args)
    assert result.exit_code == 2, result.output
    assert said in result.stderr
    assert not (tmp_path / "b.csv").exists()


@pytest.mark.parametrize("n", [1, 3])
def test_new_patients_need_no_outcome_and_may_be_few(n, tables, usual, tmp_path):
    first = golden_cohort().outcome.patient[:n]
    few = {k: t[t.index.isin(first)] for k, t in tables.items()}
    study, out = _study(tmp_path, few), tmp_path / "benefit.csv"
    pd.DataFrame({"patient": [*first, "never-measured"], "visit": 1}).to_csv(
        tmp_path / "outcome.csv", index=False
    )
    args = ["predict", str(GOLDEN / "model"), str(study), "--out", str(out), "--with-ids"]
    result = CliRunner().invoke(app, args)
    assert result.exit_code == 0, result.output
    assert "1 patients of outcome.csv have no omic: left out" in result.output
    found = pd.read_csv(out)
    assert found["patient"].unique().tolist() == list(first)
    place = dict(zip(golden_cohort().patients, range(len(golden_cohort().patients)), strict=True))
    each = len(golden_cohort().patients)
    for k, arm in enumerate(found["arm"].unique()):
        want = usual["benefit"].to_numpy()[k * each : (k + 1) * each][[place[p] for p in first]]
        assert found[found["arm"] == arm]["benefit"].to_numpy() == pytest.approx(want, abs=1e-5)


def test_nobody_with_a_measurement_is_refused(tables, tmp_path):
    study = _study(tmp_path, tables)
    pd.DataFrame({"patient": ["somebody", "else"], "visit": 1}).to_csv(
        tmp_path / "outcome.csv", index=False
    )
    out = tmp_path / "benefit.csv"
    result = CliRunner().invoke(
        app, ["predict", str(GOLDEN / "model"), str(study), "--out", str(out)]
    )
    assert result.exit_code == 2
    assert "no patient" in result.output
    assert not out.exists()


def test_a_covariate_in_another_unit_is_said(tables, tmp_path):
    folder = tmp_path / "s"
    folder.mkdir()
    study, out = _study(folder, tables), folder / "benefit.csv"
    clinical = pd.read_csv(folder / "clinical.csv", index_col="patient")
    (1e3 * (clinical + 5)).to_csv(folder / "clinical.csv", index_label="patient")
    args = ["predict", str(GOLDEN / "model"), str(study), "--out", str(out)]
    result = CliRunner().invoke(app, args)
    assert result.exit_code == 0, result.output
    assert "in another unit?" in result.output


def test_a_run_folder_in_the_place_of_its_model_is_told_where_that_is(tables, tmp_path):
    study = _study(tmp_path, tables)
    result = CliRunner().invoke(app, ["predict", str(tmp_path), str(study), "--out", "b.csv"])
    assert result.exit_code == 2
    assert "RUN/fit/model" in result.stderr
