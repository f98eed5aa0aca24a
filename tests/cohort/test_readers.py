"""Files of hospitals and databases as cohorts: known answers, written by hand or by libraries."""

from __future__ import annotations

import warnings

import anndata
import mudata
import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from small_study import write_small_study

from pathgnn.cohort.open_omic import open_omic
from pathgnn.cohort.read_cbioportal import files_beside, is_study, profiles, read_sequenced
from pathgnn.cohort.read_parquet import open_parquet
from pathgnn.cohort.read_table import read_table
from pathgnn.cohort.read_tables import read_cohort
from pathgnn.cohort.read_variants import is_variants, read_variants
from pathgnn.cohort.samples import choose, read_samples
from pathgnn.cohort.sources import CohortSource, OmicSource, SampleSource
from pathgnn.cohort.text_file import look
from pathgnn.errors import CohortError
from pathgnn.init import write_study
from pathgnn.study import read_study

PATIENTS = [f"TCGA-A1-{i:04d}" for i in range(60)]
GENES = ["EGFR", "KRAS", "TP53", "MYC"]
MAF = """#version 2.4
Hugo_Symbol\tVariant_Classification\tTumor_Sample_Barcode\tHGVSp_Short\tHotspot
KRAS\tMissense_Mutation\tTCGA-A1-0000-01A-11D\tp.G12D\t1
KRAS\tSilent\tTCGA-A1-0001-01A-11D\tp.L23=\t0
TP53\tNonsense_Mutation\tTCGA-A1-0001-01A-11D\tp.R213*\t0
TP53\tMissense_Mutation\tTCGA-A1-0001-01A-11D\tp.R248Q\t0
EGFR\tIntron\tTCGA-A1-0002-01A-11D\t\t0
"""


def _clinical(folder, **columns):
    table = pd.DataFrame(
        {
            "patient": PATIENTS,
            "drug": ["a", "b"] * 30,
            "months": np.arange(60) + 1.0,
            "status": ["0:ALIVE", "1:DEAD", "1:DEAD"] * 20,
            **columns,
        }
    )
    table.to_csv(folder / "clinical.tsv", sep="\t", index=False)


def _source(**omics):
    return CohortSource.model_validate(
        {
            "omics": omics,
            "outcome": {
                "file": "clinical.tsv",
                "kind": "survival",
                "time": "months",
                "event": "status",
            },
            "treatment": {"column": "drug", "reference": "a", "randomised": True},
        }
    )


def _matrix(ids, seed=0):
    values = np.random.default_rng(seed).normal(size=(len(ids), len(GENES)))
    return pd.DataFrame(values, index=ids, columns=GENES)


def test_a_maf_gives_values_by_measure(tmp_path):
    path = tmp_path / "data.maf"
    path.write_text(MAF)
    assert is_variants(path)
    expected = {
        "any": {"KRAS": [1, 0, 0], "TP53": [0, 1, 0]},
        "count": {"KRAS": [1, 0, 0], "TP53": [0, 2, 0]},
        "truncating": {"TP53": [0, 1, 0]},
        "hotspot": {"KRAS": [1, 0, 0]},
    }
    for measure, columns in expected.items():
        omic = OmicSource(file="data.maf", kind="mutation", measure=measure)
        (table,) = open_omic("mutation", omic, tmp_path, set(), 10**9).blocks(None)
        assert table.to_dict("list") == columns
        assert [i[:12] for i in table.index] == PATIENTS[:3]


