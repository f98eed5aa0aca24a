"""The command line's `graph`: list, fetch, build, show, export."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from pathgnn.cli_say import errors, print_table, say

if TYPE_CHECKING:
    import pandas as pd

    from pathgnn.graph.graph import PathwayGraph

app = typer.Typer(help="Signaling graphs: what there is, fetch, build, show, export.")

Source = Annotated[str, typer.Argument(help="curated, a .pathgraph file, or FORMAT:FILE[,FILE]")]
Cache = Annotated[Path | None, typer.Option(help="folder of downloads; else the user's cache")]


class Target(StrEnum):
    """What a graph can be exported to."""

    graphml = "graphml"
    cx2 = "cx2"
    sif = "sif"
    hetero = "hetero"
    networkx = "networkx"


@app.command("list")
def list_(cache: Cache = None) -> None:
    """List the formats that can be read and the public files that can be fetched."""
    with errors():
        from pathgnn.graph import FORMATS
        from pathgnn.graph.downloads import DOWNLOADS, default_cache

        folder = cache or default_cache()
        formats = Table("format", "files", title="FORMAT:FILES, plain, gzipped or zipped")
        formats.add_row("curated", "(comes with pathgnn)")
        for name, one in FORMATS.items():
            formats.add_row(name, one.files)
        Console().print(formats)
        files = Table("name", "here", "licence", "read as", "what", title="graph fetch NAME")
        for name, d in DOWNLOADS.items():
            here = "yes" if (folder / d.file).is_file() else "-"
            files.add_row(name, here, d.licence, d.format or "-", escape(d.note))
        Console().print(files)
        say(f"Downloads go to {folder}.")
        say("KEGG maps are not fetched (their licence is academic): save a map's KGML, kegg:FILE.")


@app.command()
def fetch(
    name: Annotated[str, typer.Argument(help="a name from `pathgnn graph list`")],
    cache: Cache = None,
    url: Annotated[str, typer.Option(help="another address of the same file")] = "",
) -> None:
    """Fetch one public file into the cache; only a study that asks mygene goes online, too."""
    with errors():
        from pathgnn.graph.downloads import default_cache
        from pathgnn.graph.downloads import fetch as fetch_file

        say(str(fetch_file(name, cache or default_cache(), url)))


@app.command()
def build(
    out: Annotated[Path, typer.Argument(help="graph file to write, .pathgraph")],
    sources: Annotated[list[str], typer.Argument(help="curated, .pathgraph or FORMAT:FILE[,FILE]")],
    pathway: Annotated[list[str] | None, typer.Option(help="keep this pathway (again)")] = None,
    around: Annotated[list[str] | None, typer.Option(help="keep around this gene (again)")] = None,
    steps: Annotated[int, typer.Option(help="how far around", min=0)] = 1,
    min_sources: Annotated[int, typer.Option(help="databases an edge needs", min=1)] = 1,
    min_confidence: Annotated[float, typer.Option(help="where it has one")] = float("-inf"),
    directed: Annotated[bool, typer.Option("--directed", help="only with a direction")] = False,
    signed: Annotated[bool, typer.Option("--signed", help="only with a sign")] = False,
) -> None:
    """Join sources into one graph file; where two disagree, the one named first is right."""
    with errors():
        from pathgnn.errors import GraphError
        from pathgnn.graph.build import Parts
        from pathgnn.graph.build import build as build_graph
        from pathgnn.graph.keep import SUFFIX, save_graph
        from pathgnn.graph.select import Evidence

        if out.suffix != SUFFIX:
            raise GraphError(f"{out} must end in {SUFFIX}, so that it is known as a graph file")
        wanted = Evidence((), min_sources, min_confidence, directed, signed)
        parts = Parts(wanted, tuple(pathway or ()), tuple(around or ()), steps)
        graph = build_graph(sources, parts)
        save_graph(graph, out)
        _show_graph(graph)
        say(f'Wrote {out}. In study.toml: [graph] file = "{out}"')


@app.command()
def show(
    source: Source,
    pathway: Annotated[str, typer.Option(help="list the genes of this pathway")] = "",
    study: Annotated[Path | None, typer.Option(help="study whose coverage to show")] = None,
    data: Annotated[Path | None, typer.Option(help="folder of the study's tables")] = None,
) -> None:
    """Show counts, degrees, sources and pathways, and what of them a study measures."""
    with errors():
        from pathgnn.graph.build import read_source

        graph = read_source(source)
        if study is not None:
            _show_study(graph, study, data, pathway)
        elif pathway:
            print_table(_members(graph, pathway), pathway)
        else:
            _show_graph(graph)


@app.command()
def export(
    source: Source,
    out: Annotated[Path, typer.Argument(help="file to write")],
    to: Annotated[Target, typer.Option(help="format")] = Target.graphml,
) -> None:
    """Write a graph for Cytoscape (graphml, cx2, sif), PyG (hetero) or networkx (JSON)."""
    with errors():
        from pathgnn.graph.build import read_source
        from pathgnn.graph.exports import EXPORTS

        EXPORTS[to.value](read_source(source), out)
        say(f"Wrote {out}")


def _show_graph(graph: PathwayGraph) -> None:
    from pathgnn.graph.summary import pathway_table, summary
    from pathgnn.graph.union import added

    say(repr(graph))
    for name, value in summary(graph).items():
        say(f"  {name}: {value}")
    print_table(added(graph), "What each source added")
    print_table(pathway_table(graph).head(20), f"Largest of {len(graph.pathways)} pathways")


def _show_study(graph: PathwayGraph, study: Path, data: Path | None, pathway: str) -> None:
    import pandas as pd

    from pathgnn.graph.project import coverage, molecules_of
    from pathgnn.run import lay_on
    from pathgnn.study import read_study

    nodes = lay_on(graph, read_study(study), study.parent, data)
    if pathway:
        print_table(molecules_of(nodes, graph, pathway), f"Measured in {pathway}")
        return
    print_table(pd.DataFrame(nodes.report), "Features of each omic")
    print_table(
        coverage(nodes, graph).sort_values("share", ascending=False), "Measured per pathway"
    )


def _members(graph: PathwayGraph, pathway: str) -> pd.DataFrame:
    import pandas as pd

    genes = graph.members_of(pathway)
    at = [graph.genes.index(g) for g in genes]
    columns = {c: [getattr(graph, c)[i] for i in at] for c in ("kind", "compartment", "drugs")}
    return pd.DataFrame({"gene": genes, **columns})
