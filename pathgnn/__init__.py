"""pathgnn: who benefits from a treatment, by how much, and through which signaling cascade."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType
from typing import Any

__version__ = "0.2.0.dev1"

# Public name -> module. Loaded when first used, so that the command line answers at once.
_PUBLIC: Mapping[str, str] = MappingProxyType(
    {
        "Attribution": "attribute.attribution",
        "Benefit": "train.estimate",
        "Cascade": "attribute.attribution",
        "Cohort": "cohort.cohort",
        "CohortSource": "cohort.sources",
        "Encoder": "model.encoder",
        "ExplainConfig": "model.config",
        "FitConfig": "model.config",
        "Fitted": "train.fitted",
        "GraphSource": "graph.load",
        "NetConfig": "model.config",
        "Nodes": "graph.nodes",
        "Outcome": "cohort.cohort",
        "PathgnnError": "errors",
        "PathwayGraph": "graph.graph",
        "PretrainConfig": "model.config",
        "Recipe": "train.fit",
        "Results": "export.results",
        "Simulation": "cohort.simulation",
        "Study": "study",
        "SweepConfig": "train.sweep_config",
        "Truth": "cohort.truth",
        "assemble": "graph.assemble",
        "attribute_outcome": "attribute.outcome",
        "calibration_figure": "export.to_figures",
        "cascade_figure": "export.to_cascade_figure",
        "cascades": "attribute.cascade",
        "check": "train.check",
        "demo_input": "demo",
        "estimate": "train.estimate",
        "evaluate": "train.evaluate",
        "examine": "attribute.examine",
        "explain": "attribute.explain",
        "export": "export.formats",
        "fit": "train.crossfit",
        "fit_outcome": "train.outcome",
        "flow_figure": "export.to_flow_figure",
        "from_curated": "graph.from_curated",
        "from_hetero": "graph.as_hetero",
        "from_networkx": "graph.as_networkx",
        "heatmap_figure": "export.to_figures",
        "load": "train.bundle",
        "load_encoder": "train.encoder_file",
        "load_graph": "graph.load",
        "mean_gained": "benefit.estimand",
        "meet": "train.bundle",
        "modality_value": "train.modality_value",
        "molecules_of": "graph.project",
        "months_gained": "benefit.estimand",
        "new_patients": "newcomers",
        "n_steps": "train.crossfit",
        "over_time_figure": "export.to_over_time",
        "pathway_occlusion": "attribute.pathway_value",
        "pathway_shapley": "attribute.pathway_value",
        "pathways_figure": "export.to_figures",
        "patient_figure": "export.to_patient_figure",
        "predict": "train.bundle",
        "pretrain": "train.pretrain",
        "progress_bar": "bar",
        "project": "graph.project",
        "read_cohort": "cohort.read_tables",
        "read_graph": "graph.keep",
        "read_hgnc": "cohort.identifiers",
        "read_input": "run",
        "read_source": "graph.build",
        "read_study": "study",
        "risk_avoided": "benefit.estimand",
        "run_controls": "controls",
        "run_nulls": "nulls",
        "run_study": "run",
        "run_sweep": "sweep",
        "save": "train.bundle",
        "save_encoder": "train.encoder_file",
        "save_graph": "graph.keep",
        "score_benefit": "benefit.against_truth",
        "score_edges": "benefit.against_truth",
        "score_genes": "benefit.against_truth",
        "score_pathways": "benefit.against_truth",
        "semi_synthetic": "simulated",
        "simulate": "simulated",
        "subgroup_cascades": "attribute.subgroup_cascades",
        "subgroup_figure": "export.to_subgroup_figure",
        "survival_gained": "benefit.estimand",
        "to_graphml": "export.to_graphml",
        "to_hetero": "graph.as_hetero",
        "to_networkx": "graph.as_networkx",
        "to_report": "export.to_report",
        "to_rnk": "export.to_rnk",
        "to_tables": "export.to_tables",
        "toc_figure": "export.to_figures",
        "tune": "train.tune",
        "verify": "train.verify",
    }
)

__all__ = [*_PUBLIC]


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'pathgnn' has no attribute {name!r}")
    return getattr(import_module(f"pathgnn.{_PUBLIC[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_PUBLIC])
