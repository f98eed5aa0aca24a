"""Attribution of every patient to every pathway as AnnData (.h5ad)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from pathgnn.export.results import Results
from pathgnn.export.to_tables import describe, pathways, patients
from pathgnn.files import whole_file


def to_h5ad(results: Results, path: Path, with_ids: bool = False) -> Path:
    """Write patients x pathways for the explained contrast.

    X is the attribution of the benefit, layer `prognostic` that of the outcome without treatment.
    `obs` has the patients' benefit with its interval, `var` the columns of the table of pathways,
    `uns` what they rest on.

    Args:
        results: What a run found out.
        path: The file.
        with_ids: Name patients by their ids instead of pseudonyms.
    """
    from anndata import AnnData

    attribution = results.explanation.attribution
    people = patients(results, with_ids)
    obs = people[people["arm"] == results.benefit.arm].set_index("patient")
    var = pathways(results).set_index("Term").reindex(list(attribution.pathways))
    data = AnnData(
        X=attribution.pathway.float().numpy(),
        obs=_as_objects(obs),
        var=_as_objects(var),
        layers={"prognostic": attribution.prognostic_pathway.float().numpy()},
        uns=describe(results),
    )
    with whole_file(path) as part:
        data.write_h5ad(part, convert_strings_to_categoricals=False)
    return path


def _as_objects(table: pd.DataFrame) -> pd.DataFrame:
    """The same table with its texts as objects: pandas 3 has strings that older anndata lacks."""
    out = pd.DataFrame(index=pd.Index(np.asarray(table.index, dtype=object), dtype=object))
    for name, column in table.items():
        is_text = column.dtype == object or pd.api.types.is_string_dtype(column.dtype)
        out[name] = column.to_numpy(dtype=object) if is_text else column.to_numpy()
    return out
