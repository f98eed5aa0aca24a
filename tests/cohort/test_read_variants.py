"""Lists of variants as they come: status, filter, Entrez ids and the words of other tools."""

from __future__ import annotations

import pandas as pd
import pytest

from pathgnn.cohort.effects import class_of
from pathgnn.cohort.read_variants import read_variants
from pathgnn.cohort.variants import mutation_table

HEADER = (
    "Hugo_Symbol\tEntrez_Gene_Id\tVariant_Classification\tTumor_Sample_Barcode\tMutation_Status\t"
    "FILTER\tHGVSp_Short\n"
)


def _read(tmp_path, *rows):
    path = tmp_path / "t.maf"
    path.write_text(HEADER + "".join("\t".join(row) + "\n" for row in rows))
    return read_variants(path)


def test_what_is_no_somatic_call_does_not_count_and_is_said(tmp_path):
    said = "Missense_Mutation"
    found = _read(
        tmp_path,
        ("TP53", "7157", said, "a", "Somatic", "PASS", "p.R175H"),
        ("BRCA1", "672", said, "a", "Germline", ".", "p.C61G"),
        ("KRAS", "3845", said, "b", "Wildtype", "PASS", "p.G12D"),
        ("PIK3CA", "5290", said, "b", "LOH", "PASS", "p.H1047R"),
        ("MUC16", "94025", said, "b", "Somatic", "oxog;StrandBias", "p.A1B"),
        ("NRAS", "4893", said, "c", "Somatic", "wga", "p.Q61K"),
    )
    table = mutation_table(found.variants, "any")
    assert {p: [g for g in table if table.loc[p, g]] for p in table.index} == {
        "a": ["BRCA1", "TP53"],
        "b": [],
        "c": ["NRAS"],
    }
    notes = " | ".join(found.notes)
    assert "2 variants are no somatic mutation" in notes
    assert "1 germline" in notes
    assert "1 variants are not passed ('oxog;StrandBias')" in notes


def test_a_gene_without_a_symbol_has_its_entrez_id(tmp_path):
    found = _read(
        tmp_path,
        ("", "672", "Nonsense_Mutation", "a", "", "", "p.Q1*"),
        ("", "0", "Missense_Mutation", "a", "", "", "p.A1B"),
    )
    assert found.variants["gene"].tolist() == ["672"]
    assert "1 rows without a gene" in " ".join(found.notes)


@pytest.mark.parametrize(
    ("word", "of_a_maf"),
    [
        ("silent", "Silent"),
        ("MISSENSE_MUTATION", "Missense_Mutation"),
        ("synonymous SNV", "Silent"),
        ("stopgain", "Nonsense_Mutation"),
        ("frameshift deletion", "Frame_Shift_Del"),
        ("intronic", "Intron"),
        ("UTR3", "3'UTR"),
        ("exonic;splicing", "Splice_Site"),
        ("exon_loss_variant", "Splice_Site"),
        ("Promoter", "5'Flank"),
    ],
)
def test_words_of_other_tools_are_known(word, of_a_maf):
    assert class_of(word) == of_a_maf


def test_an_unknown_effect_is_a_change_and_is_said(tmp_path):
    found = _read(tmp_path, ("TP53", "7157", "odd", "a", "", "", ""))
    assert mutation_table(found.variants, "any").loc["a", "TP53"] == 1
    assert "unknown effect ('odd')" in " ".join(found.notes)


@pytest.mark.parametrize(
    ("gene", "effect", "change", "activates"),
    [
        ("NPM1", "Frame_Shift_Ins", "p.W288Cfs*12", True),
        ("NPM1", "Frame_Shift_Ins", "p.L10fs", False),
        ("FLT3", "In_Frame_Ins", "p.599_600insDYEYD", True),
        ("MET", "Splice_Site", "p.X1010_splice", True),
        ("MET", "Splice_Site", "p.X300_splice", False),
        ("TERT", "5'Flank", "C228T", True),
        ("TERT", "5'Flank", "", False),
        ("EGFR", "5'Flank", "", False),
    ],
)
def test_changes_that_switch_a_gene_on_are_hotspots_and_not_truncating(
    gene, effect, change, activates
):
    rows = [("a", gene, effect, change), ("b", "KRAS", "Missense_Mutation", "p.G12D")]
    rows += [("b", "TP53", "Nonsense_Mutation", "p.R213*")]
    variants = pd.DataFrame(rows, columns=["sample", "gene", "effect", "protein_change"])
    variants["is_hotspot"] = pd.NA
    hot = mutation_table(variants, "hotspot")
    assert bool(hot.get(gene, pd.Series({"a": 0}))["a"]) == activates
    if activates:
        assert gene not in mutation_table(variants, "truncating")
        assert mutation_table(variants, "any").loc["a", gene] == 1


def test_a_files_own_hotspots_hold_no_row_that_was_left_out_and_all_that_activate(tmp_path):
    path = tmp_path / "t.maf"
    rows = [
        "NRAS\tMissense_Mutation\ta\tWildtype\tp.Q61R\tY",
        "KRAS\tMissense_Mutation\ta\tSomatic\tp.G12D\tY",
        "NPM1\tFrame_Shift_Ins\ta\tSomatic\tp.W288Cfs*12\tN",
    ]
    head = "Hugo_Symbol\tVariant_Classification\tTumor_Sample_Barcode\tMutation_Status\t"
    path.write_text(head + "HGVSp_Short\thotspot\n" + "\n".join(rows) + "\n")
    table = mutation_table(read_variants(path).variants, "hotspot")
    assert table.columns.tolist() == ["KRAS", "NPM1"]


@pytest.mark.parametrize(
    ("header", "word", "said"),
    [
        ("FILTER", "KEEP", "no FILTER says PASS"),
        ("filter", "oxog", ""),  # Xena's column.
        ("FILTER\tGDC_FILTER", "panel_of_normals", ""),
    ],
)
def test_a_filter_in_words_of_its_own_decides_nothing(tmp_path, header, word, said):
    path = tmp_path / "t.maf"
    head = "Hugo_Symbol\tVariant_Classification\tTumor_Sample_Barcode\t"
    words = "\t".join([word] * len(header.split("\t")))
    path.write_text(f"{head}{header}\nTP53\tMissense_Mutation\ta\t{words}\n")
    found = read_variants(path)
    assert mutation_table(found.variants, "any").loc["a", "TP53"] == 1
    assert said in " ".join(found.notes)


def test_the_promoter_of_tert_counts_at_its_two_bases(tmp_path):
    path = tmp_path / "t.maf"
    head = "Hugo_Symbol\tVariant_Classification\tTumor_Sample_Barcode\tStart_Position\n"
    rows = ["TERT\t5'Flank\ta\t1295228", "TERT\t5'Flank\tb\t1295441"]
    path.write_text(head + "\n".join(rows) + "\n")
    assert mutation_table(read_variants(path).variants, "any")["TERT"].tolist() == [1, 0]
