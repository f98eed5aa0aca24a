"""Attachment and scales on real tables: known facts of biology come out."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pathgnn.cohort.attach import attach
from pathgnn.cohort.cohort import Cohort, Outcome
from pathgnn.cohort.transform import transform
from pathgnn.graph.from_curated import from_curated
from pathgnn.graph.mapping import on_genes
from pathgnn.graph.project import features as feature_report
from pathgnn.graph.project import project


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
