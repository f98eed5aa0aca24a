"""Patients of a study that a saved model is to predict."""

from __future__ import annotations

from pathlib import Path

from pathgnn.cohort.cohort import Cohort
from pathgnn.cohort.identifiers import Identifiers
from pathgnn.cohort.read_new import read_new
from pathgnn.graph.load import load_graph, load_identifiers
from pathgnn.paths import takes_paths
from pathgnn.run import data_folder
from pathgnn.study import Study


@takes_paths
def new_patients(
    study: Study, folder: Path, data: Path | None = None
) -> tuple[Cohort, Identifiers | None]:
    """The patients of a study to be predicted, whether or not their outcomes are known.

    Args:
        study: The settings; of the outcome and the treatment only the table is used.
        folder: Where the study file lies.
        data: Folder of the tables; None: what the study says, from its own folder.
    """
    cohort = read_new(study.cohort, data_folder(study, folder, data), folder)
    graph = load_graph(study.graph, folder)
    return cohort, load_identifiers(study.graph, folder, cohort, graph)
