"""The report: what it says, that it works by hand and by key, and that names stay text."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from browser import acted, opened, width_in
from small_results import cascade_on, small_results, without_differences

from pathgnn.export.to_report import to_report

HOSTILE = "<img src=x onerror=document.title='hacked'></script><script>document.title='hacked'//"


@pytest.fixture(scope="module")
def results(fitted, nodes, graph):
    return small_results(fitted, nodes, graph)


@pytest.fixture(scope="module")
def page(results, tmp_path_factory):
    return to_report(results, tmp_path_factory.mktemp("report") / "report.html")


def test_the_page_asks_for_nothing_and_the_console_is_silent(page, tmp_path):
    script = "return performance.getEntriesByType('resource').map((e) => e.name);"
    asked, complaints = acted(page, script, tmp_path)
    assert asked == []
    assert not complaints


def test_nothing_found_is_drawn_without_a_complaint(results, tmp_path):
    path = to_report(without_differences(results), tmp_path / "report.html")
    text, complaints = opened(path, tmp_path)
    assert not complaints
    assert "No cascade is drawn: none came back in enough" in text
    assert "No subgroups were asked for" in text


def test_pathways_sort_by_header_and_filter_by_text_q_and_tick(page, results, tmp_path):
    script = """
    const rows = () => Array.from(document.querySelectorAll('#pathway-table tbody tr'));
    const shown = () => rows().filter((r) => !r.hidden).map((r) => r.cells[0].textContent);
    const set = (id, value) => {
      const input = document.getElementById(id);
      if (typeof value === 'boolean') input.checked = value; else input.value = value;
      input.dispatchEvent(new Event('input'));
    };
    const header = document.querySelector('#pathway-table th button');
    header.click(); const up = shown();
    header.click(); const down = shown();
    const sorted = header.parentElement.getAttribute('aria-sort');
    set('pathway-text', 'path1'); const text = shown(); set('pathway-text', '');
    set('pathway-q', '0'); const none = shown(); set('pathway-q', '');
    set('pathway-predictive', true); const predictive = shown();
    return { up, down, sorted, text, none, predictive };
    """
    said, _ = acted(page, script, tmp_path)
    names = [f"PATH{i}" for i in range(4)]
    assert said["up"] == names
    assert said["down"] == names[::-1]
    assert said["sorted"] == "descending"
    assert said["text"] == ["PATH1"]
    assert said["none"] == []
    q = dict(zip(names, results.explanation.pathway.q, strict=True))
    expected = {n for n in names if q[n] < 0.05 and results.benefit.differs}
    assert set(said["predictive"]) == expected


def test_what_was_not_measured_has_no_q_and_is_hidden_by_the_filters(results, tmp_path):
    e = results.explanation
    gone = results.explanation.gene._replace(q=e.gene.q * np.nan, p=e.gene.p * np.nan)
    sets = e.pathway._replace(q=np.array([0.01, np.nan, 0.5, 0.5]))
    less = replace(results, explanation=e._replace(gene=gone, pathway=sets))
    script = """
    const shown = () => [
      document.querySelectorAll('#pathway-table tbody tr:not([hidden])').length,
      document.querySelectorAll('.cascade g.gene').length > 0,
    ];
    const set = (id, value) => {
      const input = document.getElementById(id);
      input.value = value;
      input.dispatchEvent(new Event('input'));
    };
    const all = shown();
    document.querySelector('.cascade g.gene').dispatchEvent(new MouseEvent('click'));
    const panel = document.getElementById('gene-panel').textContent;
    set('pathway-q', '0.5'); set('cascade-q', '0.5');
    return { all, panel, few: shown() };
    """
    said, complaints = acted(to_report(less, tmp_path / "report.html"), script, tmp_path)
    assert not complaints
    assert said["all"] == [4, True]
    assert "qnone" in said["panel"]
    assert said["few"] == [3, False]


def test_a_gene_opens_by_click_and_enter_and_closes_by_escape(page, tmp_path):
    script = """
    const panel = document.getElementById('gene-panel');
    const genes = document.querySelectorAll('.cascade g.gene');
    const before = panel.hidden;
    genes[0].dispatchEvent(new MouseEvent('click', { bubbles: true }));
    const clicked = panel.textContent;
    genes[1].dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true }));
    const entered = panel.querySelector('h3').textContent;
    panel.dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape' }));
    genes[2].dispatchEvent(new Event('focus'));
    const tip = document.querySelector('.tip').textContent;
    return { before, clicked, entered, closed: panel.hidden, tip };
    """
    said, _ = acted(page, script, tmp_path)
    assert said["before"]
    assert said["clicked"].startswith("P0G0")
    for word in ("expression", "patients observed", "PATH0", "P0G0 activates P0G1", "30 %"):
        assert word in said["clicked"]
    assert said["entered"] == "P0G1"
    assert said["closed"]
    assert said["tip"].startswith("P0G2 (kinase, cytosol)")


def test_cascades_filter_by_frequency_and_q_and_are_saved_as_svg(page, tmp_path):
    script = """
    const count = () => [document.querySelectorAll('.cascade g.gene').length,
                         document.querySelectorAll('.cascade g.edge').length];
    const set = (id, value) => {
      const input = document.getElementById(id);
      input.value = value; input.dispatchEvent(new Event('input'));
    };
    const all = count();
    set('cascade-frequency', '0.5'); const often = count();
    set('cascade-frequency', '0');
    set('cascade-q', '0'); const none = count(); set('cascade-q', '');
    let saved = '';
    const link = HTMLAnchorElement.prototype;
    link.click = function () { saved = this.download + ' ' + this.href.slice(0, 5); };
    document.querySelector('.cascade .save').click();
    return { all, often, none, saved };
    """
    said, complaints = acted(page, script, tmp_path)
    assert said["all"] == [6, 5]
    # The first edge is held by .3 of the networks; the receptor is left alone.
    assert said["often"] == [5, 4]
    assert said["none"] == [0, 0]
    assert said["saved"] == "cascade_1.svg blob:"
    assert not complaints


def test_patients_of_the_cascades_are_chosen_by_subgroup(page, tmp_path):
    script = """
    const choice = document.getElementById('cascade-group');
    const group = () => document.querySelector('.cascade-group:not([hidden])');
    const genes = () => Array.from(group().querySelectorAll('g.gene'));
    const text = () => group().textContent;
    const all = genes().map((g) => g.gene.name);
    const options = Array.from(choice.options).map((o) => o.text);
    const pick = (value) => { choice.value = value; choice.dispatchEvent(new Event('input')); };
    pick('1');
    const women = genes().map((g) => g.gene.name), said = text();
    genes()[0].dispatchEvent(new MouseEvent('click'));
    const panel = document.getElementById('gene-panel').textContent;
    let saved = '';
    HTMLAnchorElement.prototype.click = function () { saved = this.download; };
    group().querySelector('.save').click();
    pick('2');
    const men = genes().length, none = text();
    pick('0');
    return { all, options, women, said, panel, saved, men, none, back: genes().length,
             closed: document.getElementById('gene-panel').hidden, label: choice.labels.length };
    """
    said, complaints = acted(page, script, tmp_path)
    assert said["options"] == ["all (300)", "sex: F (150)", "sex: M (150)"]
    assert said["all"][0] == "P0G0"
    assert said["women"][0] == "P1G0"
    for words in ("sex: F, 150 patients", "one more family of tests", "p 0.001, q 0.002"):
        assert words in said["said"]
    assert "q, all patients" in said["panel"]
    assert said["saved"] == "sex_F_cascade_1.svg"
    assert said["men"] == 0
    assert "No stable cascade" in said["none"]
    assert said["back"] == len(said["all"])
    assert said["closed"]
    assert said["label"] == 1
    assert "2 levels too small to show" in page.read_text()
    assert not complaints


def test_a_subgroup_has_a_cascade_where_the_cohort_has_none(results, tmp_path):
    alone = replace(results, explanation=results.explanation._replace(cascades=()))
    path = to_report(alone, tmp_path / "report.html")
    script = """
    const before = document.querySelectorAll('g.gene').length;
    const choice = document.getElementById('cascade-group');
    choice.value = '1'; choice.dispatchEvent(new Event('input'));
    return [before, document.querySelectorAll('g.gene').length];
    """
    (before, after), complaints = acted(path, script, tmp_path)
    assert before == 0
    assert after == 6
    assert not complaints


def test_a_patient_is_chosen_by_pseudonym(page, results, tmp_path):
    script = """
    const choice = document.getElementById('patient-choice');
    choice.value = '4'; choice.dispatchEvent(new Event('change'));
    const rows = Array.from(document.querySelectorAll('#patient-steps tr'));
    return [choice.options[4].textContent, document.getElementById('patient-benefit').textContent,
            rows.map((r) => Number(r.cells[1].textContent.replace('−', '-')))];
    """
    (name, benefit, steps), _ = acted(page, script, tmp_path)
    assert name == "P00005"
    assert benefit.startswith("P00005: predicted benefit")
    assert sum(steps[:-1]) == pytest.approx(steps[-1], abs=0.02)
    assert steps[-1] == pytest.approx(results.benefit.benefit[4], rel=0.01)


def test_all_controls_are_reached_by_key(page, tmp_path):
    script = """
    const pointed = document.querySelectorAll('[onclick], a:not([href]), div[role=button]').length;
    const heads = Array.from(document.querySelectorAll('.sorts th'));
    const scrolls = Array.from(document.querySelectorAll('.scroll'));
    return [pointed, heads.every((h) => h.querySelector('button')),
            scrolls.every((s) => s.tabIndex === 0 && s.getAttribute('aria-label'))];
    """
    (pointed, heads, scrolls), _ = acted(page, script, tmp_path)
    assert pointed == 0
    assert heads and scrolls


def test_a_phone_does_not_scroll_sideways(page, tmp_path):
    assert width_in(page, 390, tmp_path) <= 390


def test_hostile_and_long_names_stay_text(results, tmp_path):
    graph, a = results.fitted.recipe.graph, results.explanation.attribution
    names = (HOSTILE, "<b>B</b>" + "x" * 200, *graph.genes[2:])
    sets = (HOSTILE, "<a href='javascript:1'>" + "y" * 200, *graph.pathways[2:])
    renamed = replace(graph, genes=names, pathways=sets, sources=(HOSTILE,) * len(graph.sources))
    arm = replace(results.benefit, arm=HOSTILE, reference="<i>r</i>")
    omics = (HOSTILE, *results.nodes.modalities[1:])
    hostile = replace(
        results,
        name=HOSTILE,
        nodes=replace(results.nodes, modalities=omics, patients=(HOSTILE,) * a.score.shape[0]),
        fitted=replace(results.fitted, recipe=results.fitted.recipe._replace(graph=renamed)),
        benefits=(arm,),
        explanation=results.explanation._replace(
            cascades=(cascade_on(names[:6], HOSTILE),),
            attribution=replace(a, genes=names, pathways=sets, modalities=omics),
        ),
        notes=(HOSTILE,),
        stamp={HOSTILE: HOSTILE},
        subgroups=tuple(s._replace(column=HOSTILE, arm=HOSTILE) for s in results.subgroups),
        subgroup_cascades=tuple(
            c._replace(
                column="<b>C</b>" + "z" * 200,
                levels=tuple(level._replace(name=HOSTILE) for level in c.levels),
                why_empty=HOSTILE,
            )
            for c in results.subgroup_cascades
        ),
    )
    path = to_report(hostile, tmp_path / "report.html")
    script = """
    document.querySelector('.cascade g.gene').dispatchEvent(new MouseEvent('click'));
    const heading = document.getElementById('gene-panel').querySelector('h3').textContent;
    const choice = document.getElementById('cascade-group');
    choice.value = '1'; choice.dispatchEvent(new Event('input'));
    return [document.title, document.querySelectorAll('img, b b, h3 b, a[href^=javascript]').length,
            heading, document.querySelector('.cascade-group:not([hidden]) h3').textContent];
    """
    (title, injected, heading, group), complaints = acted(path, script, tmp_path)
    assert title == f"{HOSTILE}: who benefits and why"
    assert injected == 0
    assert heading == HOSTILE
    assert group.startswith("<b>C</b>z")
    assert HOSTILE in group
    assert not complaints
    assert width_in(path, 390, tmp_path) <= 390
