"""Measurement: what omics see of hidden activity, with noise, batches, dropout and gaps."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Literal, NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Float, Int
from pydantic import Field

from pathgnn.cohort.activity import Changes
from pathgnn.cohort.simulate import COVERED, LACKING
from pathgnn.errors import ConfigError
from pathgnn.settings import Settings, setting

OmicName = Literal["expression", "protein", "mutation", "copy_number", "methylation"]
Level = Annotated[float, Field(ge=0)]
Share = Annotated[float, Field(ge=0, lt=1)]
Covered = Annotated[float, Field(gt=0, le=1)]

OMICS: tuple[OmicName, ...] = ("expression", "protein", "mutation", "copy_number", "methylation")
USUAL_NOISE: Mapping[str, float] = MappingProxyType(
    {"expression": 0.7, "protein": 0.7, "mutation": 0.0, "copy_number": 0.0, "methylation": 1.0}
)
# What one unit of activity does to a measurement; calls of the DNA have no batch effects.
SLOPE: Mapping[str, float] = MappingProxyType(
    {"expression": 1.0, "protein": 1.0, "methylation": -0.7}
)


class Measurement(Settings):
    """What is measured, how well, and in whom. By omic; an omic not named has its usual value."""

    omics: tuple[OmicName, ...] = setting(OMICS, "layers that are measured", min_length=1)
    noise: dict[OmicName, Level] = setting(
        {}, "sd of the noise, activity having 1; mutation: share of calls that are wrong"
    )
    dropout: dict[OmicName, Share] = setting(
        {}, "share of patients without it; who would lack all keeps the first"
    )
    coverage: dict[OmicName, Covered] = setting({}, "share of genes it covers")
    missing: dict[OmicName, Share] = setting({}, "share of its values that are missing; usually 0")
    sites: int = setting(1, "hospitals, each with its own batch effects", ge=1)
    site_shift: float = setting(0.5, "sd over sites of a gene's shift, activity having 1", ge=0)
    site_scale: float = setting(0.2, "sd over sites of the log of a gene's scale", ge=0)


class Hidden(NamedTuple):
    """What is true of the patients, before anything is measured."""

    patients: tuple[str, ...]
    genes: tuple[str, ...]
    changes: Changes
    activity: Float[np.ndarray, "patient gene"]


def measure(
    hidden: Hidden,
    site: Int[np.ndarray, " patient"],
    settings: Measurement,
    rng: np.random.Generator,
) -> dict[str, pd.DataFrame]:
    """One table per omic; each omic's chance is its own, so that one changes no other."""
    noise, lost = rng.spawn(2)
    of_noise = dict(zip(OMICS, noise.spawn(len(OMICS)), strict=True))
    of_loss = dict(zip(OMICS, lost.spawn(len(OMICS)), strict=True))
    lacking = {k: _lacking(len(hidden.patients), k, settings, of_loss[k]) for k in settings.omics}
    first = settings.omics[0]
    lacking[first] &= ~np.all(list(lacking.values()), axis=0)
    tables: dict[str, pd.DataFrame] = {}
    for omic in settings.omics:
        seen = _seen(hidden, omic, site, settings, of_noise[omic])
        tables[omic] = _kept(hidden, seen, lacking[omic], settings, (omic, of_loss[omic]))
    return tables


def site_of(n_patients: int, n_sites: int, rng: np.random.Generator) -> Int[np.ndarray, " patient"]:
    """Sites of nearly equal size, by chance."""
    return np.asarray(rng.permutation(np.arange(n_patients) % n_sites))


def _seen(
    hidden: Hidden,
    omic: OmicName,
    site: Int[np.ndarray, " patient"],
    settings: Measurement,
    rng: np.random.Generator,
) -> Float[np.ndarray, "patient gene"]:
    """The values of one omic, complete."""
    level = settings.noise.get(omic, USUAL_NOISE[omic])
    noise_rng, site_rng = rng.spawn(2)
    if omic == "mutation":
        return _miscalled(hidden.changes.mutation, level, noise_rng)
    noise = level * noise_rng.standard_normal(hidden.activity.shape)
    if omic == "copy_number":
        return np.asarray(hidden.changes.copies + noise)
    values = SLOPE[omic] * hidden.activity + noise
    if settings.sites == 1:
        return np.asarray(values)
    shape = (settings.sites, len(hidden.genes))
    shift = settings.site_shift * site_rng.standard_normal(shape)
    scale = np.exp(settings.site_scale * site_rng.standard_normal(shape))
    return np.asarray(values * scale[site] + shift[site])


def _miscalled(
    mutation: Float[np.ndarray, "patient gene"], wrong: float, rng: np.random.Generator
) -> Float[np.ndarray, "patient gene"]:
    if wrong > 0.5:
        raise ConfigError(
            f"noise of mutation is {wrong:g}, but it is the share of calls that are wrong: at most "
            "0.5, where a call says nothing"
        )
    return np.asarray(np.abs(mutation - (rng.random(mutation.shape) < wrong)))


def _lacking(
    n_patients: int, omic: OmicName, settings: Measurement, rng: np.random.Generator
) -> np.ndarray:
    return np.asarray(rng.random(n_patients) < settings.dropout.get(omic, LACKING[omic]))


def _kept(
    hidden: Hidden,
    values: Float[np.ndarray, "patient gene"],
    lacking: np.ndarray,
    settings: Measurement,
    which: tuple[OmicName, np.random.Generator],
) -> pd.DataFrame:
    """The table without the genes an omic does not cover, patients who lack it, and its gaps."""
    omic, rng = which
    n_genes = len(hidden.genes)
    n_covered = max(2, round(settings.coverage.get(omic, COVERED[omic]) * n_genes))
    covered = np.sort(rng.choice(n_genes, n_covered, replace=False))
    gap = rng.random(values.shape) < settings.missing.get(omic, 0.0)
    has = np.flatnonzero(~lacking)
    table = pd.DataFrame(np.where(gap, np.nan, values)[np.ix_(has, covered)])
    table.index = pd.Index([hidden.patients[i] for i in has])
    table.columns = pd.Index([hidden.genes[j] for j in covered])
    return table
