"""What the report and its figures say: steps that add up, honest words, labels apart."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from small_results import cascade_on, small_results, without_differences

from pathgnn.benefit.safeguards import holm
from pathgnn.benefit.verdict import Finding
from pathgnn.export import to_report
from pathgnn.export.flow import flow_of
from pathgnn.export.report_cascades import cascade_data, cascade_groups
from pathgnn.export.report_words import first_screen
from pathgnn.export.to_figures import FIGURES
from pathgnn.export.to_tables import pathways, patients
from pathgnn.export.tripod import tripod
from pathgnn.export.waterfall import remainder, steps_of, strongest


@pytest.fixture(scope="module")
def results(fitted, nodes, graph):
    return small_results(fitted, nodes, graph)


def test_steps_add_up_from_the_average_to_every_benefit(results):
    steps = steps_of(results)
    for patient in (0, 1, len(results.benefit.benefit) - 1):
        shown = strongest(steps, patient, 3)
        whole = steps.average + sum(v for _, v in shown) + sum(remainder(steps, patient, shown))
        assert whole == pytest.approx(results.benefit.benefit[patient], abs=1e-5)


def test_steps_are_taken_back_where_benefit_does_not_differ(results):
    steps = steps_of(without_differences(results))
    added = steps.pathway.sum(1) + steps.clinical + steps.rest
    assert np.allclose(added, -steps.shrunk, atol=1e-6)


def test_what_flows_into_a_gene_flows_out_to_its_pathways(results):
    flow = flow_of(results)
    assert np.allclose(flow.to_gene.sum(0), flow.to_pathway.sum(1))
    whole = float(results.explanation.attribution.score.abs().mean(0).sum())
    assert flow.to_pathway.sum() == pytest.approx(whole, rel=1e-4)


def test_the_first_screen_is_honest_where_nothing_was_found(results):
    text = " ".join(s for block in first_screen(without_differences(results)) for s in block[1])
    assert "no evidence that benefit differs" in text
    assert "no pathway can be named" in text
    assert "No cascade is drawn: none came back in enough" in text
    assert "Not that all benefit alike" in text


def test_the_first_screen_names_approved_drugs_of_the_cascade_as_no_advice(results):
    explanation = results.explanation
    cascade = explanation.cascades[0]
    for drugs, said in ((("trametinib",), True), ((), False)):
        marked = replace(cascade, drugs=(drugs, *((),) * (len(cascade.genes) - 1)))
        other = replace(results, explanation=explanation._replace(cascades=(marked,)))
        text = " ".join(s for block in first_screen(other) for s in block[1])
        assert (f"{cascade.genes[0]} (trametinib): a question" in text) is said


def test_the_first_screen_names_what_warns(results):
    blocks = first_screen(results)
    assert [len(b.sentences) > 1 for b in blocks] == [True] * 4
    assert "events" in blocks[1].sentences[-1]


def test_what_warns_is_counted_and_said_once(results):
    # Overlap and events are verdicts of the checks and of every arm.
    said = [Finding("warning", topic, 1.0, f"Of {topic}.") for topic in ("overlap", "events")]
    clean = [f._replace(severity="ok") for f in results.benefit.findings[2:]]
    benefit = replace(results.benefit, findings=(*said, *clean))
    given = replace(results, checks=tuple(said), benefits=(benefit,))
    assert first_screen(given)[1].sentences[-1] == "2 checks warn: overlap, events."
    items = {item.number: item for item in tripod(given)}
    assert items["26"].answer == "Of overlap. Of events."


def test_tripod_leaves_to_the_author_what_no_run_can_know(results):
    items = {item.number: item for item in tripod(results)}
    assert len(items) == 52
    for number in ("1", "4", "8b", "17", "18a", "18b", "18d", "19", "25"):
        assert items[number].state == "the author must write"
    assert items["12a"].state == "filled"
    assert items["26"].answer.startswith("Few outcomes.")


@pytest.mark.parametrize("name", ["patient_waterfall", "flow", "subgroups"])
@pytest.mark.parametrize("differs", [True, False])
def test_no_label_lies_on_another(name, differs, results):
    graph = results.fitted.recipe.graph
    sets = ("$a very long name of a pathway that has no end_{", *graph.pathways[1:])
    fitted = replace(
        results.fitted, recipe=results.fitted.recipe._replace(graph=replace(graph, pathways=sets))
    )
    given = replace(results, fitted=fitted)
    figure = FIGURES[name](given if differs else without_differences(given))
    FigureCanvasAgg(figure).draw()
    axes = figure.axes[0]
    texts = [t for t in (*axes.texts, *axes.get_yticklabels()) if t.get_text()]
    boxes = [t.get_window_extent().padded(-1) for t in texts if t.get_visible()]
    assert not any(a.overlaps(b) for a, b in combinations(boxes, 2) if a.width and b.width)


def test_a_pathway_is_prognostic_in_any_unit_of_the_benefit(results):
    # Benefit as a probability, prognosis in months: the scores are not to be compared.
    first = pathways(results).set_index("Term")
    assert first["is_prognostic"].tolist() == (first["leaning_high"] < 0).tolist()
    assert first["is_prognostic"].any()
    assert not first["is_prognostic"].all()
    for factor in (0.001, 1000):
        e = results.explanation
        a = replace(e.attribution, pathway=e.attribution.pathway * factor)
        table = pathways(replace(results, explanation=e._replace(attribution=a)))
        assert (
            table.set_index("Term")["is_prognostic"].to_dict() == first["is_prognostic"].to_dict()
        )


@pytest.mark.parametrize("name", ["cascade", "pathways_by_patient", "prognostic_predictive"])
def test_names_of_a_hundred_letters_leave_room_for_the_figure(name, results):
    a, graph = results.explanation.attribution, results.fitted.recipe.graph
    sets = tuple(f"{p} " + "of a name as Reactome has them " * 4 for p in a.pathways)
    genes = ("A-GENE-OF-MANY-LETTERS-12", *a.genes[1:])
    cascade = cascade_on(genes[:6], sets[0])
    # Three points at one place, and one at the right upper corner.
    prognostic = torch.tensor([1.0, 1, 1, 2]).expand_as(a.prognostic_pathway)
    long = replace(
        a, pathways=sets, genes=genes, prognostic_pathway=prognostic, pathway=prognostic.clone()
    )
    recipe = results.fitted.recipe._replace(graph=replace(graph, pathways=sets, genes=genes))
    given = replace(
        results,
        fitted=replace(results.fitted, recipe=recipe),
        explanation=results.explanation._replace(attribution=long, cascades=(cascade,)),
    )
    figure = FIGURES[name](given)
    FigureCanvasAgg(figure).draw()
    axes = figure.axes[0]
    assert axes.get_window_extent().width > figure.bbox.width / 2
    around = figure.bbox if name == "cascade" else axes.bbox
    boxes = [t.get_window_extent() for t in (*axes.texts, axes.title) if t.get_text()]
    for box in boxes:
        assert around.x0 <= box.x0 < box.x1 <= around.x1
    assert not any(a.padded(-1).overlaps(b.padded(-1)) for a, b in combinations(boxes, 2))
    assert len(boxes) == {"cascade": 13, "pathways_by_patient": 0, "prognostic_predictive": 4}[name]


def test_a_patient_without_attribution_has_no_top_pathway(results):
    e = results.explanation
    pathway = e.attribution.pathway.clone()
    pathway[4] = 0
    given = replace(
        results, explanation=e._replace(attribution=replace(e.attribution, pathway=pathway))
    )
    top = patients(given, with_ids=False)["top_pathway"]
    assert np.flatnonzero(top == "").tolist() == [4]


def test_a_small_p_of_the_report_is_not_0(results):
    cascade = replace(results.explanation.cascades[0], p=0.0000123456)
    given = replace(results, explanation=results.explanation._replace(cascades=(cascade,)))
    (first, *_) = cascade_data(given, cascade_groups(given))
    assert first["p"] == 1.235e-05
    unknown = replace(cascade, p=np.nan)
    given = replace(results, explanation=results.explanation._replace(cascades=(unknown,)))
    assert cascade_data(given, cascade_groups(given))[0]["p"] is None


def _with_two_arms(results, p):
    """A second arm beside the explained one, whose test has this p."""
    joint = holm({"first": p, "another": 0.9})["first"]
    test = results.benefit.test._replace(p=p, z=3.0)
    first = replace(results.benefit, test=test, joint_p=joint, differs=joint < 0.05)
    other = replace(first, arm="another", test=first.test._replace(p=0.9))
    return replace(results, benefits=(first, other))


@pytest.mark.parametrize(("p", "shown"), [(0.04, False), (0.01, True)])
def test_of_several_arms_the_first_screen_goes_by_the_corrected_test(p, shown, results):
    # Of two arms Holm doubles the smaller p: .08 and .02.
    given = _with_two_arms(results, p)
    text = " ".join(s for block in first_screen(given) for s in block[1])
    assert ("Benefit differs between patients" in text) is shown
    assert ("no evidence that benefit differs" in text) is not shown
    assert f"Holm's correction for 2 arms {2 * p:.2g}" in text
    assert pathways(given)["is_predictive"].any() == shown


def test_arms_over_time_are_told_apart(results):
    def drawn(*arms):
        each = {"month": (1.0, 2.0), "survival_gained": 0.1, "survival_se": 0.01}
        table = pd.concat([pd.DataFrame({"arm": arm, **each}) for arm in arms])
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(to_report, "over_time", lambda _: table)
            return to_report._over_time(results)

    two = drawn("drug", "<b>dose</b>")
    assert two.layout.showlegend
    assert [line.name for line in two.data] == ["drug", "&lt;b&gt;dose&lt;/b&gt;"]
    assert not drawn("drug").layout.showlegend
