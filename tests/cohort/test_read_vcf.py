"""Variants of a VCF: the worst effect of each gene, who was not called, and broken files."""

from __future__ import annotations

import numpy as np
import pytest

from pathgnn.cohort.open_omic import open_omic
from pathgnn.cohort.read_vcf import read_vcf
from pathgnn.cohort.sources import OmicSource
from pathgnn.errors import CohortError

VCF = """##fileformat=VCFv4.2
##INFO=<ID=ANN,Number=.,Type=String,Description="Functional annotations: 'Allele | Annotation | \
Annotation_Impact | Gene_Name | Gene_ID | Feature_Type | Feature_ID | Transcript_BioType | Rank | \
HGVS.c | HGVS.p'">
##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">
##FILTER=<ID=bad,Description="bad">
##contig=<ID=7>
#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tS1\tS2\tS3
7\t140453136\t.\tA\tT\t50\tPASS\tANN=T|upstream_gene_variant|LOW|BRAF||||||||,\
T|missense_variant|MODERATE|BRAF||||||c.1799T>A|p.Val600Glu\tGT\t0/1\t0/0\t./.
7\t140453140\t.\tA\tG\t50\tbad\tANN=G|stop_gained|HIGH|EGFR||||||c.1A>G|p.Lys1*\tGT\t0/1\t0/1\t0/1
"""


def test_a_vcf_gives_the_worst_effect_and_tells_uncalled_from_wild_type(tmp_path):
    pytest.importorskip("cyvcf2")
    (tmp_path / "a.vcf").write_text(VCF)
    called = read_vcf(tmp_path / "a.vcf")
    assert called.variants.drop(columns="is_hotspot").to_numpy().tolist() == [
        ["S1", "BRAF", "Missense_Mutation", "p.V600E"]
    ]
    assert called.samples == ("S1", "S2", "S3")
    omic = OmicSource(file="a.vcf", kind="mutation")
    (table,) = open_omic("m", omic, tmp_path, set(), 1).blocks(None)
    assert table.loc[["S1", "S2"], "BRAF"].tolist() == [1, 0]
    assert np.isnan(table.loc["S3", "BRAF"])
    (tmp_path / "a.vcf").write_text(VCF.replace("ID=ANN", "ID=XXX"))
    with pytest.raises(CohortError, match="not annotated with genes"):
        open_omic("m", omic, tmp_path, set(), 1)


def test_a_vcf_whose_samples_are_no_text_is_refused_in_a_sentence(tmp_path):
    pytest.importorskip("cyvcf2")
    broken = VCF.encode().replace(b"FORMAT\t", b"FORMAT\t\x80", 1)
    (tmp_path / "a.vcf").write_bytes(broken)
    with pytest.raises(CohortError, match="cannot be read as VCF"):
        read_vcf(tmp_path / "a.vcf")


def test_a_silent_site_that_was_not_called_leaves_the_gene_measured(tmp_path):
    pytest.importorskip("cyvcf2")
    silent = (
        "7\t140453150\t.\tA\tC\t50\tPASS\tANN=C|intron_variant|MODIFIER|BRAF||||||||\t"
        "GT\t0/0\t./.\t0/0\n"
    )
    (tmp_path / "a.vcf").write_text(VCF.replace("./.", "0/0") + silent)
    omic = OmicSource(file="a.vcf", kind="mutation")
    (table,) = open_omic("m", omic, tmp_path, set(), 1).blocks(None)
    assert table["BRAF"].tolist() == [1, 0, 0]


def test_genes_that_were_not_called_are_counted_and_all_of_them_are_refused(tmp_path):
    pytest.importorskip("cyvcf2")
    omic = OmicSource(file="a.vcf", kind="mutation")
    (tmp_path / "a.vcf").write_text(VCF)
    assert "1 genes of samples" in " ".join(open_omic("m", omic, tmp_path, set(), 1).notes)
    (tmp_path / "a.vcf").write_text(VCF.replace("\t0/0", "\t./."))
    with pytest.raises(CohortError, match="--missing-to-ref"):
        open_omic("m", omic, tmp_path, set(), 1)


def test_calls_that_cannot_be_given_to_a_patient_are_refused_in_a_sentence(tmp_path):
    pytest.importorskip("cyvcf2")
    no_gt = VCF.replace("ID=GT", "ID=DP").replace("\tGT\t", "\tDP\t").replace("/", ".")
    (tmp_path / "a.vcf").write_text(no_gt)
    with pytest.raises(CohortError, match="no genotype"):
        read_vcf(tmp_path / "a.vcf")
    for name in ("p1.vcf", "p2.vcf"):
        (tmp_path / "each").mkdir(exist_ok=True)
        (tmp_path / "each" / name).write_text(VCF.replace("S1\tS2", "NORMAL\tTUMOR"))
    with pytest.raises(CohortError, match="whose it is cannot be told"):
        read_vcf(tmp_path / "each")


def test_the_promoter_of_tert_is_known_by_its_position(tmp_path):
    pytest.importorskip("cyvcf2")
    promoter = (
        "7\t1295228\t.\tG\tA\t50\tPASS\tANN=A|upstream_gene_variant|MODIFIER|TERT||||||||\t"
        "GT\t0/1\t0/0\t0/0\n"
    )
    (tmp_path / "a.vcf").write_text(VCF + promoter)
    omic = OmicSource(file="a.vcf", kind="mutation", measure="hotspot")
    (table,) = open_omic("m", omic, tmp_path, set(), 1).blocks(None)
    assert table["TERT"].tolist() == [1, 0, 0]
