"""The report's first screen in words: who benefits, how sure, what drives it, what not to think."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from pathgnn.attribute.attribution import Cascade
from pathgnn.benefit.verdict import ALPHA
from pathgnn.export.results import Results
from pathgnn.export.to_tables import pathways
from pathgnn.train.estimate import Benefit
from pathgnn.train.folds import tested_folds
from pathgnn.train.part import INNER_FOLDS

NAMED = 3
# An override is no finding of its own: a refused one that was run all the same.
BAD = ("warning", "refused")


class Block(NamedTuple):
    """A short block of the first screen: a title, and sentences of plain text."""

    title: str
    sentences: tuple[str, ...]


def first_screen(results: Results) -> tuple[Block, ...]:
    """Four blocks in the order a reader asks, each true when nothing was found, too."""
    return (
        Block("Who benefits", _who(results)),
        Block("How sure we are", _how_sure(results)),
        Block("What drives it", _drivers(results)),
        Block("What must not be concluded", _not_concluded(results)),
    )


def p_said(p: float) -> str:
    """A p, in words where nothing was tested."""
    return "not tested" if np.isnan(p) else f"p = {p:.2g}"


def _who(results: Results) -> tuple[str, ...]:
    benefit = results.benefit
    average = benefit.average
    said = f"{average.ranged}, {benefit.estimand.unit}; above 0 favours {benefit.arm}"
    if average.low > 0:
        first = f"On average patients do better with {benefit.arm} than with {benefit.reference}"
    elif average.high < 0:
        first = f"On average patients do worse with {benefit.arm} than with {benefit.reference}"
    else:
        first = f"It is not shown that {benefit.arm} helps or harms on average"
    if not benefit.differs:
        return (f"{first}: {said}.", _the_same_for_all(benefit))
    high, low = benefit.halves
    second = f"Benefit differs between patients: {high.ranged} in the half with the higher "
    second += f"prediction, {low.ranged} in the other."
    favoured = int((benefit.benefit > 0).sum())
    third = f"A benefit above 0 is predicted for {favoured} of {len(benefit.benefit)} patients."
    return (f"{first}: {said}.", second, third)


def _the_same_for_all(benefit: Benefit) -> str:
    everyone = "everyone is given the average."
    if np.isnan(benefit.test.p):
        return f"It was not tested whether benefit differs between patients: {everyone}"
    if benefit.joint_p < ALPHA and benefit.test.z < 0:
        return f"The ranking points the wrong way, those ranked high gained less: {everyone}"
    return f"There is no evidence that benefit differs between patients: {everyone}"


def _how_sure(results: Results) -> tuple[str, ...]:
    benefit, nodes = results.benefit, results.nodes
    how = "Treatment was randomised" if nodes.randomised else "Treatment was not randomised"
    test = f"the test that benefit differs has p = {benefit.test.p:.2g}"
    if np.isnan(benefit.test.p):
        test = "whether benefit differs could not be tested"
    elif len(results.benefits) > 1:
        test += f", after Holm's correction for {len(results.benefits)} arms {benefit.joint_p:.2g},"
    slope = benefit.slope
    if not benefit.differs:
        sizes = "The size of the differences is not read, as none is shown."
    elif slope.low <= 0 and slope.high >= 1:
        sizes = f"How large the differences are is not known: slope {slope.ranged}, 1 is right."
    elif slope.low <= 1 <= slope.high:
        sizes = (
            f"Predicted differences have about the right size: slope {slope.ranged}, 1 is right."
        )
    else:
        sizes = (
            f"Predicted differences are not of the right size: slope {slope.ranged}, 1 is right."
        )
    first = tested_folds(nodes, results.fitted.fold, INNER_FOLDS).start
    on = results.fitted.scores.informs[:, results.explained] & (results.fitted.fold >= first)
    bad = [f for f in results.findings if f.severity in BAD]
    topics = ", ".join(dict.fromkeys(f.topic for f in bad))
    warned = f"{len(bad)} check{'s warn' if len(bad) > 1 else ' warns'}: {topics}."
    warned = warned if bad else "No check warns."
    return (
        f"{how}; {test} over {on.sum()} patients, each ranked by a model of earlier folds.",
        sizes,
        warned,
    )


def _drivers(results: Results) -> tuple[str, ...]:
    table = pathways(results)
    names = table["Term"][table["is_predictive"]].tolist()
    if not results.benefit.differs:
        first = "Without evidence that benefit differs, no pathway can be named as its driver."
    elif names:
        more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
        first = "Pathways that go with more or less benefit (q < .05): "
        first += ", ".join(names[:NAMED]) + more + "."
    else:
        first = "Benefit differs, but no single pathway goes with it clearly enough (q < .05)."
    return (first, *_cascade_words(results))


def _cascade_words(results: Results) -> tuple[str, ...]:
    found = results.explanation.cascades
    if not found:
        return (f"No cascade is drawn: {results.explanation.no_cascade}.",)
    best = found[0]
    said = f"The strongest cascade runs through {best.pathway or 'no named pathway'}, from "
    said += f"{best.genes[0]} to {best.genes[-1]}; its edges come back in {best.stability:.0%} of "
    said += f"the networks ({p_said(best.p)})."
    if not results.benefit.differs:
        return (said, "Without evidence that benefit differs it is a hypothesis at most.")
    return (said, *_drug_words(best))


def _drug_words(cascade: Cascade) -> tuple[str, ...]:
    """Approved drugs that act on a gene of the cascade, which are a question and no advice."""
    drugs = cascade.drugs or ((),) * len(cascade.genes)
    acted = [(g, d) for g, d in zip(cascade.genes, drugs, strict=True) if d]
    if not acted:
        return ()
    said = "; ".join(f"{g} ({', '.join(d[:NAMED])})" for g, d in acted[:NAMED])
    n = len(acted) - NAMED
    more = f"; and {n} more gene{'s' if n > 1 else ''}" if n > 0 else ""
    return (f"Approved drugs act on {said}{more}: a question for an experiment, no advice.",)


def _not_concluded(results: Results) -> tuple[str, ...]:
    benefit = results.benefit
    out = [
        "No interval is that of one person: it bounds the mean of patients with the same "
        "prediction.",
        "Nothing here was tested in patients of another study; it is no ground to treat or not to.",
    ]
    if not results.nodes.randomised:
        out.append(
            f"Not that {benefit.arm} caused the difference: reasons for the treatment that were "
            "not measured can explain it."
        )
    if not benefit.differs:
        out.append("Not that all benefit alike: a difference this cohort cannot show may exist.")
    graph = next((f for f in benefit.findings if f.topic == "graph"), None)
    if graph is None or graph.severity != "ok":
        out.append(
            "Not that the drawn edges act in these patients: the graph's true edges were not shown "
            "to predict better than rewired ones."
        )
    out.append(
        "Not that a gene with a small q causes benefit: one that only goes along with a cause has "
        "a small q, too. A pathway that tells prognosis need not tell benefit."
    )
    return tuple(out)
