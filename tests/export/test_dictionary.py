"""The data dictionary knows every column of every exported table, and no other."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from export_cases import results_of

from pathgnn.attribute.examine import examination_tables, examine, pathway_table
from pathgnn.attribute.reference import Compared
from pathgnn.benefit import subgroups
from pathgnn.benefit.prognostic import BinaryScore, ContinuousScore, SurvivalScore
from pathgnn.benefit.subgroups import NO_INTERVAL, Level, Subgroups
from pathgnn.export.dictionary import dictionary, known_columns
from pathgnn.export.to_gsea import gene_sets, prerank, ranking, ssgsea
from pathgnn.export.to_patient_cascades import patient_cascades
from pathgnn.export.to_tables import tables, to_tables
from pathgnn.model.config import ExplainConfig
from pathgnn.nulls import Nulled, null_tables

KNOWN = known_columns()
SCORES = (BinaryScore, ContinuousScore, SurvivalScore)


@pytest.fixture(scope="module")
def all_tables(fitted, nodes):
    """Every table, with a subgroup, and the scores of every kind of outcome."""
    results = results_of(fitted, nodes)
    level = Level("low", 9, 5, 4, NO_INTERVAL, 0.0, *[NO_INTERVAL] * 3, 1.0, NO_INTERVAL)
    found = Subgroups("drug", "age", (level,), 0, "", subgroups.Tests())
    out = tables(replace(results, subgroups=(found,)))
    fields = [field for score in SCORES for field in score._fields]
    out["prognosis"] = out["prognosis"].reindex(columns=["arm", *dict.fromkeys(fields)])
    ranked = ranking(results)
    sets = gene_sets(results, list(ranked.index))
    out["patient_cascades"] = patient_cascades(results, ExplainConfig(), (0,))
    out |= {"prerank": prerank(ranked, sets, 0), "ssgsea": ssgsea(results, sets)}
    who = Compared(fitted, nodes, ExplainConfig(permutations=99), 0)
    examined = examine(who, results.explanation, 1, 2)
    accounts = pathway_table(examined, results.explanation.attribution)
    one = np.ones(1)
    nulls = null_tables(Nulled("treatment", 20, 0, *[one] * 5, ("G",), ("P",)))
    return {**examination_tables(examined), **out, "pathway_accounts": accounts, **nulls}


def test_every_column_of_every_table_is_known(all_tables):
    have = {(name, column) for name, table in all_tables.items() for column in table.columns}
    known = set(KNOWN[["table", "column"]].itertuples(index=False, name=None))
    assert have - known == set(), "say in pathgnn/export/dictionary.csv what these mean"
    surplus = {(table, column) for table, column in known - have if table in all_tables}
    assert surplus == set(), "no table has these columns of pathgnn/export/dictionary.csv"


def test_every_column_has_a_meaning_and_a_unit_once():
    assert not KNOWN.duplicated(["table", "column"]).any()
    assert (KNOWN[["meaning", "unit_or_range"]] != "").all().all()


def test_the_written_dictionary_follows_the_tables_and_names_the_unit(fitted, nodes, tmp_path):
    results = results_of(fitted, nodes)
    to_tables(results, tmp_path)
    back = pd.read_csv(tmp_path / "data_dictionary.csv", keep_default_na=False)
    for name, table in tables(results).items():
        assert back[back["table"] == name]["column"].tolist() == list(table.columns)
    assert (back["meaning"] != "").all()
    unit = back.set_index(["table", "column"])["unit_or_range"]
    assert unit["patients", "benefit"] == "gain in the outcome; above 0 favours the arm"
    assert not unit.str.contains("{", regex=False).any()


def test_a_column_that_is_not_known_has_an_empty_meaning():
    out = dictionary({"genes": pd.DataFrame(columns=["symbol", "new"])}, "months")
    assert (out["meaning"] == "").tolist() == [False, True]
