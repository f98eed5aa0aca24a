"""Attachment: names that are no gene symbols, and the genes that they stand for."""

from __future__ import annotations

import gzip

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pathgnn.cohort.attach import ATTACH, attach
from pathgnn.cohort.attach_antibodies import sites
from pathgnn.cohort.attach_mirna import read_mirna, targets
from pathgnn.cohort.cohort import Cohort, Outcome
from pathgnn.cohort.feature_map import read_feature_map
from pathgnn.cohort.identifiers import Identifiers
from pathgnn.cohort.metabolite_names import metabolite_key, names_of
from pathgnn.cohort.transform import transform
from pathgnn.errors import CohortError
from pathgnn.files import shipped
from pathgnn.graph.from_curated import from_curated
from pathgnn.graph.mapping import on_genes, report
from pathgnn.graph.project import features as feature_report
from pathgnn.graph.project import project
from pathgnn.graph.spread import spread


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


def test_feature_maps_are_read_from_tables_sets_and_manifests(tmp_path):
    path = tmp_path / "map.csv"
    path.write_text("feature,gene\nSIG,TP53\nSIG,MDM2\n")
    assert read_feature_map(path)["weight"].tolist() == [1.0, 1.0]
    path.write_text("feature,gene,weight\nSIG,TP53,-0.5\nSIG,MDM2,\n")
    assert read_feature_map(path).to_numpy().tolist() == [["SIG", "TP53", -0.5]]
    gmt = tmp_path / "sets.gmt"
    gmt.write_text("SIG\tabout\tTP53\tMDM2\nOTHER\t\tKRAS\n")
    assert read_feature_map(gmt)["gene"].tolist() == ["TP53", "MDM2", "KRAS"]


@pytest.mark.parametrize("packed", [False, True])
def test_only_probes_in_promoters_are_used(tmp_path, packed):
    lines = [
        "Illumina, Inc.",
        "[Heading]",
        "[Assay],",
        "IlmnID,Name,Forward,UCSC_RefGene_Name,UCSC_RefGene_Group",
        "cg1_TC11,cg1,ACGT,MLH1;MLH1;EPM2AIP1,TSS200;TSS200;TSS1500",
        "cg2_TC11,cg2,ACGT,MLH1,Body",
        "cg3_TC11,cg3,ACGT,MLH1;MLH1,3'UTR;1stExon",
        "cg4_TC11,cg4,ACGT,,",
        "[Controls],,,,",
    ]
    text = "\n".join(lines)
    path = tmp_path / ("manifest.csv.gz" if packed else "manifest.csv")
    path.write_bytes(gzip.compress(text.encode()) if packed else text.encode())
    table = read_feature_map(path)
    by_name = table[~table["feature"].str.contains("_")]
    assert sorted(zip(by_name["feature"], by_name["gene"], strict=True)) == [
        ("cg1", "EPM2AIP1"),
        ("cg1", "MLH1"),
        ("cg3", "MLH1"),
    ]
    beta = pd.DataFrame({"cg1": [0.2, np.nan], "cg2": [0.9, 0.9], "cg3": [0.4, 0.6]})
    values, found = spread(beta, by_name, ("MLH1",), Identifiers())
    assert values["MLH1"].tolist() == pytest.approx([0.3, 0.6])
    assert found.unknown == ("cg2",)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("feature,weight\nA,1\n", "lacks 'gene'"),
        ("feature,gene,weight\nA,B,much\n", "weight 'much' is no number"),
    ],
)
def test_a_feature_map_that_cannot_be_used_is_refused(tmp_path, text, said):
    path = tmp_path / "map.csv"
    path.write_text(text)
    with pytest.raises(CohortError, match=said):
        read_feature_map(path)
    with pytest.raises(CohortError, match="no file at"):
        read_feature_map(tmp_path / "absent.csv")
    (tmp_path / "empty.gmt").write_text("")
    with pytest.raises(CohortError, match="holds no set"):
        read_feature_map(tmp_path / "empty.gmt")


NAMES = Identifiers(
    frozenset(["TP53", "MRE11", "CDKN1A"]),
    {"previous": {"MRE11A": ("MRE11",)}, "alias": {"p21": ("CDKN1A", "PAK1")}},
)


def test_genes_of_a_map_are_looked_up_and_every_feature_is_accounted_for():
    rows = [
        ("a", "TP53", 1.0),
        ("b", "MRE11A", 1.0),
        ("c", "p21", 1.0),
        ("d", "CDKN1A", 1.0),
        ("e", "NOBODY", 1.0),
        ("f", "TP53", 0.0),
        ("absent", "TP53", 1.0),
    ]
    weights = pd.DataFrame(rows, columns=["feature", "gene", "weight"])
    table = pd.DataFrame(np.ones((2, 7)), columns=list("abcdefg"))
    values, found = spread(table, weights, ("TP53", "MRE11"), NAMES)
    assert list(values) == ["TP53", "MRE11"]
    assert found.how == {"a": "feature map", "b": "feature map, previous"}
    assert found.ambiguous == {"c": ("CDKN1A", "PAK1")}
    assert found.elsewhere == {"d": "CDKN1A", "e": "NOBODY"}
    assert (found.left_out, found.unknown) == (("f",), ("g",))
    assert sorted(found.to_frame()["feature"]) == list("abcdefg")
    assert report("x", table.shape, found).left_out == 1


