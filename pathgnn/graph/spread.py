"""Features spread over genes by a feature map: weighted means of what was seen."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Float
from scipy.sparse import csr_matrix

from pathgnn.cohort.genes import GeneMap
from pathgnn.cohort.identifiers import Identifiers

# Values in one block of patients, so that a large table costs little memory.
BLOCK = 8_000_000


class Resolved(NamedTuple):
    """What became of the genes of a feature map: found in the graph, known elsewhere, ambiguous."""

    inside: dict[str, str]
    how: dict[str, str]
    elsewhere: dict[str, str]
    ambiguous: dict[str, tuple[str, ...]]


def spread(
    table: pd.DataFrame, weights: pd.DataFrame, genes: tuple[str, ...], names: Identifiers
) -> tuple[pd.DataFrame, GeneMap]:
    """A column per gene of the graph, and what became of each feature.

    Args:
        table: Patients x features, gaps are NaN.
        weights: feature, gene, weight, and perhaps how; weight 0 leaves a feature out.
        genes: Genes of the graph.
        names: What other names the map's genes may go by; an ambiguous one is refused.

    A gene's value is sum(w x) / sum|w| over its features that the patient has; a patient without
    any has a gap.
    """
    present = weights[weights["feature"].isin(table.columns)]
    resolved = _resolve(present["gene"], set(genes), names)
    used = present[(present["weight"] != 0) & present["gene"].isin(resolved.inside)]
    used = used.assign(symbol=used["gene"].map(resolved.inside))
    return _means(table, used), _gene_map(table, present, used, resolved)


def _resolve(listed: pd.Series, genes: set[str], names: Identifiers) -> Resolved:
    out = Resolved({}, {}, {}, {})
    for gene in dict.fromkeys(listed):
        symbols, how = ((gene,), "") if gene in genes else names.find(gene)
        if len(symbols) > 1:
            out.ambiguous[gene] = symbols
        elif symbols and symbols[0] in genes:
            out.inside[gene], out.how[gene] = symbols[0], how
        else:
            out.elsewhere[gene] = symbols[0] if symbols else gene
    return out


def _means(table: pd.DataFrame, used: pd.DataFrame) -> pd.DataFrame:
    symbols, features = (pd.Index(used[c].unique()) for c in ("symbol", "feature"))
    columns = table[features]
    single = bool((columns.dtypes == np.float32).all())
    dtype = np.float32 if single else np.float64
    weight = csr_matrix(
        (
            used["weight"].to_numpy(dtype=dtype),
            (symbols.get_indexer(used["symbol"]), features.get_indexer(used["feature"])),
        ),
        shape=(len(symbols), len(features)),
    )
    values = np.empty((len(table), len(symbols)), dtype=dtype)
    rows = max(1, BLOCK // max(len(features), 1))
    for start in range(0, len(table), rows):
        part = slice(start, start + rows)
        values[part] = _block(columns.iloc[part].to_numpy(dtype=dtype), weight, abs(weight))
    return pd.DataFrame(values, index=table.index, columns=symbols)


def _block(
    x: Float[np.ndarray, "patient feature"], weight: csr_matrix, size: csr_matrix
) -> Float[np.ndarray, "patient gene"]:
    seen = ~np.isnan(x)
    total = (weight @ np.where(seen, x, 0).T).T
    mass = (size @ seen.T.astype(x.dtype)).T
    return np.where(mass > 0, total / np.where(mass > 0, mass, 1), np.nan).astype(x.dtype)


def _gene_map(
    table: pd.DataFrame, present: pd.DataFrame, used: pd.DataFrame, resolved: Resolved
) -> GeneMap:
    pairs = tuple(zip(used["feature"], used["symbol"], strict=True))
    gene_of = dict(reversed(pairs))
    rest = present[~present["feature"].isin(gene_of)]
    left_out = set(rest["feature"][rest["weight"] == 0])
    rest = rest[~rest["feature"].isin(left_out)]
    listed = list(zip(rest["feature"], rest["gene"], strict=True))
    ambiguous = {f: resolved.ambiguous[g] for f, g in listed if g in resolved.ambiguous}
    elsewhere = {f: resolved.elsewhere[g] for f, g in reversed(listed) if f not in ambiguous}
    known = gene_of.keys() | left_out | ambiguous.keys() | elsewhere.keys()
    return GeneMap(
        gene_of,
        _how(used, resolved),
        ambiguous=ambiguous,
        elsewhere=elsewhere,
        unknown=tuple(f for f in table.columns if f not in known),
        left_out=tuple(f for f in table.columns if f in left_out),
        spread=pairs,
    )


def _how(used: pd.DataFrame, resolved: Resolved) -> dict[str, str]:
    """Feature -> what attached it, and by which kind of name its gene was found."""
    by = used["how"] if "how" in used else pd.Series("feature map", index=used.index)
    out: dict[str, str] = {}
    for feature, gene, what in zip(used["feature"], used["gene"], by, strict=True):
        other = resolved.how[gene]
        out.setdefault(feature, f"{what}, {other}" if other else what)
    return out
