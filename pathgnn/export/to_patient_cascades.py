"""Cascades of single patients as a table; one patient has no p."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from pathgnn.attribute.cascade import Agreed, cascades_of
from pathgnn.cohort.small_cells import shape_of
from pathgnn.errors import ConfigError
from pathgnn.export.cascade_tables import COLUMNS, cascade_table
from pathgnn.export.results import Results
from pathgnn.export.to_tables import names_of
from pathgnn.model.config import ExplainConfig
from pathgnn.seeds import rng_for

# What needs several patients.
OF_MANY = ("p", "share_of_patients")


def patient_cascades(
    results: Results, config: ExplainConfig, patients: Sequence[int], with_ids: bool = False
) -> pd.DataFrame:
    """Which of the cohort's stable edges carry each patient's benefit? One row per gene.

    `adds` is what the gene adds to this patient's benefit, in its unit. A patient without a stable
    cascade has one row whose cascade is 0.

    Args:
        results: An explained run.
        config: As the run was explained.
        patients: Places in the cohort.
        with_ids: Name them by their ids instead of pseudonyms.

    Raises:
        ConfigError: a receptor or effector that is named is not on the graph.
    """
    e, names = results.explanation, names_of(results, with_ids)
    # p is dropped, so the fewest permutations do.
    quick = config.model_copy(update={"permutations": 99})
    networks = Agreed(e.attribution, results.fitted, quick, e.edge_frequency)
    tables = []
    for i in patients:
        rng = rng_for(results.fitted.seed, 7, 12)
        table = cascade_table(cascades_of(networks, rng, np.array([i])))
        own = dict(zip(e.attribution.genes, e.attribution.by_gene[i].tolist(), strict=True))
        table["adds"] = table["gene"].map(own)
        if not len(table):
            table = pd.DataFrame([{"cascade": 0}])
        tables.append(table.assign(patient=names[i]))
    columns = [c for c in COLUMNS if c not in OF_MANY]
    columns.insert(columns.index("score") + 1, "adds")
    whole = pd.concat(tables, ignore_index=True).reindex(columns=["patient", *columns])
    return whole.astype(dict.fromkeys(("cascade", "order", "direction"), "Int64"))


def places_of(names: Sequence[str], called: Sequence[str]) -> tuple[int, ...]:
    """Places of the patients that somebody names, each once.

    Args:
        names: As typed.
        called: Pseudonyms, or ids, of the cohort's patients in order.

    Raises:
        ConfigError: nobody is called so; the name is not repeated, for it may be an id.
    """
    place = {name: i for i, name in enumerate(called)}
    lost = [name for name in names if name not in place]
    if lost:
        raise ConfigError(
            f"no patient is called like a text such as {shape_of(lost[0])!r}; patients are named "
            f"as in the report, P00001 to P{len(called):05d}, or by your own ids with --with-ids"
        )
    return tuple(place[name] for name in dict.fromkeys(names))