def test_whoever_was_sequenced_without_a_variant_is_wild_type(tmp_path):
    _clinical(tmp_path)
    (tmp_path / "data.maf").write_text(MAF)
    (tmp_path / "sequenced.txt").write_text("\n".join(f"{p}-01A" for p in PATIENTS[2:9]))
    source = {"file": "data.maf", "kind": "mutation"}
    rna = {"file": "rna.csv"}
    _matrix(PATIENTS).to_csv(tmp_path / "rna.csv")
    cohort = read_cohort(_source(mutation=source, rna=rna), tmp_path)
    assert list(cohort.omics["mutation"].index) == PATIENTS[:3]
    assert any("nothing says who was sequenced" in note for note in cohort.notes)
    known = source | {"sequenced": "sequenced.txt"}
    cohort = read_cohort(_source(mutation=known, rna=rna), tmp_path)
    assert list(cohort.omics["mutation"].index) == PATIENTS[:9]
    assert cohort.omics["mutation"].loc[PATIENTS[5]].tolist() == [0, 0]
    source = _source(mutation=known, rna=rna).model_dump() | {"clinical": {"burden": "mutation"}}
    burden = read_cohort(CohortSource.model_validate(source), tmp_path).clinical["mutation_burden"]
    assert burden.iloc[:3].tolist() == [1.0, pytest.approx(np.log2(3)), 0.0]
    assert burden.iloc[5] == 0
    assert burden.iloc[9:].isna().all()


def test_words_of_the_sequence_ontology_become_classes_of_a_maf(tmp_path):
    path = tmp_path / "xena.tsv"
    path.write_text(
        "Sample_ID\tgene\teffect\tAmino_Acid_Change\n"
        "TCGA-A1-0000-01A\tKRAS\tmissense_variant;splice_region_variant\tp.G12D\n".replace(";", "&")
        + "TCGA-A1-0000-01A\tAPC\tstop_gained,frameshift_variant\tp.R1450*\n"
        "TCGA-A1-0000-01A\tTTN\tsynonymous_variant\t\n"
        "\tTTN\tsynonymous_variant\t\n"
    )
    found = read_variants(path).variants
    assert found["effect"].tolist() == ["Missense_Mutation", "Nonsense_Mutation", "Silent"]
    assert found["protein_change"].tolist() == ["p.G12D", "p.R1450*", ""]


def test_the_primary_tumour_stands_for_the_patient_and_normal_tissue_never(tmp_path):
    _clinical(tmp_path)
    ids = [f"{p}-01A-11R" for p in PATIENTS]
    further = [f"{PATIENTS[0]}-11A-01R", f"{PATIENTS[0]}-06A-01R", f"{PATIENTS[1]}-01B-01R"]
    table = _matrix([*further, *ids])
    table.T.rename_axis("sample").to_csv(tmp_path / "HiSeqV2.tsv.gz", sep="\t")
    cohort = read_cohort(_source(rna={"file": "HiSeqV2.tsv.gz"}), tmp_path)
    rna = cohort.omics["rna"]
    assert rna.loc[PATIENTS[0]].tolist() == pytest.approx(table.loc[ids[0]].tolist())
    # Equal in type: the first in the table.
    assert rna.loc[PATIENTS[1]].tolist() == pytest.approx(table.loc[further[2]].tolist())
    said = " ".join(cohort.notes)
    assert "patients are the columns" in said
    assert "2 further samples of a patient left out; 1 samples of normal tissue left out" in said


def test_a_table_of_samples_says_whose_they_are_and_most_omics_win(tmp_path):
    _clinical(tmp_path)
    rows = [(f"S{i}", p, "Primary") for i, p in enumerate(PATIENTS)]
    rows += [("T0", PATIENTS[0], "Primary"), ("N1", PATIENTS[1], "Solid normal")]
    rows += [("M2", PATIENTS[2], "Metastasis")]
    pd.DataFrame(rows, columns=["SAMPLE_ID", "PATIENT_ID", "TYPE"]).to_csv(
        tmp_path / "samples.txt", sep="\t", index=False
    )
    ids = [r[0] for r in rows]
    rna, protein = _matrix(ids), _matrix(ids[1:], 1).rename(columns=lambda c: f"{c}_p")
    rna.to_csv(tmp_path / "rna.csv")
    protein.to_csv(tmp_path / "protein.csv")
    source = _source(rna={"file": "rna.csv"}, protein={"file": "protein.csv", "kind": "protein"})
    listed = {"file": "samples.txt", "patient": "PATIENT_ID", "kind": "TYPE"}
    source = CohortSource.model_validate(source.model_dump() | {"samples": listed})
    cohort = read_cohort(source, tmp_path)
    # T0 has both omics, S0 only rna; patient 1's normal and patient 2's metastasis are not used.
    for i, sample in enumerate(["T0", "S1", "S2"]):
        assert cohort.omics["rna"].loc[PATIENTS[i]].tolist() == pytest.approx(rna.loc[sample])
    ordered = SampleSource.model_validate(listed | {"order": ("Metastasis",)})
    chosen, said = choose(pd.Index(ids), read_samples(ordered, tmp_path), pd.Series(dtype=float))
    assert chosen.to_dict() == {PATIENTS[2]: "M2"}
    assert "62 samples of a type that `order` does not name left out" in said


