"""A cohort from the files that a study names: one per omic, one with outcome and treatment."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from pathgnn.cohort import TRANSFORMS
from pathgnn.cohort.block_clinical import likely_codes, often_missing
from pathgnn.cohort.cohort import Cohort, Outcome, check_facts
from pathgnn.cohort.facts import NOTHING, facts_of, merge
from pathgnn.cohort.feature_map import feature_map
from pathgnn.cohort.large_tables import Omics, Stored
from pathgnn.cohort.omic import Decision
from pathgnn.cohort.open_omic import open_omic
from pathgnn.cohort.outcome_rows import outcome_rows
from pathgnn.cohort.raw_table import RawTable
from pathgnn.cohort.read_cbioportal import files_beside
from pathgnn.cohort.read_outcome import (
    beside_table,
    clinical_table,
    no_overlap,
    outcome_of,
    written_otherwise,
)
from pathgnn.cohort.read_table import numeric
from pathgnn.cohort.read_variants import read_variants
from pathgnn.cohort.samples import Samples, barcodes, choose, read_samples
from pathgnn.cohort.sources import CohortSource, OmicSource
from pathgnn.cohort.transform import decide, transform
from pathgnn.cohort.variants import mutation_burden
from pathgnn.errors import CohortError
from pathgnn.paths import takes_paths

# Where a larger share of the patients has no omic, their ids may be written in another way.
MANY_LOST = 0.2


class ReadOmics(NamedTuple):
    """Omics of some patients, the sample of each that was used, how values were read, and notes."""

    omics: Omics
    used: dict[str, pd.Series]
    scales: dict[str, Decision]
    notes: list[str]


@takes_paths
def read_cohort(source: CohortSource, data: Path, maps: Path | None = None) -> Cohort:
    """The cohort that a study file describes.

    Args:
        source: The cohort part of the study file.
        data: Folder that the paths of the tables start from.
        maps: Folder that the paths of feature maps start from; None: `data`.

    A patient stays in with one measured omic or more. Patients come in the order of their ids, so
    that the same tables in another order are dealt to the same folds. Raises `CohortError` for bad
    input.
    """
    rows, notes = outcome_rows(source, data)
    rows = rows.sort_values(source.treatment.column, kind="stable").sort_index(kind="stable")

    def outcome(patients: tuple[str, ...]) -> Outcome:
        return outcome_of(rows[rows.index.isin(patients)], source.outcome, source.treatment)

    return measured_of(source, data, maps, tuple(dict.fromkeys(rows.index)), outcome, notes)


def measured_of(
    source: CohortSource,
    data: Path,
    maps: Path | None,
    listed: tuple[str, ...],
    outcome: Callable[[tuple[str, ...]], Outcome],
    notes: list[str],
) -> Cohort:
    """The cohort of the listed patients of whom something was measured, in their order.

    `outcome` gives the outcomes of those that stay. Without any omic the cohort is clinical only,
    and everybody stays.
    """
    wanted = set(listed)
    samples = read_samples(source.samples, data)
    ids = wanted if samples is None else wanted | set(samples.patient.index)
    opened = open_omics(source, data, ids)
    omics, used, scales, said = omics_of(source, opened, wanted, samples)
    measured = set().union(*(set(omics.patients(k)) for k in omics)) if omics else wanted
    patients = tuple(p for p in listed if p in measured)
    if n_lost := len(listed) - len(patients):
        lost = f"{n_lost} patients of {source.outcome.file} have no omic: left out"
        if n_lost > MANY_LOST * len(listed):
            strange = {str(i) for raw in opened.values() for i in raw.ids if i not in ids}
            lost += written_otherwise(set(listed) - measured, strange)
        said.append(lost)
    block = covariates(source, data, patients, used)
    return Cohort(
        name=source.name,
        patients=patients,
        omics=omics.of(patients),
        kinds={k: o.kind for k, o in source.omics.items()},
        clinical=block,
        outcome=outcome(patients),
        feature_maps=feature_maps_of(source, maps or data, omics),
        notes=(*notes, *said, *often_missing(block), *likely_codes(block, "the covariates")),
        beside=beside_table(source, data, patients),
        scales=scales,
    )


def open_omics(source: CohortSource, data: Path, ids: set[str]) -> dict[str, RawTable]:
    """Every omic opened; known ids decide whether rows or columns are samples."""
    large = _large(source)
    return {k: open_omic(k, o, data, ids, large) for k, o in source.omics.items()}


def omics_of(
    source: CohortSource, opened: dict[str, RawTable], wanted: set[str], samples: Samples | None
) -> ReadOmics:
    """The omics of the wanted patients."""
    used, said = samples_used(source, opened, wanted, samples)
    tables: dict[str, pd.DataFrame | Stored] = {}
    scales: dict[str, Decision] = {}
    notes: list[str] = []
    for name, raw in opened.items():
        tables[name], scales[name] = _values(name, source, raw, used[name])
        sentences = [*raw.notes, *said[name]]
        if _stays(source, raw):
            sentences.append(f"{raw.n_bytes / 2**30:.1f} GB as float32: read again when needed")
        notes += [f"{name}: {note}" for note in (*sentences, scales[name].note) if note]
    return ReadOmics(Omics(tables), used, scales, notes)


def samples_used(
    source: CohortSource, opened: dict[str, RawTable], wanted: set[str], samples: Samples | None
) -> tuple[dict[str, pd.Series], dict[str, list[str]]]:
    """The sample of each wanted patient in each omic, and sentences on the choice."""
    everywhere = [i for raw in opened.values() for i in raw.ids]
    spread = pd.Series(everywhere, dtype=object).value_counts()
    found = {
        name: _samples_of(_where(name, source), raw, wanted, samples, spread)
        for name, raw in opened.items()
    }
    return {k: used for k, (used, _) in found.items()}, {k: said for k, (_, said) in found.items()}


def scale_used(name: str, source: CohortSource, raw: RawTable, sample_of: pd.Series) -> Decision:
    """The scale on which an omic is read, decided from the values of the patients' samples."""
    omic, samples = source.omics[name], pd.Index(sample_of)
    if not _stays(source, raw):
        return decide(omic.kind, facts_of(_held(name, source, raw, samples)), _word(omic))
    facts, n_in_all = NOTHING, len(samples) * len(raw.features)
    for block in raw.blocks(None):
        facts = merge(facts, facts_of(block[block.index.isin(samples)], n_in_all))
    check_facts(name, facts, len(samples))
    return decide(omic.kind, facts, _word(omic))


