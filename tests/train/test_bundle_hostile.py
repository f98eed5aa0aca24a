"""A golden bundle reads as it did; what was changed, cut off, too large or foreign is refused."""

from __future__ import annotations

import json
import os
import pickle
import shutil
from contextlib import suppress

import numpy as np
import pytest
import torch
from golden import GOLDEN, golden_cohort
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file

from pathgnn.errors import BundleError, PathgnnError
from pathgnn.files import MOST_JSON, sha256
from pathgnn.train.bundle import load, predict

RAN = []


class Bomb:
    """Unpickling it would append to RAN."""

    def __reduce__(self):
        return RAN.append, (1,)


@pytest.fixture
def bundle(tmp_path):
    return shutil.copytree(GOLDEN / "model", tmp_path / "model")


def _manifest(bundle, change):
    path = bundle / "manifest.json"
    words = json.loads(path.read_text())
    change(words)
    path.write_text(json.dumps(words))


def _weights(bundle, change):
    """Other weights, and a hash that fits them."""
    path = bundle / "weights.safetensors"
    tensors = load_file(path)
    change(tensors)
    save_file(tensors, path)
    _manifest(bundle, lambda m: m["files"].update({path.name: sha256(path)}))


def test_the_golden_bundle_says_what_it_said():
    said = json.loads((GOLDEN / "expected.json").read_text())
    (found,) = predict(load(GOLDEN / "model"), golden_cohort())
    assert found.benefit == pytest.approx(said["benefit"], abs=1e-4)
    assert found.score == pytest.approx(said["score"], abs=1e-4)
    assert np.std(said["score"]) > 0.01
    assert sum(p.stat().st_size for p in GOLDEN.rglob("*")) < 120_000


def _more_layers(bundle):
    _manifest(bundle, lambda m: m["net"].update(channels=256, depth=10, trunk=1024))


def _many_covariates(bundle):
    def change(m):
        m["layout"]["n_covariates"] = 10**9

    _manifest(bundle, change)


def _extra_tensor(bundle):
    _weights(bundle, lambda t: t.update({"9.wide": torch.zeros(1000, 1000)}))


def _larger_tensor(bundle):
    _weights(bundle, lambda t: t.update({"0.wide": torch.zeros(4000, 500)}))


def _doubles(bundle):
    _weights(bundle, lambda t: t.update({"0.wide": t["0.wide"].double()}))


def _tree(bundle, name, value):
    def change(tensors):
        first = int(torch.nonzero(tensors["trees.0.feature"] >= 0)[0])
        tensors[f"trees.0.{name}"][first] = value

    _weights(bundle, change)


def _tree_in_a_circle(bundle):
    def change(tensors):
        first = int(torch.nonzero(tensors["trees.0.feature"] >= 0)[0])
        tensors["trees.0.left"][first] = first

    _weights(bundle, change)


def _tree_that_leads_outside(bundle):
    _tree(bundle, "right", 10**6)


def _tree_that_asks_of_no_feature(bundle):
    _tree(bundle, "feature", 10**6)


def _tree_without_a_root(bundle):
    _weights(bundle, lambda t: t["trees.0.root"].sub_(1))


def _no_tree_of_the_contrast(bundle):
    _weights(bundle, lambda t: t["trees.0.contrast"].add_(1))


def _tree_that_says_nothing(bundle):
    _tree(bundle, "value", float("nan"))


def _tree_without_an_end(bundle):
    def change(tensors):
        n = len(tensors["trees.0.feature"])
        own = torch.arange(n, dtype=torch.int32)
        tensors["trees.0.feature"] = torch.where(own < n - 1, 0, -1).int()
        for side in ("left", "right"):
            tensors[f"trees.0.{side}"] = (own + 1).clamp(max=n - 1)

    _weights(bundle, change)


def _more_nodes(bundle):
    _manifest(bundle, lambda m: m["stacks"][0].update(nodes=10**9))


def _large_manifest(bundle):
    _manifest(bundle, lambda m: m.update(versions={"x": "y" * MOST_JSON}))


def _deep_manifest(bundle):
    (bundle / "manifest.json").write_text('{"schema": 5, "x": ' + "[" * 10**6)


def _huge_number(bundle):
    (bundle / "manifest.json").write_text('{"schema": ' + "9" * 10**5 + "}")


def _infinite(bundle):
    text = (bundle / "manifest.json").read_text()
    assert '"average": ' in text
    (bundle / "manifest.json").write_text(text.replace('"average": ', '"average": 1e999, "x": '))


def _truncated(bundle):
    path = bundle / "weights.safetensors"
    path.write_bytes(path.read_bytes()[:-7])


def _cut_graph(bundle):
    path = bundle / "graph.pathgraph"
    path.write_bytes(path.read_bytes()[:100])


def _pickled_weights(bundle):
    path = bundle / "weights.safetensors"
    path.write_bytes(pickle.dumps(Bomb()))
    _manifest(bundle, lambda m: m["files"].update({path.name: sha256(path)}))


