"""Attribution nulls by full retraining: permuted arms, permuted outcomes; resumable, parallel."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd
import torch
from jaxtyping import Float, Int

from pathgnn.attribute.attribute import attribute
from pathgnn.attribute.attribution import Attribution
from pathgnn.attribute.exchangeable import Exchangeable, exchangeable
from pathgnn.attribute.exchangeable import permuted as outcome_permuted
from pathgnn.attribute.reference import Compared, healthy_digest
from pathgnn.attribute.significance import among, benjamini_hochberg, with_measured
from pathgnn.draws import Kept, Pool, run_draws
from pathgnn.errors import CohortError, ConfigError
from pathgnn.evidence import Job, pack, stamp_of, unpack, without_ids
from pathgnn.graph.nodes import Nodes
from pathgnn.model.config import ExplainConfig
from pathgnn.paths import takes_paths
from pathgnn.seeds import rng_for, seed_for
from pathgnn.train.crossfit import fit_networks
from pathgnn.train.estimate import contrast_of
from pathgnn.train.fitted import Fitted
from pathgnn.train.folds import independent_units
from pathgnn.train.permutation import check_exchangeable, constant_effect, permuted

TREATMENT, OUTCOME = "treatment", "outcome"
# Keys of random streams that nothing else uses.
DRAW, ROWS = 1002, 19

Kind = Literal["treatment", "outcome"]


class Nulling(NamedTuple):
    """Which null, how many trainings, processes, and samples for the reference "healthy".

    "treatment" permutes arms in their strata, the average effect kept where it can be: nobody's
    benefit differs. "outcome" permutes outcomes inside arms, those of a patient or group together:
    the graph's own bias of importance.
    """

    kind: Kind = "treatment"
    draws: int = 20
    pool: Pool = Pool()
    healthy: Nodes | None = None


class Nulled(NamedTuple):
    """p of genes by the largest of all genes, of pathways by their pooled null with BH's q.

    Both are NaN where nothing was measured.
    """

    kind: str
    draws: int
    failed: int
    gene: Float[np.ndarray, " gene"]
    gene_p: Float[np.ndarray, " gene"]
    pathway: Float[np.ndarray, " pathway"]
    pathway_p: Float[np.ndarray, " pathway"]
    pathway_q: Float[np.ndarray, " pathway"]
    genes: tuple[str, ...]
    pathways: tuple[str, ...]


@takes_paths
def run_nulls(
    fitted: Fitted, nodes: Nodes, config: ExplainConfig, plan: Nulling, folder: Path
) -> Nulled:
    """Mean absolute attributions of the run against those of cohorts without a benefit to find.

    Each draw trains everything anew. Gene p control the family-wise error; both control it under
    the global null only: a correlate of a true driver can be small p.

    Args:
        fitted: The run.
        nodes: Its cohort.
        config: How it was explained, and which contrast.
        plan: Kind and number of draws.
        folder: Where the draws lie; an interrupted call goes on there.

    Raises:
        ConfigError: arms that cannot be permuted, no draws, or draws of another run in the folder.
        CohortError: not the cohort of the run, or in another order.
    """
    fitted.refuse_others(nodes)
    if plan.draws < 1:
        raise ConfigError(f"{plan.draws} trainings are no null; give 20 or more")
    if plan.kind == TREATMENT:
        check_exchangeable(nodes)
    elif not _outcome_moves(nodes).movable:
        raise ConfigError(
            "no outcomes can be permuted: no two patients, or groups of the column `group`, have "
            "outcomes in the same arms"
        )
    contrast = contrast_of(nodes, config.contrast)
    effect = constant_effect(nodes, fitted.scores)
    words = f"null {plan.kind} {contrast} {effect.tolist()} {config.key}"
    words += healthy_digest(plan.healthy)
    kept = Kept(folder / plan.kind, stamp_of(fitted, nodes, words))
    healthy = without_ids(plan.healthy) if plan.healthy else None
    more = (plan.kind, config, contrast, healthy)
    packed = pack(Job(nodes, fitted.recipe, effect, fitted.seed, more))
    found = run_draws(null_once, packed, kept, range(1, plan.draws + 1), plan.pool)
    known = [d for d in found if d["gene"] is not None]
    observed = attribute(Compared(fitted, nodes, config, contrast, plan.healthy))
    return _compared(observed, known, plan, fitted.recipe.graph.members)


def null_tables(done: Nulled) -> dict[str, pd.DataFrame]:
    """Genes and pathways, the strongest first."""
    gene = {"symbol": done.genes, "mean_abs": done.gene, "p": done.gene_p}
    pathway = {"Term": done.pathways, "score": done.pathway, "p": done.pathway_p}
    tables = {
        "null_genes": pd.DataFrame(gene).sort_values("mean_abs", ascending=False, kind="stable"),
        "null_pathways": pd.DataFrame(pathway | {"q": done.pathway_q}).sort_values(
            "score", ascending=False, kind="stable"
        ),
    }
    return {
        name: t.assign(null=done.kind, trainings=done.draws, failed=done.failed)
        for name, t in tables.items()
    }


def null_once(packed: bytes, number: int) -> dict[str, Any]:
    """One draw: permute, train anew, attribute; nothing where its cohort could not be trained."""
    job = unpack(packed)
    kind, config, contrast, healthy = job.more
    seed = seed_for(job.seed, DRAW, number)
    try:
        nodes = _drawn(job.nodes, kind, job.effect, rng_for(seed, ROWS))
        fitted = fit_networks(nodes, job.recipe, seed)
    except CohortError as error:
        return {"gene": None, "why": str(error)}
    found = attribute(Compared(fitted, nodes, config, contrast, healthy))
    gene, pathway = _strength(found)
    return {"gene": gene.tolist(), "pathway": pathway.tolist()}


def _drawn(
    nodes: Nodes, kind: str, effect: Float[np.ndarray, " contrast"], rng: np.random.Generator
) -> Nodes:
    if kind == TREATMENT:
        return permuted(nodes, rng, effect if effect.any() else None)
    order = outcome_permuted(np.arange(len(nodes.arm), dtype=float), _outcome_moves(nodes), 1, rng)
    there = torch.from_numpy(order[0].astype(int))
    return replace(
        nodes,
        value=nodes.value[there],
        event=nodes.event[there],
        competing=nodes.competing[there],
    )


def _outcome_moves(nodes: Nodes) -> Exchangeable:
    """Outcomes of whole patients, or groups, trade places with those of the same arms."""
    patient = nodes.patient_of.numpy()
    return exchangeable(independent_units(nodes)[patient], nodes.arm.numpy(), patient)


def _strength(
    found: Attribution,
) -> tuple[Float[np.ndarray, " gene"], Float[np.ndarray, " pathway"]]:
    gene = found.by_gene.abs().mean(0).double().numpy()
    return np.asarray(gene), np.asarray(found.pathway.abs().mean(0).double().numpy())


def _compared(
    observed: Attribution,
    drawn: list[dict[str, Any]],
    plan: Nulling,
    members: Int[np.ndarray, "2 member"],
) -> Nulled:
    gene, pathway = _strength(observed)
    failed, n, measured = plan.draws - len(drawn), plan.draws, observed.measured
    largest = np.array([max(d["gene"]) for d in drawn])
    gene_p = (1 + failed + (largest[:, None] >= gene[measured]).sum(0)) / (1 + n)
    named = with_measured(members, measured, len(pathway))
    pooled = np.array([d["pathway"] for d in drawn]).reshape(-1, len(named))[:, named].reshape(-1)
    beyond = failed * named.sum() + (pooled[:, None] >= pathway[named]).sum(0)
    pathway_p = (1 + beyond) / (1 + n * named.sum())
    return Nulled(
        kind=plan.kind,
        draws=n,
        failed=failed,
        gene=gene,
        gene_p=among(measured, gene_p),
        pathway=pathway,
        pathway_p=among(named, pathway_p),
        pathway_q=among(named, benjamini_hochberg(pathway_p)),
        genes=observed.genes,
        pathways=observed.pathways,
    )
