"""What a run folder holds: which stages are finished, and under which settings and versions."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from pathgnn.cohort.cohort import Cohort
from pathgnn.cohort.identifiers import Identifiers
from pathgnn.cohort.truth import Truth
from pathgnn.errors import ConfigError
from pathgnn.files import write_json
from pathgnn.graph.graph import PathwayGraph
from pathgnn.graph.nodes import Nodes
from pathgnn.model.encoder import Encoder
from pathgnn.study import Study
from pathgnn.train.bundle import versions


class Input(NamedTuple):
    """A study with its cohort and graph read and joined; `hashes` names what it was read from."""

    study: Study
    cohort: Cohort
    graph: PathwayGraph
    nodes: Nodes
    hashes: Mapping[str, str]
    truth: Truth | None = None
    known: Identifiers | None = None


class Keeper:
    """What is finished in a run folder, and under which settings, data and versions."""

    def __init__(self, given: Input, out: Path, start: Encoder | None) -> None:
        self.given, self.out, self.path = given, out, out / "stages.json"
        self.start_hash = "" if start is None else start.sha256
        self.done: dict[str, str] = json.loads(self.path.read_text()) if self.path.is_file() else {}

    def start(self) -> None:
        """Write the resolved settings and hashes."""
        try:
            self.out.mkdir(parents=True, exist_ok=True)
            write_json(self.out / "config.json", self.given.study.model_dump(mode="json"))
        except OSError as error:
            raise ConfigError(f"cannot write to the run folder {self.out}: {error}") from error
        write_json(
            self.out / "versions.json", stamp(self.given) | {"platform": platform.platform()}
        )

    def is_done(self, stage: str) -> bool:
        """Finished before, with the same settings, data and versions."""
        return self.done.get(stage) == self._key(stage)

    def begin(self, stage: str) -> None:
        """Forget what an earlier run left of a stage before it is written anew."""
        if self.done.pop(stage, None) is not None:
            write_json(self.path, self.done)

    def finish(self, stage: str) -> None:
        """Mark a stage as finished."""
        self.done[stage] = self._key(stage)
        write_json(self.path, self.done)
        self.log(f"{stage} finished")

    def log(self, text: str) -> None:
        """One line in run.log; no patient id ever goes here."""
        with (self.out / "run.log").open("a", encoding="utf-8") as handle:
            handle.write(f"{datetime.now(UTC).isoformat(timespec='seconds')} {text}\n")

    def _key(self, stage: str) -> str:
        study = self.given.study.model_dump(mode="json", exclude={"out", "data"})
        if stage == "fit":
            study.pop("explain")
        content = [study, dict(self.given.hashes), self.given.graph.sha256, versions()]
        content += [self.start_hash] if self.start_hash else []
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def stamp(given: Input) -> dict[str, str]:
    """Versions, hashes and seed of a run."""
    data = hashlib.sha256(json.dumps(dict(given.hashes), sort_keys=True).encode()).hexdigest()
    return versions() | {
        "graph": f"{given.graph.provenance.name} {given.graph.provenance.version}".strip(),
        "graph_sha256": given.graph.sha256,
        "data_sha256": data,
        "seed": str(given.study.seed),
    }
