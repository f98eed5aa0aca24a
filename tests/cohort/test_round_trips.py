"""A cohort written as h5mu or as a folder of parquet and read back is the same cohort."""

from __future__ import annotations

import tomllib
import warnings
from dataclasses import replace

import mudata
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pathgnn.cohort.cohort import Cohort, Outcome
from pathgnn.cohort.read_tables import read_cohort
from pathgnn.cohort.to_folder import to_folder
from pathgnn.cohort.to_h5mu import from_h5mu, to_h5mu
from pathgnn.errors import CohortError
from pathgnn.settings import parse, to_toml

RELAXED = settings(
    deadline=None, max_examples=25, suppress_health_check=list(HealthCheck), derandomize=True
)
KINDS = ("mutation", "copy_number", "expression", "methylation", "protein", "metabolite")


def _values(kind, shape, rng):
    if kind == "mutation":
        return rng.integers(0, 2, shape).astype(float)
    values = rng.normal(size=shape) * 3
    return np.clip(values, -2, 2) if kind == "copy_number" else values


DRAWN = (
    st.integers(0, 2**32 - 1),
    st.lists(st.sampled_from(KINDS), min_size=1, max_size=4, unique=True),
    st.sampled_from(["binary", "continuous", "survival"]),
    st.booleans(),
)


def drawn_cohort(seed, kinds, outcome_kind, crossover, in_order=False):
    """A cohort of any outcome, with gaps, crossovers, strata, sites and absent omics."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(45, 60))
    drawn = np.arange(n) if in_order else rng.permutation(n)
    patients = tuple(f"p {i:03d}é" for i in drawn)
    width = [np.float32, np.float64][seed % 2]
    omics = {}
    for kind in kinds:
        has = sorted(rng.choice(n, int(rng.integers(n // 2, n + 1)), replace=False))
        features = [f"G{i}/{kind[:2]}" for i in range(int(rng.integers(1, 6)))]
        values = _values(kind, (len(has), len(features)), rng).astype(width)
        values[0] += 0.0 if kind == "mutation" else 2.5 if kind == "methylation" else 0.0
        values[rng.random(values.shape) < 0.1] = np.nan
        values[0, 0], values[1, 0] = (1, 0) if kind == "mutation" else (-1.5, 1.75)
        omics[f"{kind} 1"] = pd.DataFrame(
            values, index=[patients[i] for i in has], columns=features
        )
    measured = set().union(*(set(t.index) for t in omics.values()))
    patients = tuple(p for p in patients if p in measured)
    outcome = _outcome(outcome_kind, crossover, patients, rng)
    sites = pd.Series(rng.choice(["a", "b b"], len(patients)), index=list(patients), dtype=object)
    ages = pd.Series(rng.normal(60, 9, len(patients)), index=list(patients))
    return Cohort(
        name="drawn",
        patients=patients,
        omics={k: t.reindex([p for p in patients if p in t.index]) for k, t in omics.items()},
        kinds={f"{kind} 1": kind for kind in kinds},
        clinical=pd.DataFrame({"age": ages.mask(rng.random(len(patients)) < 0.2)}),
        outcome=outcome,
        beside=pd.DataFrame({"site": sites}),
    )


def _outcome(kind, crossover, patients, rng):
    rows = np.repeat(np.arange(len(patients)), 2) if crossover else np.arange(len(patients))
    n = len(rows)
    value = {"binary": np.arange(n) // 2 % 2, "continuous": rng.normal(size=n)}.get(
        kind, rng.exponential(20, n)
    )
    event = rng.random(n) < 0.7 if kind == "survival" else np.ones(n, dtype=bool)
    event[0] = True
    competing = ~event & (rng.random(n) < 0.5) & bool(rng.integers(2))
    p = rng.uniform(0.1, 0.9, n)
    known = np.stack([p, 1 - p], 1) if rng.integers(2) else np.empty((n, 0))
    return Outcome(
        kind=kind,
        patient=tuple(patients[i] for i in rows),
        arm=np.arange(n) % 2,
        arms=("ctrl", "drug x"),
        value=value.astype(float),
        event=event,
        competing=competing,
        propensity=known,
        stratum=np.unique(rng.integers(0, rng.integers(1, 14), n), return_inverse=True)[1],
        randomised=bool(rng.integers(2)),
        crossover=crossover,
        horizon=36.0 if kind == "survival" else 0.0,
        unit="points",
    )


def same(one, other):
    """Both cohorts hold the same, but for the notes."""
    assert one.patients == other.patients
    assert dict(one.kinds) == dict(other.kinds)
    for name in one.kinds:
        pd.testing.assert_frame_equal(one.omics[name], other.omics[name], check_names=False)
    for part in ("clinical", "beside"):
        pd.testing.assert_frame_equal(getattr(one, part), getattr(other, part), check_names=False)
    for name, value in vars(one.outcome).items():
        np.testing.assert_array_equal(value, getattr(other.outcome, name))
    assert set(one.feature_maps) == set(other.feature_maps)


@RELAXED
@given(*DRAWN)
def test_h5mu_and_back_is_the_identity(tmp_path_factory, seed, kinds, outcome, crossover):
    cohort = drawn_cohort(seed, kinds, outcome, crossover)
    folder = tmp_path_factory.mktemp("round")
    back = from_h5mu(to_h5mu(cohort, folder / "a.h5mu"))
    same(cohort, back)
    to_h5mu(back, folder / "b.h5mu")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        one, two = (mudata.read_h5mu(folder / f) for f in ("a.h5mu", "b.h5mu"))
    assert list(one.mod) == list(two.mod)
    for name, part in one.mod.items():
        np.testing.assert_array_equal(part.X, two.mod[name].X)
        assert list(part.obs_names) == list(two.mod[name].obs_names)
        assert list(part.var_names) == list(two.mod[name].var_names)
    assert one.uns["pathgnn"]["cohort"] == two.uns["pathgnn"]["cohort"]


@RELAXED
@given(*DRAWN)
def test_a_folder_of_parquet_and_back_is_the_identity(
    tmp_path_factory, seed, kinds, outcome, crossover
):
    # As tables are read: patients in the order of their ids.
    cohort = drawn_cohort(seed, kinds, outcome, crossover, in_order=True)
    folder = tmp_path_factory.mktemp("round")
    source = to_folder(cohort, folder)
    text = to_toml(source)
    again = parse(type(source), tomllib.loads(text), "here")
    assert again == source
    same(cohort, read_cohort(again, folder))


def test_feature_maps_come_back(tmp_path, trial):
    cohort = trial[0]
    gene = cohort.omics["protein"].columns[0]
    table = pd.DataFrame({"feature": [gene], "gene": ["X"], "weight": [-1.0]})
    cohort = replace(cohort, feature_maps={"protein": table})
    back = from_h5mu(to_h5mu(cohort, tmp_path / "a.h5mu"))
    pd.testing.assert_frame_equal(back.feature_maps["protein"], table)
    assert back.notes == cohort.notes
    read = read_cohort(to_folder(cohort, tmp_path), tmp_path)
    pd.testing.assert_frame_equal(read.feature_maps["protein"], table)


def test_an_h5mu_of_others_is_refused_with_what_to_do(tmp_path, trial):
    to_h5mu(trial[0], tmp_path / "a.h5mu")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        data = mudata.read_h5mu(tmp_path / "a.h5mu")
        del data.uns["pathgnn"]
        data.write_h5mu(tmp_path / "b.h5mu")
    with pytest.raises(CohortError, match="read it through a study file"):
        from_h5mu(tmp_path / "b.h5mu")
