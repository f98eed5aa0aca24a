"""Every format of a run's results by name; a new one is one new file and one line in EXPORTS."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from pathgnn.errors import ConfigError
from pathgnn.export.results import Results
from pathgnn.export.to_cx2 import to_cx2
from pathgnn.export.to_cytoscape import to_cyjs, to_sif
from pathgnn.export.to_figures import to_figures
from pathgnn.export.to_graphml import to_graphml
from pathgnn.export.to_gsea import to_gsea
from pathgnn.export.to_h5ad import to_h5ad
from pathgnn.export.to_report import to_report
from pathgnn.export.to_rnk import to_gmt, to_rnk
from pathgnn.export.to_tables import to_parquet, to_tables
from pathgnn.paths import takes_paths


class Order(NamedTuple):
    """What is to be exported: `to` names formats, none: the usual; `gmt` is gsea's gene sets."""

    with_ids: bool = False
    to: Sequence[str] = ()
    gmt: Path | None = None


Export = Callable[[Results, Path, Order], list[Path]]


@takes_paths
def export(
    results: Results,
    out: Path,
    with_ids: bool = False,
    to: Sequence[str] = (),
    gmt: Path | None = None,
) -> list[Path]:
    """Write the results of a run; the files written.

    Args:
        results: What a run found out.
        out: Folder to write into.
        with_ids: Write patient ids instead of pseudonyms.
        to: Formats, of EXPORTS; none: tables, figures, ranks, cascades,
            graph and report.
        gmt: Gene sets for the format gsea; None: the graph's own pathways.

    Raises:
        ConfigError: no such format, or a GMT file that is not there or that no format reads.
    """
    return write_formats(results, out, Order(with_ids, to, gmt))


def write_formats(results: Results, out: Path, order: Order) -> list[Path]:
    """Write the formats asked for below a run folder; the files, each written whole or not at all.

    Raises:
        ConfigError: as `chosen`.
    """
    return [path for name in chosen(order) for path in EXPORTS[name](results, out, order)]


def chosen(order: Order) -> tuple[str, ...]:
    """Names of the formats asked for, each once.

    Raises:
        ConfigError: no such format, or a GMT file that is not there or that no format reads.
    """
    asked = (order.to,) if isinstance(order.to, str) else order.to
    names = tuple(dict.fromkeys(asked)) or USUAL
    wrong = [name for name in names if name not in EXPORTS]
    if wrong:
        raise ConfigError(f"no format {wrong[0]!r}; the formats are {', '.join(EXPORTS)}")
    if order.gmt is not None and "gsea" not in names:
        raise ConfigError("a GMT file is read by the format gsea only; add it: --to gsea")
    if order.gmt is not None and not order.gmt.is_file():
        raise ConfigError(f"no GMT file at {order.gmt}; give the path of a file of gene sets")
    return names


def _file(write: Callable[[Results, Path], Path], name: str) -> Export:
    """An export that is one file and names no patient."""
    return lambda results, out, _: [write(results, out / name)]


def _tables(results: Results, out: Path, order: Order) -> list[Path]:
    return to_tables(results, out / "tables", order.with_ids)


def _parquet(results: Results, out: Path, order: Order) -> list[Path]:
    return to_parquet(results, out / "tables", order.with_ids)


def _figures(results: Results, out: Path, _: Order) -> list[Path]:
    return to_figures(results, out / "figures")


def _h5ad(results: Results, out: Path, order: Order) -> list[Path]:
    return [to_h5ad(results, out / "pathways.h5ad", order.with_ids)]


def _gsea(results: Results, out: Path, order: Order) -> list[Path]:
    return to_gsea(results, out / "gsea", order.gmt, order.with_ids)


EXPORTS: Mapping[str, Export] = MappingProxyType(
    {
        "tables": _tables,
        "parquet": _parquet,
        "figures": _figures,
        "rnk": _file(to_rnk, "tables/genes.rnk"),
        "gmt": _file(to_gmt, "tables/cascades.gmt"),
        "graphml": _file(to_graphml, "graph.graphml"),
        "cx2": _file(to_cx2, "graph.cx2"),
        "sif": _file(to_sif, "graph.sif"),
        "cyjs": _file(to_cyjs, "graph.cyjs"),
        "h5ad": _h5ad,
        "gsea": _gsea,
        "report": _file(to_report, "report.html"),
    }
)
# What is written where no format is named.
USUAL = ("tables", "figures", "rnk", "gmt", "graphml", "report")
