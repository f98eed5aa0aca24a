"""The HTML report: one self-contained page, every name escaped, nothing loaded from elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import plotly.graph_objects as go

from pathgnn.attribute.subgroup_cascades import MULTIPLICITY
from pathgnn.export.figure_style import MODALITY_COLOURS
from pathgnn.export.page import escaped, label, sized, write_page
from pathgnn.export.report_cascades import cascade_data, cascade_groups
from pathgnn.export.report_flow import flow_plot, forest_plot
from pathgnn.export.report_methods import methods
from pathgnn.export.report_words import first_screen, p_said
from pathgnn.export.results import Results
from pathgnn.export.to_evaluation import policy, prognosis
from pathgnn.export.to_figures import pathway_matrix, pathway_points
from pathgnn.export.to_over_time import over_time
from pathgnn.export.to_tables import genes, ladder, pathways
from pathgnn.export.tripod import tripod
from pathgnn.export.waterfall import patient_data
from pathgnn.paths import takes_paths

GENES_SHOWN = 15
LINE, BAND = "#0072b2", "rgba(0,114,178,0.2)"
# Name, whether it is a number, and the direction of the first sort.
PATHWAY_COLUMNS = (
    ("pathway", False, "ascending"),
    ("measured", True, "descending"),
    ("benefit", True, "descending"),
    ("q", True, "ascending"),
    ("prognosis", True, "descending"),
    ("says", False, "descending"),
    ("lead genes", False, "ascending"),
)
PARTS = (
    ("verdicts", "Verdicts"),
    ("cascades", "Cascades"),
    ("pathways", "Pathways"),
    ("flow", "Flow"),
    ("genes", "Genes"),
    ("patient", "One patient"),
    ("who", "Curves"),
    ("policy", "Policy"),
    ("subgroups", "Subgroups"),
    ("rests", "Data"),
    ("methods", "Methods"),
    ("tripod", "TRIPOD+AI"),
)


@takes_paths
def to_report(results: Results, path: Path) -> Path:
    """Write the report."""
    return write_page("report.html.j2", _content(results), plots(results), path)


def plots(results: Results) -> dict[str, go.Figure]:
    """The interactive figures by name."""
    draw = {
        "heatmap": _heatmap,
        "toc": _toc,
        "calibration": _calibration,
        "prognostic": _prognostic,
    }
    draw["flow"] = flow_plot
    if any(s.arm == results.benefit.arm for s in results.subgroups):
        draw["forest"] = forest_plot
    if results.fitted.over_time is not None:
        draw["over_time"] = _over_time
    return {name: function(results) for name, function in draw.items()}


def _content(results: Results) -> dict[str, Any]:
    benefit = results.benefit
    groups = cascade_groups(results)
    cascades = cascade_data(results, groups)
    shown = ladder(results)
    return {
        "results": results,
        "benefit": benefit,
        "findings": results.findings,
        "first": first_screen(results),
        "p_said": p_said,
        "parts": PARTS,
        "groups": groups,
        "multiplicity": MULTIPLICITY,
        "pathways": pathways(results).to_dict("records"),
        "pathway_columns": PATHWAY_COLUMNS,
        "genes": genes(results).drop_duplicates("symbol").head(GENES_SHOWN).to_dict("records"),
        "default": results.fitted.default,
        "ladder": shown[shown["arm"] == benefit.arm].to_dict("records"),
        "policy": policy(results).to_dict("records"),
        "subgroups": [s for s in results.subgroups if s.arm == benefit.arm],
        "prognosis": prognosis(results).round(3).to_dict("split"),
        "others": [b for b in results.benefits if b.arm != benefit.arm],
        "recovered": _recovered(results),
        "methods": methods(results),
        "tripod": tripod(results),
        "report": {
            "cascades": cascades,
            "patients": patient_data(results),
            "modalities": list(results.explanation.attribution.modalities),
            "modality_colours": MODALITY_COLOURS,
        },
        "scripts": [f"report_{name}.js" for name in _scripts(bool(cascades))],
    }


def _scripts(with_cascades: bool) -> tuple[str, ...]:
    """Our own scripts in the order in which they need each other."""
    return ("draw", "table", "patient", *(("gene", "cascade") if with_cascades else ()))


def _recovered(results: Results) -> dict[str, Any] | None:
    """What of a simulation's truth was found again; None on real data."""
    truth = results.truth
    if truth is None:
        return None
    found = results.explanation.cascades
    genes_found = set(found[0].genes) if found else set()
    return {
        "r": float(np.corrcoef(results.benefit.score, truth.benefit)[0, 1]),
        "planted": truth.cascade,
        "found": sorted(genes_found & set(truth.cascade), key=truth.cascade.index),
        "pathway": truth.pathway,
    }