def _torch_weights(bundle):
    path = bundle / "weights.safetensors"
    torch.save({"x": Bomb()}, path)
    _manifest(bundle, lambda m: m["files"].update({path.name: sha256(path)}))


def _pickle_beside(bundle):
    (bundle / "model.pkl").write_bytes(pickle.dumps(Bomb()))


def _escaping(bundle):
    _manifest(bundle, lambda m: m["files"].update({"../../secret": "0" * 64}))


def _absolute(bundle):
    _manifest(bundle, lambda m: m["files"].update({"/etc/passwd": "0" * 64}))


def _linked(bundle):
    path = bundle / "weights.safetensors"
    path.rename(bundle.parent / "elsewhere")
    path.symlink_to(bundle.parent / "elsewhere")


def _linked_manifest(bundle):
    path = bundle / "manifest.json"
    path.rename(bundle.parent / "elsewhere")
    path.symlink_to(bundle.parent / "elsewhere")


def _pipe(bundle):
    (bundle / "graph.pathgraph").unlink()
    os.mkfifo(bundle / "graph.pathgraph")


def _no_member(bundle):
    _manifest(bundle, lambda m: m.update(members=[]))


def _other_arms(bundle):
    _manifest(bundle, lambda m: m.update(arms=["control", "else"]))


def _other_genes(bundle):
    _manifest(bundle, lambda m: m.update(genes=m["genes"][::-1]))


def _fold_beyond(bundle):
    _manifest(bundle, lambda m: m["members"][0].update(fold=99))


def _newer(bundle):
    _manifest(bundle, lambda m: m.update(schema=m["schema"] + 1))


def _older(bundle):
    _manifest(bundle, lambda m: m.update(schema=4))


def _no_schema(bundle):
    _manifest(bundle, lambda m: m.update(schema=True))


def _list(bundle):
    (bundle / "manifest.json").write_text("[]")


CASES = {
    _more_layers: "do not fit the layout",
    _many_covariates: "`covariates`",
    _extra_tensor: "do not fit the manifest",
    _larger_tensor: "do not fit the layout",
    _doubles: "float64",
    _tree_in_a_circle: "trees are broken: children",
    _tree_that_leads_outside: "trees are broken: children",
    _tree_that_asks_of_no_feature: "trees are broken: feature",
    _tree_without_a_root: "trees are broken: root",
    _no_tree_of_the_contrast: "trees are broken: contrast",
    _tree_that_says_nothing: "trees are broken: values",
    _tree_without_an_end: "trees are broken: depth",
    _more_nodes: "do not fit the manifest",
    _large_manifest: "larger than 16 MB",
    _deep_manifest: "cannot be read as JSON",
    _huge_number: "cannot be read as JSON",
    _infinite: "is broken: calibration",
    _truncated: "changed or cut off",
    _cut_graph: "changed or cut off",
    _pickled_weights: "cannot be read as a model",
    _torch_weights: "cannot be read as a model",
    _pickle_beside: "holds 'model.pkl', which is no part of a model",
    _escaping: "'../../secret' differs",
    _absolute: "'/etc/passwd' differs",
    _linked: "is a link or no plain file",
    _linked_manifest: "is a link or no plain file",
    _pipe: "is a link or no plain file",
    _no_member: "members",
    _other_arms: "`calibration` do not fit",
    _other_genes: "is not the one the model was trained on",
    _fold_beyond: "`stacks` do not fit",
    _newer: "written by a newer pathgnn.*upgrade pathgnn",
    _older: "written by an older pathgnn.*fit the study again",
    _no_schema: "is no pathgnn model",
    _list: "is no pathgnn model",
}


@pytest.mark.timeout(30)
@pytest.mark.parametrize("damage", CASES, ids=lambda d: d.__name__.strip("_"))
def test_a_hostile_bundle_is_refused_in_a_sentence_and_nothing_runs(damage, bundle):
    damage(bundle)
    with pytest.raises(BundleError, match=CASES[damage]) as refusal:
        load(bundle)
    assert len(str(refusal.value)) < 500
    assert not RAN


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


def _places(words, at=()):
    """The way to every value of a manifest."""
    if isinstance(words, dict | list):
        items = words.items() if isinstance(words, dict) else enumerate(words)
        for key, value in items:
            yield (*at, key)
            yield from _places(value, (*at, key))


WORDS = json.loads((GOLDEN / "model" / "manifest.json").read_text())
PLACES = [p for p in _places(WORDS) if p[0] != "files"]


@given(st.sampled_from(PLACES), VALUES)
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_value_in_a_manifest_is_read_or_refused(tmp_path, place, value):
    folder = tmp_path / "model"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(GOLDEN / "model", folder)
    words = json.loads(json.dumps(WORDS))
    inner = words
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    (folder / "manifest.json").write_text(json.dumps(words))
    try:
        model = load(folder)
    except BundleError:
        return
    with suppress(PathgnnError):
        predict(model, golden_cohort())
