"""Everything `pathgnn check` says and shows, each omic read once, nothing trained."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float, Int

from pathgnn.benefit.arms import size_findings, unrecorded_findings
from pathgnn.benefit.duplicates import Pair, duplicates_finding, duplicates_in
from pathgnn.benefit.leakage import gram_matrix, input_findings, omic_finding
from pathgnn.benefit.leaky_names import name_findings
from pathgnn.benefit.mismatches import arm_finding, recorded_sex, sex_finding, sex_scores
from pathgnn.benefit.one_class import SPARSE_KINDS, one_class_findings
from pathgnn.benefit.questions import Question, arm_questions, outcome_questions
from pathgnn.benefit.sites import SiteEffect, SiteTable, site_effect, site_findings, site_table
from pathgnn.benefit.verdict import Finding
from pathgnn.cohort.cohort import Cohort
from pathgnn.cohort.pieces import some_patients
from pathgnn.cohort.who_has_what import measured_share
from pathgnn.graph.graph import PathwayGraph
from pathgnn.graph.nodes import Nodes
from pathgnn.seeds import rng_for
from pathgnn.train.check import check_with, propensities
from pathgnn.train.design import design_findings

ORDER = {"refused": 0, "warning": 1, "note": 2, "ok": 3}
SEX_KINDS = frozenset({"expression"})


class Looked(NamedTuple):
    """Findings, the worst first, and what the page shows beside them.

    `share` is the share of each omic's features that a patient has; `propensity` has a row per
    outcome of the projected cohort.
    """

    findings: tuple[Finding, ...]
    share: Float[np.ndarray, "patient modality"]
    pairs: tuple[Pair, ...]
    sites: SiteTable | None
    effects: tuple[SiteEffect, ...]
    propensity: Float[np.ndarray, "row arm"] | None = None


class _Asked(NamedTuple):
    """What every omic is asked, of at most 1,000 patients."""

    chosen: Int[np.ndarray, " chosen"]
    outcome: tuple[Question, ...]
    arms: tuple[Question, ...]
    sites: SiteTable | None
    group: Int[np.ndarray, " chosen"] | None
    is_male: pd.Series | None
    seed: int


class _OmicLook(NamedTuple):
    findings: tuple[Finding, ...]
    pairs: tuple[Pair, ...]
    effect: SiteEffect | None
    share: Float[np.ndarray, " patient"]


def look(
    cohort: Cohort,
    nodes: Nodes,
    graph: PathwayGraph,
    n_folds: int,
    seed: int,
    least_coverage: float = 0.2,
) -> Looked:
    """All findings of `check`: the projected cohort's and the tables' own."""
    propensity = propensities(nodes, n_folds, seed)
    looked = look_at_tables(cohort, seed)
    findings = check_with(propensity, nodes, graph, least_coverage) + looked.findings
    findings += design_findings(cohort, nodes, graph, n_folds, seed)
    return looked._replace(findings=by_severity(findings), propensity=propensity)


def look_at_tables(cohort: Cohort, seed: int) -> Looked:
    """What the tables say without a graph: leaks, duplicates, mismatches, sites, sizes."""
    asked = _asked(cohort, seed)
    omics = [
        _omic(i, name, cohort.kinds[name], cohort.omics[name], cohort, asked)
        for i, name in enumerate(cohort.omics)
    ]
    share = np.stack([o.share for o in omics], axis=1)
    pairs = tuple(p for o in omics for p in o.pairs)
    effects = tuple(o.effect for o in omics if o.effect is not None)
    findings = (
        *(f for o in omics for f in o.findings),
        *_inputs(cohort, share > 0, asked),
        *duplicates_finding(pairs, cohort.outcome, cohort.patients),
        *size_findings(cohort.outcome),
        *unrecorded_findings(cohort),
    )
    if "arm" in cohort.beside:
        findings += arm_finding(cohort.beside["arm"], cohort.outcome)
    if asked.sites is not None:
        findings += site_findings(effects, asked.sites, cohort.outcome, cohort.patients)
    if not any(f.topic == "leak" for f in findings):
        findings += (_no_leak(),)
    return Looked(by_severity(findings), share, pairs, asked.sites, effects)


def by_severity(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """The worst first, else as they were found."""
    return tuple(sorted(findings, key=lambda f: ORDER[f.severity]))


def _omic(
    number: int, name: str, kind: str, table: pd.DataFrame, cohort: Cohort, asked: _Asked
) -> _OmicLook:
    patients = tuple(cohort.patients[i] for i in asked.chosen)
    share = measured_share(table, cohort.patients)
    has = share[asked.chosen] > 0
    gram = gram_matrix(table, patients, scaled=kind not in SPARSE_KINDS)
    where = f"Omic '{name}'"
    findings = [
        *input_findings(table, where, patients, asked.outcome + asked.arms),
        *omic_finding(name, gram, has, asked.outcome, rng_for(asked.seed, 70, number), asked.group),
        *one_class_findings(
            name, kind, table, patients, asked.outcome, rng_for(asked.seed, 71, number)
        ),
        *name_findings((), {name: [str(c) for c in table.columns]}),
    ]
    if asked.is_male is not None and kind in SEX_KINDS:
        findings += sex_finding(asked.is_male, sex_scores(table), cohort.patients)
    code = None if asked.sites is None else asked.sites.code[asked.chosen]
    effect = None if code is None else site_effect(name, gram, has, code)
    pairs = duplicates_in(name, kind, table, cohort.patients)
    return _OmicLook(tuple(findings), pairs, effect, share)


def _asked(cohort: Cohort, seed: int) -> _Asked:
    chosen = some_patients(len(cohort.patients), rng_for(seed, 69))
    outcome = outcome_questions(cohort.outcome, cohort.patients)
    arms = arm_questions(cohort.outcome, cohort.patients)
    group = None
    if "group" in cohort.beside:
        named = pd.factorize(cohort.beside["group"].reindex(list(cohort.patients)))[0]
        alone = len(named) + np.arange(len(named))
        group = np.where(named < 0, alone, named)[chosen]
    sites = None
    if "site" in cohort.beside:
        sites = site_table(cohort.beside["site"].reindex(list(cohort.patients)))
    return _Asked(
        chosen=chosen,
        outcome=tuple(q.of(chosen) for q in outcome),
        arms=tuple(q.of(chosen) for q in arms),
        sites=sites,
        group=group,
        is_male=recorded_sex(cohort),
        seed=seed,
    )


def _inputs(
    cohort: Cohort, has: Bool[np.ndarray, "patient modality"], asked: _Asked
) -> tuple[Finding, ...]:
    """Covariates, and which omics a patient has, as single inputs."""
    patients = tuple(cohort.patients[i] for i in asked.chosen)
    questions = asked.outcome + asked.arms
    measured = pd.DataFrame(has.astype(float), index=list(cohort.patients))
    measured.columns = pd.Index([f"has {name}" for name in cohort.omics])
    return (
        *input_findings(cohort.clinical, "Clinical covariates", patients, questions),
        *input_findings(measured, "Who was measured", patients, questions),
        *name_findings(map(str, cohort.clinical.columns), {}),
    )


def _no_leak() -> Finding:
    said = "No input tells the outcome almost perfectly, none is called like an outcome, and no "
    said += "omic has many features in one outcome class only."
    return Finding("ok", "leak", 0.0, said)
