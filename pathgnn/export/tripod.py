"""TRIPOD+AI items as a list: filled where the run knows the answer, left to the author where not.

Source: Collins et al., BMJ 2024, 385:e078378; the items in our own words.
"""

from __future__ import annotations

from typing import NamedTuple

from pathgnn.export.report_words import p_said
from pathgnn.export.results import Results
from pathgnn.graph.nodes import Nodes
from pathgnn.train.estimate import events_per_arm

ITEMS = (
    (
        "1",
        "Title",
        "name study kind, target population, outcome, and that it is a prediction model",
    ),
    ("2", "Abstract", "follow TRIPOD+AI for abstracts"),
    ("3a", "Background", "medical context and purpose, with earlier models"),
    ("3b", "Background", "who is meant to be treated by it, where in care, and who uses it"),
    ("3c", "Background", "known inequalities in health between groups"),
    ("4", "Objectives", "aims; development, evaluation, or both"),
    ("5a", "Data", "sources of data, and why they stand for the target population"),
    ("5b", "Data", "dates of inclusion and of the end of follow-up"),
    ("6a", "Participants", "setting, number and place of centres"),
    ("6b", "Participants", "who was eligible"),
    ("6c", "Participants", "treatments given and how they were assigned"),
    ("7", "Data preparation", "cleaning and quality control, alike between groups"),
    ("8a", "Outcome", "definition, time horizon, how and when assessed"),
    ("8b", "Outcome", "who assessed it, where judgement is needed"),
    ("8c", "Outcome", "what was done to blind the assessment"),
    ("9a", "Predictors", "how the first set was chosen"),
    ("9b", "Predictors", "definition of each, how and when measured"),
    ("9c", "Predictors", "who assessed them, where judgement is needed"),
    ("10", "Sample size", "how it was arrived at, and whether it is enough"),
    ("11", "Missing data", "how handled, and why anything was left out"),
    ("12a", "Analysis", "how data were split"),
    ("12b", "Analysis", "how predictors entered: form, scale, transformation"),
    ("12c", "Analysis", "kind of model, steps of building, tuning, internal validation"),
    ("12d", "Analysis", "differences between centres or clusters"),
    ("12e", "Analysis", "measures of performance"),
    ("12f", "Analysis", "updating of the model"),
    ("12g", "Analysis", "how predictions were calculated"),
    ("13", "Class imbalance", "whether and how it was handled"),
    ("14", "Fairness", "what was done for fairness between groups"),
    ("15", "Output", "what the model returns, and thresholds"),
    (
        "16",
        "Training against evaluation",
        "differences in setting, eligibility, outcome, predictors",
    ),
    ("17", "Ethics", "approval and consent"),
    ("18a", "Open science", "funding and its role"),
    ("18b", "Open science", "conflicts of interest"),
    ("18c", "Open science", "where the protocol is"),
    ("18d", "Open science", "registration"),
    ("18e", "Open science", "availability of the data"),
    ("18f", "Open science", "availability of the code"),
    ("19", "Patients and public", "how they were involved"),
    ("20a", "Participants", "flow of participants, with numbers and follow-up"),
    ("20b", "Participants", "characteristics, by group and with missing values"),
    ("20c", "Participants", "development and evaluation data compared"),
    ("21", "Model development", "participants and events in each analysis"),
    ("22", "Model specification", "all that is needed to predict a new patient"),
    ("23a", "Performance", "with intervals, in subgroups too"),
    ("23b", "Performance", "differences between centres or clusters"),
    ("24", "Updating", "results of updating"),
    ("25", "Interpretation", "main results, fairness, earlier studies"),
    ("26", "Limitations", "sample, overfitting, missing data, bias, uncertainty"),
    ("27a", "Use", "what to do where inputs are poor or lacking"),
    ("27b", "Use", "what the user must do and know"),
    ("27c", "Use", "next steps, where it may and may not apply"),
)
# Answers that tell a part only.
PARTLY = frozenset(
    ("6c", "7", "8a", "9a", "9b", "12d", "14", "18f", "20a", "20b", "23b", "26", "27a", "27b")
)


class Item(NamedTuple):
    """One item: its number, heading and question, and the answer; empty where the author writes."""

    number: str
    heading: str
    asks: str
    answer: str

    @property
    def state(self) -> str:
        """Filled, filled in part, or the author must write."""
        if not self.answer:
            return "the author must write"
        return "in part; the author must complete" if self.number in PARTLY else "filled"


