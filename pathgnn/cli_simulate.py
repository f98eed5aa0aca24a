"""The command line's `simulate` and `score`: cohorts with a known truth, and answers against it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pathgnn.cli_say import errors, print_table, say

if TYPE_CHECKING:
    import pandas as pd

    from pathgnn.cohort.simulation import Simulated, Simulation
    from pathgnn.graph.graph import PathwayGraph

Number = Annotated[int | None, typer.Option()]
Table = Annotated[Path | None, typer.Option(help="csv or parquet")]
# Where each option lies in the settings.
PLACES = {
    "patients": ("n_patients",),
    "seed": ("seed",),
    "shape": ("mechanism", "shape"),
    "overlap": ("mechanism", "prognostic_overlap"),
    "pathway": ("mechanism", "pathway"),
    "sd_benefit": ("mechanism", "sd_benefit"),
    "mean_benefit": ("mechanism", "mean_benefit"),
    "outcome": ("outcome", "kind"),
    "hazards": ("outcome", "hazards"),
    "censoring": ("outcome", "censoring"),
    "assignment": ("assignment", "how"),
    "arms": ("assignment", "arms"),
    "sites": ("measurement", "sites"),
    "noise": ("measurement", "noise"),
    "dropout": ("measurement", "dropout"),
}
# Columns of an answer, ids first and the score last; the second name is that of a run's table.
COLUMNS: dict[str, tuple[tuple[str, ...], ...]] = {
    "benefit": (("patient",), ("benefit", "score")),
    # A run whose test is not significant gives everybody the average; its ranking stays.
    "ranking": (("patient",), ("score",)),
    "genes": (("gene", "symbol"), ("score", "gene_mean_abs")),
    "edges": (("source",), ("target",), ("score",)),
    "pathways": (("pathway", "Term"), ("score",)),
}


def simulate(
    out: Annotated[Path, typer.Argument(help="folder to write: tables, study.toml, truth/")],
    settings: Annotated[Path | None, typer.Option(help="toml with any of the settings")] = None,
    like: Annotated[
        Path | None, typer.Option(help="study whose patients and omics to keep")
    ] = None,
    data: Annotated[Path | None, typer.Option(help="with --like: folder of its tables")] = None,
    graph: Annotated[str, typer.Option(help="curated, .pathgraph or FORMAT:FILE")] = "curated",
    only: Annotated[list[str] | None, typer.Option(help="keep this pathway (again)")] = None,
    patients: Number = None,
    seed: Number = None,
    shape: Annotated[
        str | None, typer.Option(help="linear, threshold, and_gate, sign_conflict")
    ] = None,
    pathway: Annotated[str | None, typer.Option(help="where the cascade lies")] = None,
    overlap: Annotated[
        float | None, typer.Option(help="share of prognostic genes in the cascade")
    ] = None,
    mean_benefit: Annotated[float | None, typer.Option(help="mean of the benefit's score")] = None,
    sd_benefit: Annotated[float | None, typer.Option(help="0: the same for all")] = None,
    null: Annotated[bool, typer.Option("--null", help="no arm does anything")] = False,
    outcome: Annotated[str | None, typer.Option(help="continuous, binary, survival")] = None,
    hazards: Annotated[str | None, typer.Option(help="proportional, crossing")] = None,
    censoring: Annotated[str | None, typer.Option(help="independent, informative")] = None,
    assignment: Annotated[
        str | None, typer.Option(help="randomised, stratified, confounded, hidden")
    ] = None,
    arms: Number = None,
    sites: Number = None,
    noise: Annotated[list[str] | None, typer.Option(help="OMIC=LEVEL (again)")] = None,
    dropout: Annotated[list[str] | None, typer.Option(help="OMIC=SHARE lacking it (again)")] = None,
) -> None:
    """Simulate a cohort with a known truth, ready for `pathgnn run`; or lay one on real omics."""
    with errors():
        from pathgnn.simulated_study import write_study

        given = {name: value for name, value in locals().items() if name in PLACES}
        if null:
            given |= {"mean_benefit": 0.0, "sd_benefit": 0.0}
        given |= {"noise": _by_omic("noise", noise), "dropout": _by_omic("dropout", dropout)}
        asked = settings_from(settings, given)
        made, on, names = _on_study(like, data, asked) if like else _on_graph(graph, only, asked)
        study = write_study(made, on, asked, out, names)
        truth = made.truth
        say(f"Wrote {out}: {len(made.cohort.patients)} patients, {len(truth.arms)} arms.")
        say(f"Planted in {truth.pathway}: {' → '.join(truth.cascade)}; tau is {truth.estimand}.")
        say(f"Next: pathgnn run {study} --with-ids, then: pathgnn score {out} --run RUN_FOLDER")


def score(
    truth: Annotated[Path, typer.Argument(help="folder that `pathgnn simulate` wrote")],
    run: Annotated[Path | None, typer.Option(help="run folder: takes all its tables")] = None,
    benefit: Table = None,
    genes: Table = None,
    edges: Table = None,
    pathways: Table = None,
    arm: Annotated[str, typer.Option(help="treated arm; empty: the first")] = "",
    out: Annotated[Path | None, typer.Option(help="csv to write the numbers to")] = None,
) -> None:
    """Score an answer against a simulation's truth; columns: patient, benefit; gene, score; ..."""
    with errors():
        from pathgnn.errors import ConfigError
        from pathgnn.files import write_csv

        given = {"benefit": benefit, "genes": genes, "edges": edges, "pathways": pathways}
        files = {k: f for k, f in given.items() if f is not None}
        if run is not None:
            arm, its = _of_arm(run, arm)
            files = its | files
            files["ranking"] = files["benefit"]
        if not files:
            raise ConfigError("nothing to score; name --run, --benefit, --genes, ...")
        table = _scores(truth, files, arm)
        print_table(table, f"Against the truth in {truth}")
        if out is not None:
            write_csv(out, table)
            say(f"Wrote {out}")