def values_of(
    name: str, source: CohortSource, raw: RawTable, sample_of: pd.Series, scale: str
) -> pd.DataFrame | Stored:
    """Values of some samples under the names of `sample_of`, transformed on a scale.

    A table that is larger than the memory the study gives it stays where it is: its values are
    read when they are asked for.
    """
    apply = TRANSFORMS[source.omics[name].kind].apply
    if _stays(source, raw):
        return Stored(raw, sample_of, lambda block: apply(block, scale))
    table = apply(_held(name, source, raw, pd.Index(sample_of)), scale)
    return table.set_axis(sample_of.index, axis=0)


def _values(
    name: str, source: CohortSource, raw: RawTable, sample_of: pd.Series
) -> tuple[pd.DataFrame | Stored, Decision]:
    """Values of the chosen samples under their patients' ids, transformed, and how."""
    if _stays(source, raw):
        decided = scale_used(name, source, raw, sample_of)
        return values_of(name, source, raw, sample_of, decided.scale), decided
    omic = source.omics[name]
    # At once: what is held is made numbers only once.
    held = _held(name, source, raw, pd.Index(sample_of))
    done, decided = transform(omic.kind, held, _word(omic))
    return done.set_axis(sample_of.index, axis=0), decided


def _word(omic: OmicSource) -> str:
    """The study's word for the scale; variants that are counted are counts."""
    return "count" if omic.measure == "count" and omic.scale == "auto" else omic.scale


