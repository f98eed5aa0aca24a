"""Cohort and Outcome: patients, measurements and outcomes, aligned by id, checked once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float, Int
from numpy.typing import ArrayLike

from pathgnn.card import Card, Shown
from pathgnn.cohort.check_tables import check_clinical, check_kinds, check_patients
from pathgnn.cohort.facts import Facts, facts_of
from pathgnn.cohort.large_tables import as_omics
from pathgnn.cohort.omic import Decision
from pathgnn.errors import CohortError

# Rounded probabilities need not sum to 1 exactly.
MOST_OFF = 0.02
# Networks add in 32 bits, with small floors under what they divide by.
LEAST_SD = 1e-4

OutcomeKind = Literal["binary", "continuous", "survival"]


def _nobody() -> Bool[np.ndarray, " row"]:
    return np.zeros(0, dtype=bool)


def _unknown() -> Float[np.ndarray, "row known"]:
    return np.empty((0, 0))


@dataclass(frozen=True, repr=False)
class Outcome(Shown):
    """Observed outcomes, one per row; a patient treated in several arms has several rows.

    `value` is coded so that higher is better: 1 is the good answer, and months for survival.
    `competing` marks rows that ended by another event, after which the one that counts cannot come;
    `event` is False there. `propensity` is the probability of each arm where the trial set it for
    each row; without columns the shares per stratum stand for it, or a model. Where outcomes are
    not `is_known`, what stands in their place means nothing.
    """

    kind: OutcomeKind
    patient: tuple[str, ...]
    arm: Int[np.ndarray, " row"]
    arms: tuple[str, ...]
    value: Float[np.ndarray, " row"]
    event: Bool[np.ndarray, " row"]
    stratum: Int[np.ndarray, " row"]
    randomised: bool
    crossover: bool = False
    horizon: float = 0.0
    unit: str = ""
    competing: Bool[np.ndarray, " row"] = field(default_factory=_nobody)
    propensity: Float[np.ndarray, "row known"] = field(default_factory=_unknown)
    is_known: bool = True

    def __post_init__(self) -> None:
        n = len(self.patient)
        if not len(self.competing):
            object.__setattr__(self, "competing", np.zeros(n, dtype=bool))
        if not len(self.propensity):
            object.__setattr__(self, "propensity", np.empty((n, 0)))
        for name in ("arm", "value", "event", "stratum", "competing", "propensity"):
            object.__setattr__(self, name, _rows(name, getattr(self, name), n))
        if not np.isin(self.arm, np.arange(len(self.arms))).all():
            raise CohortError(
                f"`arm` must hold the place of each row's arm in `arms`, 0 to {len(self.arms) - 1}"
            )
        if self.is_known:
            check_outcome(self)

    def card(self) -> Card:
        """Kind, arms and follow-up."""
        return Card(f"Outcome, {self.kind}", _facts(self))


@dataclass(frozen=True, repr=False)
class Cohort(Shown):
    """Patients with their omic tables (patient x feature, NaN = not measured) and outcomes.

    `beside` holds what is known of a patient but is no input, as text: the columns site, sex, arm
    and group, as far as they were named, and a row per patient. `scales` says how the values of an
    omic were read, where they were read from a table.
    """

    name: str
    patients: tuple[str, ...]
    omics: Mapping[str, pd.DataFrame]
    kinds: Mapping[str, str]
    clinical: pd.DataFrame
    outcome: Outcome
    feature_maps: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    beside: pd.DataFrame = field(default_factory=pd.DataFrame)
    scales: Mapping[str, Decision] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.patients:
            raise CohortError(
                f"cohort '{self.name}' has no patient with an outcome and a measurement; do the "
                "patient ids of the tables agree?"
            )
        omics = as_omics(self.omics)
        check_patients(self.name, self.patients)
        check_kinds(omics, self.kinds)
        check_clinical(self.clinical, self.patients)
        for name in omics:
            # A table on disk was checked when it was opened.
            if omics.is_held(name):
                check_omic(name, omics[name], self.outcome.is_known)
            n_strange = int((~omics.patients(name).isin(self.patients)).sum())
            if n_strange:
                raise CohortError(
                    f"omic '{name}' has {n_strange} patients the cohort does not list"
                )
        lost = set(self.outcome.patient) - set(self.patients)
        without = set(self.patients) - set(self.outcome.patient)
        if without:
            raise CohortError(f"{len(without)} patients of '{self.name}' have no outcome row")
        if lost:
            raise CohortError(f"{len(lost)} outcome rows belong to no patient of '{self.name}'")

    def card(self) -> Card:
        """Patients, outcome and arms, with one row per omic."""
        omics = as_omics(self.omics)
        facts = (
            ("patients", len(self.patients)),
            ("outcome", self.outcome.kind),
            *_facts(self.outcome),
            ("clinical columns", len(self.clinical.columns)),
        )
        rows = [(name, self.kinds.get(name, ""), *omics.shape(name)) for name in omics]
        head = ("omic", "kind", "patients", "features")
        return Card(f"Cohort {self.name}", facts, head, rows)


def _rows(name: str, values: ArrayLike, n: int) -> np.ndarray:
    """A column of the outcome as an array, whole numbers as such; series are taken by place."""
    column = np.asarray(values)
    if len(column) != n:
        raise CohortError(f"`{name}` of the outcome has {len(column)} rows, `patient` has {n}")
    if name in ("arm", "stratum") and column.dtype.kind == "f" and (column == column // 1).all():
        return column.astype(int)
    return column


def _facts(outcome: Outcome) -> list[tuple[str, object]]:
    """What a card says of an outcome."""
    counts = np.bincount(outcome.arm, minlength=len(outcome.arms))
    arms = ", ".join(f"{a} {n}" for a, n in zip(outcome.arms, counts, strict=True))
    facts: list[tuple[str, object]] = [("arms", arms), ("randomised", outcome.randomised)]
    if outcome.kind == "survival":
        facts += [("events", int(outcome.event.sum())), ("horizon, months", outcome.horizon)]
    return [*facts, ("unit", outcome.unit)] if outcome.unit else facts


def check_omic(name: str, table: pd.DataFrame, learned_from: bool = True) -> None:
    """Refuse a table without numbers, with duplicate ids or with infinite values.

    One that says the same of all can be read of a few new patients, and not `learned_from`.

    Raises:
        CohortError: saying which omic, what was found and what to do.
    """
    for what, index in (("patient", table.index), ("feature", table.columns)):
        if index.has_duplicates:
            n = int(index.duplicated().sum())
            raise CohortError(
                f"omic '{name}' names {n} {what}(s) twice; keep one line per {what} (for several "
                "samples of a patient, choose or average them first)"
            )
    check_facts(name, facts_of(table), len(table) if learned_from else 1)


def check_facts(name: str, facts: Facts, n_patients: int) -> None:
    """Refuse values that are missing everywhere, infinite or all the same.

    Raises:
        CohortError: saying which omic, what was found and what to do.
    """
    if not facts.n_values and not facts.any_infinite:
        raise CohortError(f"omic '{name}' holds no measured value; remove it or mend its file")
    if facts.any_infinite:
        raise CohortError(f"omic '{name}' holds infinite values; was a 0 put through a logarithm?")
    if facts.lowest == facts.highest and n_patients > 1:
        raise CohortError(
            f"omic '{name}' has the same value {facts.highest:g} everywhere, so it says "
            "nothing; remove it or mend its file"
        )


def check_outcome(outcome: Outcome) -> None:
    """Refuse an outcome or a treatment from which no benefit can be learned.

    Raises:
        CohortError: one arm, one class, no event, a negative time, a missing value.
    """
    if not np.isfinite(outcome.value).all():
        raise CohortError("the outcome holds missing or infinite values; leave those rows out")
    counts = np.bincount(outcome.arm, minlength=len(outcome.arms))
    if len(outcome.arms) < 2 or (counts > 0).sum() < 2:
        raise CohortError(
            f"the treatment has one arm only ({outcome.arms[0]!r} with {len(outcome.arm)} rows); "
            "benefit needs at least two arms: check the treatment column and its values"
        )
    for arm, count in zip(outcome.arms, counts, strict=True):
        if count < 10:
            raise CohortError(f"arm {arm!r} has {count} rows; an arm needs at least 10 to compare")
    if outcome.kind == "continuous":
        _check_continuous(outcome.value)
    if outcome.kind == "binary":
        _check_binary(outcome.value)
    _check_events(outcome)
    if outcome.propensity.shape[1]:
        _check_propensity(outcome)


def _check_propensity(outcome: Outcome) -> None:
    """Known probabilities: one per arm, above 0, that sum to 1."""
    p = outcome.propensity
    if p.shape[1] != len(outcome.arms):
        raise CohortError(
            f"probabilities of {p.shape[1]} arms are given for {len(outcome.arms)} arms; give one "
            "of each, the reference among them"
        )
    if not np.isfinite(p).all() or (p <= 0).any() or (p > 1).any():
        raise CohortError("a known probability of an arm must be above 0 and at most 1 in each row")
    far = float(np.abs(p.sum(1) - 1).max())
    if far > MOST_OFF:
        raise CohortError(
            f"the known probabilities of the arms sum to 1 only within {far:.3g}; they must in "
            "each row: give them for all arms that are compared, as they were at randomisation"
        )


def _check_continuous(value: Float[np.ndarray, " row"]) -> None:
    """One that varies, by sizes that 32-bit numbers are added in."""
    if np.ptp(value) == 0:
        raise CohortError(f"the outcome is {value[0]:g} in every row; nothing to predict")
    if (sd := float(value.std())) < LEAST_SD:
        raise CohortError(
            f"the outcome has a standard deviation of {sd:.2g}; write it in another unit (of a "
            "concentration usually the logarithm), in which it varies by about 1"
        )


def _check_binary(value: Float[np.ndarray, " row"]) -> None:
    classes = np.unique(value)
    if not np.isin(classes, (0, 1)).all():
        found = ", ".join(f"{x:g}" for x in classes[:4])
        raise CohortError(f"a binary outcome must be 0 or 1, found {found}; recode it first")
    if len(classes) < 2:
        raise CohortError(f"the outcome has one class only ({classes[0]:g}); nothing to predict")


def _check_events(outcome: Outcome) -> None:
    if outcome.kind == "survival":
        _check_survival(outcome)
    elif outcome.competing.any():
        raise CohortError("only a survival outcome can have competing events")


def _check_survival(outcome: Outcome) -> None:
    if (outcome.value < 0).any():
        n = int((outcome.value < 0).sum())
        raise CohortError(f"{n} follow-up times are negative; time counts in months from time zero")
    if (outcome.event & outcome.competing).any():
        raise CohortError("a row ends by the event or by a competing one, not by both")
    if not outcome.event.any():
        raise CohortError(
            "the survival outcome has no event; is 1 = event and 0 = censored in the event column?"
        )