def _of_arm(run: Path, arm: str) -> tuple[str, dict[str, Path]]:
    """The arm asked for, else that which the run explains, and the run's tables that are of it.

    Tables of genes, edges and pathways are of the explained arm alone.
    """
    from pathgnn.errors import ConfigError
    from pathgnn.files import read_json

    tables = run / "tables"
    files = {k: tables / f"{k}.csv" for k in ("genes", "edges", "pathways")}
    files["benefit"] = tables / "patients.csv"
    config = run / "config.json"
    study = read_json(config, ConfigError) if config.is_file() else {}
    arms = study.get("cohort", {}).get("treatment", {}).get("arms") or [""]
    explained = study.get("explain", {}).get("contrast") or arms[0]
    if not arm or arm == explained or not explained:
        return arm or explained, files
    say(f"Genes, edges and pathways of the run are of {explained!r} and not scored for {arm!r}.")
    return arm, {"benefit": files["benefit"]}


def settings_from(file: Path | None, given: dict[str, Any]) -> Simulation:
    """Settings of a file, with those named on the command line over them."""
    from pathgnn.cohort.simulation import Simulation
    from pathgnn.errors import ConfigError
    from pathgnn.settings import parse, read_toml

    if file is not None and not file.is_file():
        raise ConfigError(f"no settings file at {file}")
    content = read_toml(file) if file else {}
    for name, value in given.items():
        if value is not None:
            *groups, field = PLACES[name]
            at = content
            for group in groups:
                at = at.setdefault(group, {})
            at[field] = at.get(field, {}) | value if isinstance(value, dict) else value
    return parse(Simulation, content, str(file or "pathgnn simulate"))


def _by_omic(option: str, given: list[str] | None) -> dict[str, str] | None:
    """OMIC=NUMBER, as often as it was named; the settings check both."""
    from pathgnn.errors import ConfigError

    pairs = [text.partition("=") for text in given or []]
    for omic, sign, number in pairs:
        if not (omic and sign and number):
            raise ConfigError(f"--{option} wants OMIC=NUMBER, such as protein=0.5, not {omic!r}")
    return {omic: number for omic, _, number in pairs} or None


