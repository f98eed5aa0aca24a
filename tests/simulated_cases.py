"""Simulated cohorts on the small graph of the tests."""

from __future__ import annotations

import numpy as np
import pandas as pd
from conftest import ladder_graph, trial_plan

from pathgnn.cohort.cohort import Cohort
from pathgnn.cohort.simulation import Simulated, Simulation, simulate_cohort
from pathgnn.settings import parse

PLAN = trial_plan(ladder_graph())
BIG = 20_000


def made(n: int = 2000, seed: int = 5, **groups) -> Simulated:
    """A cohort with some groups of settings named."""
    settings = parse(Simulation, {"n_patients": n, **groups}, "test")
    return simulate_cohort(PLAN, settings, np.random.default_rng(seed))


def same_omics(one: Cohort, other: Cohort) -> None:
    """Omics and covariates agree to the bit."""
    assert list(one.omics) == list(other.omics)
    for name, table in one.omics.items():
        pd.testing.assert_frame_equal(table, other.omics[name], check_exact=True)
    pd.testing.assert_frame_equal(one.clinical, other.clinical, check_exact=True)