def _held(name: str, source: CohortSource, raw: RawTable, samples: pd.Index) -> pd.DataFrame:
    """Numbers of some samples, in memory."""
    table = pd.concat(list(raw.blocks(None)), axis=1) if raw.n_bytes else pd.DataFrame()
    hint = "name the omic's `columns`, or mend the file"
    return numeric(table.reindex(samples), _where(name, source), hint)


def _where(name: str, source: CohortSource) -> str:
    return f"omic '{name}' ({source.omics[name].file})"


def _stays(source: CohortSource, raw: RawTable) -> bool:
    """Does a table stay on disk?"""
    return raw.is_stored and raw.n_bytes > _large(source)


def _large(source: CohortSource) -> int:
    """Bytes as float32 above which an omic stays on disk."""
    return int(source.memory_gb * 2**30 / max(len(source.omics), 1))


def files_of(source: CohortSource, data: Path) -> tuple[Path, ...]:
    """The files in the data folder that `read_cohort` reads, those beside the mutations too."""
    omics = source.omics.values()
    named = [o.file for o in omics] + [o.sequenced for o in omics]
    named += [source.outcome.file, source.clinical.file, source.samples.file]
    paths = [data / name for name in named if name]
    folders = [p for p in paths if p.is_dir()]
    paths = [p for p in paths if p not in folders]
    paths += [p for folder in folders for p in sorted(folder.iterdir()) if p.is_file()]
    beside = [files_beside(data / o.file) for o in omics if o.kind == "mutation"]
    return tuple(dict.fromkeys([*paths, *(p for group in beside for p in group)]))


def covariates(
    source: CohortSource, data: Path, patients: tuple[str, ...], used: dict[str, pd.Series]
) -> pd.DataFrame:
    """The clinical block and, where asked for, the mutation burden of each patient's sample."""
    block = clinical_table(source, data, patients)
    name = source.clinical.burden
    if not name:
        return block
    if name not in used or source.omics[name].kind != "mutation":
        raise CohortError(f"clinical.burden = {name!r} names no omic of variants")
    burden = mutation_burden(read_variants(data / source.omics[name].file).variants)
    of_patient = used[name].map(burden).fillna(0.0)
    return block.assign(mutation_burden=of_patient.reindex(list(patients)))


def _samples_of(
    where: str, raw: RawTable, wanted: set[str], samples: Samples | None, spread: pd.Series
) -> tuple[pd.Series, list[str]]:
    """The sample of each wanted patient that an omic has, and sentences on the choice.

    Raises:
        CohortError: no id in common, or a sample twice.
    """
    ids = raw.ids
    # Duplicates are looked for among all rows: a filter must not hide them.
    if ids.has_duplicates:
        n = int(ids.duplicated().sum())
        raise CohortError(
            f"{where} names {n} patient(s) twice; keep one line for each (of "
            "several samples of a patient, `[cohort.samples]` chooses one)"
        )
    direct = pd.Series(ids[ids.isin(wanted)], index=ids[ids.isin(wanted)])
    if samples is not None and ids.isin(samples.patient.index).any():
        chosen, said = choose(ids, samples, spread)
    elif len(direct) == len(wanted):
        return direct, []
    else:
        by_name = barcodes(ids)
        if by_name is None and len(direct):
            return direct, []
        if by_name is None:
            raise CohortError(f"{where}: " + no_overlap(wanted, set(ids)))
        chosen, said = choose(ids, by_name, spread)
        # Some may stand under a patient's own id, others under that of a sample.
        chosen = pd.concat([direct, chosen[~chosen.index.isin(direct.index)]])
    chosen = chosen[chosen.index.isin(wanted)]
    if not len(chosen):
        raise CohortError(f"{where}: " + no_overlap(wanted, set(ids)))
    return chosen, [said] if said else []


def feature_maps_of(source: CohortSource, folder: Path, omics: Omics) -> dict[str, pd.DataFrame]:
    """The feature maps of the omics that have one."""
    found = {}
    for name, omic in source.omics.items():
        path = folder / omic.feature_map if omic.feature_map else None
        found[name] = feature_map(path, omic.kind, omics.features(name))
    return {name: table for name, table in found.items() if table is not None}
