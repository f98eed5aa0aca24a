"""Save then load is the identity, also after a kill; broken bundles are refused."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from pathgnn.errors import BundleError
from pathgnn.train import bundle
from pathgnn.train.bundle import load, model_of, predict, save
from pathgnn.train.estimate import estimate
from pathgnn.train.keep import load_fitted, save_fitted


@pytest.fixture(scope="module")
def model(fitted, nodes):
    return model_of(fitted, nodes, (estimate(fitted, nodes),))


def test_save_then_load_is_the_identity(model, trial, tmp_path):
    save(model, tmp_path / "m")
    before, after = predict(model, trial[0])[0], predict(load(tmp_path / "m"), trial[0])[0]
    assert np.array_equal(before.benefit, after.benefit)
    assert load(tmp_path / "m").recipe.graph.sha256 == model.recipe.graph.sha256


def test_a_finished_fit_reads_back_the_same(fitted, nodes, tmp_path):
    save_fitted(fitted, nodes, (estimate(fitted, nodes),), tmp_path / "fit")
    again = load_fitted(tmp_path / "fit")
    assert estimate(again, nodes).findings == estimate(fitted, nodes).findings
    assert np.array_equal(again.benefit, fitted.benefit)
    assert again.sequential == fitted.sequential


def test_a_kill_while_writing_leaves_the_old_bundle(model, tmp_path, monkeypatch):
    save(model, tmp_path / "m")
    before = sorted(p.read_bytes() for p in (tmp_path / "m").iterdir())

    def killed(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(bundle, "write_json", killed)
    with pytest.raises(KeyboardInterrupt):
        save(replace(model, seed=99), tmp_path / "m")
    assert sorted(p.read_bytes() for p in (tmp_path / "m").iterdir()) == before
    assert [p.name for p in tmp_path.iterdir()] == ["m"]


def _newer(manifest):
    manifest["schema"] += 1


def _other_hash(manifest):
    manifest["files"]["weights.safetensors"] = "0" * 64


def _lacking(manifest):
    del manifest["net"]


@pytest.mark.parametrize(
    ("damage", "said"), [(_newer, "newer"), (_other_hash, "changed or cut off"), (_lacking, "net")]
)
def test_a_damaged_manifest_is_refused_in_a_sentence(model, tmp_path, damage, said):
    save(model, tmp_path / "m")
    path = tmp_path / "m" / "manifest.json"
    manifest = json.loads(path.read_text())
    damage(manifest)
    path.write_text(json.dumps(manifest))
    with pytest.raises(BundleError, match=said):
        load(tmp_path / "m")


def test_no_patient_is_in_a_bundle(model, nodes, tmp_path):
    save(model, tmp_path / "m")
    content = b"".join(p.read_bytes() for p in (tmp_path / "m").iterdir())
    assert not any(p.encode() in content for p in nodes.patients)


def test_gene_order_and_surplus_omics_do_not_change_a_prediction(model, trial):
    cohort = trial[0]
    turned = {k: t[t.columns[::-1]] for k, t in reversed(cohort.omics.items())}
    extra = replace(
        cohort,
        omics={"other": cohort.omics["expression"], **turned},
        kinds={"other": "expression", **cohort.kinds},
    )
    assert predict(model, extra)[0].benefit == pytest.approx(
        predict(model, cohort)[0].benefit, abs=1e-5
    )


def test_a_patient_with_a_mutation_panel_alone_is_predicted_and_told_what_it_rests_on(model, trial):
    cohort = trial[0]
    alone = sorted(set(cohort.omics["mutation"].index))[:20]
    panel = cohort.omics["mutation"].columns[:6]
    omics = {
        k: t.loc[[p for p in t.index if p not in alone]] if k != "mutation" else t
        for k, t in cohort.omics.items()
    }
    outside = [g for g in omics["mutation"].columns if g not in panel]
    omics["mutation"] = omics["mutation"].copy()
    omics["mutation"].loc[alone, outside] = np.nan
    found = predict(model, replace(cohort, omics=omics))[0]
    at = [cohort.patients.index(p) for p in alone]
    assert np.isfinite(found.score).all()
    assert found.rests_on[at[0]].startswith("mutation 6 genes; lacks expression, protein")
    # Less is known of them, so their scores spread less, but they are no single number.
    assert 0 < found.score[at].std() < predict(model, cohort)[0].score[at].std()
    others = [i for i in range(len(cohort.patients)) if i not in at]
    assert np.array_equal(found.score[others], predict(model, cohort)[0].score[others])
