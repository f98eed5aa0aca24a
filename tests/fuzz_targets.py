"""Every reader as a function of bytes, with files it reads: for hypothesis and for atheris."""

from __future__ import annotations

import gzip
import io
import json
import shutil
import warnings
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from reader_cases import READERS
from small_results import cascade_on

from pathgnn.attribute.keep import load_explanation, load_subgroup_cascades
from pathgnn.attribute.subgroup_cascades import ColumnCascades, LevelCascades
from pathgnn.cohort.feature_map import read_feature_map
from pathgnn.cohort.identifiers import read_hgnc
from pathgnn.cohort.open_omic import open_omic
from pathgnn.cohort.read_anndata import read_layer, read_observations
from pathgnn.cohort.read_cbioportal import profiles, read_sequenced
from pathgnn.cohort.read_table import numeric, read_table
from pathgnn.cohort.read_tables import read_cohort
from pathgnn.cohort.read_variants import read_variants
from pathgnn.cohort.read_vcf import read_vcf
from pathgnn.cohort.samples import read_samples
from pathgnn.cohort.sources import CohortSource, OmicSource, SampleSource
from pathgnn.draws import Kept, read_draw
from pathgnn.errors import PathgnnError
from pathgnn.graph.from_edge_list import from_edge_list
from pathgnn.graph.keep import read_graph
from pathgnn.init import write_study
from pathgnn.lock import locked
from pathgnn.run_folder import stages_of
from pathgnn.study import read_study
from pathgnn.train.bundle import load
from pathgnn.train.checkpoints import Checkpoints
from pathgnn.train.encoder_file import load_encoder
from pathgnn.train.keep import load_fitted

# Begins every patient id in the files, so that an error that prints one is found.
CANARY = "CANARYPT"
IDS = tuple(f"{CANARY}-{i:03d}" for i in range(6))


class Target(NamedTuple):
    """A reader, the name of the file it is given, and files that it reads."""

    read: Callable[[Path], Any]
    name: str
    seeds: tuple[bytes, ...]
    beside: Mapping[str, bytes] = {}


class Found(NamedTuple):
    """What came out that must not: the kind of error, and where in pathgnn it was raised."""

    kind: str
    where: str
    words: str


def attempt(target: Target, content: bytes, folder: Path) -> Found | None:
    """Give a reader a file; None where it reads it, or refuses it in a sentence of ours."""
    for name, beside in target.beside.items():
        _write(folder / name, beside)
    path = folder / target.name
    _write(path, content)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            target.read(path)
    except PathgnnError as error:
        names_one = CANARY in str(error)
        return Found("a patient is named", "", str(error)) if names_one else None
    except Exception as error:  # noqa: BLE001
        return Found(type(error).__name__, _where(error), str(error)[:300])
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
    return None


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def _where(error: Exception) -> str:
    """The innermost line of ours."""
    trace, found = error.__traceback__, ""
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        if "/pathgnn/pathgnn/" in file or "/main/pathgnn/" in file:
            found = f"{file.rpartition('/pathgnn/')[2]}:{trace.tb_frame.f_code.co_name}"
        trace = trace.tb_next
    return found


def _table(separator: str = ",") -> bytes:
    rng = np.random.default_rng(0)
    table = pd.DataFrame(rng.normal(size=(6, 3)).round(2), index=IDS, columns=["TP53", "KRAS", "A"])
    return table.to_csv(sep=separator, index_label="patient").encode()


