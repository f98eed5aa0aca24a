"""A cohort as an h5mu file, and back: omics as modalities, covariates, outcomes, all of it."""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pathgnn.cohort.cohort import Cohort, Outcome
from pathgnn.cohort.omic import Decision
from pathgnn.errors import CohortError
from pathgnn.files import whole_file

SCHEMA = 1
# The modality of the covariates; its observations are all patients of the cohort.
CLINICAL = "clinical"
ROWS = ("arm", "value", "event", "stratum")
# Absent where a file is older than these.
MORE_ROWS = ("competing", "propensity")


def to_h5mu(cohort: Cohort, path: Path) -> Path:
    """Write a cohort; `from_h5mu` gives the same back, and mudata reads it as any other file.

    Raises:
        CohortError: an omic called "clinical", or a name with a slash, which HDF5 has no place for.
    """
    import mudata

    for name in cohort.omics:
        if name == CLINICAL or "/" in name:
            raise CohortError(f"an omic cannot be called {name!r} in an h5mu file; rename it")
    with warnings.catch_warnings():
        # The same gene in two modalities is our normal case; mudata warns of it.
        warnings.simplefilter("ignore")
        parts = {CLINICAL: _part(cohort.clinical.reindex(list(cohort.patients)), cohort.beside)}
        parts |= {name: _part(cohort.omics[name]) for name in cohort.omics}
        data = mudata.MuData(parts)
        data.uns["pathgnn"] = _content(cohort)
        with whole_file(path) as part:
            data.write_h5mu(part)
    return path


def from_h5mu(path: Path) -> Cohort:
    """The cohort of a file that `to_h5mu` wrote.

    Raises:
        CohortError: no such file, or an h5mu file of others: a study file says what its columns
            mean.
    """
    from pathgnn.cohort.read_anndata import open_container, plain_columns, values_of

    data = open_container(path)
    content = getattr(data, "uns", {}).get("pathgnn")
    if not isinstance(content, Mapping) or "cohort" not in content:
        raise CohortError(
            f"{path.name} was not written by pathgnn; read it through a study file, whose `part` "
            "names a modality and whose [cohort.outcome] names columns of the observations"
        )
    known = json.loads(str(content["cohort"]))
    if known["schema"] > SCHEMA:
        raise CohortError(f"{path.name} was written by a newer pathgnn; upgrade it")
    patients = tuple(known["patients"])
    beside = plain_columns(data.mod[CLINICAL].obs).reindex(list(patients))
    return Cohort(
        name=known["name"],
        patients=patients,
        omics={name: values_of(data.mod[name], "") for name in known["kinds"]},
        kinds=known["kinds"],
        clinical=values_of(data.mod[CLINICAL], "").reindex(list(patients)),
        outcome=_outcome(known["outcome"], content, patients),
        feature_maps={k: _map(v) for k, v in known["feature_maps"].items()},
        notes=tuple(known["notes"]),
        beside=beside.astype(object).where(beside.notna()),
        scales={k: Decision(*v) for k, v in known.get("scales", {}).items()},
    )


def _part(table: pd.DataFrame, obs: pd.DataFrame | None = None) -> Any:
    from anndata import AnnData

    # As objects: pandas 3 has strings of its own, which older anndata does not write.
    texts = pd.DataFrame(index=pd.Index(table.index.astype(str), dtype=object))
    for column, values in () if obs is None else obs.items():
        texts[column] = values.reindex(table.index).to_numpy(dtype=object)
    names = pd.DataFrame(index=pd.Index(table.columns.astype(str), dtype=object))
    return AnnData(X=table.to_numpy(), obs=texts, var=names)


def _content(cohort: Cohort) -> dict[str, Any]:
    """What is neither values nor names: JSON for the settings, arrays for the rows."""
    outcome = cohort.outcome
    place = pd.Index(cohort.patients)
    known = {
        "schema": SCHEMA,
        "name": cohort.name,
        "patients": list(cohort.patients),
        "kinds": dict(cohort.kinds),
        "notes": list(cohort.notes),
        "scales": dict(cohort.scales),
        "feature_maps": {k: t.to_dict("list") for k, t in cohort.feature_maps.items()},
        "outcome": {
            "kind": outcome.kind,
            "arms": list(outcome.arms),
            "randomised": outcome.randomised,
            "crossover": outcome.crossover,
            "horizon": outcome.horizon,
            "unit": outcome.unit,
        },
    }
    rows = {name: np.asarray(getattr(outcome, name)) for name in (*ROWS, *MORE_ROWS)}
    rows["patient"] = place.get_indexer(pd.Index(outcome.patient))
    return {"cohort": json.dumps(known), **rows}


def _outcome(known: Any, content: Mapping[str, Any], patients: tuple[str, ...]) -> Outcome:
    arm, value, event, stratum = (np.asarray(content[name]) for name in ROWS)
    settings = known | {"arms": tuple(known["arms"])}
    settings |= {name: np.asarray(content[name]) for name in MORE_ROWS if name in content}
    return Outcome(
        patient=tuple(patients[i] for i in np.asarray(content["patient"])),
        arm=arm,
        value=value,
        event=event,
        stratum=stratum,
        **settings,
    )


def _map(columns: Mapping[str, Any]) -> pd.DataFrame:
    return pd.DataFrame(columns).astype({"feature": str, "gene": str, "weight": float})