def _on_graph(
    source: str, only: list[str] | None, asked: Simulation
) -> tuple[Simulated, PathwayGraph, dict[str, Path]]:
    from pathgnn.demo import PATHWAYS
    from pathgnn.graph.build import read_source
    from pathgnn.graph.select import only_pathways
    from pathgnn.simulated import simulate as simulate_on

    whole = read_source(source)
    kept = tuple(only or ())
    if source == "curated" and not kept:
        # Those of the demo: small enough to train on in minutes.
        kept = tuple(dict.fromkeys((*PATHWAYS, *filter(None, (asked.mechanism.pathway,)))))
    graph = only_pathways(whole, kept) if kept else whole
    return simulate_on(graph, asked), graph, {}


def _on_study(
    study: Path, data: Path | None, asked: Simulation
) -> tuple[Simulated, PathwayGraph, dict[str, Path]]:
    from pathgnn.run import read_input
    from pathgnn.simulated import semi_synthetic
    from pathgnn.study import read_study, unexplained

    given = read_input(unexplained(read_study(study)), study.parent, data)
    named = {"hgnc": given.study.graph.hgnc, "mygene": given.study.graph.mygene}
    names = {setting: study.parent / file for setting, file in named.items() if file}
    made = semi_synthetic(given.cohort, given.graph, asked, given.known)
    return made, given.graph, names


def _scores(folder: Path, files: dict[str, Path], arm: str) -> pd.DataFrame:
    import pandas as pd

    from pathgnn.benefit import against_truth
    from pathgnn.errors import ConfigError
    from pathgnn.simulated_study import read_truth

    truth = read_truth(folder)
    arm = arm or truth.arms[1]
    if arm not in truth.arms[1:]:
        raise ConfigError(f"no treated arm {arm!r}; the truth has {', '.join(truth.arms[1:])}")
    contrast = truth.arms.index(arm) - 1
    rows: list[dict[str, Any]] = []
    for what, file in files.items():
        answer = _answer(what, file, arm)
        by_id: dict[Any, float] = dict(zip(answer.index, answer, strict=True))
        if what == "benefit":
            found: Any = against_truth.score_benefit(truth, answer, contrast)._asdict()
        elif what == "ranking":
            scored = against_truth.score_benefit(truth, answer, contrast)._asdict()
            found = {k: scored[k] for k in ("r", "spearman", "autoc_ratio")}
        elif what == "genes":
            found = against_truth.score_genes(truth, by_id, contrast)._asdict()
        elif what == "edges":
            found = against_truth.score_edges(truth, by_id)._asdict()
        else:
            found = against_truth.score_pathways(truth, by_id)._asdict()
        rows += [{"of": what, "number": k, "value": float(v)} for k, v in found.items()]
    return pd.DataFrame(rows)


def _answer(what: str, file: Path, arm: str) -> pd.Series:
    """Scores by id from a table of a run, or from any with the same columns."""
    import pandas as pd

    from pathgnn.errors import ConfigError

    if not file.is_file():
        raise ConfigError(f"no table at {file}")
    if file.suffix == ".parquet":
        table = pd.read_parquet(file)
    else:
        # Ids as they were written: 007 is no number, a gene called NA is not missing.
        table = pd.read_csv(file, dtype=str, keep_default_na=False)
    columns = [_first(table, names, file) for names in COLUMNS[what]]
    *ids, value = columns
    if what in ("benefit", "ranking") and "arm" in table.columns:
        table = table[table["arm"] == arm]
    if what == "genes":
        table = table.drop_duplicates(ids)
        if "direction" in table.columns and "score" not in table.columns:
            signed = _numbers(table[value], file) * _numbers(table["direction"], file)
            table = table.assign(**{value: signed})
    keys = [table[name].astype(str) for name in ids]
    # A name without a score is no answer on it.
    index = keys[0] if len(keys) == 1 else pd.MultiIndex.from_arrays(keys)
    return pd.Series(_numbers(table[value], file).to_numpy(), index=index).dropna()


def _numbers(column: pd.Series, file: Path) -> pd.Series:
    """Numbers; an empty cell is none."""
    import pandas as pd

    from pathgnn.errors import ConfigError

    try:
        return pd.to_numeric(column.replace("", None)).astype(float)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"{file}: the column {column.name!r} holds text: {error}") from error


def _first(table: pd.DataFrame, names: tuple[str, ...], file: Path) -> str:
    from pathgnn.errors import ConfigError

    found = [name for name in names if name in table.columns]
    if not found:
        raise ConfigError(f"{file} has no column {' or '.join(map(repr, names))}")
    return found[0]