def _heatmap(results: Results) -> go.Figure:
    names, values = pathway_matrix(results)
    place = list(range(len(names)))
    limit = float(np.quantile(np.abs(values), 0.99)) or 1.0
    figure = go.Figure(
        go.Heatmap(
            z=np.round(values, 4),
            y=place,
            text=[[escaped(n)] * values.shape[1] for n in names],
            hovertemplate="%{text}: %{z:.3g}<extra></extra>",
            colorscale="RdBu",
            reversescale=True,
            zmin=-limit,
            zmax=limit,
        )
    )
    ticks = [label(n) for n in names]
    figure.update_yaxes(autorange="reversed", tickvals=place, ticktext=ticks, automargin=True)
    figure.update_xaxes(title="patients, by predicted benefit →", showticklabels=False)
    return sized(figure, 60 + 26 * len(names))


def _toc(results: Results) -> go.Figure:
    toc = results.benefit.toc
    share = toc.share * 100
    band = {"mode": "lines", "line": {"width": 0}, "showlegend": False, "hoverinfo": "skip"}
    figure = go.Figure(
        [
            go.Scatter(x=share, y=toc.value - 1.96 * toc.se, **band),
            go.Scatter(
                x=share, y=toc.value + 1.96 * toc.se, fill="tonexty", fillcolor=BAND, **band
            ),
            go.Scatter(x=share, y=toc.value, mode="lines", line={"color": LINE}, name="TOC"),
        ]
    )
    figure.add_hline(0, line_width=1)
    figure.update_xaxes(title="% treated, highest predicted benefit first")
    figure.update_yaxes(title="gain above treating all")
    return sized(figure, 340)


def _calibration(results: Results) -> go.Figure:
    predicted = [x for x, _ in results.benefit.groups]
    observed = [e for _, e in results.benefit.groups]
    figure = go.Figure(
        go.Scatter(
            x=predicted,
            y=[e.value for e in observed],
            error_y={"array": [1.96 * e.se for e in observed]},
            mode="markers",
            name="fifths of patients",
        )
    )
    ends = [min(predicted), max(predicted)]
    figure.add_scatter(
        x=ends, y=ends, mode="lines", name="exact", line={"color": "grey", "width": 1}
    )
    figure.update_xaxes(title="predicted, before shrinkage")
    figure.update_yaxes(title="observed")
    return sized(figure, 340)


def _over_time(results: Results) -> go.Figure:
    table = over_time(results)
    figure = go.Figure()
    for arm, rows in table.groupby("arm", sort=False):
        error = {"array": 1.96 * rows["survival_se"]}
        line = {"x": rows["month"], "y": rows["survival_gained"], "error_y": error}
        figure.add_scatter(**line, name=label(str(arm)))
    figure.add_hline(0, line_width=1)
    figure.update_xaxes(title="months from time zero")
    figure.update_yaxes(title="probability gained then")
    # Of one arm the report's first line says which.
    several = table["arm"].nunique() > 1
    return sized(figure, 300).update_layout(
        showlegend=several, legend={"orientation": "h", "y": -0.25}
    )


def _prognostic(results: Results) -> go.Figure:
    names, prognostic, predictive, q = pathway_points(results)
    colour = np.where(q < 0.05, "#b2182b", "#999999")
    figure = go.Figure(
        go.Scatter(
            x=prognostic,
            y=predictive,
            text=[escaped(n) for n in names],
            mode="markers",
            marker={"color": colour},
        )
    )
    figure.update_xaxes(title=f"prognostic ({escaped(results.outcome_unit)})")
    unit = label(results.benefit.estimand.unit)
    figure.update_yaxes(title=f"predictive ({unit}; red: q < .05)")
    return sized(figure, 340)
