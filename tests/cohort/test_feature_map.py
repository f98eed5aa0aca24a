"""Feature maps: read from every format, genes looked up, and spread over what was seen."""

from __future__ import annotations

import gzip

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pathgnn.cohort.feature_map import read_feature_map
from pathgnn.cohort.identifiers import Identifiers
from pathgnn.errors import CohortError
from pathgnn.graph.mapping import report
from pathgnn.graph.spread import spread


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


@pytest.mark.parametrize("gene", ["UCSC_RefGene_Name2", 'UCSC_RefGene_Name"'])
def test_a_damaged_manifest_is_refused(tmp_path, gene):
    # Found by changing files at random: pandas said which column it did not find.
    path = tmp_path / "manifest.csv"
    path.write_text(f"IlmnID,{gene},UCSC_RefGene_Group\ncg1,TP53,TSS200\n")
    with pytest.raises(CohortError, match="manifest"):
        read_feature_map(path)
