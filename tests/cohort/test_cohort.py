"""Cohort layer: reading, transforms, identifiers, folds, simulation."""

from __future__ import annotations

import gzip

import numpy as np
import pandas as pd
import pytest
from conftest import trial_on
from hypothesis import given, settings
from hypothesis import strategies as st

from pathgnn.cohort.block_clinical import clinical_block
from pathgnn.cohort.genes import excel_dates, map_features, name_identifier_type
from pathgnn.cohort.identifiers import embedded
from pathgnn.cohort.read_table import read_table
from pathgnn.cohort.split import fold_of
from pathgnn.errors import CohortError


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".csv.gz", ".parquet"])
def test_a_table_reads_the_same_from_every_format(tmp_path, suffix):
    table = pd.DataFrame({"NA": [1.0, 2.0], "TP53": [3.0, np.nan]}, index=["p1", "p2"])
    path = tmp_path / f"table{suffix}"
    if suffix == ".parquet":
        table.to_parquet(path)
    else:
        text = table.to_csv(sep="\t" if suffix == ".tsv" else ",", index_label="id")
        path.write_bytes(gzip.compress(text.encode()) if suffix.endswith("gz") else text.encode())
    pd.testing.assert_frame_equal(read_table(path), table, check_names=False)


def test_symbols_go_first_and_ambiguous_aliases_are_refused():
    aliases = {"HER2": ("ERBB2",), "P38": ("MAPK1", "MAPK14"), "NEU": ("ERBB2",), "p53": ("TP53",)}
    genes = ["ERBB2", "MAPK1", "MAPK14", "TP53"]
    names = ["HER2", "NEU", "P38", "TP53", "p53", "ZZZ", "2-Sep"]
    found = map_features(names, genes, embedded(aliases, genes))
    assert found.gene_of == {"TP53": "TP53", "HER2": "ERBB2"}
    assert found.ambiguous == {"P38": ("MAPK1", "MAPK14")}
    assert found.duplicates == {"NEU": "ERBB2", "p53": "TP53"}
    assert found.unknown == ("ZZZ", "2-Sep")
    assert found.dates == ("2-Sep",)
    assert found.counts == {"symbol": 1, "alias": 1}
    assert set(found.to_frame()["feature"]) == set(names)


@pytest.mark.parametrize(
    ("features", "kind"),
    [
        (["ENSG00000141510", "ENSG00000012048.23"], "Ensembl ids"),
        (["7157", "672"], "Entrez ids"),
        (["P04637", "Q9Y243"], "UniProt accessions"),
        (["1007_s_at", "200000_at"], "Affymetrix probes"),
        (["TP53", "BRCA1"], ""),
    ],
)
def test_identifier_types_are_recognised(features, kind):
    assert name_identifier_type("expression", features) == kind


def test_metabolites_are_no_symbols_of_mice():
    assert name_identifier_type("metabolite", ["Lactate", "Pyruvate"]) == ""


def test_genes_that_a_spreadsheet_made_dates_are_named():
    assert excel_dates(["TP53", "2-Sep", "1-Mar"]) == ("2-Sep", "1-Mar")


def test_text_covariates_become_indicators_and_long_lists_are_refused():
    block = clinical_block(pd.DataFrame({"age": [50, 60], "tissue": ["lung", None]}))
    assert list(block.columns) == ["age", "tissue=lung"]
    block = clinical_block(pd.DataFrame({"tissue": ["lung", "skin", None]}))
    assert block["tissue=skin"].tolist()[:2] == [0.0, 1.0]
    assert np.isnan(block["tissue=skin"][2])
    with pytest.raises(CohortError, match="20 different texts"):
        clinical_block(pd.DataFrame({"name": [f"n{i}" for i in range(20)]}))


@given(st.integers(0, 10**6), st.integers(2, 6), st.integers(30, 90))
def test_folds_are_balanced_and_keep_a_patient_together(seed, n_folds, n):
    rng = np.random.default_rng(seed)
    patient_of = np.concatenate([np.arange(n), rng.integers(0, n, n // 2)])
    kind = rng.integers(0, 3, len(patient_of))
    fold = fold_of(kind, patient_of, n_folds, rng)
    assert len(fold) == n
    sizes = np.bincount(fold, minlength=n_folds)
    assert sizes.max() - sizes.min() <= 1


@settings(deadline=None)
@given(st.integers(0, 10_000), st.integers(3, 5))
def test_groups_stay_in_one_fold_and_arms_stay_balanced(seed, n_folds):
    rng = np.random.default_rng(seed)
    group = np.unique(rng.integers(0, 60, 300), return_inverse=True)[1]
    arm = rng.integers(0, 2, 300)
    fold = fold_of(arm, np.arange(300), n_folds, rng, group)
    assert pd.Series(fold).groupby(group).nunique().max() == 1
    for one in range(2):
        counts = np.bincount(fold[arm == one], minlength=n_folds)
        assert counts.max() - counts.min() <= 0.5 * counts.mean()


def test_fewer_groups_than_folds_are_refused():
    with pytest.raises(CohortError, match="2 groups are too few"):
        fold_of(np.zeros(40, int), np.arange(40), 3, np.random.default_rng(0), np.arange(40) % 2)


def test_a_simulated_trial_is_what_its_truth_says(graph):
    cohort, truth = trial_on(graph, 4000, 1, sd_benefit=2.0)
    arm, y = cohort.outcome.arm, cohort.outcome.value
    assert truth.benefit.std() == pytest.approx(2.0, rel=0.01)
    assert y[arm == 1].mean() - y[arm == 0].mean() == pytest.approx(truth.benefit.mean(), abs=0.2)
    slope = np.polyfit(truth.benefit[arm == 1], y[arm == 1], 1)[0]
    assert slope == pytest.approx(1.0, abs=0.1)
    share = {k: len(t) / 4000 for k, t in cohort.omics.items()}
    assert share["protein"] == pytest.approx(0.75, abs=0.03)
    assert share["expression"] == pytest.approx(0.95, abs=0.02)
