"""One omic of a study, whatever its file: opened, turned so that samples are rows."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from pathgnn.cohort.raw_table import FEATURE_NAMES, RawTable, in_memory, is_annotation, turned
from pathgnn.cohort.read_anndata import read_layer
from pathgnn.cohort.read_cbioportal import Sequenced, mask_panels, read_sequenced
from pathgnn.cohort.read_parquet import is_large, open_parquet
from pathgnn.cohort.read_table import CONTAINERS, TEXT, read_table, suffix_of, without_id
from pathgnn.cohort.read_variants import is_variants, read_variants
from pathgnn.cohort.read_vcf import is_vcf, read_vcf
from pathgnn.cohort.samples import BARCODE
from pathgnn.cohort.sources import OmicSource
from pathgnn.cohort.text_file import look, text_of
from pathgnn.cohort.variants import mutation_table
from pathgnn.errors import CohortError

# What a column of ids is called; no sample is.
HEADER = re.compile(
    r"(tumou?r|normal)?[ _.]*(patient|sample|subject|case|aliquot|submitter|bar_?code|id)s?"
    r"([ _.]*(ids?|names?|bar_?code|samples?))*",
    re.IGNORECASE,
)


def open_omic(name: str, omic: OmicSource, data: Path, wanted: set[str], large: int) -> RawTable:
    """The values of one omic, samples x features.

    Args:
        name: What the study calls it.
        omic: Its part of the study.
        data: Folder of the tables.
        wanted: Patients and samples; they decide whether a table's rows or columns are samples.
        large: Bytes as float32 above which a parquet is not read but opened.

    Raises:
        CohortError: missing, damaged or strange file, or no such feature.
    """
    path = data / omic.file
    suffix = "" if is_vcf(path) else suffix_of(path)
    if not suffix or (suffix in TEXT and omic.kind == "mutation" and is_variants(path)):
        raw = _mutations(name, omic, data)
    elif suffix in CONTAINERS:
        raw = read_layer(path, omic.part)
    elif suffix == ".parquet" and not omic.columns and is_large(path, large):
        raw = open_parquet(path, omic.id, wanted)
    else:
        raw = _samples_as_rows(name, omic, read_table(path, omic.id), wanted)
    return _chosen(name, omic, raw) if omic.columns else raw


def n_wanted(ids: Iterable[str], wanted: set[str]) -> int:
    """How many ids are wanted themselves, or as samples of a patient that is, by barcode."""
    names = list(map(str, ids))
    direct = sum(i in wanted for i in names)
    if direct:
        return direct
    found = (BARCODE.match(i) for i in names)
    return sum(bool(m) and m["patient"] in wanted for m in found if m)


def listed_ids(path: Path, setting: str) -> tuple[str, ...]:
    """The ids in the first column of a text, or one per line, without a header that says so.

    Raises:
        CohortError: no such file; `setting` names it in the study file.
    """
    if not path.is_file():
        raise CohortError(f"no file at {path}; check `{setting}` in the study file")
    lines = text_of(path).splitlines()
    ids = (line.replace(",", "\t").split("\t")[0].strip().strip("\"'") for line in lines)
    found = tuple(i for i in ids if i and not i.startswith("#"))
    return found[1:] if found and HEADER.fullmatch(found[0]) else found


def _samples_as_rows(
    name: str, omic: OmicSource, table: pd.DataFrame, wanted: set[str]
) -> RawTable:
    """A table turned where its first column or its ids say that rows are features."""
    first = table.index.name in FEATURE_NAMES or any(map(is_annotation, table.columns))
    by_row, by_column = n_wanted(table.index, wanted), n_wanted(table.columns, wanted)
    if by_column > by_row or (first and not by_row):
        raw = turned(table)
        said = f"patients are the columns of {omic.file}; turned"
        return raw._replace(notes=(said, *raw.notes))
    return in_memory(table, tuple(without_id(table, omic.file)))


def _mutations(name: str, omic: OmicSource, data: Path) -> RawTable:
    """Variants as one value per sample and gene; whoever was sequenced and has none is 0."""
    path = data / omic.file
    uncalled: frozenset[tuple[str, str]] = frozenset()
    doubts: tuple[str, ...] = ()
    if is_vcf(path):
        variants, samples, uncalled = read_vcf(path)
        sequenced = Sequenced(samples)
    else:
        variants, doubts = read_variants(path)
        sequenced = read_sequenced(path, look(path).comments)
    if omic.sequenced:
        sequenced = sequenced._replace(samples=listed_ids(data / omic.sequenced, "sequenced"))
    table = mutation_table(variants, omic.measure)
    notes = [f"{len(variants)} variants of {variants['sample'].nunique()} samples read", *doubts]
    if sequenced.samples:
        table, said = _with_wild_types(name, table, sequenced.samples)
        notes += said
    else:
        notes.append(
            "nothing says who was sequenced without a variant: such patients count as not "
            "measured; name a table of them as `sequenced`"
        )
    table, masked = _without_uncalled(name, table, uncalled)
    table, said = mask_panels(table, sequenced)
    return in_memory(table, (*notes, *masked, *said))


def _without_uncalled(
    name: str, table: pd.DataFrame, uncalled: frozenset[tuple[str, str]]
) -> tuple[pd.DataFrame, list[str]]:
    """Genes of which a sample lacks a call as NaN, unless another variant was found there.

    Raises:
        CohortError: nobody is left who is known to be wild type.
    """
    n_before = int((table == 0).sum().sum())
    for sample, gene in uncalled:
        if sample in table.index and gene in table.columns and table.at[sample, gene] == 0:
            table.at[sample, gene] = float("nan")
    n_after = int((table == 0).sum().sum())
    if n_before and not n_after:
        raise CohortError(
            f"omic '{name}': no sample has a called wild type, for every genotype without "
            "a variant is ./.; were files merged? `bcftools merge --missing-to-ref` writes 0/0"
        )
    n = n_before - n_after
    said = f"{n} genes of samples count as not measured, for a changed site there was not called"
    return table, [said] if n else []


def _with_wild_types(
    name: str, table: pd.DataFrame, listed: tuple[str, ...]
) -> tuple[pd.DataFrame, list[str]]:
    """A row of zeros for each listed sample that has none and is no other name of one that has.

    Raises:
        CohortError: no sample with a variant is listed, so the ids are of another kind.
    """
    there = {_without_portion(s) for s in table.index} | set(table.index)
    patients = {_patient(s) for s in table.index}
    lone = [
        s
        for s in dict.fromkeys(listed)
        if s not in there and s not in patients and _without_portion(s) not in there
    ]
    if len(lone) == len(set(listed)):
        raise CohortError(
            f"omic '{name}': none of the samples with a variant is listed as sequenced; do both "
            "use the same kind of id?"
        )
    listed_as = {_patient(s) for s in listed} | set(listed)
    n_new = sum(s not in listed_as and _patient(s) not in listed_as for s in table.index)
    said = [f"{n_new} samples with a variant are not listed as sequenced: taken as it"]
    full = table.reindex([*table.index, *lone]).fillna(0.0)
    return full, said if n_new else []


def _patient(sample: str) -> str:
    """The patient that a barcode of TCGA names; other ids as they are."""
    found = BARCODE.match(sample)
    return found["patient"] if found else sample


def _without_portion(sample: str) -> str:
    """A barcode down to the sample type, such as TCGA-A1-A0SB-01; other ids as they are."""
    found = BARCODE.match(sample)
    return f"{found['patient']}-{found['code']}" if found and found["code"] else sample


def _chosen(name: str, omic: OmicSource, raw: RawTable) -> RawTable:
    absent = [c for c in omic.columns if c not in raw.features]
    if absent:
        raise CohortError(f"omic '{name}': {omic.file} has no column {absent[0]!r}")
    features = pd.Index(omic.columns)
    (table,) = raw.blocks(features)
    return in_memory(table, raw.notes)
