"""What a sweep has found: its trials, the winner's study file, the verdict of reserved patients."""

from __future__ import annotations

import hashlib
import json
import math
from pathlib import Path
from typing import Any

import pandas as pd
import tomli_w

from pathgnn.benefit.safeguards import several_finding
from pathgnn.benefit.sweep_findings import gained_finding, kept_finding, winner_finding
from pathgnn.benefit.verdict import Finding
from pathgnn.errors import ConfigError
from pathgnn.export.to_sweep import SweepResults
from pathgnn.files import write_text
from pathgnn.graph.load import GraphSource
from pathgnn.settings import parse
from pathgnn.study import Study
from pathgnn.train.guard import Guard, guard_of
from pathgnn.train.search_space import GRAPH, OWN, PATHWAYS, Values
from pathgnn.train.trial_store import Store, find_store
from pathgnn.train.tried import OBJECTIVES, Tried, importance, risk_at, tried
from pathgnn.train.tune import AVERAGE
from pathgnn.train.verify import Verification

# Under which a sweep keeps the mark of the study that it is of.
MARK = "study"
TOLD_OF_A_RUN = {
    "estimand": ("known", "known_se", "reference_splits"),
    "beside": ("subgroups", "negative_outcome", "enrolled"),
}


def kept_sweep(study: Study, out: Path, name: str = "") -> Store:
    """What a sweep has found so far; the cohort is not read.

    Raises:
        ConfigError: there is no such sweep, or it is one of other settings.
    """
    name = name or study.name
    store = find_store(place_of(study, out), name)
    try:
        refuse_changed(store, study, name)
    except ConfigError:
        store.close()
        raise
    return store


def refuse_changed(store: Store, study: Study, name: str) -> None:
    """Refuse a sweep of other settings than the study's.

    Raises:
        ConfigError: the study was changed since.
    """
    if store.study.user_attrs.get(MARK, mark_of(study)) != mark_of(study):
        raise ConfigError(
            f"the study was changed since its sweep {name!r}, which says nothing of the new "
            "settings; sweep again under another --name, or take the changes back"
        )


def mark_of(study: Study) -> str:
    """Hash of all settings of a study that decide what its sweep finds."""
    words = study.model_dump(mode="json", exclude={"name", "out", "explain", "sweep"})
    words["contrast"] = study.explain.contrast
    # Controls and subgroups are told of a run, and decide no trial.
    for name in TOLD_OF_A_RUN["estimand"]:
        words["estimand"].pop(name)
    for name in TOLD_OF_A_RUN["beside"]:
        words["cohort"]["beside"].pop(name)
    words["sweep"] = study.sweep.model_dump(
        mode="json", exclude={"trials", "storage", "chosen", "level"}
    )
    return hashlib.sha256(json.dumps(words, sort_keys=True).encode()).hexdigest()


def place_of(study: Study, out: Path) -> str:
    """Where the trials are kept."""
    return study.sweep.storage or str(out / "sweep" / "sweep.db")


def results_of(store: Store, study: Study) -> SweepResults:
    """What is told of a sweep, finished or not."""
    trials, facts = tried(store), store.study.user_attrs
    own = next((t for t in trials if t.place == 0 and t.state == "complete"), None)
    guard = guard_of(trials, study.sweep.level, study.seed) if own else None
    risk = own.values[risk_at(store)] if own else math.nan
    average = float(facts.get(AVERAGE, math.nan)) - risk
    objectives = tuple(facts.get(OBJECTIVES, ("risk",)))
    return SweepResults(trials, importance(store), objectives, average, guard)