def _study_folder(folder):
    def write(name, text):
        (folder / name).write_text(text)

    write("meta_study.txt", "type_of_cancer: luad\ncancer_study_identifier: made_up\n")
    for kind, datatype, name in (
        ("MUTATION_EXTENDED", "MAF", "mutations"),
        ("COPY_NUMBER_ALTERATION", "DISCRETE", "cna"),
        ("COPY_NUMBER_ALTERATION", "SEG", "segments"),
        ("PROTEIN_LEVEL", "LOG2-VALUE", "rppa"),
        ("METHYLATION", "CONTINUOUS", "methylation"),
    ):
        write(
            f"meta_{name}.txt",
            f"genetic_alteration_type: {kind}\r\ndatatype: {datatype}\r\n"
            f"data_filename: data_{name}.txt\r\n",
        )
    write("data_mutations.txt", MAF)
    samples = [f"{p}-01A-11D" for p in PATIENTS]
    write("case_lists.txt", "")
    (folder / "case_lists").mkdir()
    write("case_lists/cases_sequenced.txt", "case_list_ids: " + "\t".join(samples) + "\n")
    matrix = pd.DataFrame(samples, columns=["SAMPLE_ID"]).assign(
        mutations=["P1"] * 30 + ["P2"] * 30
    )
    matrix.to_csv(folder / "data_gene_panel_matrix.txt", sep="\t", index=False)
    write("data_gene_panel_1.txt", "stable_id: P1\ngene_list: KRAS\tTP53\n")
    copies = pd.DataFrame(0, index=["KRAS", "TP53", "KRAS", "MYC"], columns=samples, dtype=object)
    copies.iloc[1, 30:] = ""
    copies.insert(0, "Entrez_Gene_Id", [3845, 7157, 3845, 4609])
    copies.rename_axis("Hugo_Symbol").to_csv(folder / "data_cna.txt", sep="\t")
    rppa = _matrix(samples).T.set_axis(["EGFR|EGFR_pY1068", "MYC|c-Myc", "TP53|p53", "A|a"])
    rppa.rename_axis("Composite.Element.REF").to_csv(folder / "data_rppa.txt", sep="\t")


def test_a_cbioportal_study_says_what_it_has_and_who_was_sequenced(tmp_path):
    _study_folder(tmp_path)
    assert is_study(tmp_path)
    found = {(p.kind, p.datatype): p.file for p in profiles(tmp_path)}
    assert found == {
        ("mutation", "MAF"): "data_mutations.txt",
        ("copy_number", "DISCRETE"): "data_cna.txt",
        ("protein", "LOG2-VALUE"): "data_rppa.txt",
    }
    omic = OmicSource(file="data_mutations.txt", kind="mutation")
    raw = open_omic("mutation", omic, tmp_path, set(PATIENTS), 10**9)
    (table,) = raw.blocks(None)
    assert len(table) == 60
    # P1 lists both genes; P2 has no list, but copy numbers of KRAS and MYC, not of TP53.
    assert table.iloc[3].tolist() == [0, 0]
    assert table.iloc[40, 0] == 0
    assert np.isnan(table.iloc[40, 1])
    assert sum("count as sequenced" in note for note in raw.notes) == 2


def test_the_matrix_of_panels_has_the_name_that_its_meta_file_says(tmp_path):
    _study_folder(tmp_path)
    usual = read_sequenced(tmp_path / "data_mutations.txt")
    (tmp_path / "data_gene_panel_matrix.txt").rename(tmp_path / "data_gene_matrix.txt")
    (tmp_path / "meta_gene_matrix.txt").write_text(
        "genetic_alteration_type: GENE_PANEL_MATRIX\ndata_filename: data_gene_matrix.txt\n"
    )
    assert read_sequenced(tmp_path / "data_mutations.txt") == usual
    assert tmp_path / "data_gene_matrix.txt" in files_beside(tmp_path / "data_mutations.txt")