CLINICAL = "patient,arm,response,months,event,age\n" + "".join(
    f"{p},{'drug' if i % 2 else 'control'},{i / 2},{i + 1},{i % 2},{50 + i}\n"
    for i, p in enumerate(IDS)
)
MAF = "Hugo_Symbol\tVariant_Classification\tTumor_Sample_Barcode\tHGVSp_Short\tHotspot\n" + "".join(
    f"{gene}\tMissense_Mutation\t{p}\tp.G12D\t1\n" for p, gene in zip(IDS, "ABABAB", strict=True)
)
VCF = (
    "##fileformat=VCFv4.2\n##contig=<ID=1>\n"
    '##INFO=<ID=ANN,Number=.,Type=String,Description="annotations: '
    "'Allele | Annotation | Impact | Gene_Name | Gene_ID | x | y | z | w | v | HGVS.p'\">\n"
    '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">\n'
    f"#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\t{IDS[0]}\t{IDS[1]}\n"
    "1\t10\t.\tA\tT\t50\tPASS\tANN=T|missense_variant|M|KRAS|E|||||p.G12D|p.G12D\tGT\t0/1\t./.\n"
)
META = (
    "cancer_study_identifier: x\ngenetic_alteration_type: MUTATION_EXTENDED\n"
    "stable_id: mutations\ndata_filename: data_mutations.txt\nprofile_name: Mutations\n"
)
PANEL = "stable_id: P1\ngene_list: TP53\tKRAS\n"
MATRIX = "SAMPLE_ID\tmutations\n" + "".join(f"{p}\tP1\n" for p in IDS)
SAMPLES = "sample\tpatient\ttype\n" + "".join(f"{p}-01\t{p}\tPrimary\n" for p in IDS)
HGNC = (
    "hgnc_id\tsymbol\tstatus\talias_symbol\tprev_symbol\tentrez_id\tensembl_gene_id\tuniprot_ids\n"
    "HGNC:1\tTP53\tApproved\tp53|LFS1\t\t7157\tENSG00000141510\tP04637\n"
)
ILLUMINA = (
    "Illumina, Inc.\n[Assay]\nIlmnID,Name,UCSC_RefGene_Name,UCSC_RefGene_Group\n"
    "cg1_BC,cg1,TP53;TP53,TSS200;Body\n"
)
STUDY = """name = "s"
[cohort.omics.expression]
file = "expression.csv"
[cohort.clinical]
columns = ["age"]
[cohort.beside]
site = "arm"
[cohort.outcome]
file = "clinical.csv"
kind = "continuous"
value = "response"
[cohort.treatment]
column = "arm"
reference = "control"
randomised = true
"""


def _source(**outcome: Any) -> CohortSource:
    return CohortSource(
        omics={"expression": OmicSource(file="expression.csv")},
        outcome={"file": "clinical.csv", **outcome},
        clinical={"columns": ("age",)},
        treatment={"column": "arm", "reference": "control", "randomised": True},
    )


def _parquet() -> bytes:
    buffer = io.BytesIO()
    pd.read_csv(io.BytesIO(_table()), index_col=0).to_parquet(buffer)
    return buffer.getvalue()


def _h5ad(folder: Path) -> bytes:
    import anndata

    data = anndata.AnnData(
        np.ones((6, 3), dtype=np.float32), pd.DataFrame({"arm": list("ababab")}, index=IDS)
    )
    path = folder / "seed.h5ad"
    data.write_h5ad(path)
    return path.read_bytes()


def _sequenced(path: Path) -> None:
    read_sequenced(path.parent / "data_mutations.txt")
    profiles(path.parent)


COHORT = {"clinical.csv": CLINICAL.encode(), "expression.csv": _table()}
VALUE, TIME = (
    _source(kind="continuous", value="response"),
    _source(kind="survival", time="months", event="event"),
)
OPENED = OmicSource(file="t.parquet", kind="expression")


def cohort_targets(folder: Path) -> dict[str, Target]:
    """Readers of tables, variants and containers; `folder` is written while seeds are made."""
    text, maf, study = _table(), MAF.encode(), CLINICAL.encode()
    portal = {
        "meta_study.txt": META.encode(),
        "meta_mutations.txt": META.encode(),
        "data_mutations.txt": maf,
        "data_gene_panel_matrix.txt": MATRIX.encode(),
        "data_gene_panel_P1.txt": PANEL.encode(),
        "case_lists/cases_sequenced.txt": ("case_list_ids: " + "\t".join(IDS)).encode(),
    }
    container = _h5ad(folder)
    samples = SampleSource(file="s.tsv", patient="patient", kind="type")
    return {
        "csv": Target(lambda p: numeric(read_table(p), "t"), "t.csv", (text, _table(";"))),
        "tsv": Target(lambda p: numeric(read_table(p), "t"), "t.tsv", (_table("\t"), maf)),
        "csv.gz": Target(read_table, "t.csv.gz", (gzip.compress(text),)),
        "parquet": Target(read_table, "t.parquet", (_parquet(),)),
        "parquet in parts": Target(
            lambda p: list(open_omic("e", OPENED, p.parent, set(IDS), 0).blocks(None)),
            "t.parquet",
            (_parquet(),),
        ),
        "h5ad observations": Target(read_observations, "t.h5ad", (container,)),
        "h5ad layer": Target(lambda p: read_layer(p, ""), "t.h5ad", (container,)),
        "maf": Target(read_variants, "t.maf", (maf,)),
        "vcf": Target(read_vcf, "t.vcf", (VCF.encode(),)),
        "vcf.gz": Target(read_vcf, "t.vcf.gz", (gzip.compress(VCF.encode()),)),
        "samples": Target(lambda p: read_samples(samples, p.parent), "s.tsv", (SAMPLES.encode(),)),
        "clinical": Target(
            lambda p: read_cohort(VALUE, p.parent), "clinical.csv", (study,), COHORT
        ),
        "survival": Target(lambda p: read_cohort(TIME, p.parent), "clinical.csv", (study,), COHORT),
        "omic": Target(lambda p: read_cohort(VALUE, p.parent), "expression.csv", (text,), COHORT),
        "portal panels": Target(
            _sequenced, "data_gene_panel_matrix.txt", (MATRIX.encode(),), portal
        ),
        "portal panel": Target(_sequenced, "data_gene_panel_P1.txt", (PANEL.encode(),), portal),
        "portal meta": Target(_sequenced, "meta_mutations.txt", (META.encode(),), portal),
        "portal cases": Target(
            _sequenced,
            "case_lists/cases_sequenced.txt",
            (portal["case_lists/cases_sequenced.txt"],),
            portal,
        ),
        "feature map": Target(read_feature_map, "m.csv", (b"feature,gene,weight\na,TP53,1\n",)),
        "feature gmt": Target(read_feature_map, "m.gmt", (b"S1\tna\tTP53\tKRAS\n",)),
        "manifest": Target(read_feature_map, "m.csv", (ILLUMINA.encode(),)),
        "hgnc": Target(read_hgnc, "hgnc.tsv", (HGNC.encode(),)),
        "study.toml": Target(read_study, "study.toml", (STUDY.encode(),)),
        "init": Target(
            lambda p: write_study(p.parent, p.parent / "study.toml"),
            "clinical.csv",
            (study,),
            COHORT,
        ),
    }


