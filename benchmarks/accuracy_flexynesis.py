"""The peer flexynesis, called from pathgnn's environment and run as a script in its own."""

from __future__ import annotations

import argparse
import subprocess
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from accuracy_tasks import AccuracyTask, Places, Vector

COVARIATES, OUTCOME = "covariates", "clin"
# flexynesis' own defaults but for the iterations (100 there) and the pre-filter by variance,
# without which its Laplacian scores of 15,000 genes take longer than the fit.
ITERATIONS, PATIENCE = 5, 10
MOST_VARIABLE, TOP_PERCENT, FEWEST = 2000, 20, 500
CORRELATION = 0.8


def flexynesis_peers(python: Path, edges: Path | None) -> dict[str, Any]:
    """Its plain network, and its graph network if there are edges (parquet: source, target)."""
    peers = {"flexynesis DirectPred, with clinical": partial(_score, python=python, edges=None)}
    if edges is not None:
        peers["flexynesis GNN, genes only"] = partial(_score, python=python, edges=edges)
    return peers


def _score(
    task: AccuracyTask,
    train: Places,
    test: Places,
    seed: int,
    *,
    python: Path,
    edges: Path | None,
) -> Vector:
    """Scores of the test patients, higher is better, by DirectPred, or by GNN if there are edges.

    Raises:
        RuntimeError: the script failed.
    """
    with tempfile.TemporaryDirectory() as folder:
        for name, part in (("train", train), ("test", test)):
            _write(Path(folder, name), task, part)
        command = [str(python), str(Path(__file__).resolve()), folder, str(seed)]
        command += [] if edges is None else ["--edges", str(edges.resolve())]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"flexynesis failed: {done.stderr[-1000:]}")
        score = pd.read_csv(Path(folder, "score.csv"), index_col=0)["score"]
    return score.reindex(range(len(test))).to_numpy(float)


def _write(home: Path, task: AccuracyTask, part: Places) -> None:
    """flexynesis' layout, features x patients; a patient is called by the place, not by the id."""
    home.mkdir()
    patients = task.value.index[part]
    for name, table in {**task.omics, COVARIATES: task.clinical}.items():
        table.reindex(patients).reset_index(drop=True).T.to_csv(home / f"{name}.csv")
    outcome = {"value": task.value.to_numpy(float)[part]}
    if task.kind == "survival":
        outcome["event"] = task.event.to_numpy(float)[part]
    pd.DataFrame(outcome).to_csv(home / f"{OUTCOME}.csv")


def main() -> None:
    """Read FOLDER/train and FOLDER/test (features x patients), write FOLDER/score.csv."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("seed", type=int)
    parser.add_argument("--edges", type=Path, help="parquet with source and target")
    args = parser.parse_args()
    from lightning import seed_everything

    seed_everything(args.seed, workers=True)
    edges = None if args.edges is None else _read_edges(args.edges)
    train, test = (_read(args.folder / part) for part in ("train", "test"))
    data = _datasets(train, test, edges)
    score = _fit_and_score(*data, is_survival="event" in train[OUTCOME], is_graph=edges is not None)
    # A sample is called by its place; flexynesis reorders them.
    pd.DataFrame({"score": score}, index=data[1].samples).to_csv(args.folder / "score.csv")


def _read(folder: Path) -> dict[str, pd.DataFrame]:
    paths = sorted(folder.glob("*.csv"))
    tables = {path.stem: pd.read_csv(path, index_col=0) for path in paths}
    for name, table in tables.items():
        if name != OUTCOME:
            table.columns = table.columns.astype(int)
    return tables


def _read_edges(path: Path) -> pd.DataFrame:
    table = pd.read_parquet(path)[["source", "target"]].drop_duplicates()
    both = pd.concat([table, table.rename(columns={"source": "target", "target": "source"})])
    named = both.drop_duplicates().rename(columns={"source": "protein1", "target": "protein2"})
    return named.reset_index(drop=True)


def _datasets(
    train: dict[str, pd.DataFrame], test: dict[str, pd.DataFrame], edges: pd.DataFrame | None
) -> tuple[Any, Any]:
    """flexynesis' selection and scaling; its importer would drop patients without a mutation."""
    from flexynesis.data import DataImporter, MultiOmicDatasetNW

    importer = DataImporter(
        path="",
        data_types=[],
        min_features=FEWEST,
        top_percentile=TOP_PERCENT,
        correlation_threshold=CORRELATION,
    )
    omics = {name: _filled(train[name], test[name]) for name in train if name != OUTCOME}
    clinical = omics.pop(COVARIATES)
    chosen = importer.select_features({name: pair[0] for name, pair in omics.items()})
    known = {name: pair[1].loc[chosen[name].index] for name, pair in omics.items()}
    if edges is None:
        chosen[COVARIATES], known[COVARIATES] = clinical
    else:
        chosen = {name: t for name, t in chosen.items() if t.index.isin(edges["protein1"]).any()}
        known = {name: known[name] for name in chosen}
    fit = importer.normalize_data(chosen, fit=True)
    held_out = importer.normalize_data(known, fit=False)
    held_out = {name: table.clip(-10, 10) for name, table in held_out.items()}
    pair = (
        importer.get_torch_dataset(table, part[OUTCOME].astype(float), list(part[OUTCOME].index))
        for table, part in ((fit, train), (held_out, test))
    )
    wrap = (lambda x: x) if edges is None else partial(MultiOmicDatasetNW, interaction_df=edges)
    first, second = (wrap(dataset) for dataset in pair)
    return first, second


def _filled(train: pd.DataFrame, test: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The most variable features in training; what is unseen is the training mean."""
    spread = train.std(axis=1).sort_values(ascending=False, kind="stable")
    keep = spread[spread > 1e-8].index[:MOST_VARIABLE]
    mean = train.loc[keep].mean(axis=1)
    first, second = (part.loc[keep].T.fillna(mean).T for part in (train, test))
    return first, second


def _fit_and_score(
    train: Any,
    test: Any,
    *,
    is_survival: bool,
    is_graph: bool,
) -> np.ndarray:
    import torch
    from flexynesis.main import HyperparameterTuning
    from flexynesis.models.direct_pred import DirectPred
    from flexynesis.models.gnn_early import GNN

    name, model_class = ("GNN", GNN) if is_graph else ("DirectPred", DirectPred)
    torch.set_num_threads(1)
    tuning = HyperparameterTuning(
        train,
        model_class,
        name,
        target_variables=[] if is_survival else ["value"],
        surv_event_var="event" if is_survival else None,
        surv_time_var="value" if is_survival else None,
        n_iter=ITERATIONS,
        early_stop_patience=PATIENCE,
        device_type="cpu",
        gnn_conv_type="GC" if is_graph else None,
        num_workers=0,
    )
    model, _ = tuning.perform_tuning()
    found = model.predict(test)["event" if is_survival else "value"]
    score = np.asarray(found, float).reshape(len(test), -1)[:, 0]
    return -score if is_survival else score


if __name__ == "__main__":
    main()
