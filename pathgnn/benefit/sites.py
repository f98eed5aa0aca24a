"""Batch and site effects: sites against measurements, arms and outcome."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float, Int
from lifelines.statistics import multivariate_logrank_test
from scipy.stats import chi2_contingency, f, kruskal

from pathgnn.benefit.verdict import Finding
from pathgnn.cohort.cohort import Outcome

SMALL_SITE, OTHERS = 5, "other sites"
N_COMPONENTS = 5
MUCH_VARIANCE, STRONG, SURE = 0.25, 0.5, 1e-3


class SiteEffect(NamedTuple):
    """Share of the first five components' variance that sites explain (adjusted), and its p."""

    omic: str
    share: float
    p: float
    patients: int


class SiteTable(NamedTuple):
    """Sites with enough patients: their code per patient (-1: not recorded) and their names."""

    code: Int[np.ndarray, " patient"]
    names: tuple[str, ...]


def site_table(site: pd.Series) -> SiteTable | None:
    """Sites of a column; those of fewer than five patients together. None if one is left."""
    counts = site.value_counts()
    small = counts.index[counts < SMALL_SITE]
    named = site.where(~site.isin(small) | site.isna(), OTHERS)
    code, names = pd.factorize(named, sort=True)
    return SiteTable(code.astype(int), tuple(map(str, names))) if len(names) > 1 else None


def site_effect(
    omic: str,
    gram: Float[np.ndarray, "patient patient"],
    has: Bool[np.ndarray, " patient"],
    code: Int[np.ndarray, " patient"],
) -> SiteEffect | None:
    """How much of an omic's main variation goes along with the sites; None with too few.

    Args:
        omic: Its name.
        gram: Inner products of patients over centred features.
        has: Who was measured.
        code: Site per patient, -1 where not recorded.
    """
    on = has & (code >= 0)
    sites, group = np.unique(code[on], return_inverse=True)
    n, k = int(on.sum()), len(sites)
    if k < 2 or n < k + 10:
        return None
    centred = gram[np.ix_(on, on)].astype(float)
    centred = centred - centred.mean(0) - centred.mean(1)[:, None] + centred.mean()
    value, vector = np.linalg.eigh(centred)
    value, vector = value[-N_COMPONENTS:].clip(0), vector[:, -N_COMPONENTS:]
    size = np.bincount(group)
    between = np.stack([np.bincount(group, v) ** 2 / size for v in vector.T]).sum(1)
    r2 = between.clip(0, 1 - 1e-12)
    adjusted = 1 - (1 - r2) * (n - 1) / (n - k)
    p = f.sf((r2 / (k - 1)) / ((1 - r2) / (n - k)), k - 1, n - k)
    share = float((value * adjusted).sum() / max(value.sum(), 1e-12))
    return SiteEffect(omic, max(0.0, share), float(min(1.0, p.min() * len(p))), n)


def cramers_v(table: Int[np.ndarray, "site arm"]) -> tuple[float, float]:
    """Cramer's V, corrected for its bias, and the p of the chi-squared test.

    Source: Bergsma, J Korean Stat Soc 2013, 42:323.
    """
    table = table[table.sum(1) > 0][:, table.sum(0) > 0]
    n, (r, k) = table.sum(), table.shape
    if min(r, k) < 2:
        return 0.0, 1.0
    chi2, p = chi2_contingency(table, correction=False)[:2]
    phi2 = max(0.0, chi2 / n - (k - 1) * (r - 1) / (n - 1))
    rows, columns = r - (r - 1) ** 2 / (n - 1), k - (k - 1) ** 2 / (n - 1)
    return float(np.sqrt(phi2 / max(min(rows, columns) - 1, 1e-9))), float(p)


def site_counts(
    sites: SiteTable, outcome: Outcome, patients: tuple[str, ...]
) -> Int[np.ndarray, "site arm"]:
    """Outcome rows per site and arm."""
    code = _code_of_rows(sites, outcome, patients)
    out = np.zeros((len(sites.names), len(outcome.arms)), dtype=int)
    np.add.at(out, (code[code >= 0], outcome.arm[code >= 0]), 1)
    return out


def site_findings(
    effects: tuple[SiteEffect, ...],
    sites: SiteTable,
    outcome: Outcome,
    patients: tuple[str, ...],
) -> tuple[Finding, ...]:
    """Are sites confounded with arms, in the measurements, in the outcome?"""
    v, p = cramers_v(site_counts(sites, outcome, patients))
    out = [_arms(v, p)]
    strong = [e for e in effects if e.share > MUCH_VARIANCE and e.p < SURE]
    if strong:
        named = ", ".join(f"'{e.omic}' {e.share:.0%}" for e in strong)
        said = f"Sites explain much of the main variation (five components) of {named}: keep "
        said += "sites together with `group` in [cohort.beside], or take out their means with "
        said += "`fit.center_sites = true`."
        out.append(Finding("note", "sites", max(e.share for e in strong), said))
    p_outcome = outcome_by_site(sites, outcome, patients)
    if p_outcome < SURE:
        said = f"The outcome differs between sites (p = {p_outcome:.2g}): compare arms within "
        said += "sites, or add the site to the covariates if new patients come from these sites."
        out.append(Finding("note", "sites", p_outcome, said))
    return tuple(out)


def outcome_by_site(sites: SiteTable, outcome: Outcome, patients: tuple[str, ...]) -> float:
    """p of no difference between sites: log-rank for survival, Kruskal-Wallis else."""
    code = _code_of_rows(sites, outcome, patients)
    on = code >= 0
    value, event, code = outcome.value[on], outcome.event[on], code[on]
    if len(np.unique(code)) < 2 or np.ptp(value) == 0:
        return 1.0
    if outcome.kind == "survival":
        return float(multivariate_logrank_test(value, code, event).p_value)
    return float(kruskal(*(value[code == c] for c in np.unique(code))).pvalue)


def _arms(v: float, p: float) -> Finding:
    said = f"Sites and arms: Cramer's V {v:.2f} (p = {p:.2g})"
    if v > STRONG and p < SURE:
        said += "; what looks like the treatment's doing may be the site's. Compare arms within "
        said += "sites that gave both, or leave out sites with one arm."
        return Finding("warning", "sites", v, said)
    return Finding("ok", "sites", v, f"{said}.")


def _code_of_rows(
    sites: SiteTable, outcome: Outcome, patients: tuple[str, ...]
) -> Int[np.ndarray, " row"]:
    at = pd.Index(patients).get_indexer(pd.Index(outcome.patient))
    return np.asarray(sites.code[at])
