"""Small cohorts without any signal, in which tests plant what `check` must find."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from pathgnn.cohort.cohort import Cohort, Outcome
from pathgnn.train.look import look_at_tables


def null_cohort(
    seed: int, n: int = 120, n_features: int = 400, kind: str = "binary", n_arms: int = 2
) -> Cohort:
    """Expression, mutation and two covariates that know nothing of outcome or arm."""
    rng = np.random.default_rng(seed)
    patients = tuple(f"S{i:05d}" for i in range(n))
    genes = [f"G{j}" for j in range(n_features)]
    shared = rng.normal(size=(n, 3)) @ rng.normal(size=(3, n_features))
    expression = pd.DataFrame(shared + rng.normal(size=(n, n_features)), patients, genes)
    burden = rng.gamma(1.0, 0.05, size=(n, 1))
    mutation = pd.DataFrame((rng.random((n, n_features)) < burden).astype(float), patients, genes)
    time = rng.exponential(30, n)
    value = {"binary": (rng.random(n) < 0.4).astype(float), "survival": time}
    return Cohort(
        name="null",
        patients=patients,
        omics={"expression": expression, "mutation": mutation},
        kinds={"expression": "expression", "mutation": "mutation"},
        clinical=pd.DataFrame(
            {"age": rng.normal(60, 9, n), "stage=II": (rng.random(n) < 0.5) * 1.0}, patients
        ),
        outcome=Outcome(
            kind=kind,
            patient=patients,
            arm=rng.permutation(np.arange(n) % n_arms),
            arms=tuple(f"arm{k}" for k in range(n_arms)),
            value=value.get(kind, rng.normal(size=n)),
            event=rng.random(n) < 0.6 if kind == "survival" else np.ones(n, dtype=bool),
            stratum=np.zeros(n, dtype=int),
            randomised=True,
            horizon=24.0 if kind == "survival" else 0.0,
        ),
    )


def with_column(cohort: Cohort, where: str, name: str, values: np.ndarray) -> Cohort:
    """The cohort with one more covariate, or feature of an omic."""
    if where == "clinical":
        return replace(cohort, clinical=cohort.clinical.assign(**{name: values}))
    table = cohort.omics[where].assign(**{name: values})
    return replace(cohort, omics={**cohort.omics, where: table})


def beside(cohort: Cohort, **columns: object) -> Cohort:
    """The cohort with columns that are only checked."""
    return replace(cohort, beside=pd.DataFrame(columns, index=list(cohort.patients)))


def assembled_apart(seed: int, n: int = 300, n_genes: int = 1500) -> Cohort:
    """Mutations whose two classes were called and filtered apart, then joined with zeros.

    As in the published folds of TRAPS: no gene separates the classes, all together do. Each class
    has genes of its own list beside the common ones, and calls on them are rare.
    """
    rng = np.random.default_rng(seed)
    cohort = null_cohort(seed, n, n_genes)
    y = cohort.outcome.value
    own = rng.integers(0, 3, n_genes)  # 0: in both lists; 1, 2: in the list of one class
    listed = (own[None] == 0) | ((own[None] == 1) & (y[:, None] == 0))
    listed |= (own[None] == 2) & (y[:, None] == 1)
    calls = (rng.random((n, n_genes)) < 0.03) & listed
    table = pd.DataFrame(calls.astype(float), cohort.patients, cohort.omics["mutation"].columns)
    return replace(cohort, omics={**cohort.omics, "mutation": table})


def said(cohort: Cohort, topic: str) -> list[str]:
    """Sentences of the warnings of a topic."""
    found = look_at_tables(cohort, 0).findings
    return [f.sentence for f in found if f.topic == topic and f.severity == "warning"]
