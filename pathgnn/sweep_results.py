"""What a sweep has found: its trials, the winner's study file, the verdict of reserved patients."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pandas as pd
import tomli_w

from pathgnn.benefit.sweep_findings import gained_finding, winner_finding
from pathgnn.benefit.verdict import Finding
from pathgnn.errors import ConfigError
from pathgnn.export.to_sweep import SweepResults
from pathgnn.files import write_text
from pathgnn.graph.load import GraphSource
from pathgnn.settings import parse
from pathgnn.study import Study
from pathgnn.train.search_space import GRAPH, OWN, PATHWAYS, Values
from pathgnn.train.trial_store import Store, find_store
from pathgnn.train.tried import OBJECTIVES, Tried, best_of, importance, risk_at, tried
from pathgnn.train.tune import AVERAGE
from pathgnn.train.verify import Verification


def kept_sweep(study: Study, out: Path, name: str = "") -> Store:
    """What a sweep has found so far; the cohort is not read.

    Raises:
        ConfigError: there is no such sweep.
    """
    return find_store(place_of(study, out), name or study.name)


def place_of(study: Study, out: Path) -> str:
    """Where the trials are kept."""
    return study.sweep.storage or str(out / "sweep" / "sweep.db")


def results_of(store: Store) -> SweepResults:
    """What is told of a sweep, finished or not."""
    trials, facts = tried(store), store.study.user_attrs
    own = next((t.values[risk_at(store)] for t in trials if t.place == 0 and t.values), math.nan)
    average = float(facts.get(AVERAGE, math.nan)) - own
    objectives = tuple(facts.get(OBJECTIVES, ("risk",)))
    return SweepResults(trials, importance(store), objectives, average)


def write_winner(
    study: Study, path: Path, store: Store, target: Path, number: int | None = None
) -> Tried:
    """Write the winning study beside the study's own file; the trial that it comes from.

    Args:
        study: The study that was swept.
        path: Its file.
        store: The sweep.
        target: The file to write.
        number: Another trial than the best; None: the best.

    Raises:
        ConfigError: another folder, where the study's relative paths would not hold, or no such
            complete trial.
    """
    if target.resolve().parent != path.resolve().parent or target.resolve() == path.resolve():
        raise ConfigError(
            f"write the winner beside {path}, under another name: its paths start there"
        )
    trials = tried(store)
    chosen = best_of(store)
    if number is not None:
        known = {t.number: t for t in trials if t.state == "complete"}
        if number not in known:
            raise ConfigError(
                f"no complete trial {number} in the sweep; `pathgnn sweep status` lists"
            )
        chosen = known[number]
    content = winning_study(study, chosen, len({t.place for t in trials}))
    parse(Study, content, str(target))
    write_text(target, tomli_w.dumps(content))
    return chosen


def winning_study(study: Study, best: Tried, trials: int) -> dict[str, Any]:
    """The study with the settings of a trial, as content of a TOML file.

    Every chosen setting is written, also where it is the default: what a study leaves open is
    chosen anew for the size of the cohort.
    """
    content: dict[str, Any] = study.model_dump(mode="json", exclude_unset=True, exclude_none=True)
    for name, value in best.settings.items():
        if name not in (GRAPH, PATHWAYS):
            group, field = name.split(".")
            content.setdefault(group, {})[field] = value
    graph, picked = source_of(study, best.settings), best.settings.keys() & {GRAPH, PATHWAYS}
    if picked:
        content["graph"] = graph.model_dump(mode="json", exclude_defaults=True)
    seen = f"the outcomes of {1 - study.sweep.reserved:.0%} of the patients"
    content.setdefault("sweep", {})["chosen"] = f"trial {best.number} of {trials}, by {seen}"
    content["out"] = f"{study.out}-best"
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
    return (*each, gained_finding(found.gained))


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
