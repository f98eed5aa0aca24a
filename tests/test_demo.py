"""The demo keeps its promises, and its report opens in a browser without a complaint."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from browser import opened

from pathgnn.demo import CASCADE, PREDICTIVE, PROGNOSTIC, demo_input
from pathgnn.export.to_report import to_report
from pathgnn.export.to_tables import pathways
from pathgnn.run import run

HOSTILE = (
    "<img src=x onerror=document.title='hacked'></script><script>document.title='hacked'</script>"
)


# Of the session: tests that a worker takes from another come between, and end a module.
@pytest.fixture(scope="session")
def demo(tmp_path_factory, full_forests):
    """Results of the demo as the command line runs it, and their folder."""
    out = tmp_path_factory.mktemp("demo")
    with full_forests():
        return run(demo_input(), out), out


def test_predicted_benefit_follows_the_truth(demo):
    results, _ = demo
    assert np.corrcoef(results.benefit.score, results.truth.benefit)[0, 1] >= 0.7
    assert results.benefit.differs


def test_the_planted_pathway_is_first_and_the_prognostic_one_not_predictive(demo):
    table = pathways(demo[0]).set_index("Term")
    assert table.index[0] == PREDICTIVE
    assert table["is_predictive"][PREDICTIVE]
    assert not table["is_predictive"][PROGNOSTIC]
    assert table["is_prognostic"][PROGNOSTIC]


def test_most_of_the_planted_cascade_comes_back(demo):
    top = demo[0].explanation.cascades[0]
    assert len(set(top.genes) & set(CASCADE)) >= 0.7 * len(CASCADE)
    assert top.pathway == PREDICTIVE
    assert top.p < 0.05


def test_some_patients_lack_whole_omics_and_are_predicted(demo):
    nodes = demo[0].nodes
    assert not nodes.seen.any(0).all()
    assert np.isfinite(demo[0].benefit.benefit).all()


def test_the_report_draws_its_plots_and_loads_nothing(demo, tmp_path):
    page, complaints = opened(demo[1] / "report.html", tmp_path)
    assert page.count("js-plotly-plot") >= 4
    assert page.count("main-svg") >= 4
    assert not complaints
    assert "http" not in (demo[1] / "report.html").read_text().split("<script>")[0].replace(
        "http://www.w3.org", ""
    ).replace("http-equiv", "").replace("http://purl.org", "").replace(
        "http://creativecommons.org", ""
    ).replace("https://matplotlib.org", "")


def test_hostile_names_stay_text(demo, tmp_path):
    results = demo[0]
    a = results.explanation.attribution
    cascade = results.explanation.cascades[0]
    bad = replace(cascade, pathway=HOSTILE, genes=(HOSTILE, *cascade.genes[1:]), edges=())
    bad = replace(bad, frequency=())
    graph = results.fitted.recipe.graph
    renamed = replace(
        graph, genes=(HOSTILE, *graph.genes[1:]), pathways=(HOSTILE, *graph.pathways[1:])
    )
    genes = (HOSTILE, *a.genes)
    explanation = results.explanation._replace(
        cascades=(bad,), attribution=replace(a, genes=genes, pathways=renamed.pathways)
    )
    fitted = replace(results.fitted, recipe=results.fitted.recipe._replace(graph=renamed))
    hostile = replace(results, name=HOSTILE, fitted=fitted, explanation=explanation)
    page, _ = opened(to_report(hostile, tmp_path / "report.html"), tmp_path)
    title = page.split("<title>")[1].split("</title>")[0]
    assert "hacked" not in title.replace("document.title='hacked'", "").replace("&lt;", "")
    assert "<img src=x" not in page
