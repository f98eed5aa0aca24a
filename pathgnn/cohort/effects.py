"""What a variant does to its gene: the words of several tools as the classes of a MAF."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

import pandas as pd

# The class of a row that is no somatic call: its sample was sequenced, its gene is not mutated.
LEFT_OUT = "Left_Out"
# Effects that leave the protein as it is, in MAF's words (Variant_Classification).
SILENT = frozenset(
    [
        "Silent",
        "Intron",
        "IGR",
        "RNA",
        "lincRNA",
        "3'UTR",
        "5'UTR",
        "3'Flank",
        "5'Flank",
        "Splice_Region",
        "Targeted_Region",
        "De_novo_Start_InFrame",
        "De_novo_Start_OutOfFrame",
        LEFT_OUT,
    ]
)
# Effects that cost most of the protein or all of it. A lost stop codon (Nonstop_Mutation) is none:
# it lengthens the protein. Deletions of whole genes are copy number, not variants.
TRUNCATING = frozenset(
    [
        "Nonsense_Mutation",
        "Frame_Shift_Del",
        "Frame_Shift_Ins",
        "Splice_Site",
        "Translation_Start_Site",
        "Start_Codon_SNP",
        "Start_Codon_Del",
        "Start_Codon_Ins",
    ]
)
OTHER_CHANGES = frozenset(
    [
        "Missense_Mutation",
        "In_Frame_Del",
        "In_Frame_Ins",
        "Nonstop_Mutation",
        "Stop_Codon_Del",
        "Stop_Codon_Ins",
        "Fusion",
    ]
)
KNOWN = SILENT | TRUNCATING | OTHER_CHANGES
_IN_LOWER_CASE = {name.lower(): name for name in KNOWN}
# Words of the Sequence Ontology (VEP, SnpEff), of ANNOVAR and of tables written by hand -> class of
# a MAF, in the order of severity. A MAF has two classes of frame shifts, which mean the same to us;
# the ontology does not tell them apart.
CLASS_OF: Mapping[str, str] = MappingProxyType(
    {
        "transcript_ablation": "Splice_Site",
        "exon_loss_variant": "Splice_Site",
        "splice_acceptor_variant": "Splice_Site",
        "splice_donor_variant": "Splice_Site",
        "splicing": "Splice_Site",
        "stop_gained": "Nonsense_Mutation",
        "stopgain": "Nonsense_Mutation",
        "nonsense": "Nonsense_Mutation",
        "frameshift_variant": "Frame_Shift_Del",
        "frameshift_truncation": "Frame_Shift_Del",
        "frameshift_elongation": "Frame_Shift_Ins",
        "frameshift deletion": "Frame_Shift_Del",
        "frameshift insertion": "Frame_Shift_Ins",
        "frameshift substitution": "Frame_Shift_Del",
        "frameshift": "Frame_Shift_Del",
        "startloss": "Translation_Start_Site",
        "stoploss": "Nonstop_Mutation",
        "stop_lost": "Nonstop_Mutation",
        "start_lost": "Translation_Start_Site",
        "initiator_codon_variant": "Translation_Start_Site",
        "disruptive_inframe_insertion": "In_Frame_Ins",
        "conservative_inframe_insertion": "In_Frame_Ins",
        "inframe_insertion": "In_Frame_Ins",
        "nonframeshift insertion": "In_Frame_Ins",
        "nonframeshift substitution": "In_Frame_Del",
        "disruptive_inframe_deletion": "In_Frame_Del",
        "conservative_inframe_deletion": "In_Frame_Del",
        "inframe_deletion": "In_Frame_Del",
        "nonframeshift deletion": "In_Frame_Del",
        "missense_variant": "Missense_Mutation",
        "missense": "Missense_Mutation",
        "nonsynonymous snv": "Missense_Mutation",
        "protein_altering_variant": "Missense_Mutation",
        "splice_region_variant": "Splice_Region",
        "splice_donor_5th_base_variant": "Splice_Region",
        "splice_donor_region_variant": "Splice_Region",
        "splice_polypyrimidine_tract_variant": "Splice_Region",
        "stop_retained_variant": "Silent",
        "start_retained_variant": "Silent",
        "synonymous_variant": "Silent",
        "synonymous snv": "Silent",
        "synonymous": "Silent",
        "5_prime_utr_premature_start_codon_gain_variant": "5'UTR",
        "5_prime_utr_variant": "5'UTR",
        "3_prime_utr_variant": "3'UTR",
        "utr5": "5'UTR",
        "utr3": "3'UTR",
        "intron_variant": "Intron",
        "intronic": "Intron",
        "ncrna_exonic": "RNA",
        "ncrna_intronic": "RNA",
        "ncrna_splicing": "RNA",
        "non_coding_transcript_exon_variant": "RNA",
        "non_coding_transcript_variant": "RNA",
        "intragenic_variant": "Intron",
        "sequence_feature": "Intron",
        "upstream_gene_variant": "5'Flank",
        "downstream_gene_variant": "3'Flank",
        "intergenic_variant": "IGR",
        "intergenic_region": "IGR",
        "intergenic": "IGR",
        "upstream": "5'Flank",
        "promoter": "5'Flank",
        "downstream": "3'Flank",
        "regulatory_region_variant": "IGR",
        "tf_binding_site_variant": "IGR",
    }
)


def classes(effects: pd.Series) -> pd.Series:
    """Classes of a MAF; words of other tools are translated, unknown ones stay."""
    return effects.map({e: class_of(e) for e in effects.unique()})


def words_of(effect: str) -> list[str]:
    """The words of an effect, which tools join by &, comma or semicolon, in lower case."""
    return [word.strip() for word in re.split("[&,;]", effect.lower())]


def severity(effect: str) -> int:
    """The place of an effect's worst word, 0 being the most severe."""
    words = words_of(effect)
    return next((i for i, word in enumerate(CLASS_OF) if word in words), len(CLASS_OF))


def class_of(effect: str) -> str:
    """The class of one effect; see `classes`."""
    maf = _IN_LOWER_CASE.get(effect.strip().lower())
    words = words_of(effect)
    return maf or next((CLASS_OF[w] for w in CLASS_OF if w in words), effect)