def tripod(results: Results) -> tuple[Item, ...]:
    """Every item in order."""
    known = _of_data(results) | _of_model(results) | _of_result(results)
    return tuple(Item(n, heading, asks, known.get(n, "")) for n, heading, asks in ITEMS)


def _of_data(results: Results) -> dict[str, str]:
    nodes, graph = results.nodes, results.fitted.recipe.graph
    events = events_per_arm(nodes).tolist()
    lacking = nodes.n_patients - int(nodes.seen.any(0).all(1).sum())
    by_arm = ", ".join(f"{a} {n}" for a, n in zip(nodes.arms, events, strict=True))
    omics = ", ".join(f"{r.omic} ({r.mapped} of {r.features})" for r in nodes.report)
    source = f"{graph.provenance.name} {graph.provenance.version}".strip()
    return {
        "6a": f"{len(nodes.sites)} sites recorded." if nodes.sites else "",
        "6c": f"Arms: {', '.join(nodes.arms)}; "
        + ("randomised." if nodes.randomised else "not randomised."),
        "7": " ".join(f"{n}." for n in results.notes),
        "8a": f"{nodes.outcome} outcome"
        + (f", followed to month {nodes.horizon:g}." if nodes.outcome == "survival" else "."),
        "9a": f"Features on the {len(graph.genes)} genes of the graph {source}.",
        "9b": f"Features on the graph by omic: {omics}; covariates: "
        + (", ".join(nodes.covariates) or "none")
        + ".",
        "11": f"{lacking} of {nodes.n_patients} patients lack at least one omic; unseen values are "
        "masked, not imputed, and get no attribution.",
        "12d": "" if nodes.sites else "No sites were recorded.",
        "20a": f"{nodes.n_patients} patients, {_observed(nodes)}.",
        "20b": f"Patients by omic: {', '.join(f'{r.omic} {r.patients}' for r in nodes.report)}.",
        "21": f"{nodes.n_patients} patients; outcomes per arm: {by_arm}.",
    }


def _observed(nodes: Nodes) -> str:
    if nodes.outcome != "survival":
        return f"{len(nodes.arm)} observed outcomes"
    n = int(nodes.event.sum())
    rest = f", {int(nodes.competing.sum())} competing events" if nodes.has_competing else ""
    return f"{n} events{rest}, {len(nodes.arm)} follow-ups"


def _of_model(results: Results) -> dict[str, str]:
    fit, benefit = results.fitted.recipe.fit, results.benefit
    return {
        "12a": f"{fit.folds} folds; every patient is predicted by models of the other folds.",
        "12b": "Standardised with means and spreads of the training patients; nothing is learned "
        "from the patients predicted.",
        "12c": f"{results.fitted.default}: {fit.members} networks per fold on the signed graph"
        + (
            ", stacked with linear models and a forest on inner folds"
            if results.fitted.stacks
            else ""
        )
        + "; doubly robust scores from models fitted apart; folds are the internal validation.",
        "12e": "AUTOC with a sequential test over folds, calibration slope, gain of a treatment "
        "rule, C-for-benefit; each with its error.",
        "12f": "The model was not updated.",
        "12g": "Out-of-fold predictions, shrunken towards the average by a slope of other folds.",
        "13": "No resampling and no class weights.",
        "15": f"Benefit per patient, {benefit.estimand.unit}, with a 95 % interval; no threshold "
        "but 0 is used.",
        "16": "Training and evaluation patients are of the same cohort.",
        "18f": "pathgnn " + results.stamp.get("pathgnn", "") + " under BSD-3-Clause.",
        "20c": "One cohort, cross-fitted; no other data.",
        "22": "fit/ in the run folder holds networks, folds, settings; hashes are above.",
        "24": "The model was not updated.",
    }


def _of_result(results: Results) -> dict[str, str]:
    benefit = results.benefit
    shown = sum(len(s.levels) for s in results.subgroups if s.arm == benefit.arm)
    warned = [f.sentence for f in results.findings if f.severity == "warning"]
    return {
        "14": f"Effect, calibration and error in {shown} subgroup levels, see above."
        if shown
        else "",
        "23a": f"AUTOC {benefit.autoc.ranged}, slope {benefit.slope.ranged}, test "
        f"{p_said(benefit.test.p)}" + ("; subgroups above." if shown else "."),
        "23b": "By site, see subgroups."
        if any(s.column == "site" and s.levels for s in results.subgroups)
        else "",
        "26": " ".join(warned),
        "27a": "What was not measured of a patient counts as average; what each prediction rests "
        "on is in the table of patients.",
        "27b": "Omics must be named and scaled as in the training data.",
    }
