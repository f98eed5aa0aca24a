"""Called variants of VCF files annotated by SnpEff or VEP, through cyvcf2 (an extra)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from pathgnn.cohort.read_variants import COLUMNS, classes
from pathgnn.errors import CohortError

# Three letters and one of each amino acid, as in p.Val600Glu and p.V600E.
THREE = "AlaArgAsnAspCysGlnGluGlyHisIleLeuLysMetPheProSerThrTrpTyrValTer"
ONE = "ARNDCQEGHILKMFPSTWYV*"
LETTER = {THREE[3 * i : 3 * i + 3]: letter for i, letter in enumerate(ONE)}


SUFFIXES = (".vcf", ".vcf.gz")


class Annotation(NamedTuple):
    """Places of gene, effect, protein change and allele in an annotation's fields."""

    key: str
    allele: int
    gene: int
    effect: int
    change: int


def is_vcf(path: Path) -> bool:
    """Is it a VCF by its name, or a folder of them?"""
    return bool(_files(path)) if path.is_dir() else path.name.endswith(SUFFIXES)


def read_vcf(path: Path) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Variants of every sample of a VCF or a folder of them, as `read_variants` gives them.

    A variant counts for a sample that carries the allele and, with a FILTER, passed it. Of the
    annotations of an allele the first one is taken: SnpEff and VEP (--pick) put the worst first.

    Returns:
        The variants, and all samples: one without a variant is wild type.

    Raises:
        CohortError: cyvcf2 is not installed, the file is damaged, or nothing is annotated.
    """
    if find_spec("cyvcf2") is None:
        raise CohortError(f"{path.name} needs the extra: pip install 'pathgnn[vcf]'")
    parts = [_read(file) for file in (_files(path) if path.is_dir() else [path])]
    return pd.concat([p for p, _ in parts], ignore_index=True), tuple(
        sample for _, samples in parts for sample in samples
    )


def _files(folder: Path) -> list[Path]:
    return sorted(p for p in folder.iterdir() if p.name.endswith(SUFFIXES))


def _read(path: Path) -> tuple[pd.DataFrame, list[str]]:
    from cyvcf2 import VCF

    if not path.is_file():
        raise CohortError(f"no file at {path}; check the path in the study file")
    try:
        file = VCF(str(path))
        annotation = _annotation(path, file.raw_header)
        rows = [row for variant in file for row in _rows(variant, file.samples, annotation)]
    except OSError as error:
        raise CohortError(f"{path.name} cannot be read as VCF: {error}") from error
    out = pd.DataFrame(rows, columns=["sample", "gene", "effect", "protein_change"])
    out["effect"] = classes(out["effect"])
    out["is_hotspot"] = pd.array([pd.NA] * len(out), dtype="boolean")
    return out[list(COLUMNS)], list(file.samples)


def _annotation(path: Path, header: str) -> Annotation:
    """Where the annotation's fields stand, as the header describes them."""
    for key in ("ANN", "CSQ"):
        found = re.search(rf'##INFO=<ID={key},.*?Description="(.*?)"', header)
        if not found:
            continue
        text = re.sub(r"^.*?(Format:|annotations:)", "", found[1]).strip(" '")
        fields = [f.strip(" '\\").lower() for f in text.split("|")]
        names = [("allele",), ("gene_name", "symbol"), ("annotation", "consequence")]
        at = [_place(fields, n) for n in (*names, ("hgvs.p", "hgvsp"))]
        if min(at[:3]) >= 0:
            return Annotation(key, *at)
    raise CohortError(
        f"{path.name} is not annotated with genes (no ANN or CSQ in its header); run SnpEff or VEP "
        "with symbols and HGVS first, or turn it into a MAF"
    )


def _place(fields: list[str], names: tuple[str, ...]) -> int:
    return next((fields.index(n) for n in names if n in fields), -1)


def _rows(variant: Any, samples: list[str], where: Annotation) -> Iterator[tuple[str, ...]]:
    if variant.FILTER is not None:
        return
    annotations = [a.split("|") for a in str(variant.INFO.get(where.key) or "").split(",")]
    for number, allele in enumerate(variant.ALT, start=1):
        fields = _first_of(annotations, allele, variant.REF, where)
        if fields is None or not fields[where.gene]:
            continue
        change = _short(fields[where.change]) if where.change >= 0 else ""
        for sample, genotype in zip(samples, variant.genotypes, strict=True):
            if number in genotype[:-1]:
                yield sample, fields[where.gene], fields[where.effect], change


def _first_of(
    annotations: list[list[str]], allele: str, reference: str, where: Annotation
) -> list[str] | None:
    """The first annotation of an allele; VEP writes indels without their first base."""
    trimmed = allele[1:] if allele[:1] == reference[:1] else allele
    wanted = {allele, trimmed or "-"}
    fitting = [a for a in annotations if len(a) > max(where[1:]) and a[where.allele] in wanted]
    return fitting[0] if fitting else None


def _short(change: str) -> str:
    """p.V600E from ENSP00000288602:p.Val600Glu."""
    short = change.rpartition(":")[2].replace("%3D", "=")
    return re.sub("|".join(LETTER), lambda m: LETTER[m[0]], short)
