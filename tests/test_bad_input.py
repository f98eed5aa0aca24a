"""Bad input ends in one sentence, exit status 2, no traceback, and nothing half-written."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from small_study import write_small_study
from typer.testing import CliRunner

from pathgnn.cli import app


def _table(folder, name, change):
    path = folder / f"{name}.csv"
    change(pd.read_csv(path, index_col=0)).to_csv(path, index_label="patient")


def _toml(folder, old, new):
    path = folder / "study.toml"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))


def _no_common_gene(folder):
    for name in ("expression", "mutation"):
        _table(folder, name, lambda t: t.rename(columns={c: f"X{c}" for c in t}))


def _ensembl(folder):
    for name in ("expression", "mutation"):
        _table(
            folder, name, lambda t: t.set_axis([f"ENSG{i:011d}" for i in range(t.shape[1])], axis=1)
        )


def _duplicate_patients(folder):
    _table(folder, "expression", lambda t: pd.concat([t, t.head(2)]))


def _duplicate_outcomes(folder):
    _table(folder, "clinical", lambda t: pd.concat([t, t.head(2).assign(response=1.0)]))


def _one_arm(folder):
    _table(folder, "clinical", lambda t: t.assign(arm="control"))


def _tiny_arm(folder):
    _table(folder, "clinical", lambda t: t.assign(arm=["treated"] * 3 + ["control"] * (len(t) - 3)))


def _one_class(folder):
    _toml(folder, '"continuous"\nvalue = "response"', '"binary"\nvalue = "response"')
    _table(folder, "clinical", lambda t: t.assign(response=1))


def _three_classes(folder):
    _toml(folder, '"continuous"\nvalue = "response"', '"binary"\nvalue = "response"')
    _table(folder, "clinical", lambda t: t.assign(response=np.arange(len(t)) % 3))


def _survival(folder):
    _toml(
        folder, '"continuous"\nvalue = "response"', '"survival"\ntime = "months"\nevent = "event"'
    )


def _no_event(folder):
    _survival(folder)
    _table(folder, "clinical", lambda t: t.assign(event=0))


def _negative_time(folder):
    _survival(folder)
    _table(folder, "clinical", lambda t: t.assign(months=t["months"] - 3))


def _too_long_horizon(folder):
    _survival(folder)
    _toml(folder, 'event = "event"', 'event = "event"\nhorizon = 500')


def _nan_block(folder):
    _table(folder, "expression", lambda t: t * np.nan)


def _constant_omic(folder):
    _table(folder, "expression", lambda t: t * 0 + 4)


def _no_edge(folder):
    (folder / "edges.csv").write_text("source,target,sign\nAAA,BBB,1\n")


def _not_numeric(folder):
    _table(folder, "expression", lambda t: t.astype(object).mask(t > 1, "high"))


def _empty(folder):
    (folder / "expression.csv").write_text("")


def _header_only(folder):
    (folder / "expression.csv").write_text("patient,P0G0,P0G1\n")


def _truncated(folder):
    path = folder / "expression.parquet"
    pd.read_csv(folder / "expression.csv", index_col=0).to_parquet(path)
    path.write_bytes(path.read_bytes()[:200])
    _toml(folder, "expression.csv", "expression.parquet")


def _binary_bytes(folder):
    (folder / "expression.csv").write_bytes(bytes(range(256)) * 20)


def _absent_file(folder):
    (folder / "mutation.csv").unlink()


def _typo(folder):
    _toml(folder, "members = 1", "membres = 1")


def _absent_column(folder):
    _toml(folder, 'column = "arm"', 'column = "therapy"')


def _absent_arm(folder):
    _toml(folder, 'reference = "control"', 'reference = "placebo"')


def _other_ids(folder):
    for name in ("expression", "mutation"):
        _table(folder, name, lambda t: t.set_axis([f"TCGA-{i}" for i in range(len(t))], axis=0))


def _negative_mutation(folder):
    _table(folder, "mutation", lambda t: t - 1)


def _infinite(folder):
    _table(folder, "expression", lambda t: t.mask(t > 1.5, np.inf))


def _events_one_two(folder):
    _survival(folder)
    _table(folder, "clinical", lambda t: t.assign(event=t["event"] + 1))


def _other_estimand(folder):
    _survival(folder)
    path = folder / "study.toml"
    path.write_text(path.read_text() + '\n[estimand]\nname = "survival_gained"\nat = 999\n')


def _no_pathways(folder):
    _toml(folder, 'pathways = "pathways.gmt"\n', "")


def _few_patients(folder):
    _table(folder, "clinical", lambda t: t.head(22))
    _toml(folder, "folds = 3", "folds = 10")


def _broken_toml(folder):
    (folder / "study.toml").write_text("name = ")


CASES = {
    _no_common_gene: ["no feature of the cohort is in the graph", "HGNC"],
    _ensembl: ["Ensembl ids", "hgnc"],
    _duplicate_patients: ["names 2 patient(s) twice", "expression.csv"],
    _duplicate_outcomes: ["2 patients of clinical.csv have more than one row", "crossover"],
    _one_arm: ["one arm only", "at least two arms"],
    _tiny_arm: ["'treated' has 3 rows"],
    _one_class: ["one class only"],
    _three_classes: ["must be 0 or 1", "recode"],
    _no_event: ["no event", "1 = event"],
    _negative_time: ["follow-up times are negative"],
    _too_long_horizon: ["largest usable horizon"],
    _nan_block: ["'expression' holds no measured value"],
    _constant_omic: ["'expression' has the same value 4 everywhere"],
    _no_edge: ["no gene of pathways.gmt", "no edge of the graph"],
    _not_numeric: ["'high', which is no number"],
    _empty: ["expression.csv is empty"],
    _header_only: ["expression.csv holds no row"],
    _truncated: ["expression.parquet is damaged or cut off"],
    _binary_bytes: ["expression.csv is damaged", "expression.csv"],
    _absent_file: ["no file at", "mutation.csv"],
    _typo: ["unknown setting 'fit.membres'"],
    _absent_column: ["no column 'therapy'"],
    _absent_arm: ["arm 'placebo'", "holds"],
    _other_ids: ["no patient id in common"],
    _negative_mutation: ["mutation", "below 0"],
    _infinite: ["infinite values", "logarithm"],
    _events_one_two: ["holds '1', '2'", "recode"],
    _other_estimand: ["lies beyond the horizon"],
    _no_pathways: ["no pathways", "GMT"],
    _few_patients: ["too few for 10 folds"],
    _broken_toml: ["not a readable TOML file"],
}
# Where either of two sentences is right, one is enough.
EITHER = (_no_edge, _binary_bytes)


@pytest.mark.parametrize("damage", CASES, ids=lambda d: d.__name__.strip("_"))
def test_bad_input_ends_in_a_sentence(damage, tmp_path):
    study = write_small_study(tmp_path)
    damage(tmp_path)
    result = CliRunner().invoke(app, ["run", str(study)])
    said = result.stderr.strip().splitlines()[-1]
    assert result.exit_code == 2, result.output
    found = [part in said for part in CASES[damage]]
    assert any(found) if damage in EITHER else all(found), said
    assert "Traceback" not in result.output
    assert "S000" not in result.output, "a patient id was printed"
    assert not (tmp_path / "run" / "fit").exists()
    assert not list(tmp_path.rglob(".part-*"))


def test_a_table_of_a_misspelt_setting_is_not_shown(tmp_path):
    path = tmp_path / "study.toml"
    path.write_text(
        '[cohrt]\nname = "x"\n[sweep]\nstorage = "postgresql://me:SECRET@db/x"\n'
        "[fit.net]\nmembers = 3\n[explain]\nsteps = {secret = 1}\n"
    )
    result = CliRunner().invoke(app, ["check", str(path)])
    assert result.exit_code == 2
    assert "setting 'cohort' is missing" in " ".join(result.output.split())
    assert "SECRET" not in result.output
    assert "secret" not in result.output
