"""The costly tests of a run in its folder: permuted arms, and repeated cross-fitting."""

from __future__ import annotations

import hashlib
import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch
from jaxtyping import Float

from pathgnn.benefit.evidence_findings import (
    NO_EFFECT,
    SAME_EFFECT,
    PermutationTest,
    Repeated,
    permutation_finding,
    repeats_finding,
)
from pathgnn.benefit.metrics import Estimate, SequentialTest
from pathgnn.benefit.safeguards import several_finding
from pathgnn.benefit.verdict import Finding
from pathgnn.cohort.pseudonym import pseudonyms
from pathgnn.draws import Kept, Pool, run_draws
from pathgnn.errors import CohortError, ConfigError
from pathgnn.graph.nodes import Nodes
from pathgnn.seeds import rng_for
from pathgnn.train.bundle import versions
from pathgnn.train.fit import Recipe
from pathgnn.train.fitted import Fitted
from pathgnn.train.permutation import (
    HALVES,
    check_exchangeable,
    constant_effect,
    one_draw,
    permutation_test,
    statistic,
)
from pathgnn.train.repeated import (
    FEWEST_REPEATS,
    Agreed,
    Repeat,
    combine,
    one_repeat,
    predicted,
    repeat_of,
)


class Permuted(NamedTuple):
    """The permutation test of every contrast; `drawn` holds the draws' statistics, None: failed."""

    comparisons: tuple[str, ...]
    null: str
    tests: tuple[PermutationTest, ...]
    drawn: tuple[tuple[float, ...] | None, ...]
    findings: tuple[Finding, ...]


class Repeats(NamedTuple):
    """Repeated cross-fitting of every contrast; the first repeat is the run itself."""

    comparisons: tuple[str, ...]
    combined: tuple[Repeated, ...]
    each: tuple[Repeat, ...]
    benefit: Agreed
    findings: tuple[Finding, ...]


class Permuting(NamedTuple):
    """How many permutations, whether permuted cohorts keep the average effect, and processes.

    With the average effect the test asks whether benefit differs between patients. Without it, p
    is exact for an arm that does nothing for anybody.
    """

    draws: int = 99
    keep_average: bool = True
    pool: Pool = Pool()


class Job(NamedTuple):
    """What a worker needs for any draw; `more` is what one kind of draw needs beside."""

    nodes: Nodes
    recipe: Recipe
    effect: Float[np.ndarray, " contrast"]
    seed: int
    more: tuple[Any, ...] = ()


def run_permutations(fitted: Fitted, nodes: Nodes, plan: Permuting, folder: Path) -> Permuted:
    """Test of the ranking against the same training on permuted arms.

    Only continuous outcomes can keep the average effect. For others, p is exact for an arm that
    does nothing for anybody, and right in large samples for the same effect for everybody. Every
    draw is kept in `folder`.

    Args:
        fitted: The run that is tested.
        nodes: Its cohort.
        plan: How often and how.
        folder: Where the draws lie; an interrupted call goes on there.

    Raises:
        ConfigError: arms that cannot be permuted, or draws of another run in the folder.
    """
    if plan.draws < 1:
        raise ConfigError(f"{plan.draws} permutations are no test; give 99 or more")
    check_exchangeable(nodes)
    effect = constant_effect(nodes, fitted.scores) * plan.keep_average
    kept = Kept(folder, stamp_of(fitted, nodes, f"permutation {effect.tolist()}"))
    packed = pack(Job(nodes, fitted.recipe, effect, fitted.seed))
    found = run_draws(permute_once, packed, kept, range(1, plan.draws + 1), plan.pool)
    drawn = tuple(tuple(d["statistic"]) if d["statistic"] else None for d in found)
    observed = statistic(fitted.benefit, fitted.scores, rng_for(fitted.seed, HALVES))
    tests = tuple(
        permutation_test(float(value), [None if d is None else d[k] for d in drawn])
        for k, value in enumerate(observed)
    )
    null = SAME_EFFECT if effect.any() else NO_EFFECT
    names = _comparisons(nodes)
    findings = [permutation_finding(t, n, null) for t, n in zip(tests, names, strict=True)]
    findings += several_finding({n: t.p for t, n in zip(tests, names, strict=True)})
    return Permuted(names, null, tests, drawn, tuple(findings))


def run_repeats(
    fitted: Fitted, nodes: Nodes, repeats: int, folder: Path, pool: Pool | None = None
) -> Repeats:
    """The run and `repeats` - 1 more with other folds and first weights, and what they agree on.

    Args:
        fitted: The run that is repeated; it counts as the first repeat.
        nodes: Its cohort.
        repeats: How many in all.
        folder: Where the repeats lie; an interrupted call goes on there.
        pool: Processes and progress; None: one process.

    Raises:
        ConfigError: fewer than two repeats, or repeats of another run in the folder.
    """
    if repeats < FEWEST_REPEATS:
        raise ConfigError(f"{repeats} repeats cannot be compared; give {FEWEST_REPEATS} or more")
    kept = Kept(folder, stamp_of(fitted, nodes, "repeats"))
    packed = pack(Job(nodes, fitted.recipe, np.zeros(len(nodes.arms) - 1), fitted.seed))
    found = run_draws(repeat_once, packed, kept, range(1, repeats), pool or Pool())
    each = (repeat_of(fitted), *(_repeat(content) for content in found))
    names = _comparisons(nodes)
    combined = tuple(combine(each, k) for k in range(len(names)))
    findings = [repeats_finding(c, n) for c, n in zip(combined, names, strict=True)]
    findings += several_finding({n: c.p for c, n in zip(combined, names, strict=True)})
    return Repeats(names, combined, each, predicted(each), tuple(findings))


