"""Tables of a run as csv and parquet, with what their columns rest on."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from jaxtyping import Float

from pathgnn.attribute.exchangeable import exchangeable
from pathgnn.attribute.leaning import leaning
from pathgnn.attribute.propagate import propagated
from pathgnn.attribute.stability import TOP_GENES, share_in_top
from pathgnn.attribute.subgroup_cascades import MULTIPLICITY
from pathgnn.cohort.pseudonym import pseudonyms
from pathgnn.export.cascade_tables import cascade_table, subgroup_cascade_table
from pathgnn.export.dictionary import write_dictionary
from pathgnn.export.results import Results
from pathgnn.export.to_evaluation import policy, prognosis
from pathgnn.export.to_over_time import over_time
from pathgnn.export.to_subgroups import subgroup_table
from pathgnn.files import whole_file, write_csv, write_json
from pathgnn.graph.project import coverage, features, rests_on
from pathgnn.paths import takes_paths


def tables(results: Results, with_ids: bool = False) -> dict[str, pd.DataFrame]:
    """Every table by name; patient ids only when asked for."""
    return {
        "genes": genes(results),
        "edges": edges(results),
        "pathways": pathways(results),
        "cascades": cascades(results),
        "subgroup_cascades": subgroup_cascade_table(results.subgroup_cascades),
        "patients": patients(results, with_ids),
        "ladder": ladder(results),
        "over_time": over_time(results),
        "subgroups": subgroup_table(results),
        "policy": policy(results),
        "prognosis": prognosis(results),
        "findings": findings(results),
        "mapping": pd.DataFrame(results.nodes.report),
        "features": features(results.nodes),
    }


@takes_paths
def to_tables(results: Results, folder: Path, with_ids: bool = False) -> list[Path]:
    """Write every table as csv and parquet, with data_dictionary.csv and tables.json on them."""
    whole = tables(results, with_ids)
    for name, table in whole.items():
        write_csv(folder / f"{name}.csv", table)
    return [*(folder / f"{name}.csv" for name in whole), *_parquet(results, whole, folder)]


def to_parquet(results: Results, folder: Path, with_ids: bool = False) -> list[Path]:
    """Write every table as parquet alone, and what they mean."""
    return _parquet(results, tables(results, with_ids), folder)


def describe(results: Results) -> dict[str, object]:
    """Header of all tables: estimand, reference, versions and hashes, and how to read p and q."""
    benefit, attribution = results.benefit, results.explanation.attribution
    return {
        "contrast": f"{benefit.arm} against {benefit.reference}",
        "estimand": benefit.estimand.unit,
        "attribution": f"{attribution.method}; reference: {attribution.reference}",
        "largest_gap": float(attribution.gap.abs().max()),
        "p": permutation(results),
        "q": "Benjamini-Hochberg within one table",
        "subgroup_cascades": MULTIPLICITY,
        "csv": "pandas.read_csv(file, keep_default_na=False, na_values=['']) keeps a gene named NA",
        "caution": "the null is no effect modification: correlates of a true driver can be small p",
        **results.stamp,
    }


def permutation(results: Results) -> str:
    """How p was permuted; of a cohort with groups, how many patients could be moved."""
    said = "permutation of the benefit scores within folds, one-sided, (b + 1) / (m + 1)"
    on = results.fitted.scores.informs[:, results.explained]
    group = results.fitted.scores.group[on]
    if len(np.unique(group)) == len(group):
        return said
    movable = exchangeable(group, results.fitted.fold[on]).movable
    return f"{said}; groups of patients as one, {movable:.0%} of the patients could be moved"


def genes(results: Results) -> pd.DataFrame:
    """One row per gene and modality that was measured, strongest gene first."""
    e, graph = results.explanation, results.fitted.recipe.graph
    score, prognostic = e.attribution.score, e.attribution.prognostic
    high = _high_minus_low(results)
    in_pathways = _pathways_of(results)
    whole = e.attribution.by_gene.abs().mean(0).numpy()
    frequency = share_in_top(e.attribution.member.numpy(), TOP_GENES)
    spread = propagated(whole, e.attribution.measured, graph)
    rows = []
    for g in np.argsort(-whole, kind="stable"):
        for m, modality in enumerate(e.attribution.modalities):
            if not e.attribution.n_seen[g, m]:
                continue
            rows.append(
                {
                    "symbol": graph.genes[g],
                    "modality": modality,
                    "mean": float(score[:, g, m].mean()),
                    "mean_abs": float(score[:, g, m].abs().mean()),
                    "high_minus_low": float(high[g, m]),
                    "gene_mean_abs": float(whole[g]),
                    "propagated": float(spread[g]),
                    "direction": int(np.sign(float(e.attribution.slope[g]))),
                    "prognostic_mean_abs": float(prognostic[:, g, m].abs().mean()),
                    "treated_mean_abs": float(e.attribution.treated[:, g, m].abs().mean()),
                    "p": float(e.gene.p[g]),
                    "q": float(e.gene.q[g]),
                    "stability": float(frequency[g]),
                    "univariate_t": float(e.univariate[g, m]),
                    "n_observed": int(e.attribution.n_seen[g, m]),
                    "kind": graph.kind[g],
                    "pathways": ";".join(in_pathways[g]),
                }
            )
    return pd.DataFrame(rows)


def edges(results: Results) -> pd.DataFrame:
    """One row per edge: node product (ranking), what the model used, how often it is drawn."""
    e, graph = results.explanation, results.fitted.recipe.graph
    whole = e.attribution.by_gene.abs().mean(0).numpy()
    source, target = graph.edges
    slope = np.sign(e.attribution.slope.numpy())
    drawn = {
        (u, v): f for c in e.cascades for (u, v, _), f in zip(c.edges, c.frequency, strict=True)
    }
    names = [(graph.genes[u], graph.genes[v]) for u, v in graph.edges.T]
    needed = next(f.severity == "ok" for f in results.benefit.findings if f.topic == "graph")
    table = pd.DataFrame(
        {
            "source": [u for u, _ in names],
            "target": [v for _, v in names],
            "sign": graph.sign,
            "directed": graph.directed,
            "mechanism": graph.mechanism,
            "sources": graph.sources,
            "score": np.sqrt(whole[source] * whole[target]),
            "edge_ig": e.attribution.edge.numpy(),
            "consistent": slope[source] * graph.sign * slope[target] > 0,
            "cascade_frequency": [drawn.get(pair, 0.0) for pair in names],
            "graph_needed": needed,
        }
    )
    return table.sort_values("score", ascending=False, kind="stable", ignore_index=True)


def pathways(results: Results) -> pd.DataFrame:
    """One row per pathway, strongest first, in the columns of a prerank result."""
    e, graph = results.explanation, results.fitted.recipe.graph
    score = e.attribution.pathway.abs().mean(0).numpy()
    prognostic = e.attribution.prognostic_pathway.abs().mean(0).numpy()
    held = coverage(results.nodes, graph)
    whole = e.attribution.by_gene.abs().mean(0).numpy()
    high, low = _thirds(results)
    contrast = e.attribution.pathway[high].mean(0) - e.attribution.pathway[low].mean(0)
    leans = leaning(e.attribution)
    table = pd.DataFrame(
        {
            "Term": graph.pathways,
            "size": held["size"],
            "measured": held["measured"],
            "score": score,
            "high_minus_low": contrast.numpy(),
            "p": e.pathway.p,
            "q": e.pathway.q,
            "is_predictive": (e.pathway.q < 0.05) & results.benefit.differs,
            "prognostic_score": prognostic,
            # The two scores may have different units; shares of them have none.
            "is_prognostic": leans.high < 0,
            **leans.columns(),
            "lead_genes": [
                ";".join(_lead(graph.members_of(p), graph.genes, whole)) for p in graph.pathways
            ],
        }
    )
    return table.sort_values("score", ascending=False, kind="stable", ignore_index=True)


def cascades(results: Results) -> pd.DataFrame:
    """One row per gene of a cascade, in order from the receptor."""
    return cascade_table(results.explanation.cascades)


def patients(results: Results, with_ids: bool) -> pd.DataFrame:
    """One row per patient and arm: benefit with interval, raw score, strongest pathway."""
    names = names_of(results, with_ids)
    most, top = results.explanation.attribution.pathway.abs().max(1)
    held = zip(most.tolist(), top.tolist(), strict=True)
    # Who was measured in nothing has no strongest pathway.
    pathway = [results.fitted.recipe.graph.pathways[i] if size else "" for size, i in held]
    seen, basis = results.nodes.seen.any(0).numpy(), rests_on(results.nodes)
    parts = []
    for k, benefit in enumerate(results.benefits):
        part = pd.DataFrame(
            {
                "patient": names,
                "arm": benefit.arm,
                "benefit": benefit.benefit,
                "low": benefit.low,
                "high": benefit.high,
                "score": benefit.score,
                "fold": results.fitted.fold,
            }
        )
        part["top_pathway"] = pathway if k == results.explained else ""
        part["omics"] = [";".join(np.array(results.nodes.modalities)[row]) for row in seen]
        part["rests_on"] = basis
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


def names_of(results: Results, with_ids: bool) -> tuple[str, ...]:
    """Ids of the patients where they are asked for, else pseudonyms in the order of the cohort."""
    ids = results.nodes.patients
    return ids if with_ids else pseudonyms(len(ids))


def ladder(results: Results) -> pd.DataFrame:
    """One row per arm and learner: ranking, calibration and the valid test."""
    rows = []
    for benefit in results.benefits:
        for rung in benefit.ladder:
            rows.append(
                {
                    "arm": benefit.arm,
                    "learner": rung.name,
                    "autoc": rung.autoc.value,
                    "autoc_se": rung.autoc.se,
                    "slope": rung.slope.value,
                    "slope_se": rung.slope.se,
                    "test_z": rung.test.z if rung.test else np.nan,
                    "test_p": rung.test.p if rung.test else np.nan,
                    "stack_ahead": rung.ahead.value,
                    "stack_ahead_low": rung.ahead.low,
                    "stack_ahead_high": rung.ahead.high,
                }
            )
    return pd.DataFrame(rows)


def findings(results: Results) -> pd.DataFrame:
    """One row per verdict of the checks and of every arm."""
    rows = [{"arm": "all", **f._asdict()} for f in results.checks]
    for benefit in results.benefits:
        rows += [{"arm": benefit.arm, **f._asdict()} for f in benefit.findings]
    return pd.DataFrame(rows)


def _parquet(results: Results, whole: Mapping[str, pd.DataFrame], folder: Path) -> list[Path]:
    for name, table in whole.items():
        with whole_file(folder / f"{name}.parquet") as part:
            table.to_parquet(part, index=False)
    dictionary = write_dictionary(whole, results.benefit.estimand.unit, folder)
    write_json(folder / "tables.json", describe(results))
    return [*(folder / f"{name}.parquet" for name in whole), dictionary, folder / "tables.json"]


def _thirds(results: Results) -> tuple[np.ndarray, np.ndarray]:
    """Patients of the top and of the bottom third of predicted benefit."""
    order = np.argsort(results.benefit.score, kind="stable")
    third = max(1, len(order) // 3)
    return order[-third:].copy(), order[:third].copy()


def _high_minus_low(results: Results) -> Float[np.ndarray, "gene modality"]:
    high, low = _thirds(results)
    score = results.explanation.attribution.score
    return np.asarray((score[high].mean(0) - score[low].mean(0)).numpy())


def _pathways_of(results: Results) -> list[list[str]]:
    graph = results.fitted.recipe.graph
    out: list[list[str]] = [[] for _ in graph.genes]
    for pathway, gene in graph.members.T:
        out[gene].append(graph.pathways[pathway])
    return out


def _lead(
    members: tuple[str, ...], genes: tuple[str, ...], whole: Float[np.ndarray, " gene"]
) -> list[str]:
    place: Mapping[str, int] = {g: i for i, g in enumerate(genes)}
    return sorted(members, key=lambda g: -whole[place[g]])[:5]
