"""A simulated cohort as a folder: tables, study file and graph to run on, and its truth beside."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pathgnn.cohort import TRANSFORMS
from pathgnn.cohort.cohort import Cohort
from pathgnn.cohort.read_outcome import SUBGROUP
from pathgnn.cohort.simulation import Simulated, Simulation
from pathgnn.cohort.truth import Truth
from pathgnn.errors import CohortError, ConfigError
from pathgnn.files import read_json, refuse_others, whole_folder, write_csv, write_json, write_text
from pathgnn.graph.graph import PathwayGraph
from pathgnn.graph.keep import SUFFIX, save_graph
from pathgnn.settings import parse, to_toml
from pathgnn.study import Study

CLINICAL, GRAPH, STUDY, TRUTH = "clinical.csv", "graph" + SUFFIX, "study.toml", "truth"
VALUE = {"continuous": "response", "binary": "good_outcome", "survival": "months"}
# Fields of the truth that are one value for the whole cohort.
WORDS = ("arms", "cascade", "direction", "parts", "prognostic", "pathway", "prognostic_pathway")


def write_study(
    made: Simulated,
    graph: PathwayGraph,
    settings: Simulation,
    out: Path,
    names: Mapping[str, Path] | None = None,
) -> Path:
    """Write OUT whole or not at all; the path of its study file.

    Args:
        made: Cohort and truth.
        graph: Written beside them, so that the study runs anywhere.
        settings: Kept with the truth.
        out: A folder that is new, empty, or an earlier simulation.
        names: Files with names of genes that the features need, by their setting in [graph].

    Raises:
        ConfigError: `out` holds something else.
    """
    files = {name: path.name for name, path in (names or {}).items()}
    mark = f"{TRUTH}/truth.json"
    refuse_others(out, mark, _names(made.cohort, files.values()))
    with whole_folder(out, mark) as folder:
        for name, table in made.cohort.omics.items():
            table.rename_axis("patient").to_parquet(folder / f"{_stem(name)}.parquet")
        for name, table in made.cohort.feature_maps.items():
            write_csv(folder / f"{_stem(name)}_features.csv", table)
        write_csv(folder / CLINICAL, clinical_table(made.cohort))
        save_graph(graph, folder / GRAPH)
        for path in (names or {}).values():
            shutil.copyfile(path, folder / path.name)
        text = study_text(made.cohort, settings, f"run-{out.resolve().name}", files)
        write_text(folder / STUDY, text)
        write_truth(made.truth, settings, folder / TRUTH)
    return out / STUDY


def _names(cohort: Cohort, more: Iterable[str]) -> set[str]:
    """What the folder of a simulation holds."""
    omics = {*TRANSFORMS, *cohort.omics}
    tables = {f"{_stem(name)}{end}" for name in omics for end in (".parquet", "_features.csv")}
    return {*tables, CLINICAL, GRAPH, STUDY, TRUTH, *more}


def clinical_table(cohort: Cohort) -> pd.DataFrame:
    """Outcome, arm, covariates and what is beside, a row per patient."""
    outcome = cohort.outcome
    columns: dict[str, Any] = {"arm": [outcome.arms[a] for a in outcome.arm]}
    columns[VALUE[outcome.kind]] = outcome.value
    if outcome.kind == "survival":
        columns["event"] = outcome.event.astype(int)
    if outcome.stratum.any():
        columns["stratum"] = outcome.stratum
    columns |= {
        name: cohort.beside[k].to_numpy()
        for k, name in _beside_names(cohort).items()
        # A column by which patients are shown apart may be a covariate, too, and is written once.
        if name == k or name not in cohort.clinical.columns
    }
    twice = set(columns) & set(cohort.clinical.columns)
    if twice:
        raise CohortError(
            f"the covariate {min(twice)!r} has the name of a simulated column; rename it"
        )
    table = pd.DataFrame(columns, index=pd.Index(outcome.patient, name="patient"))
    return table.join(cohort.clinical).reset_index()


def _beside_names(cohort: Cohort) -> dict[str, str]:
    """The columns beside, by their names in the cohort, as the table has them."""
    return {str(k): str(k).removeprefix(SUBGROUP) for k in cohort.beside.columns}


def _beside(cohort: Cohort) -> dict[str, Any]:
    """The table [cohort.beside] of the study."""
    names = _beside_names(cohort)
    apart = [name for k, name in names.items() if name != k]
    named: dict[str, Any] = {k: name for k, name in names.items() if name == k}
    return named | ({"subgroups": apart} if apart else {})


def study_text(cohort: Cohort, settings: Simulation, run: str, names: Mapping[str, str]) -> str:
    """The study file of a simulated cohort, whose run goes to the folder `run`."""
    study = {
        "name": settings.name,
        "seed": settings.seed,
        "out": run,
        "cohort": {
            "name": settings.name,
            "omics": {omic: _omic(cohort, omic) for omic in cohort.omics},
            "clinical": {"file": CLINICAL, "columns": list(cohort.clinical.columns)},
            "beside": _beside(cohort),
            "outcome": _outcome(cohort),
            "treatment": _treatment(cohort),
        },
        "graph": {"file": GRAPH, **names},
    }
    first = "# A simulated cohort; what it was made from lies in truth/, which no run reads.\n"
    return first + to_toml(parse(Study, study, STUDY))


def _omic(cohort: Cohort, omic: str) -> dict[str, Any]:
    source = {"file": f"{_stem(omic)}.parquet", "kind": cohort.kinds[omic]}
    mapped = {"feature_map": f"{_stem(omic)}_features.csv"} if omic in cohort.feature_maps else {}
    return source | mapped


def _outcome(cohort: Cohort) -> dict[str, Any]:
    outcome = cohort.outcome
    known: dict[str, Any] = {"file": CLINICAL, "kind": outcome.kind, "unit": outcome.unit}
    if outcome.kind == "survival":
        return known | {"time": "months", "event": "event", "horizon": outcome.horizon}
    return known | {"value": VALUE[outcome.kind]}


def _treatment(cohort: Cohort) -> dict[str, Any]:
    outcome = cohort.outcome
    return {
        "column": "arm",
        "reference": outcome.arms[0],
        "arms": list(outcome.arms[1:]),
        "randomised": outcome.randomised,
        "strata": ["stratum"] if outcome.stratum.any() else [],
    }


def write_truth(truth: Truth, settings: Simulation, folder: Path) -> None:
    """benefit.csv (a row per patient and contrast), genes.csv, edges.csv and truth.json."""
    rows = [
        pd.DataFrame(
            {
                "patient": truth.patients,
                "arm": arm,
                "benefit": truth.tau[:, k],
                "score": truth.score[:, k],
                "propensity": truth.propensity[:, k + 1],
                "confounder": truth.confounder,
            }
        )
        for k, arm in enumerate(truth.arms[1:])
    ]
    write_csv(folder / "benefit.csv", pd.concat(rows))
    towards = dict(zip(truth.cascade, truth.direction, strict=True))
    genes = pd.DataFrame({"gene": truth.genes})
    genes["direction"] = [towards.get(g, 0) for g in truth.genes]
    genes["decides"] = [
        ";".join(a for a, part in zip(truth.arms[1:], truth.parts, strict=True) if g in part)
        for g in truth.genes
    ]
    genes["prognostic"] = [g in truth.prognostic for g in truth.genes]
    write_csv(folder / "genes.csv", genes)
    write_csv(folder / "edges.csv", pd.DataFrame(list(truth.edges), columns=["source", "target"]))
    words = {name: getattr(truth, name) for name in (*WORDS, "estimand")}
    content = {**words, "seed": settings.seed, "settings": settings.model_dump(mode="json")}
    write_json(folder / "truth.json", content)


def read_truth(folder: Path) -> Truth:
    """The truth of a simulated study, from its folder or the folder `truth` in it.

    Raises:
        ConfigError: no truth there, or a damaged one.
    """
    folder = folder / TRUTH if (folder / TRUTH).is_dir() else folder
    words = read_json(folder / "truth.json", ConfigError)
    try:
        benefit = pd.read_csv(
            folder / "benefit.csv", dtype={"patient": str}, float_precision="round_trip"
        )
        genes = pd.read_csv(folder / "genes.csv", keep_default_na=False)["gene"]
        edges = pd.read_csv(folder / "edges.csv", keep_default_na=False)
        contrasts = [benefit[benefit["arm"] == arm] for arm in words["arms"][1:]]
        treated = np.stack([c["propensity"].to_numpy(float) for c in contrasts], axis=1)
        return Truth(
            tau=np.stack([c["benefit"].to_numpy(float) for c in contrasts], axis=1),
            score=np.stack([c["score"].to_numpy(float) for c in contrasts], axis=1),
            propensity=np.concatenate([1 - treated.sum(1, keepdims=True), treated], axis=1),
            confounder=contrasts[0]["confounder"].to_numpy(float),
            patients=tuple(contrasts[0]["patient"]),
            genes=tuple(genes),
            edges=tuple(zip(edges["source"], edges["target"], strict=True)),
            estimand=words["estimand"],
            **{name: _tuples(words[name]) for name in WORDS},
        )
    except (OSError, KeyError, ValueError) as error:
        raise ConfigError(f"the truth in {folder} is damaged ({error}); simulate again") from error


def _stem(omic: str) -> str:
    """A file name for an omic."""
    return re.sub(r"[^\w.-]", "_", omic)


def _tuples(value: Any) -> Any:
    return tuple(map(_tuples, value)) if isinstance(value, list) else value
