"""Where a cohort's tables lie and what their columns mean: the cohort part of `study.toml`."""

from __future__ import annotations

from typing import Literal

from pathgnn.settings import Settings, setting

OmicKind = Literal[
    "mutation",
    "copy_number",
    "expression",
    "methylation",
    "protein",
    "phospho_protein",
    "metabolite",
    "mirna",
    "signature",
]
# Which words a kind knows stands in its own file; "auto" decides from the values and says so.
Scale = Literal[
    "auto",
    "count",
    "log",
    "linear",
    "zscore",
    "gistic",
    "log2_ratio",
    "copies",
    "relative",
    "log2_relative_plus_1",
    "beta",
    "m",
]


class OmicSource(Settings):
    """One omic layer: a table of patients x features."""

    file: str = setting(..., "table, MAF, VCF, h5ad or h5mu, relative to the data folder")
    part: str = setting("", "h5mu: modality or modality/layer; h5ad: layer, empty for X")
    kind: OmicKind = setting("expression", "which transform of the omic applies")
    id: str = setting("", "column with the patient id; empty: the first column or the index")
    columns: tuple[str, ...] = setting((), "features to use; empty: all numeric columns")
    scale: Scale = setting("auto", "what the values are; auto: decided from them, and said")
    feature_map: str = setting(
        "", "table feature, gene, weight, a GMT, or Illumina's manifest; beside the study file"
    )
    measure: Literal["any", "truncating", "hotspot", "count"] = setting(
        "any", "variants: which of them count per gene"
    )
    sequenced: str = setting(
        "", "variants: table of all sequenced samples, so that one without a variant is wild type"
    )


class SampleSource(Settings):
    """Whose a sample is, where omics name samples: not needed for barcodes of TCGA."""

    file: str = setting("", "table of samples, such as cBioPortal's data_clinical_sample.txt")
    sample: str = setting("", "its column with the sample id; empty: the first column")
    patient: str = setting("", "its column with the patient id")
    kind: str = setting("", "its column with the type of sample; normal tissue is left out")
    order: tuple[str, ...] = setting(
        (), "types in order of preference, others left out; empty: primary tumours first"
    )


class HealthySource(Settings):
    """Which samples in the tables of the omics are of healthy tissue."""

    file: str = setting(
        "",
        "table or list of the healthy samples, in the data folder; empty: those that "
        "[cohort.samples] or TCGA's barcodes call normal tissue",
    )
    id: str = setting("", "its column with the sample id; empty: the first column")
    keep: dict[str, tuple[str | bool | int | float, ...]] = setting(
        {}, "column of it -> values of healthy samples; empty: every row"
    )


class ClinicalSource(Settings):
    """Covariates that bypass the graph."""

    file: str = setting("", "table with the covariates; empty: the outcome's")
    id: str = setting("", "column with the patient id; empty: the first column or the index")
    columns: tuple[str, ...] = setting((), "covariates; text columns become indicators")
    categorical: tuple[str, ...] = setting((), "columns of numbers that stand for groups")
    burden: str = setting("", "omic of variants whose mutation burden becomes a covariate")


class BesideSource(Settings):
    """Columns of the clinical table that are no input: checked, or keeping patients together."""

    site: str = setting("", "hospital, centre or batch; its effects are shown by `check`")
    sex: str = setting("", "recorded sex; compared with the genes of X and Y")
    arm: str = setting("", "a second record of the treatment; compared with the first")
    group: str = setting("", "patients with the same value go together: donor, family, site")
    subgroups: tuple[str, ...] = setting(
        (), "columns by which effect and error are shown apart, as by `sex` and `site` always"
    )
    negative_outcome: str = setting(
        "", "number known before treatment, no input: no effect may show on it"
    )
    enrolled: str = setting("", "date (2019-05-31) or time of enrolment: are controls concurrent?")


class OutcomeSource(Settings):
    """One row per observed outcome."""

    file: str = setting(..., "table with outcome and treatment, relative to the data folder")
    patient: str = setting("", "column with the patient id; empty: the first column or the index")
    kind: Literal["binary", "continuous", "survival"] = setting(..., "type of the outcome")
    value: str = setting("", "binary, continuous: column with the outcome")
    good: tuple[str, ...] = setting((), "binary: texts of the column that are the good answer")
    bad: tuple[str, ...] = setting((), "binary: texts of the other answer; empty: all others")
    time: str = setting("", "survival: column with the follow-up time")
    time_unit: Literal["months", "days", "weeks", "years"] = setting(
        "months", "survival: what the times count; results are in months"
    )
    event: str = setting("", "survival: column with 1 = event, 0 = censored, or 1:DECEASED")
    events: tuple[str, ...] = setting((), "survival: texts of the column that are events")
    censored: tuple[str, ...] = setting((), "survival: texts of those without; empty: all others")
    competing: tuple[str, ...] = setting(
        (), "survival: texts of the column that are competing events, such as another death"
    )
    better: Literal["higher", "lower"] = setting(
        "higher", "which outcome is the good one; lower: signs are turned"
    )
    clip: tuple[float, float] | None = setting(None, "continuous: range the outcome is cut to")
    horizon: float = setting(0.0, "survival: months up to which benefit counts; 0: chosen", ge=0)
    unit: str = setting("", "what the outcome counts, as the column has it, for labels")


class TreatmentSource(Settings):
    """Which arm each row was treated in, and how it came about."""

    column: str = setting(..., "column of the outcome table with the arm")
    reference: str = setting(..., "the arm that the others are compared with")
    arms: tuple[str, ...] = setting((), "arms to compare with it; empty: all others")
    randomised: bool = setting(..., "was the treatment assigned by chance?")
    strata: tuple[str, ...] = setting(
        (),
        "columns of the randomisation strata, if any; in observational data of what treatment was "
        "chosen by beside the measurements, as sites",
    )
    probability: dict[str, str] = setting(
        {}, "arm -> column with its probability at randomisation, where that is known per row"
    )
    crossover: bool = setting(False, "may one patient have rows in several arms?")


class CohortSource(Settings):
    """Everything that `read_cohort` needs."""

    name: str = setting("cohort", "a short name")
    omics: dict[str, OmicSource] = setting(..., "omic layers by name")
    samples: SampleSource = setting(SampleSource(), "whose a sample is")
    clinical: ClinicalSource = setting(ClinicalSource(), "covariates that bypass the graph")
    beside: BesideSource = setting(BesideSource(), "columns that are checked, but are no input")
    outcome: OutcomeSource = setting(..., "the outcome")
    treatment: TreatmentSource = setting(..., "the treatment")
    memory_gb: float = setting(
        1.0, "parquet tables above this, shared by all omics, are read again when needed", gt=0
    )
    keep: dict[str, tuple[str | bool | int | float, ...]] = setting(
        {}, "column of the outcome table -> values kept"
    )
