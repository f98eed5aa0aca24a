"""Look at a user's folder and write a commented study.toml for it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from pathgnn.cohort import TRANSFORMS
from pathgnn.cohort.facts import facts_of
from pathgnn.cohort.read_anndata import modalities, read_layer, read_observations
from pathgnn.cohort.read_cbioportal import is_study, profiles
from pathgnn.cohort.read_table import CONTAINERS, SUFFIXES, read_table
from pathgnn.cohort.text_file import look
from pathgnn.cohort.transform import decide
from pathgnn.errors import CohortError, ConfigError
from pathgnn.files import write_text

KINDS = (
    ("mutation", r"mut|maf|snv"),
    ("copy_number", r"cna|cnv|copy|gistic"),
    ("methylation", r"meth|beta|cpg"),
    ("phospho_protein", r"phospho"),
    ("protein", r"rppa|prot"),
    ("metabolite", r"metabol"),
    ("mirna", r"mi[-_]?rna|mirs?(?![a-z])"),
    ("expression", r"rna|expr|gene|mrna|array|counts|tpm|fpkm"),
)
# Tables that are not read, and are worth a word.
OTHER_TABLES = (
    ".gct",
    ".xlsx",
    ".ods",
    ".rds",
    ".rdata",
    ".h5",
    ".hdf5",
    ".mtx",
    ".feather",
    ".sav",
    ".dta",
)
ARM = re.compile(r"^(arm|treat(ment)?(id)?|therapy|trt|drug|regimen)|treat_", re.IGNORECASE)
TIME = re.compile(
    r"(os|pfs|dfs|rfs|dss)[._ ]?(months|time)|survival.?(months|time)|^time", re.IGNORECASE
)
EVENT = re.compile(
    r"(os|pfs|dfs|rfs|dss)[._ ]?(event|status)|^(event|status|censor)", re.IGNORECASE
)
RESPONSE = re.compile(r"response|pcr|outcome|recist|^y$", re.IGNORECASE)
CONTROL = re.compile(r"control|ctr|untreated|placebo|none|^0$|^no", re.IGNORECASE)
MOST_COLUMNS = 80


class _Found(NamedTuple):
    """A table of the folder; `kind` and `part` where its container says them."""

    file: str
    table: pd.DataFrame
    kind: str = ""
    part: str = ""


def write_study(folder: Path, target: Path) -> Path:
    """A study file for a folder of tables, a cBioPortal study, or an h5mu or h5ad file.

    What was guessed says so in a comment.

    Raises:
        ConfigError: no folder, no readable table, or a study file is already there.
    """
    if target.exists():
        raise ConfigError(f"{target} is there already; move it away first")
    samples: list[str] = []
    if folder.suffix in CONTAINERS and folder.is_file():
        clinical, omics = _container(folder)
        folder = folder.parent
    elif not folder.is_dir():
        raise ConfigError(f"no folder at {folder}")
    elif is_study(folder):
        clinical, omics, samples = _cbioportal(folder)
    else:
        clinical, omics, samples = _loose(folder)
    write_text(target, _text(folder, target, clinical, omics, samples))
    return target


def _loose(folder: Path) -> tuple[_Found, list[_Found], list[str]]:
    """Clinical table and omics of a folder of tables, told apart by what they look like.

    And lines on the tables that could not be read.
    """
    left_out: list[str] = []
    found = list(_tables(folder, left_out))
    if not found:
        raise ConfigError(f"no table in {folder}; looked for {', '.join(SUFFIXES)}, also gzipped")
    clinical = max(found, key=_looks_clinical)
    return clinical, [f for f in found if f is not clinical and _looks_measured(f)], left_out


def _container(path: Path) -> tuple[_Found, list[_Found]]:
    """Observations and modalities of an h5mu or h5ad file."""
    omics = []
    for part in modalities(path):
        (table,) = read_layer(path, part).blocks(None)
        omics.append(_Found(path.name, table, part=part))
    return _Found(path.name, read_observations(path)), omics


def _cbioportal(folder: Path) -> tuple[_Found, list[_Found], list[str]]:
    """Patients, measurements and table of samples of a cBioPortal study, from its meta files."""
    name = "data_clinical_patient.txt"
    if not (folder / name).is_file():
        raise ConfigError(f"the cBioPortal study in {folder} has no {name}")
    clinical = _Found(name, read_table(folder / name))
    omics = [
        _Found(p.file, pd.DataFrame(), p.kind) for p in profiles(folder) if p.datatype != "Z-SCORE"
    ]
    samples = folder / "data_clinical_sample.txt"
    if not samples.is_file():
        return clinical, omics, []
    header = look(samples).header
    lines = ["", "[cohort.samples]  # whose a sample is; of several, primary tumours first"]
    lines += [f"file = {_quote(samples.name)}", 'sample = "SAMPLE_ID"', 'patient = "PATIENT_ID"']
    lines += ['kind = "SAMPLE_TYPE"'] if "SAMPLE_TYPE" in header else []
    return clinical, omics, lines


def _tables(folder: Path, left_out: list[str]) -> Iterable[_Found]:
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() in OTHER_TABLES:
            left_out.append(f"# {path.name} is not read: write it as csv, tsv or parquet")
        elif path.is_file() and any(s.lower() in SUFFIXES for s in path.suffixes):
            try:
                yield _Found(path.name, read_table(path))
            except CohortError as error:
                # In one line, or it would be no comment.
                left_out.append(" ".join(f"# {path.name} was left out: {error}".split()))


def _looks_clinical(found: _Found) -> int:
    names = list(map(str, found.table.columns[:MOST_COLUMNS]))
    hits = sum(any(bool(p.search(n)) for n in names) for p in (ARM, TIME, EVENT, RESPONSE))
    return 10 * hits - (found.table.shape[1] > MOST_COLUMNS) * 5


def _looks_measured(found: _Found) -> bool:
    """Mostly numbers, or a list of variants."""
    table = found.table
    named = {"Hugo_Symbol", "Variant_Classification"} <= {table.index.name, *table.columns}
    return named or table.select_dtypes(np.number).shape[1] > 0.5 * table.shape[1]


def _kind(found: _Found) -> str:
    if found.kind:
        return found.kind
    if "Variant_Classification" in found.table.columns:
        return "mutation"
    for kind, pattern in KINDS:
        if re.search(pattern, found.part, re.IGNORECASE):
            return kind
    for kind, pattern in KINDS:
        if re.search(pattern, found.file, re.IGNORECASE):
            return kind
    values = found.table.select_dtypes(np.number).to_numpy()[:200]
    return "mutation" if np.isin(values[~np.isnan(values)], (0, 1)).all() else "expression"


def _text(
    folder: Path, target: Path, clinical: _Found, omics: list[_Found], samples: list[str]
) -> str:
    # TOML takes forward slashes on every system.
    data = folder.resolve().as_posix() if target.parent.resolve() != folder.resolve() else "."
    table = clinical.table
    lines = [
        "# A pathgnn study, guessed from the files in the folder: read every line first.",
        "# `pathgnn check` says what it makes of the data, `pathgnn run` does it all.",
        f"name = {_quote(folder.resolve().name)}",
        "seed = 0",
        f"data = {_quote(data)}",
        f"out = {_quote('run-' + folder.resolve().name)}",
        "",
        "[cohort]",
        f"name = {_quote(folder.resolve().name)}",
    ]
    for number, found in enumerate(omics):
        lines += _omic_lines(found, _name(found, omics[:number]))
    if not omics:
        lines += ["# No omic table was found; give one per layer:", "# [cohort.omics.expression]"]
    lines += samples + _outcome_lines(clinical) + _treatment_lines(table)
    covariates = [
        c for c in table.columns if re.match(r"age(?!nt)|sex|stage|grade", str(c), re.IGNORECASE)
    ]
    lines += ["", "[cohort.clinical]  # covariates known before treatment; no outcome among them"]
    lines.append(f"columns = [{', '.join(map(_quote, covariates))}]")
    lines += ["", "# [graph]  # empty: the curated signaling graph", '# edges = "edges.csv"']
    return "\n".join(lines) + "\n"


def _name(found: _Found, earlier: list[_Found]) -> str:
    kind = _kind(found)
    used = sum(_kind(e) == kind for e in earlier)
    return f"{kind}_{used + 1}" if used else kind


def _omic_lines(found: _Found, name: str) -> list[str]:
    kind, table = _kind(found), found.table
    size = f"  # {table.shape[0]} x {table.shape[1]}" if len(table) else ""
    lines = ["", f"[cohort.omics.{name}]{size}", f"file = {_quote(found.file)}"]
    lines += [f"part = {_quote(found.part)}"] if found.part else []
    lines.append(f'kind = "{kind}"')
    return [*lines, _scale(kind, table.select_dtypes(np.number))] if len(table) else lines


def _scale(kind: str, table: pd.DataFrame) -> str:
    """A line that says which scale the values have, or that it could not be told."""
    words = TRANSFORMS[kind].scales
    try:
        scale, note, _ = decide(kind, facts_of(table), "auto")
    except CohortError as error:
        return f'scale = "auto"  # {error}'
    known = scale in words
    return f'scale = "{scale}"  # {note}; or {", ".join(words)}' if known else 'scale = "auto"'


def _outcome_lines(clinical: _Found) -> list[str]:
    names = list(map(str, clinical.table.columns))
    time, event, response = (_first(names, p) for p in (TIME, EVENT, RESPONSE))
    lines = ["", "[cohort.outcome]", f"file = {_quote(clinical.file)}"]
    if time and event:
        unit = next((u for u in ("day", "week", "year") if u in time.lower()), "month") + "s"
        lines += ['kind = "survival"', f"time = {_quote(time)}", f'time_unit = "{unit}"']
        turned = "; is it the other way round here?" if "cens" in event.lower() else ""
        return [*lines, f"event = {_quote(event)}  # 1 = event, 0 = censored{turned}"]
    n_values = clinical.table[response].nunique() if response else 0
    kind = "binary" if n_values == 2 else "continuous"
    lines.append(f'kind = "{kind}"')
    lines.append(f"value = {_quote(response)}" + ("" if response else "  # which column?"))
    values = clinical.table[response] if response else pd.Series(dtype=float)
    if kind == "binary" and not pd.api.types.is_numeric_dtype(values):
        words = sorted(map(str, values.dropna().unique()))
        return [*lines, f"good = [{_quote(words[-1])}]  # the good answer of {', '.join(words)}"]
    return [*lines, 'better = "higher"  # or "lower"']


def _treatment_lines(table: pd.DataFrame) -> list[str]:
    arm = _first(list(map(str, table.columns)), ARM)
    lines = [
        "",
        "[cohort.treatment]",
        f"column = {_quote(arm)}" + ("" if arm else "  # which column?"),
    ]
    values = [str(v) for v in table[arm].dropna().unique()] if arm else []
    reference = next((v for v in values if CONTROL.search(v)), values[0] if values else "")
    seen = ", ".join(values[:6])
    lines.append(f"reference = {_quote(reference)}  # the column holds: {seen}")
    lines.append("randomised = false  # true only if chance decided the treatment")
    if table.index.has_duplicates:
        lines.append("crossover = true  # patients have several rows")
    return lines


def _first(names: list[str], pattern: re.Pattern[str]) -> str:
    return next((n for n in names if pattern.search(n)), "")


def _quote(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else " " for c in escaped) + '"'