def test_a_cbioportal_matrix_has_samples_as_rows_and_each_gene_once(tmp_path):
    _study_folder(tmp_path)
    _clinical(tmp_path)
    source = _source(
        cna={"file": "data_cna.txt", "kind": "copy_number"}, rppa={"file": "data_rppa.txt"}
    )
    table = read_table(tmp_path / "data_cna.txt")
    assert "Entrez_Gene_Id" in table.columns
    with pytest.raises(CohortError, match="same value 0 everywhere"):
        read_cohort(source, tmp_path)
    table["TCGA-A1-0003-01A-11D"] = [2, 0, 1, -1]
    table.to_csv(tmp_path / "data_cna.txt", sep="\t")
    cohort = read_cohort(source, tmp_path)
    assert cohort.omics["cna"].loc[PATIENTS[3]].to_dict() == {"KRAS": 2, "TP53": 0, "MYC": -1}
    assert list(cohort.omics["rppa"].columns)[:2] == ["EGFR|EGFR_pY1068", "MYC|c-Myc"]
    assert cohort.outcome.event[:3].tolist() == [False, True, True]
    assert any("1 rows name a feature again" in note for note in cohort.notes)


def test_sequenced_samples_may_stand_in_the_first_comment(tmp_path):
    path = tmp_path / "data.txt"
    path.write_text("#Sequenced_Samples: a b c\n" + MAF.split("\n", 1)[1])
    assert read_sequenced(path, look(path).comments).samples == ("a", "b", "c")


def _h5mu(path):
    rna, protein = _matrix(PATIENTS), _matrix(PATIENTS[:50], 1)
    parts = {
        "rna": anndata.AnnData(rna, obs=pd.DataFrame({"batch": ["x"] * 60}, index=PATIENTS)),
        "protein": anndata.AnnData(sparse.csr_matrix(protein.to_numpy())),
    }
    parts["protein"].obs_names, parts["protein"].var_names = protein.index, protein.columns
    parts["protein"].layers["raw"] = protein.to_numpy() * 2
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        data = mudata.MuData(parts)
        data.obs["drug"] = pd.Categorical(["a", "b"] * 30)
        data.obs["months"] = np.arange(60) + 1.0
        data.obs["status"] = ["0", "1", "1"] * 20
        data.write_h5mu(path)
    return rna, protein


def test_h5mu_gives_modalities_layers_and_observations(tmp_path):
    rna, protein = _h5mu(tmp_path / "all.h5mu")
    source = _source(
        rna={"file": "all.h5mu", "part": "rna"},
        protein={"file": "all.h5mu", "part": "protein/raw", "kind": "protein"},
    )
    outcome = source.outcome.model_copy(update={"file": "all.h5mu"})
    beside = source.beside.model_copy(update={"site": "batch"})
    cohort = read_cohort(source.model_copy(update={"outcome": outcome, "beside": beside}), tmp_path)
    pd.testing.assert_frame_equal(cohort.omics["rna"], rna)
    pd.testing.assert_frame_equal(cohort.omics["protein"], protein * 2)
    assert cohort.outcome.arms == ("a", "b")
    assert set(cohort.beside["site"]) == {"x"}
    with pytest.raises(CohortError, match=r"no modality 'dna'.*rna, protein"):
        open_omic("x", OmicSource(file="all.h5mu", part="dna"), tmp_path, set(), 1)


def test_h5ad_gives_its_layers(tmp_path):
    data = anndata.AnnData(_matrix(PATIENTS))
    data.layers["z"] = np.asarray(data.X) + 1
    data.write_h5ad(tmp_path / "one.h5ad")
    omic = OmicSource(file="one.h5ad", part="z")
    (table,) = open_omic("rna", omic, tmp_path, set(), 1).blocks(None)
    np.testing.assert_allclose(table, _matrix(PATIENTS) + 1)
    with pytest.raises(CohortError, match="no layer 'q'; its layers are: z"):
        open_omic("rna", OmicSource(file="one.h5ad", part="q"), tmp_path, set(), 1)
    (tmp_path / "bad.h5ad").write_bytes(b"no hdf5 at all")
    with pytest.raises(CohortError, match=r"bad\.h5ad cannot be read as h5ad"):
        open_omic("rna", OmicSource(file="bad.h5ad"), tmp_path, set(), 1)


