"""Results show themselves in Jupyter: escaped, small, in both themes, without patients."""

from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser

import pytest
from small_results import cascade_on

from pathgnn.attribute.explain import explain
from pathgnn.benefit.verdict import Finding
from pathgnn.card import MOST_ROWS, Card, as_html
from pathgnn.model.config import ExplainConfig
from pathgnn.train.estimate import estimate

HOSTILE = '<img src=x onerror="alert(1)"></td><script>alert(2)</script>&amp;'
ALLOWED = {"table", "tr", "th", "td"}


class Page(HTMLParser):
    """The tags, attributes and text of a piece of HTML."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.attributes, self.text = [], {}, ""
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes |= dict(attrs)

    def handle_data(self, data):
        self.text += data + "\n"


@pytest.fixture(scope="module")
def shown(trial, graph, nodes, fitted):
    """Every kind of result, with a hostile name wherever a name comes from the user."""
    genes, pathways = (HOSTILE, *graph.genes[1:]), (HOSTILE, *graph.pathways[1:])
    hostile = replace(graph, genes=genes, pathways=pathways)
    cohort = trial[0]
    arms = (cohort.outcome.arms[0], HOSTILE)
    outcome = replace(cohort.outcome, arms=arms, unit=HOSTILE)
    omics = {HOSTILE: cohort.omics["expression"]}
    attribution = explain(fitted, nodes, ExplainConfig(permutations=99, cascades=0)).attribution
    benefit = estimate(fitted, nodes)
    said = (Finding("note", "graph", 0.0, HOSTILE),)
    return {
        "cohort": replace(
            cohort, name=HOSTILE, outcome=outcome, omics=omics, kinds={HOSTILE: "expression"}
        ),
        "outcome": outcome,
        "nodes": replace(nodes, arms=arms, modalities=(HOSTILE, *nodes.modalities[1:])),
        "graph": hostile,
        "fitted": replace(fitted, ladder={HOSTILE: fitted.benefit, **fitted.ladder}),
        "benefit": replace(benefit, arm=HOSTILE, findings=said),
        "attribution": replace(attribution, genes=genes, pathways=pathways, arm=HOSTILE),
        "cascade": cascade_on(genes[:6], HOSTILE),
    }


KINDS = (
    "cohort",
    "outcome",
    "nodes",
    "graph",
    "fitted",
    "benefit",
    "attribution",
    "cascade",
)


@pytest.mark.parametrize("kind", KINDS)
def test_a_hostile_name_is_text_and_nothing_else(shown, kind):
    page = Page(shown[kind]._repr_html_())
    assert set(page.tags) <= ALLOWED
    assert set(page.attributes) <= {"style", "colspan"}
    assert HOSTILE in page.text


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_shown_names_a_patient(shown, nodes, kind):
    shown = shown[kind]._repr_html_() + repr(shown[kind])
    assert not any(patient in shown for patient in nodes.patients)
    assert len(shown) < 20_000


@pytest.mark.parametrize("kind", KINDS)
def test_the_theme_decides_every_colour(shown, kind):
    html = shown[kind]._repr_html_()
    assert "color" not in html
    assert "background" not in html


def test_a_truth_names_no_patient(trial):
    assert not any(patient in repr(trial[1]) for patient in trial[1].patients)


def test_a_long_table_is_cut_and_says_so():
    rows = [(f"G{i}", 1.23456) for i in range(MOST_ROWS + 3)]
    page = Page(as_html(Card("title", (), ("gene", "score"), rows)))
    assert f"G{MOST_ROWS - 1}" in page.text
    assert f"G{MOST_ROWS}" not in page.text
    assert "and 3 more" in page.text
    assert "1.23\n" in page.text


def test_a_benefit_says_what_was_found(fitted, nodes):
    benefit = estimate(fitted, nodes)
    text = Page(benefit._repr_html_()).text
    assert all(f.sentence in text for f in benefit.findings)
    assert f"{benefit.average.value:.3g}" in text
    assert f"p = {benefit.test.p:.3g}" in repr(benefit)
