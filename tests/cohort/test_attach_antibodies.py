"""Antibodies: one sign per epitope, names in capitals, old names, and cut proteins."""

from __future__ import annotations

import pandas as pd
import pytest

from pathgnn.cohort.attach import attach
from pathgnn.cohort.attach_antibodies import FEWEST, OTHER_GENES, proteins, sites
from pathgnn.cohort.identifiers import Identifiers
from pathgnn.files import shipped
from pathgnn.graph.from_curated import from_curated
from pathgnn.graph.spread import spread

# As TCPA's level 4 names them: no marks, no sites, an X before a digit.
CAPITALS = {
    "X1433BETA": "YWHAB",
    "BETACATENIN": "CTNNB1",
    "ERALPHA": "ESR1",
    "FOXO3A": "FOXO3",
    "PDK1": "PDPK1",
    "TTF1": "NKX2-1",
    "EGFR": "EGFR",
    "PTEN": "PTEN",
}


def _weights(table):
    return dict(zip(table["gene"], table["weight"], strict=True))


def _rppa(shared):
    path = shared / "data" / "cbioportal" / "brca_tcga_rppa" / "data_rppa.txt.gz"
    return pd.read_csv(path, sep="\t", index_col=0).T


@pytest.mark.parametrize(
    ("name", "genes"),
    [
        # The numbering of ACC1 in the rat, of GSK3B, and of AMPK alpha 1; one of another residue.
        ("ACACA ACACB|ACC_pS79", {"ACACA": -1, "ACACB": -1}),
        ("GSK3A GSK3B|GSK3_pS9", {"GSK3A": -1, "GSK3B": -1}),
        ("GSK3ALPHABETA_pS21S9", {"GSK3A": -1, "GSK3B": -1}),
        ("AMPK_pS485", {"PRKAA1": -1, "PRKAA2": -1}),
        ("AMPK_pT172", {"PRKAA1": 1, "PRKAA2": 1}),
    ],
)
def test_an_antibody_has_one_sign_for_all_its_genes(name, genes):
    assert _weights(sites(pd.Index([name]))) == genes


def test_no_antibody_of_a_real_array_sets_paralogs_against_each_other(shared):
    rppa = _rppa(shared)
    found = sites(rppa.columns)
    used = found[found["weight"] != 0]
    assert used.groupby("feature")["weight"].nunique().max() == 1
    by_gene = spread(rppa, found, from_curated().genes, Identifiers())[0]
    # -1 and 0 when each gene was looked up alone.
    assert by_gene["ACACA"].corr(by_gene["ACACB"]) == pytest.approx(1)
    assert by_gene["GSK3A"].corr(by_gene["GSK3B"]) == pytest.approx(1)


@pytest.mark.parametrize(
    ("name", "genes"),
    [
        ("RB_S807", {"RB1": -1}),
        ("FOXO3A_S253", {"FOXO3": -1}),
        ("BIM_S69", {"BCL2L11": -1}),
        ("BETACATENIN_S33", {"CTNNB1": -1}),
        ("AKT_S473", {"AKT1": 1, "AKT2": 1, "AKT3": 1}),
        # No antibody of ours: the graph looks the name up, the sign is that of FOXO1's S256.
        ("FKHR_S256", {"FKHR": -1}),
        ("FKHR_pS256", {"FKHR": -1}),
        ("MYPT1_T853", {"MYPT1": -1}),
        # Symbols of other genes than the antibodies': PKMYT1's S83 switches it off.
        ("MYT1_S83", {"MYT1": 1}),
        ("Myt1_pS83", {"PKMYT1": -1}),
        ("PDK1_S241", {"PDK1": 1}),
    ],
)
def test_names_are_resolved_before_their_site_is_looked_up(name, genes):
    assert _weights(sites(pd.Index([name]))) == genes


@pytest.mark.parametrize(
    "name",
    [
        "RPTOR_S792",
        "PPP1R12A_T696",
        "TFEB_S211",
        "HSF1_S303",
        "IRS1_S1101",
        "CHEK1_S280",
        "RB1_S788",
    ],
)
def test_inhibitory_sites_of_textbooks_are_known(name):
    assert sites(pd.Index([name]))["weight"].tolist() == [-1]


def test_names_in_capitals_are_antibodies():
    found = proteins(pd.Index(list(CAPITALS)))
    assert dict(zip(found["feature"], found["gene"], strict=True)) == CAPITALS
    assert (found["weight"] == 1).all()


def test_symbols_of_genes_now_or_once_are_no_antibodies():
    # FOXO3A, CD45, PKM2 and XPF were symbols.
    names = ["PDK1", "MYT1", "TTF1", "EIF2A", "FOXO3A", "CD45", "PKM2", "XPF", "AKT1"]
    assert attach("protein", pd.Index(names)) is None
    # One name of an antibody in more than 1 / FEWEST.
    many = [f"GENE{i}" for i in range(round(1 / FEWEST))]
    assert attach("protein", pd.Index(["ERALPHA", "PDK1", *many])) is None


def test_antibodies_named_like_another_gene_are_listed(shared):
    path = shared / "data" / "graph" / "raw" / "hgnc_complete_set.txt.gz"
    approved = set(pd.read_csv(path, sep="\t", dtype=str, usecols=["symbol"])["symbol"])
    table = pd.read_csv(shipped("antibodies.csv"), dtype=str)
    names = table["antibody"].str.upper().str.replace(r"[^A-Z0-9]", "", regex=True)
    listed = table["genes"].str.split(";")
    other = {n for n, genes in zip(names, listed, strict=True) if n in approved - set(genes)}
    assert other == OTHER_GENES


@pytest.mark.parametrize(
    ("name", "gene", "weight"),
    [
        ("Caspase-7_cleavedD198-R-C", "CASP7", 1),
        ("CASPASE7CLEAVEDD198", "CASP7", 1),
        ("Caspase-7_cD198", "CASP7", 1),
        ("Cleaved-Caspase-3", "CASP3", 1),
        ("Notch1-cleaved", "NOTCH1", 1),
        # Without its activity.
        ("PARP-cleaved", "PARP1", 0),
        ("PARPCLEAVED", "PARP1", 0),
        ("PARP1|PARP_cleavedD214", "PARP1", 0),
    ],
)
def test_a_cut_protein_counts_only_where_the_cut_switches_it_on(name, gene, weight):
    found = proteins(pd.Index([name, "HER2-M-V"])).set_index("feature")
    assert found.loc[name, ["gene", "weight", "how"]].tolist() == [gene, weight, "cleaved form"]
    assert found.loc["HER2-M-V", "how"] == "antibody"


def test_mir_27a_represses_the_kinase_myt1():
    found = attach("mirna", pd.Index(["hsa-miR-27a-3p"]))
    assert found is not None
    # MYT1 is a transcription factor of the brain.
    assert set(found["gene"]) & {"MYT1", "PKMYT1"} == {"PKMYT1"}