@pytest.mark.parametrize("turned", [False, True])
def test_a_large_parquet_is_opened_either_way_and_read_in_parts(tmp_path, turned, monkeypatch):
    monkeypatch.setattr("pathgnn.cohort.read_parquet.CHUNK_BYTES", 8 * 60 * 2)
    table = _matrix(PATIENTS).astype(np.float32)
    (table.T if turned else table).to_parquet(tmp_path / "a.parquet")
    raw = open_parquet(tmp_path / "a.parquet", "", set(PATIENTS))
    assert list(raw.ids) == PATIENTS
    assert list(raw.features) == GENES
    parts = list(raw.blocks(None))
    assert len(parts) > 1
    whole = pd.concat(parts, axis=0 if turned else 1)
    pd.testing.assert_frame_equal(whole[GENES].loc[PATIENTS], table, check_names=False)
    some = pd.concat(list(raw.blocks(pd.Index(["MYC", "EGFR"]))), axis=0 if turned else 1)
    pd.testing.assert_frame_equal(some, table[["MYC", "EGFR"]], check_names=False)


def test_outcomes_in_words_and_days_are_read(tmp_path):
    response = ["CR", "PD", "NE"] * 20
    _clinical(tmp_path, best=response, days=np.full(60, 365.2425))
    _matrix(PATIENTS).to_csv(tmp_path / "rna.csv")
    source = _source(rna={"file": "rna.csv"}).model_dump()
    words = {
        "file": "clinical.tsv",
        "kind": "binary",
        "value": "best",
        "good": ["CR"],
        "bad": ["PD"],
    }
    cohort = read_cohort(CohortSource.model_validate(source | {"outcome": words}), tmp_path)
    assert cohort.outcome.value.tolist() == [1.0, 0.0] * 20
    days = source["outcome"] | {"time": "days", "time_unit": "days"}
    cohort = read_cohort(CohortSource.model_validate(source | {"outcome": days}), tmp_path)
    assert cohort.outcome.value == pytest.approx(12.0)
    named = source["outcome"] | {"events": ["1:DEAD", "LOST"]}
    with pytest.raises(CohortError, match=r"no row of clinical\.tsv holds 'LOST' in 'status'"):
        read_cohort(CohortSource.model_validate(source | {"outcome": named}), tmp_path)


def test_init_writes_a_study_for_a_cbioportal_folder(tmp_path):
    _study_folder(tmp_path)
    table = read_table(tmp_path / "data_cna.txt")
    table["TCGA-A1-0003-01A-11D"] = [2, 0, 1, -1]
    table.to_csv(tmp_path / "data_cna.txt", sep="\t")
    _clinical(tmp_path)
    clinical = (tmp_path / "clinical.tsv").read_text().splitlines()
    names = clinical[0].replace("months", "OS_MONTHS").replace("status", "OS_STATUS")
    names = names.replace("patient", "PATIENT_ID").replace("drug", "TREATMENT")
    text = "\n".join(["#a\tb\tc\td", names, *clinical[1:]])
    (tmp_path / "data_clinical_patient.txt").write_text(text)
    rows = [f"{p}-01A-11D\t{p}\tPrimary" for p in PATIENTS]
    (tmp_path / "data_clinical_sample.txt").write_text(
        "\n".join(["SAMPLE_ID\tPATIENT_ID\tSAMPLE_TYPE", *rows])
    )
    study = read_study(write_study(tmp_path, tmp_path / "study.toml"))
    assert set(study.cohort.omics) == {"mutation", "copy_number", "protein"}
    assert study.cohort.samples.kind == "SAMPLE_TYPE"
    cohort = read_cohort(study.cohort, tmp_path)
    assert len(cohort.patients) == 60
    assert cohort.outcome.kind == "survival"


