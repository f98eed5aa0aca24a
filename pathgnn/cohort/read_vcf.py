"""Called variants of VCF files annotated by SnpEff or VEP, through cyvcf2 (an extra)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from pathgnn.cohort.effects import SILENT, class_of, classes, severity
from pathgnn.cohort.hotspots import PROMOTER_OF_TERT
from pathgnn.cohort.read_variants import COLUMNS, short_change
from pathgnn.errors import CohortError

SUFFIXES = (".vcf", ".vcf.gz")
NOT_CALLED = "not called"
NO_GENOTYPES = (
    "{file} holds no genotype (GT) of any sample, as of callers that leave it out or of files of "
    "sites alone; who carries what cannot be told: turn the calls into a MAF (vcf2maf), or add GT"
)
# What callers name the two samples of a patient.
GENERIC = frozenset(("tumor", "tumour", "normal", "primary", "sample", "sample1", "unknown"))


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


class Called(NamedTuple):
    """What VCF files say: variants, all samples, and (sample, gene) pairs not called somewhere."""

    variants: pd.DataFrame
    samples: tuple[str, ...]
    uncalled: frozenset[tuple[str, str]]


def read_vcf(path: Path) -> Called:
    """Variants of every sample of a VCF or a folder of them, as `read_variants` gives them.

    A variant counts for a sample that carries the allele and, with a FILTER, passed it. Of the
    annotations of an allele the most severe one with a gene is taken.

    Raises:
        CohortError: cyvcf2 is not installed, the file is damaged, or nothing is annotated.
    """
    if find_spec("cyvcf2") is None:
        raise CohortError(f"{path.name} needs the extra: pip install 'pathgnn[vcf]'")
    parts = [_read(file) for file in (_files(path) if path.is_dir() else [path])]
    _refuse_generic(path, [sample for p in parts for sample in set(p.samples)])
    return Called(
        pd.concat([p.variants for p in parts], ignore_index=True),
        tuple(sample for p in parts for sample in p.samples),
        frozenset(pair for p in parts for pair in p.uncalled),
    )


def _refuse_generic(path: Path, samples: list[str]) -> None:
    """Raises: several files call a sample TUMOR, so that patients cannot be told apart."""
    again = {s for s in samples if s.lower() in GENERIC and samples.count(s) > 1}
    if again:
        raise CohortError(
            f"several files of {path.name} call a sample {sorted(again)[0]!r}: whose it is cannot "
            "be told; name the samples by their patients (bcftools reheader --samples)"
        )


def _files(folder: Path) -> list[Path]:
    return sorted(p for p in folder.iterdir() if p.name.endswith(SUFFIXES))


def _read(path: Path) -> Called:
    from cyvcf2 import VCF
    from cyvcf2.cyvcf2 import set_htslib_log_level

    if not path.is_file():
        raise CohortError(f"no file at {path}; check the path in the study file")
    # htslib prints the lines that it cannot read, and with them the names of samples.
    set_htslib_log_level(0)
    try:
        file = VCF(str(path))
        annotation, samples = _annotation(path, file.raw_header), tuple(file.samples)
        if not samples:
            raise CohortError(NO_GENOTYPES.format(file=path.name))
        rows = list[tuple[str, ...]]()
        for variant in file:
            if "GT" not in variant.FORMAT:
                raise CohortError(NO_GENOTYPES.format(file=path.name))
            rows += _rows(variant, samples, annotation)
    except CohortError:
        raise
    except Exception as error:
        # cyvcf2 raises plain Exceptions; their words may hold a line of the file.
        raise CohortError(
            f"{path.name} cannot be read as VCF ({type(error).__name__}); is it complete? "
            "`bcftools view` says where it is damaged"
        ) from error
    out = pd.DataFrame(rows, columns=["sample", "gene", "effect", "protein_change"])
    missing = out["effect"] == NOT_CALLED
    uncalled = frozenset(zip(out["sample"][missing], out["gene"][missing], strict=True))
    out = out[~missing].reset_index(drop=True)
    out["effect"] = classes(out["effect"])
    out["is_hotspot"] = pd.array([pd.NA] * len(out), dtype="boolean")
    return Called(out[list(COLUMNS)], samples, uncalled)


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


def _rows(variant: Any, samples: tuple[str, ...], where: Annotation) -> Iterator[tuple[str, ...]]:
    if variant.FILTER is not None:
        return
    annotations = [a.split("|") for a in str(variant.INFO.get(where.key) or "").split(",")]
    for number, allele in enumerate(variant.ALT, start=1):
        fields = _worst_of(annotations, allele, variant.REF, where)
        if fields is None:
            continue
        counts = class_of(fields[where.effect]) not in SILENT
        change = _change(fields, where, variant.POS)
        for sample, genotype in zip(samples, variant.genotypes, strict=True):
            if number in genotype[:-1]:
                yield sample, fields[where.gene], fields[where.effect], change
            elif -1 in genotype[:-1] and counts:
                yield sample, fields[where.gene], NOT_CALLED, ""


def _change(fields: list[str], where: Annotation, position: int) -> str:
    """The change of the protein, or of TERT's promoter, which no protein change tells."""
    if fields[where.gene] == "TERT" and class_of(fields[where.effect]) == "5'Flank":
        return PROMOTER_OF_TERT.get(position, "")
    return short_change(fields[where.change]) if where.change >= 0 else ""


def _worst_of(
    annotations: list[list[str]], allele: str, reference: str, where: Annotation
) -> list[str] | None:
    """The most severe annotation of an allele; VEP writes indels without their first base."""
    trimmed = allele[1:] if allele[:1] == reference[:1] else allele
    wanted = {allele, trimmed or "-"}
    fitting = [a for a in annotations if len(a) > max(where[1:]) and a[where.allele] in wanted]
    named = [a for a in fitting if a[where.gene]]
    return min(named, key=lambda a: severity(a[where.effect])) if named else None
