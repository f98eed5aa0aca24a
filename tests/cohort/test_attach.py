"""Attachment: names that are no gene symbols, and the genes that they stand for."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pathgnn.cohort.attach import ATTACH, attach
from pathgnn.cohort.attach_antibodies import sites
from pathgnn.cohort.attach_mirna import read_mirna, targets
from pathgnn.cohort.metabolite_names import metabolite_key, names_of
from pathgnn.cohort.read_tables import read_cohort
from pathgnn.cohort.sources import CohortSource
from pathgnn.files import shipped
from pathgnn.graph.from_curated import from_curated
from pathgnn.graph.project import features as feature_report
from pathgnn.graph.project import project


def _attached(kind, *names):
    table = attach(kind, pd.Index(names))
    return {} if table is None else table[table["weight"] != 0].groupby("feature")["gene"].agg(list)


@pytest.mark.parametrize(
    ("name", "genes", "site", "weight"),
    [
        ("EIF4EBP1|4E-BP1_pS65", ["EIF4EBP1"], "S65", -1),
        ("AKT1 AKT2 AKT3|Akt_pS473", ["AKT1", "AKT2", "AKT3"], "S473", 1),
        ("Akt_pS473-R-V", ["AKT1", "AKT2", "AKT3"], "S473", 1),
        ("AAK1_S21", ["AAK1"], "S21", 1),
        ("ERBB2.Y1248", ["ERBB2"], "Y1248", 1),
        ("ERBB2_pY1248", ["ERBB2"], "Y1248", 1),
        ("HER2_pY1248-R-C", ["ERBB2"], "Y1248", 1),
        ("MAPK_pT202_Y204", ["MAPK1", "MAPK3"], "T202_Y204", 1),
        ("S6_pS235_S236", ["RPS6"], "S235_S236", 1),
        ("p38_pT180_Y182", ["MAPK14"], "T180_Y182", 1),
        ("GSK3A GSK3B|GSK3-alpha-beta_pS21_S9", ["GSK3A", "GSK3B"], "S21_S9", -1),
        ("X4E.BP1_pT37_T46.R.V", ["EIF4EBP1"], "T37_T46", -1),
        ("RB1|Rb_pS807_S811", ["RB1"], "S807_S811", -1),
        ("YAP1|YAP_pS127", ["YAP1"], "S127", -1),
        ("SRC|Src_pY527", ["SRC"], "Y527", -1),
        ("SRC|Src_pY416", ["SRC"], "Y416", 1),
        # The antibody is against PDPK1 whatever the file says; the gene PDK1 is another one.
        ("PDK1|PDK1_pS241", ["PDPK1"], "S241", 1),
        ("PDK1_S241", ["PDK1"], "S241", 1),
        ("NFKB1|NF-kB-p65_pS536", ["RELA"], "S536", 1),
        ("MYH9|Myosin-IIa-pS1943", ["MYH9"], "S1943", 1),
        ("NEW1 NEW2|Unheard_pT7", ["NEW1", "NEW2"], "T7", 1),
    ],
)
def test_sites_are_attached_with_their_sign(name, genes, site, weight):
    table = sites(pd.Index([name]))
    assert table["gene"].tolist() == genes
    assert set(table["site"]) == {site}
    assert set(table["weight"]) == {float(weight)}


def test_proteins_take_the_antibodies_without_a_site():
    names = ["HER2-M-V", "Beta-Catenin", "4E-BP1", "Akt_pS473-R-V", "Caspase-7_cleavedD198-R-C"]
    found = _attached("protein", *names)
    assert found.to_dict() == {
        "HER2-M-V": ["ERBB2"],
        "Beta-Catenin": ["CTNNB1"],
        "4E-BP1": ["EIF4EBP1"],
        "Caspase-7_cleavedD198-R-C": ["CASP7"],
    }
    assert list(_attached("phospho_protein", *names).index) == ["Akt_pS473-R-V"]


def test_gene_symbols_are_left_to_the_identifiers():
    assert attach("protein", pd.Index(["PDK1", "AKT1", "NKX2-1", "HLA-DRB1", "C9orf72"])) is None
    assert attach("phospho_protein", pd.Index(["PDK1", "AKT1"])) is None
    assert attach("expression", pd.Index(["HER2-M-V"])) is None


@pytest.mark.parametrize(
    ("name", "mirna", "arm"),
    [
        ("hsa-mir-21", "mir-21", ""),
        ("hsa-miR-21-5p", "mir-21", "5p"),
        ("MIR21", "mir-21", ""),
        ("hsa-let-7a-1", "let-7a", ""),
        ("MIRLET7A1", "let-7a", ""),
        ("hsa-mir-16-1", "mir-16", ""),
        ("MIR16-1", "mir-16", ""),
        ("hsa-mir-125b-2", "mir-125b", ""),
        ("MIR125B1", "mir-125b", ""),
        ("hsa.miR.200c.3p", "mir-200c", "3p"),
        ("hsa-miR-200c*", "mir-200c", "passenger"),
        ("hsa-mir-203", "mir-203a", ""),
        ("MIR17HG", "mir-17hg", ""),
        ("TP53", "TP53", ""),
    ],
)
def test_micrornas_are_read_in_every_spelling(name, mirna, arm):
    assert read_mirna(name) == (mirna, arm)


def test_micrornas_repress_their_targets_by_the_right_arm():
    table = targets(pd.Index(["hsa-mir-21", "hsa-miR-21-3p", "hsa-let-7a-2", "hsa-miR-200c*"]))
    assert set(table["weight"]) == {-1.0}
    assert {"PTEN", "PDCD4"} <= set(table["gene"][table["feature"] == "hsa-mir-21"])
    assert {"KRAS", "HMGA2"} <= set(table["gene"][table["feature"] == "hsa-let-7a-2"])
    assert not set(table["feature"]) & {"hsa-miR-21-3p", "hsa-miR-200c*"}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("palmitic acid", "palmitate"),
        ("palmitic_acid", "palmitate"),
        ("L-Lactic acid", "lactate"),
        ("α-ketoglutarate", "alpha-ketoglutarate"),
        ("D-glucose", "glucose"),
        ("HMDB00122", "HMDB0000122"),
        ("chebi:17634", "CHEBI:17634"),
        ("pubchem:5793", "CID:5793"),
        ("KEGG:C00031", "C00031"),
        ("Fructose 6-Phosphate", "fructose-6-phosphate"),
    ],
)
def test_spellings_of_one_metabolite_have_one_key(one, other):
    assert metabolite_key(one) == metabolite_key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("d8-valine", "valine"),
        ("13C-glucose", "glucose"),
        ("glucose-1-phosphate", "glucose-6-phosphate"),
        ("17234", "CHEBI:17234"),
        ("kynurenic acid", "kynurenine"),
        ("NAD+", "NAD"),
    ],
)
def test_different_metabolites_have_different_keys(one, other):
    assert metabolite_key(one) != metabolite_key(other)


def test_a_metabolite_with_two_meanings_is_refused():
    names = names_of(["X-ic acid"], {"x ate": ("A",), "xate": ("B",)}, ["A", "B"])
    assert names.find("X-ic acid").symbols == ("A", "B")


@pytest.mark.parametrize("name", ["antibodies", "inhibitory_sites", "mirna_targets"])
def test_every_gene_of_the_shipped_tables_is_approved(shared, name):
    table = pd.read_csv(shipped(f"{name}.csv"), dtype=str)
    approved = set(pd.read_parquet(shared / "data" / "graph" / "nodes.parquet")["symbol"])
    column = "genes" if name == "antibodies" else "gene"
    assert {g for listed in table[column] for g in listed.split(";")} <= approved
    assert not table.duplicated().any()


def test_every_kind_with_names_of_its_own_gives_the_same_columns():
    for kind in ATTACH:
        table = ATTACH[kind](pd.Index(["HER2-M-V", "hsa-mir-21", "AAK1_S21"]))
        assert list(table) == ["feature", "gene", "weight", "site", "how"]
        assert table["weight"].dtype == float


def test_a_cohort_that_is_read_comes_with_its_attachments(tmp_path):
    n = 24
    rng = np.random.default_rng(0)
    patients = pd.Index([f"p{i}" for i in range(n)], name="patient")
    names = ["HER2-M-V", "Akt_pS473-R-V", "Beta-Catenin", "NoSuchProtein-R-V"]
    pd.DataFrame(rng.normal(size=(n, 4)), patients, names).to_csv(tmp_path / "rppa.csv")
    pd.DataFrame({"arm": ["a", "b"] * 12, "y": rng.normal(size=n)}, patients).to_csv(
        tmp_path / "clinical.csv"
    )
    source = CohortSource.model_validate(
        {
            "omics": {
                kind: {"file": "rppa.csv", "kind": kind} for kind in ("protein", "phospho_protein")
            },
            "outcome": {"file": "clinical.csv", "kind": "continuous", "value": "y"},
            "treatment": {"column": "arm", "reference": "a", "randomised": True},
        }
    )
    cohort = read_cohort(source, tmp_path)
    assert any("protein: taken as logarithmic" in note for note in cohort.notes)
    listed = (
        feature_report(project(cohort, from_curated())).set_index(["omic", "feature"]).sort_index()
    )
    mapped = listed.loc[("protein", "HER2-M-V")].to_numpy().ravel().tolist()
    assert mapped == ["mapped", "ERBB2", "antibody"]
    status = listed["status"].groupby(level=[0, 1]).first()
    assert status["protein", "Akt_pS473-R-V"] == "left out"
    assert status["phospho_protein", "Akt_pS473-R-V"] == "mapped"
    assert status["phospho_protein", "HER2-M-V"] == "left out"
    assert status["protein", "NoSuchProtein-R-V"] == "not in graph"