def permutation_tables(done: Permuted) -> dict[str, pd.DataFrame]:
    """Tables of the test and of its draws."""
    tests = [
        {"comparison": name, **t._asdict(), "resolution": t.resolution, "null": done.null}
        for name, t in zip(done.comparisons, done.tests, strict=True)
    ]
    nothing = (np.nan,) * len(done.comparisons)
    draws = pd.DataFrame([d or nothing for d in done.drawn], columns=list(done.comparisons))
    draws.insert(0, "draw", np.arange(1, len(draws) + 1))
    return {
        "test": pd.DataFrame(tests),
        "draws": draws,
        "findings": pd.DataFrame(done.findings),
    }


def repeat_tables(done: Repeats) -> dict[str, pd.DataFrame]:
    """Tables of all repeats together, of each, and of every patient's predicted benefit."""
    together, each, patients = [], [], []
    for k, name in enumerate(done.comparisons):
        c = done.combined[k]
        row: dict[str, Any] = {"comparison": name}
        row |= _columns({"average": c.average, "autoc": c.autoc, "slope": c.slope})
        row |= {"z": c.z, "p": c.p, "differs": c.differs, "repeats": c.repeats}
        together.append(row | {"agreement": c.agreement})
        for i, r in enumerate(done.each):
            estimates = {"average": r.average[k], "autoc": r.autoc[k], "slope": r.slope[k]}
            test = {"z": r.test[k].z, "p": r.test[k].p}
            each.append({"comparison": name, "repeat": i + 1, **_columns(estimates), **test})
        numbers = pseudonyms(len(done.benefit.mean))
        columns = {"patient": numbers, "comparison": name}
        values = {"mean": done.benefit.mean[:, k], "sd": done.benefit.sd[:, k]}
        patients.append(pd.DataFrame(columns | values))
    return {
        "together": pd.DataFrame(together),
        "repeats": pd.DataFrame(each),
        "patients": pd.concat(patients, ignore_index=True),
        "findings": pd.DataFrame(done.findings),
    }


def permute_once(packed: bytes, number: int) -> dict[str, Any]:
    """One draw of the permutation test; no statistic where its cohort could not be trained."""
    job = unpack(packed)
    try:
        found = one_draw(job.nodes, job.recipe, job.effect, (job.seed, number))
    except CohortError as error:
        return {"statistic": None, "why": str(error)}
    return {"statistic": found.tolist()}


def repeat_once(packed: bytes, number: int) -> dict[str, Any]:
    """One repeated cross-fitting."""
    job = unpack(packed)
    repeat = one_repeat(job.nodes, job.recipe, (job.seed, number))
    content: dict[str, Any] = {
        name: [[e.value, _or_none(e.se)] for e in estimates]
        for name, estimates in zip(("average", "autoc", "slope"), repeat[:3], strict=True)
    }
    tests = [[_or_none(t.z), _or_none(t.p), list(t.t_by_fold)] for t in repeat.test]
    return content | {"test": tests, "benefit": repeat.benefit.tolist()}


def _or_none(number: float) -> float | None:
    """What JSON can hold."""
    return number if np.isfinite(number) else None


def pack(job: Job) -> bytes:
    """A job as bytes. Tensors would be sent through shared memory, which containers have little of.

    Ids and the reports of mapping stay behind: a worker has no use for them.
    """
    buffer = io.BytesIO()
    torch.save(job._replace(nodes=without_ids(job.nodes)), buffer)
    return buffer.getvalue()


def without_ids(nodes: Nodes) -> Nodes:
    """The same with numbers in the place of ids, and without the reports of mapping."""
    numbers = tuple(map(str, range(nodes.n_patients)))
    return replace(nodes, patients=numbers, report=(), found=())


def unpack(packed: bytes) -> Job:
    """A job from the bytes that the parent process made."""
    # Not read from a file that somebody else could have written.
    job: Job = torch.load(io.BytesIO(packed), weights_only=False)
    return job


def _repeat(content: dict[str, Any]) -> Repeat:
    average, autoc, slope = (
        tuple(Estimate(value, np.inf if se is None else se) for value, se in content[name])
        for name in ("average", "autoc", "slope")
    )
    test = tuple(
        SequentialTest(np.nan if z is None else z, np.nan if p is None else p, tuple(t))
        for z, p, t in content["test"]
    )
    return Repeat(average, autoc, slope, test, np.array(content["benefit"]))


def _columns(estimates: dict[str, Estimate]) -> dict[str, float]:
    parts = [{name: e.value, f"{name}_se": e.se} for name, e in estimates.items()]
    return {name: value for part in parts for name, value in part.items()}


def _comparisons(nodes: Nodes) -> tuple[str, ...]:
    return tuple(f"{arm} against {nodes.arms[0]}" for arm in nodes.arms[1:])


def stamp_of(fitted: Fitted, nodes: Nodes, kind: str) -> str:
    """Names all that decides a draw: data, settings, versions, seed."""
    recipe, start = fitted.recipe, fitted.recipe.start
    words = [kind, recipe.net.model_dump_json(), recipe.fit.model_dump_json()]
    words += [json.dumps(versions(), sort_keys=True), recipe.graph.sha256, str(recipe.estimand)]
    words += [str(fitted.seed), "" if start is None else start.sha256]
    digest = hashlib.sha256("\n".join(words).encode())
    data = [nodes.x, nodes.seen, nodes.clinical, nodes.site, nodes.arm, nodes.value, nodes.event]
    data += [nodes.competing, nodes.propensity, nodes.stratum, nodes.group, nodes.patient_of]
    for part in [*(t.numpy() for t in data), fitted.scores.gamma, fitted.benefit]:
        digest.update(np.ascontiguousarray(part).tobytes())
    return digest.hexdigest()
