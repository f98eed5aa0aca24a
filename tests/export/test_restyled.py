"""Figures are plain matplotlib objects: a user restyles them, and nothing global changes."""

from __future__ import annotations

import pytest
from matplotlib import pyplot, rc_context, rcParams
from matplotlib.figure import Figure
from matplotlib.text import Text
from small_results import small_results, without_differences

import pathgnn as pg

FIGURES = sorted(name for name in pg.__all__ if name.endswith("_figure"))


@pytest.fixture(scope="module")
def results(fitted, nodes, graph):
    return small_results(fitted, nodes, graph)


def test_a_cascade_is_restyled_for_a_paper(results, tmp_path):
    figure = pg.cascade_figure(results)
    figure.set_size_inches(3.3, 1.5)
    figure.axes[0].set_title("How the drug works")
    for text in figure.findobj(Text):
        text.set_color("#13579b")
    figure.savefig(tmp_path / "cascade.svg")
    svg = (tmp_path / "cascade.svg").read_text()
    assert "How the drug works" in svg
    assert "#13579b" in svg
    assert 'width="237.6pt"' in svg
    assert 'height="108pt"' in svg


def test_the_styles_of_the_user_are_taken_up(results):
    with rc_context({"axes.facecolor": "#123456", "lines.linewidth": 7.0}):
        figure = pg.toc_figure(results)
    axes = figure.axes[0]
    assert axes.patch.get_facecolor()[:3] == pytest.approx((0x12 / 255, 0x34 / 255, 0x56 / 255))
    assert axes.lines[0].get_linewidth() == 7.0


@pytest.mark.parametrize("name", [n for n in FIGURES if n != "over_time_figure"])
def test_a_figure_is_drawn_without_touching_pyplot(results, name):
    before = dict(rcParams)
    for given in (results, without_differences(results)):
        figure = getattr(pg, name)(given)
        assert isinstance(figure, Figure)
        assert figure.axes or figure.texts
    assert pyplot.get_fignums() == []
    assert dict(rcParams) == before


def test_any_patient_is_drawn_by_pseudonym(results):
    figure = pg.patient_figure(results, 4)
    names = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert names[-1] == "benefit of P00005"


@pytest.mark.parametrize("patient", [-1, 300])
def test_a_patient_who_is_not_there_is_refused(results, patient):
    with pytest.raises(pg.PathgnnError, match=f"no patient {patient}; .* 0 to 299"):
        pg.patient_figure(results, patient)
