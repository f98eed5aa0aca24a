"""Cascades of subgroups and of one patient from the command line, on a small study."""

from __future__ import annotations

import pandas as pd
import pytest
from canary import CANARY, mark, search
from small_study import write_small_study
from typer.testing import CliRunner

from pathgnn import run_stages
from pathgnn.cli import app

QUICK = "stack = false\ngroup_lasso = 0.0\nsteps = 2\n"
# The small study's graph says nothing of receptors; in so short a fit every edge counts as stable.
EASY = """permutations = 99
stable = 0.0
edge_cost = 0.05
receptors = ["P0G0"]
effectors = ["P0G5", "P1G5"]
"""


def _study(folder, columns):
    """A small study with columns to draw cascades by; ids that would be found anywhere."""
    path = mark(write_small_study(folder, n=60))
    clinical = folder / "clinical.csv"
    table = pd.read_csv(clinical)
    n = range(len(table))
    table["half"] = ["=x" if i % 4 < 2 else "<b>y</b>" for i in n]
    rare = [f"{CANARY}-rare"] * 9 + [f"{CANARY}-odd"] * 9
    table["rare"] = [*rare, *(("c", "d")[i % 4 < 2] for i in n[len(rare) :])]
    table["number"] = [i % 7 for i in n]
    table.to_csv(clinical, index=False)
    by = f"cascades_by = {columns}\n"
    text = path.read_text().replace(
        "[fit]\n", "[fit]\nstack = false\ngroup_lasso = 0.0\nsteps = 2\n"
    )
    path.write_text(text.replace("permutations = 99\n", EASY + by))
    return path


def _said(*words):
    result = CliRunner().invoke(app, [str(w) for w in words])
    return result.exit_code, result.output + result.stderr


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """A finished run whose cascades were asked for by three columns."""
    study = _study(tmp_path_factory.mktemp("study"), '["half", "rare", "number"]')
    out = study.parent / "run"
    code, said = _said("run", study, "--out", out)
    assert code == 0, said
    return study, out, said


def test_every_level_is_on_the_screen_in_the_table_and_in_the_report(done):
    _, out, said = done
    table = pd.read_csv(out / "tables" / "subgroup_cascades.csv")
    levels = table.groupby("column")["level"].unique()
    assert set(levels["half"]) == {"'=x", "<b>y</b>"}
    assert set(levels["number"]) == {"below 2", "2 to below 4", "4 and above"}
    drawn = table[table["cascade"] > 0]
    assert len(drawn)
    assert (drawn["q"] >= drawn["p"]).all()
    page = (out / "report.html").read_text()
    assert "half: &lt;b&gt;y&lt;/b&gt;" in page
    assert "one more family of tests" in page
    assert "Cascades by half:\n" in said
    assert "one more family of tests" in said


def test_small_levels_are_named_nowhere_nor_is_a_patient(done):
    _, out, said = done
    assert "levels too small to show" in said
    assert CANARY not in said
    assert search(out)[1] == []


def test_another_column_draws_new_cascades_and_explains_nothing_anew(done, monkeypatch):
    study, out, _ = done
    for name in ("fit", "explain"):
        monkeypatch.setattr(run_stages, name, None)
    other = study.parent / "other.toml"
    other.write_text(study.read_text().replace('["half", "rare", "number"]', '["half"]'))
    before = pd.read_csv(out / "tables" / "subgroup_cascades.csv")
    assert _said("export", other, "--out", out, "--to=tables")[0] == 0
    after = pd.read_csv(out / "tables" / "subgroup_cascades.csv")
    half = before[before["column"] == "half"].astype(after.dtypes)
    pd.testing.assert_frame_equal(after.drop(columns="q"), half.drop(columns="q"))
    # Taken up: the same table once more, without a cascade drawn.
    monkeypatch.setattr(run_stages, "subgroup_cascades", None)
    assert _said("export", other, "--out", out, "--to=tables")[0] == 0
    pd.testing.assert_frame_equal(pd.read_csv(out / "tables" / "subgroup_cascades.csv"), after)


def test_a_column_that_is_not_there_is_named_before_anything_is_trained(tmp_path):
    study = _study(tmp_path, '["her2"]')
    code, said = _said("run", study, "--out", tmp_path / "run")
    assert code == 2
    assert "clinical column 'her2' is not in clinical.csv; it has" in said
    assert CANARY not in said
    assert not (tmp_path / "run").exists()


def test_one_patient_is_named_by_pseudonym_or_on_request_by_id(done):
    study, out, _ = done
    code, said = _said("explain", study, "--out", out, "--patient", "P00003")
    assert code == 0, said
    assert "P00003" in said
    assert "One patient has no p" in said
    table = pd.read_csv(out / "patients" / "patient_cascades.csv")
    assert set(table["patient"]) == {"P00003"}
    assert CANARY not in said
    own = pd.read_csv(study.parent / "clinical.csv", dtype=str).iloc[2, 0]
    code, said = _said("explain", study, "--out", out, "--patient", own)
    assert code == 2
    assert CANARY not in said
    code, said = _said("explain", study, "--out", out, "--patient", own, "--with-ids")
    assert code == 0
    assert own in said
    named = pd.read_csv(out / "patients" / "patient_cascades.csv")
    assert set(named["patient"]) == {own}
    pd.testing.assert_frame_equal(named.drop(columns="patient"), table.drop(columns="patient"))
    (out / "patients" / "patient_cascades.csv").unlink()
