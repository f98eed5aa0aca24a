"""The cascade for a paper: every edge shows its sign, whatever the size of the figure."""

from __future__ import annotations

from dataclasses import replace

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch
from small_results import cascade_on, small_results

import pathgnn as pg


@pytest.fixture(scope="module")
def results(fitted, nodes, graph):
    return small_results(fitted, nodes, graph)


def _signed(results, *signs):
    """The first genes of a cascade, with edges of these signs."""
    cascade = cascade_on(results.explanation.attribution.genes[: len(signs) + 1])
    edges = tuple((u, v, s) for (u, v, _), s in zip(cascade.edges, signs, strict=True))
    explanation = results.explanation._replace(cascades=(replace(cascade, edges=edges),))
    return replace(results, explanation=explanation)


@pytest.mark.parametrize("inches", [(9, 2), (4, 1.5)])
def test_edges_end_outside_the_box_of_their_target(inches, results):
    figure = pg.cascade_figure(_signed(results, 1, -1, 0))
    figure.set_size_inches(*inches)
    FigureCanvasAgg(figure).draw()
    patches = figure.axes[0].patches
    boxes = [p.get_window_extent() for p in patches if isinstance(p, FancyBboxPatch)]
    for edge in (p for p in patches if isinstance(p, FancyArrowPatch)):
        at = edge.get_transform().transform_path(edge.get_path()).vertices
        assert not any(box.contains(*point) for box in boxes for point in at)


def test_activation_inhibition_and_an_unknown_sign_have_ends_of_their_own(results):
    figure = pg.cascade_figure(_signed(results, 1, -1, 0))
    FigureCanvasAgg(figure).draw()
    edges = [p for p in figure.axes[0].patches if isinstance(p, FancyArrowPatch)]
    heights = [e.get_path().get_extents().height for e in edges]
    ends = [type(e.get_arrowstyle()).__name__ for e in edges]
    assert ends == ["CurveFilledB", "BarAB", "Curve"]
    # A head and a bar have a width, a line has none.
    assert [h > 1e-6 for h in heights] == [True, True, False]