def graph_targets() -> dict[str, Target]:
    """Readers of graphs."""
    found = {
        name: Target(reader.read, "file.txt", (reader.text.encode(),))
        for name, reader in READERS.items()
    }
    edges = b"source,target,sign,directed,mechanism\nA,B,1,true,binding\nB,C,-1,1,\n"
    gmt = b"P1\tna\tA\tB\nP2\tna\tC\n"
    found["edge list"] = Target(
        lambda p: from_edge_list(p, p.parent / "p.gmt"), "e.csv", (edges,), {"p.gmt": gmt}
    )
    found["pathways"] = Target(
        lambda p: from_edge_list(p.parent / "e.csv", p), "p.gmt", (gmt,), {"e.csv": edges}
    )
    return found


def folder_targets(run: Path, encoder: Path) -> dict[str, Target]:
    """Readers of what pathgnn wrote: bundle, fit, explanation, encoder, stages, parts, lock."""
    fit = {str(p.relative_to(run)): p.read_bytes() for p in (run / "fit").rglob("*") if p.is_file()}
    model = {k.removeprefix("fit/model/"): v for k, v in fit.items() if k.startswith("fit/model/")}
    why = {p.name: p.read_bytes() for p in (run / "explanation").iterdir()}
    start = {p.name: p.read_bytes() for p in encoder.iterdir()}
    found = {
        f"bundle {name}": Target(lambda p: load(p.parent), name, (content,), model)
        for name, content in model.items()
    }
    found |= {
        f"fit {name}": Target(
            lambda p: load_fitted(p.parent), f"fit/{name}", (fit[f"fit/{name}"],), fit
        )
        for name in ("fit.json", "fit.safetensors")
    }
    found |= {
        f"explanation {name}": Target(lambda p: load_explanation(p.parent), name, (content,), why)
        for name, content in why.items()
    }
    found |= {
        f"encoder {name}": Target(lambda p: load_encoder(p.parent), name, (content,), start)
        for name, content in start.items()
    }
    groups = (ColumnCascades("c", (LevelCascades("x", np.arange(3)),), 0, ""),)
    drawn = json.dumps({"c": {"x": [asdict(cascade_on(("A", "B", "C")))]}}).encode()
    graph = model["graph.pathgraph"]
    kept = {"stamp": "x", "statistic": [1.0]}
    return found | {
        "subgroups": Target(lambda p: load_subgroup_cascades(p, groups), "s.json", (drawn,)),
        "graph file": Target(read_graph, "g.pathgraph", (graph,)),
        "stages": Target(stages_of, "stages.json", ((run / "stages.json").read_bytes(),)),
        "part": Target(lambda p: Checkpoints(p.parent, "x").n_kept(), "part.safetensors", (graph,)),
        "draw": Target(
            lambda p: read_draw(Kept(p.parent, "x"), 1), "0001.json", (json.dumps(kept).encode(),)
        ),
        "lock": Target(_lock, "run.lock", (b'{"pid": 1, "host": "h", "since": "s"}',)),
    }


def _lock(path: Path) -> None:
    with locked(path.parent):
        pass
