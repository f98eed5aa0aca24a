"""Variants: what counts as mutated, truncating and hotspot, worked out by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pathgnn.cohort.effects import SILENT, TRUNCATING
from pathgnn.cohort.hotspots import codons_of
from pathgnn.cohort.open_omic import listed_ids
from pathgnn.cohort.variants import mutation_burden, mutation_table
from pathgnn.errors import CohortError
from pathgnn.files import shipped

ROWS = [
    ("a", "KRAS", "Missense_Mutation", "p.G12D", None),
    ("a", "TP53", "Nonsense_Mutation", "p.R213*", None),
    ("a", "TP53", "Missense_Mutation", "p.R175H", None),
    ("b", "EGFR", "In_Frame_Del", "p.E746_A750del", None),
    ("b", "KRAS", "Silent", "p.G12G", None),
    ("c", "TTN", "Silent", "p.A1A", None),
    ("d", "KRAS", "Missense_Mutation", "p.G12D", False),
    ("d", "MET", "Splice_Site", "p.X1010_splice", True),
    ("d", "PTEN", "Frame_Shift_Del", "p.R130Qfs*4", None),
]
COLUMNS = ["sample", "gene", "effect", "protein_change", "is_hotspot"]
VARIANTS = pd.DataFrame(ROWS, columns=COLUMNS)


@pytest.mark.parametrize(
    ("measure", "answers"),
    [
        ("any", {"a": ["KRAS", "TP53"], "b": ["EGFR"], "c": [], "d": ["KRAS", "MET", "PTEN"]}),
        # MET without its exon 14 is switched on, whatever the class of the change.
        ("truncating", {"a": ["TP53"], "b": [], "c": [], "d": ["PTEN"]}),
        # The file's own word goes first, both ways; a frame shift at codon 130 is no hotspot.
        ("hotspot", {"a": ["KRAS", "TP53"], "b": ["EGFR"], "c": [], "d": ["MET"]}),
    ],
)
def test_every_measure_known_answer(measure, answers):
    table = mutation_table(VARIANTS, measure)
    assert set(np.unique(table)) <= {0.0, 1.0}
    assert {p: [g for g in table if table.loc[p, g]] for p in table.index} == answers


def test_a_hotspot_column_that_was_never_filled_in_is_not_believed():
    unfilled = VARIANTS.assign(is_hotspot=False)
    table = mutation_table(unfilled, "hotspot")
    assert table.loc["d", "KRAS"] == 1
    assert table.equals(mutation_table(VARIANTS.assign(is_hotspot=pd.NA), "hotspot"))


def test_counts_and_burden_leave_silent_variants_out():
    table = mutation_table(VARIANTS, "count")
    assert table.loc["a", "TP53"] == 2
    assert table.sum().sum() == 7
    # a: 3 variants, b: 1, c: none, d: 3.
    assert mutation_burden(VARIANTS).to_dict() == {"a": 2.0, "b": 1.0, "c": 0.0, "d": 2.0}


def test_no_effect_is_both_silent_and_truncating():
    assert not SILENT & TRUNCATING


@pytest.mark.parametrize(
    ("change", "codons"),
    [
        ("p.V600E", (600,)),
        ("V600E", (600,)),
        ("p.E746_A750del", (746, 747, 748, 749, 750)),
        ("p.D770_N771insG", (770, 771)),
        ("p.(G12D)", (12,)),
        ("p.*214Rext*2", (214,)),
        ("p.X1010_splice", ()),
        ("", ()),
        ("p.?", ()),
    ],
)
def test_codons_of_a_change(change, codons):
    assert codons_of(change) == codons


def test_what_cannot_be_counted_is_refused():
    with pytest.raises(CohortError, match="column 'effect'"):
        mutation_table(VARIANTS.drop(columns="effect"), "any")
    with pytest.raises(CohortError, match="no row"):
        mutation_burden(VARIANTS.iloc[:0])
    with pytest.raises(CohortError, match=r"no variant is 'any'; the effects are 'Silent'"):
        mutation_table(VARIANTS[VARIANTS["effect"] == "Silent"], "any")


def test_the_argument_stays_as_it_is():
    before = VARIANTS.copy()
    mutation_table(VARIANTS, "hotspot")
    pd.testing.assert_frame_equal(VARIANTS, before)


def test_every_hotspot_gene_is_approved_and_listed_once(shared):
    table = pd.read_csv(shipped("hotspots.csv"))
    nodes = pd.read_parquet(shared / "data" / "graph" / "nodes.parquet")
    assert not table.duplicated().any()
    assert set(table["gene"]) <= set(nodes["symbol"])


def test_builtin_hotspots_agree_with_a_studys_own_column(shared):
    path = shared / "data" / "cbioportal" / "nsclc_pd1_msk_2018" / "data_mutations.txt"
    maf = pd.read_csv(path, sep="\t", low_memory=False)
    variants = pd.DataFrame(
        {
            "sample": maf["Tumor_Sample_Barcode"],
            "gene": maf["Hugo_Symbol"],
            "effect": maf["Variant_Classification"],
            "protein_change": maf["HGVSp_Short"],
            "is_hotspot": maf["Hotspot"] == 1,  # 0 in every row
        }
    )
    kras = mutation_table(variants, "hotspot")["KRAS"]
    any_kras = mutation_table(variants, "any")["KRAS"]
    # Of lung tumours with a mutated KRAS nearly all carry one of the known codons.
    assert kras.sum() / any_kras.sum() > 0.9


@pytest.mark.parametrize("header", ["sample", "Tumor_Sample_Barcode,x", "submitter_id.samples", ""])
def test_a_list_of_samples_may_have_a_header(header, tmp_path):
    (tmp_path / "all.csv").write_text(
        f"{header}\n\n# all that were sequenced\nS1,1\n'S2',2\nidA,3\n"
    )
    assert listed_ids(tmp_path / "all.csv", "sequenced") == ("S1", "S2", "idA")