@given(st.integers(0, 10_000), st.sampled_from([np.float32, np.float64]))
def test_spreading_is_the_weighted_mean_of_what_was_seen(seed, dtype):
    rng = np.random.default_rng(seed)
    x = np.where(rng.random((6, 8)) < 0.4, np.nan, rng.normal(size=(6, 8))).astype(dtype)
    table = pd.DataFrame(x, columns=[f"f{i}" for i in range(8)])
    pairs = rng.random((8, 3)) < 0.5
    rows = [(f"f{i}", f"G{j}", float(rng.choice([-1, 0.5, 2]))) for i, j in np.argwhere(pairs)]
    weights = pd.DataFrame(rows, columns=["feature", "gene", "weight"])
    values, _ = spread(table, weights, ("G0", "G1", "G2"), Identifiers())
    assert (values.dtypes == dtype).all()
    for gene, group in weights.groupby("gene"):
        for p in range(6):
            seen = [
                (w, table[f][p])
                for f, w in zip(group["feature"], group["weight"], strict=True)
                if not np.isnan(table[f][p])
            ]
            if not seen:
                assert np.isnan(values[gene][p])
                continue
            mean = sum(w * v for w, v in seen) / sum(abs(w) for w, _ in seen)
            assert values[gene][p] == pytest.approx(mean, abs=1e-5)


@pytest.mark.parametrize("name", ["antibodies", "inhibitory_sites", "mirna_targets"])
def test_every_gene_of_the_shipped_tables_is_approved(shared, name):
    table = pd.read_csv(shipped(f"{name}.csv"), dtype=str)
    approved = set(pd.read_parquet(shared / "data" / "graph" / "nodes.parquet")["symbol"])
    column = "genes" if name == "antibodies" else "gene"
    assert {g for listed in table[column] for g in listed.split(";")} <= approved
    assert not table.duplicated().any()


def _cohort(kind, table):
    n, patients = len(table), tuple(map(str, table.index))
    outcome = Outcome(
        kind="continuous",
        patient=patients * 2,
        arm=np.repeat([0, 1], n),
        arms=("control", "treated"),
        value=np.arange(2.0 * n),
        event=np.ones(2 * n, dtype=bool),
        stratum=np.zeros(2 * n, dtype=int),
        randomised=True,
        crossover=True,
    )
    table = table.set_axis(list(patients), axis=0)
    found = attach(kind, table.columns)
    return Cohort(
        name="real",
        patients=patients,
        omics={kind: table},
        kinds={kind: kind},
        clinical=pd.DataFrame(index=list(patients)),
        outcome=outcome,
        feature_maps={} if found is None else {kind: found},
    )


def _real(shared, path):
    return pd.read_parquet(shared / "data" / "cohorts" / path)


@pytest.mark.parametrize(
    ("kind", "path", "fewest"),
    [
        ("phospho_protein", "tcga_brca_bundle/rppa_phospho.parquet", 45),
        ("mirna", "tcga_brca_bundle/mirna_log2rpkm.parquet", 160),
        ("phospho_protein", "ccrcc11_cosmos/phospho_log2.parquet", 900),
    ],
)
def test_real_features_reach_the_curated_graph(shared, kind, path, fewest):
    table = _real(shared, path).select_dtypes("number")
    graph = from_curated()
    nodes = project(_cohort(kind, table), graph)
    assert nodes.report[0].mapped >= fewest
    listed = feature_report(nodes)
    assert set(listed["feature"]) == set(table.columns)
    sited = {
        "rppa_phospho.parquet": ("EGFR", "EGFR|EGFR_pY1068"),
        "phospho_log2.parquet": ("ERBB2", "ERBB2_S1054"),
        "mirna_log2rpkm.parquet": ("PTEN", "hsa-mir-21"),
    }
    gene, feature = sited[path.split("/")[1]]
    assert feature in set(listed["feature"][listed["gene"] == gene])
    assert nodes.seen[graph.genes.index(gene)].any()


def test_metabolites_of_a_real_study_meet_the_graph(shared):
    path = shared / "data" / "cohorts" / "ccrcc11_cosmos" / "metabolomics_raw.csv"
    table = pd.read_csv(path, index_col=0)
    # 36 before spellings were unified; each of the 43 was read.
    found = on_genes("metabolite", _cohort("metabolite", table), from_curated(), None)[1]
    assert len(found.gene_of) == 43
    assert found.gene_of["palmitic_acid"] == "palmitate"
    assert not {"d8-valine", "kynurenic_acid", "fructose", "aconitate"} & set(found.gene_of)


def test_erbb2_protein_follows_its_rna(shared):
    rna, protein = (_real(shared, f"tcga_brca_bundle/{n}.parquet") for n in ("rna_z", "rppa"))
    rna = transform("expression", rna[["ERBB2"]], "auto")[0]["ERBB2"]
    protein = transform("protein", protein[["ERBB2"]], "auto")[0]["ERBB2"]
    assert rna.corr(protein, method="spearman") == pytest.approx(0.63, abs=0.02)


def test_erbb2_copy_number_tells_her2_status(shared):
    copies = _real(shared, "metabric/cna_log2_ic10.parquet")
    clinical = _real(shared, "metabric/clinical.parquet")
    level = transform("copy_number", copies[["ERBB2"]], "auto")[0]["ERBB2"]
    status = clinical["her2_status"].reindex(level.index)
    gain, neutral = level[status == "Positive"], level[status == "Negative"]
    above = (gain.to_numpy()[:, None] > neutral.to_numpy()[None, :]).mean()
    assert above == pytest.approx(0.996, abs=0.01)


def test_every_kind_with_names_of_its_own_gives_the_same_columns():
    for kind in ATTACH:
        table = ATTACH[kind](pd.Index(["HER2-M-V", "hsa-mir-21", "AAK1_S21"]))
        assert list(table) == ["feature", "gene", "weight", "site", "how"]
        assert table["weight"].dtype == float