def picked(
    store: Store, study: Study, number: int | None = None, least_risk: bool = False
) -> tuple[Tried, Guard]:
    """The trial whose settings are asked for, and the guard.

    Args:
        store: The sweep.
        study: The study that was swept.
        number: This trial, whatever its risk; None: the winner.
        least_risk: The trial of least risk, whatever the guard says of it.

    Raises:
        ConfigError: no such complete trial, both asked for, or the own settings not tried yet.
    """
    trials = tried(store)
    guard = guard_of(trials, study.sweep.level, study.seed)
    if number is None:
        return guard.least if least_risk else guard.chosen, guard
    if least_risk:
        raise ConfigError("ask for one trial: either by its number, or that of least risk")
    known = {t.number: t for t in trials if t.state == "complete"}
    if number not in known:
        raise ConfigError(f"no complete trial {number} in the sweep; `pathgnn sweep status` lists")
    return known[number], guard


def write_winner(study: Study, path: Path, target: Path, chosen: Tried, guard: Guard) -> None:
    """Write the study with the settings of a trial beside the study's own file.

    Args:
        study: The study that was swept.
        path: Its file.
        target: The file to write.
        chosen: The trial, from `picked`.
        guard: What speaks for it.

    Raises:
        ConfigError: another folder, where the study's relative paths would not hold.
    """
    if target.resolve().parent != path.resolve().parent or target.resolve() == path.resolve():
        raise ConfigError(
            f"write the winner beside {path}, under another name: its paths start there"
        )
    content = winning_study(study, chosen, guard)
    parse(Study, content, str(target))
    write_text(target, tomli_w.dumps(content))


def winning_study(study: Study, best: Tried, guard: Guard) -> dict[str, Any]:
    """The study with the settings of a trial, as content of a TOML file.

    Every chosen setting is written, also where it is the default: what a study leaves open is
    chosen anew for the size of the cohort. The study's own settings are left as they stand, and no
    run of them is said to be chosen by outcomes: it is the run that there would be without a sweep.
    """
    content: dict[str, Any] = study.model_dump(mode="json", exclude_unset=True, exclude_none=True)
    content["out"] = f"{study.out}-best"
    if best.place == 0:
        return content
    for name, value in best.settings.items():
        if name not in (GRAPH, PATHWAYS):
            group, field = name.split(".")
            content.setdefault(group, {})[field] = value
    graph, picked = source_of(study, best.settings), best.settings.keys() & {GRAPH, PATHWAYS}
    if picked:
        content["graph"] = graph.model_dump(mode="json", exclude_defaults=True)
    seen = f"the outcomes of {1 - study.sweep.reserved:.0%} of the patients"
    p = guard.p[best.number]
    p_said = f"p = {p:.2g}" if p == p else "p unknown"
    against = f"{p_said} against the study's own settings"
    said = f"trial {best.number} of {guard.n_rivals + 1}, {against}, by {seen}"
    content.setdefault("sweep", {})["chosen"] = said
    return content


def source_of(study: Study, values: Values) -> GraphSource:
    """The graph's source when these settings are chosen."""
    name, collection = str(values.get(GRAPH, OWN)), str(values.get(PATHWAYS, OWN))
    source = study.graph if name == OWN else study.sweep.graphs[name]
    if collection == OWN:
        return source
    return source.model_copy(update={"pathways": study.sweep.collections[collection], "only": ()})


def verified_findings(found: Verification) -> tuple[Finding, ...]:
    """What the reserved patients say of the winner."""
    each = [winner_finding(one.arm, one.n, one.autoc, one.p) for one in found.contrasts]
    several = several_finding({one.arm: one.p for one in found.contrasts})
    return (*each, *several, kept_finding() if found.is_own else gained_finding(found.gained))


def verification_table(found: Verification) -> pd.DataFrame:
    """A row per contrast."""
    rows = []
    for one in found.contrasts:
        row: dict[str, Any] = {"arm": one.arm, "patients": one.n, "p": one.p}
        named = {"autoc": one.autoc, "slope": one.slope, "own_autoc": one.own_autoc}
        for name, e in (named | {"ahead": one.ahead, "risk_gained": found.gained}).items():
            row |= {name: e.value, f"{name}_se": e.se}
        rows.append(row | {"risk": found.risk, "own_risk": found.own_risk})
    return pd.DataFrame(rows)