def test_init_writes_a_study_for_an_h5mu_file(tmp_path):
    _h5mu(tmp_path / "all.h5mu")
    study = read_study(write_study(tmp_path / "all.h5mu", tmp_path / "study.toml"))
    assert {k: o.part for k, o in study.cohort.omics.items()} == {
        "expression": "rna",
        "protein": "protein",
    }
    assert study.cohort.treatment.column == "drug"


def test_ids_of_a_maf_keep_their_zeros_and_long_changes_become_short(tmp_path):
    path = tmp_path / "a.maf"
    path.write_text(
        "Hugo_Symbol\tVariant_Classification\tTumor_Sample_Barcode\tHGVSp\n"
        "BRAF\tMissense_Mutation\t007\tENSP01:p.Val600Glu\n"
    )
    found = read_variants(path).variants
    assert found.loc[0, ["sample", "protein_change"]].tolist() == ["007", "p.V600E"]


def test_a_sample_listed_under_a_shorter_barcode_is_not_wild_type(tmp_path):
    (tmp_path / "data.maf").write_text(MAF)
    listed = [f"{PATIENTS[0]}-01", PATIENTS[1], f"{PATIENTS[9]}-01"]
    (tmp_path / "sequenced.txt").write_text("\n".join(listed))
    omic = OmicSource(file="data.maf", kind="mutation", sequenced="sequenced.txt")
    (table,) = open_omic("m", omic, tmp_path, set(), 1).blocks(None)
    assert list(table.index) == [*(f"{p}-01A-11D" for p in PATIENTS[:3]), listed[2]]
    assert table.loc[listed[2]].tolist() == [0, 0]
    (tmp_path / "sequenced.txt").write_text(f"{PATIENTS[0]}-01\n{PATIENTS[1]}\n")
    with pytest.raises(CohortError, match="same kind of id"):
        (tmp_path / "data.maf").write_text(MAF.replace("TCGA-A1-", "S"))
        (tmp_path / "sequenced.txt").write_text("x1\nx2\n")
        open_omic("m", omic, tmp_path, set(), 1)


def test_counts_of_variants_stay_counts(tmp_path):
    _clinical(tmp_path)
    (tmp_path / "data.maf").write_text(MAF)
    _matrix(PATIENTS).to_csv(tmp_path / "rna.csv")
    count = {"file": "data.maf", "kind": "mutation", "measure": "count"}
    cohort = read_cohort(_source(count=count, rna={"file": "rna.csv"}), tmp_path)
    assert cohort.omics["count"].loc[PATIENTS[1], "TP53"] == pytest.approx(np.log2(3))


def test_unknown_answers_are_no_answers_and_the_rest_is_named(tmp_path):
    status = ["Dead", "Alive", "[Not Available]", "Unknown", "lost", "Alive"] * 10
    _clinical(tmp_path, status=status)
    _matrix(PATIENTS).to_csv(tmp_path / "rna.csv")
    source = _source(rna={"file": "rna.csv"}).model_dump()
    named = source["outcome"] | {"events": ["Dead"]}
    cohort = read_cohort(CohortSource.model_validate(source | {"outcome": named}), tmp_path)
    assert len(cohort.patients) == 40
    said = " ".join(cohort.notes)
    assert "20 rows of clinical.tsv lack status in 20: left out" in said
    assert "taken as censored: Alive (20), lost (10)" in said
    both = named | {"events": ["Dead", "lost"], "censored": ["Alive"]}
    cohort = read_cohort(CohortSource.model_validate(source | {"outcome": both}), tmp_path)
    assert cohort.outcome.event.mean() == 0.5


def test_rows_in_another_order_are_the_same_cohort(tmp_path):
    study = read_study(write_small_study(tmp_path, 60)).cohort
    one = read_cohort(study, tmp_path)
    for name in ("clinical.csv", "expression.csv"):
        table = pd.read_csv(tmp_path / name, dtype=str)
        table.sample(frac=1, random_state=0).to_csv(tmp_path / name, index=False)
    other = read_cohort(study, tmp_path)
    assert other.patients == one.patients
    assert np.array_equal(other.outcome.value, one.outcome.value)
    assert np.array_equal(other.outcome.arm, one.outcome.arm)
