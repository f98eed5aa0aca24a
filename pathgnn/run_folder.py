"""What a run folder holds: which stages are finished, and under which settings and versions."""

from __future__ import annotations

import hashlib
import json
import platform
import shutil
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from pathgnn.benefit.column_levels import Levels
from pathgnn.cohort.cohort import Cohort
from pathgnn.cohort.identifiers import Identifiers
from pathgnn.cohort.truth import Truth
from pathgnn.errors import BundleError
from pathgnn.files import read_json, write_json, writing
from pathgnn.graph.graph import PathwayGraph
from pathgnn.graph.nodes import Nodes
from pathgnn.model.encoder import Encoder
from pathgnn.study import Study
from pathgnn.train.bundle import versions

# Before the names of files that only an explanation reads.
HEALTHY_FILE = "healthy:"
# Where a stage keeps what it made.
FOLDERS: Mapping[str, str] = MappingProxyType({"fit": "fit", "explain": "explanation"})
# Made of a fit and its explanation: of another fit they would be another study's.
TOLD = (
    *("report.html", "tables", "figures", "patients", "gsea", "pathways.h5ad"),
    *("graph.graphml", "graph.cx2", "graph.sif", "graph.cyjs"),
)
# So are tables and pictures in these folders; draws and parts say themselves what they are of.
OF_EXPLANATION = ("nulls", "examination", "controls")
# Made of the same settings and data as a fit, but without it.
BESIDE_FIT = "modalities"
EVIDENCE = (
    *("permutation", "permutation-no-effect", "repeats", BESIDE_FIT),
    *OF_EXPLANATION,
)
# What the key of a fit stands under while it trains from an encoder.
ENCODER = "encoder"
# The stage whose key alone knows by which columns cascades are drawn.
SUBGROUPS = "subgroup cascades"


class Input(NamedTuple):
    """A study with its cohort and graph read and joined; `hashes` names what it was read from.

    `levels` are those of the columns by which cascades are drawn, `healthy` the samples behind
    that reference.
    """

    study: Study
    cohort: Cohort
    graph: PathwayGraph
    nodes: Nodes
    hashes: Mapping[str, str]
    truth: Truth | None = None
    known: Identifiers | None = None
    levels: tuple[Levels, ...] = ()
    healthy: Nodes | None = None


class Keeper:
    """What is finished in a run folder, and under which settings, data and versions."""

    def __init__(self, given: Input, out: Path, start: Encoder | None) -> None:
        self.given, self.out, self.path = given, out, out / "stages.json"
        self.start_hash = "" if start is None else start.sha256
        self.done = stages_of(self.path)

    def start(self) -> None:
        """Write the resolved settings, unless they would stand beside a fit of others.

        Then they are written when that one is replaced: a run that is killed before leaves the
        earlier results with their own.
        """
        if "fit" not in self.done:
            self.write_settings()

    def write_settings(self) -> None:
        """Write the resolved settings and the versions and hashes of what is read."""
        write_json(self.out / "config.json", self.given.study.model_dump(mode="json"))
        write_json(
            self.out / "versions.json", stamp(self.given) | {"platform": platform.platform()}
        )

    def is_done(self, stage: str) -> bool:
        """Finished before, with the same settings, data and versions, and still there."""
        kept = stage not in FOLDERS or (self.out / FOLDERS[stage]).is_dir()
        return kept and self.done.get(stage) == self.key(stage)

    def begin(self, stage: str) -> None:
        """Forget what an earlier run left of a stage before it is written anew."""
        if stage not in self.done:
            return
        if stage in FOLDERS:
            # First: what a kill leaves here is known to be another study's as long as the key is.
            self.log(f"the {stage} of other data or settings is replaced, and what was told of it")
            self._forget_told(EVIDENCE if stage == "fit" else OF_EXPLANATION)
            self.write_settings()
        del self.done[stage]
        write_json(self.path, self.done)

    def started_from_encoder(self) -> None:
        """Note that this fit trains from an encoder, before it does."""
        self.done[ENCODER] = self.key("fit")
        write_json(self.path, self.done)

    def _forget_told(self, evidence: tuple[str, ...]) -> None:
        for path in (self.out / name for name in TOLD):
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
        mine = self.done.get(BESIDE_FIT) == self.key("fit")
        for folder in (f for f in evidence if not (mine and f == BESIDE_FIT)):
            for path in (self.out / folder).rglob("*"):
                if path.suffix in (".csv", ".png", ".svg"):
                    path.unlink()

    def made_beside_fit(self) -> None:
        """Note of what settings and data the tables are that were made without the fit."""
        self.done[BESIDE_FIT] = self.key("fit")
        write_json(self.path, self.done)

    def finish(self, stage: str) -> None:
        """Mark a stage as finished."""
        self.done[stage] = self.key(stage)
        write_json(self.path, self.done)
        self.log(f"{stage} finished")

    def log(self, text: str) -> None:
        """One line in run.log; no patient id ever goes here."""
        path = self.out / "run.log"
        with writing(path), path.open("a", encoding="utf-8") as handle:
            handle.write(f"{datetime.now(UTC).isoformat(timespec='seconds')} {text}\n")

    def key(self, stage: str) -> str:
        """Settings, data and versions that decide a stage, as a hash."""
        study = self.given.study.model_dump(mode="json", exclude={"out", "data", "sweep"})
        hashes = dict(self.given.hashes)
        if stage == "fit":
            study.pop("explain")
            hashes = {k: h for k, h in hashes.items() if not k.startswith(HEALTHY_FILE)}
        elif stage != SUBGROUPS:
            # Another column does not change what is said of everybody.
            study["explain"].pop("cascades_by")
        content = [study, hashes, self.given.graph.sha256, versions()]
        content += [self.start_hash] if self.start_hash else []
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def stages_of(path: Path) -> dict[str, str]:
    """The finished stages of an earlier run, with their keys.

    Raises:
        BundleError: the file was changed.
    """
    try:
        done = read_json(path, BundleError) if path.exists() else {}
    except BundleError:
        done = None
    if not isinstance(done, dict):
        raise BundleError(f"{path} is no list of finished stages; delete it, and all is run anew")
    return done


def stamp(given: Input) -> dict[str, str]:
    """Versions, hashes and seed of a run."""
    data = hashlib.sha256(json.dumps(dict(given.hashes), sort_keys=True).encode()).hexdigest()
    return versions() | {
        "graph": f"{given.graph.provenance.name} {given.graph.provenance.version}".strip(),
        "graph_sha256": given.graph.sha256,
        "data_sha256": data,
        "seed": str(given.study.seed),
    }
