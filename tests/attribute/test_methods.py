"""Attribution methods and references: captum and PyG as oracles, completeness, shards."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import torch

from pathgnn.attribute.account import METHODS, _edges, _Explained
from pathgnn.attribute.attribute import attribute, finished, shard
from pathgnn.attribute.method import Points
from pathgnn.attribute.reference import IN_WORDS, Compared, references
from pathgnn.errors import ConfigError
from pathgnn.model.config import ExplainConfig
from pathgnn.model.scales import Standardised

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from captum import attr as captum
    from torch_geometric.explain import CaptumExplainer, Explainer
    from torch_geometric.nn import MessagePassing


def _who(fitted, nodes, healthy=None, **settings):
    return Compared(fitted, nodes, ExplainConfig(**settings), 0, healthy)


@pytest.fixture(scope="module")
def one(fitted, nodes):
    """A network's effect on five of its held-out patients, by patient first as captum has it."""
    member = fitted.members[0]
    at = torch.from_numpy(np.flatnonzero(fitted.fold == member.fold)[:5])
    inputs = member.net.scales(nodes.take(at))

    def function(x):
        return (member.net(x).delta[:, 1],)

    def by_patient(z, clinical):
        return function(Standardised(z.permute(1, 0, 2), clinical))[0]

    return function, inputs, (inputs.z.permute(1, 0, 2).contiguous(), inputs.clinical), by_patient


def _ours(name, one, start, steps=8):
    z, clinical = METHODS[name](one[0], one[1], start, Points(steps, 0))[0]
    return z.permute(1, 0, 2), clinical


def _at_zero(inputs):
    return [Standardised(*(torch.zeros_like(x) for x in inputs))]


def test_integrated_gradients_are_captums(one):
    oracle = captum.IntegratedGradients(one[3])
    theirs = oracle.attribute(one[2], n_steps=8, method="gausslegendre", internal_batch_size=None)
    ours = _ours("integrated gradients", one, _at_zero(one[1]))
    for mine, other in zip(ours, theirs, strict=True):
        assert torch.allclose(mine, other.to(mine.dtype), atol=1e-6)
    assert ours[0].abs().max() > 1e-3


def test_input_x_gradient_is_captums(one):
    theirs = captum.InputXGradient(one[3]).attribute(
        tuple(x.clone().requires_grad_(True) for x in one[2])
    )
    ours = _ours("input x gradient", one, _at_zero(one[1]))
    assert torch.allclose(ours[0], theirs[0], atol=1e-6)


def test_occlusion_is_captums_ablation(one):
    theirs = captum.FeatureAblation(one[3]).attribute(one[2])
    ours = _ours("occlusion", one, _at_zero(one[1]))
    assert torch.allclose(ours[0], theirs[0], atol=1e-5)


def test_occlusion_of_some_patients_is_that_of_each_alone(fitted, nodes):
    # Few patients go through the network in many copies at once.
    who = _who(fitted, nodes, method="occlusion")
    some = shard(who, torch.arange(3))
    alone = [shard(who, torch.tensor([i])) for i in range(3)]
    for name in ("score", "prognostic", "treated", "clinical"):
        each = torch.cat([one.parts[name] for one in alone])
        assert torch.allclose(some.parts[name], each, atol=1e-5), name
    assert some.parts["score"].abs().max() > 1e-3


@pytest.mark.parametrize("at_once", [1, 7, 64])
def test_occlusion_keeps_to_the_patients_at_once(fitted, nodes, at_once):
    one = nodes.take(torch.arange(3))
    inputs = fitted.members[0].net.scales(one)
    seen = []

    def function(given):
        seen.append(len(given.clinical))
        return (given.z.sum((0, 2)) + given.clinical.sum(1),)

    start = Standardised(*(torch.zeros_like(x) for x in inputs))
    (found,) = METHODS["occlusion"](function, inputs, [start], Points(1, 0, at_once))
    assert max(seen) <= max(at_once, 3)
    assert torch.allclose(found.z, inputs.z, atol=1e-4)


class _PygRound(MessagePassing):
    """One of our rounds as PyG has it, a message per edge, so that its explainers can mask them."""

    def __init__(self, conv, graph):
        super().__init__(aggr="sum", node_dim=0)
        self.mix, self.bend = conv.mix, conv.bend
        source, target = torch.as_tensor(graph.edges)
        self.relation = torch.as_tensor(graph.sign < 0).long()
        n_out, n_in = (
            torch.stack([torch.bincount(end[self.relation == r], minlength=99) for r in (0, 1)])
            for end in (source, target)
        )
        degrees = n_out[self.relation, source] * n_in[self.relation, target]
        self.weight = degrees.float().rsqrt()

    def forward(self, h, edge_index):
        x = h + self.propagate(edge_index, h=h, relation=self.relation, weight=self.weight)
        return x + self.bend(torch.nn.functional.gelu(x))

    def message(self, h_j, relation, weight):
        return weight[:, None, None] * torch.einsum("epc,ecd->epd", h_j, self.mix[relation])


class _PygNet(torch.nn.Module):
    """The network with PyG's rounds for ours: the sum over patients of the effect."""

    def __init__(self, net, graph):
        super().__init__()
        self.net = net
        self.rounds = torch.nn.ModuleList(_PygRound(conv, graph) for conv in net.convs)

    def forward(self, x, edge_index, clinical):
        h = self.net.embed(x)
        for one in self.rounds:
            h = one(h, edge_index)
        activity = torch.einsum("pbc,rpc->rbp", self.net.pathways(h), self.net.read)
        raw = torch.nn.functional.pad(activity, (0, 1))
        return self.net.scores(raw, clinical).delta[:, 1].sum()[None]


def test_edge_attribution_is_that_of_pygs_explainer(fitted, nodes, graph):
    member = fitted.members[0]
    at = torch.from_numpy(np.flatnonzero(fitted.fold == member.fold))
    inputs = member.net.scales(nodes.take(at))
    pyg, edges = _PygNet(member.net, graph), torch.as_tensor(graph.edges)
    assert torch.allclose(pyg(inputs.z, edges, inputs.clinical), member.net(inputs).delta.sum())
    explainer = Explainer(
        pyg,
        CaptumExplainer("IntegratedGradients", n_steps=8, method="gausslegendre"),
        explanation_type="model",
        edge_mask_type="object",
        model_config={"mode": "regression", "task_level": "graph", "return_type": "raw"},
    )
    theirs = explainer(inputs.z, edges, clinical=inputs.clinical).edge_mask
    explained = _Explained(_who(fitted, nodes), member.net, member.net(inputs))
    size = (8, len(theirs))
    ours = _edges(explained, inputs, torch.ones(len(at)), size) / member.net.head.scale
    assert torch.allclose(ours, theirs.float(), atol=1e-4 * float(ours.abs().max()))
    assert ours.abs().max() > 1e-3


@pytest.mark.parametrize("reference", [r for r in IN_WORDS if r != "healthy"])
def test_with_every_reference_parts_sum_to_what_they_explain(reference, fitted, nodes):
    a = attribute(_who(fitted, nodes, reference=reference, draws=4))
    assert a.gap.abs().max() < 2e-3 * a.explained.std()
    assert (a.score[~nodes.seen.permute(1, 0, 2)] == 0).all()
    assert a.reference.startswith(IN_WORDS[reference])


def test_expected_gradients_come_near_the_whole(fitted, nodes):
    a = attribute(
        _who(fitted, nodes, method="expected gradients", reference="distribution", draws=40)
    )
    total = a.score.sum((1, 2)) + a.clinical.sum(1)
    assert np.corrcoef(total.numpy(), a.explained.numpy())[0, 1] > 0.97


def test_other_random_points_give_another_attribution_that_ranks_alike(one):
    a, b = (
        METHODS["expected gradients"](one[0], one[1], _at_zero(one[1]), Points(16, seed))[0].z
        for seed in (1, 2)
    )
    assert not torch.equal(a, b)
    strength = [x.abs().mean((1, 2)).numpy() for x in (a, b)]
    assert np.corrcoef(*strength)[0, 1] > 0.95


def test_benefit_is_outcome_with_minus_outcome_without(fitted, nodes):
    # The outcome is continuous, so this is exact.
    a = attribute(_who(fitted, nodes))
    assert torch.allclose(a.treated - a.prognostic, a.score, atol=1e-5)


def test_healthy_samples_are_the_reference_and_must_fit(fitted, nodes):
    healthy = nodes.take(torch.arange(20))
    member, at = fitted.members[0], torch.tensor([30, 31])
    (start,) = references(_who(fitted, nodes, healthy, reference="healthy"), member, at)
    inputs, seen = member.net.scales(healthy), nodes.take(at).seen
    mean = (inputs.z * healthy.seen).sum(1) / healthy.seen.sum(1).clamp(min=1)
    assert torch.allclose(start.z[:, 0], mean * seen[:, 0], atol=1e-6)
    with pytest.raises(ConfigError, match="needs healthy samples"):
        attribute(_who(fitted, nodes, reference="healthy"))


def test_the_opposite_third_lies_on_the_other_side(fitted, nodes):
    who, member = _who(fitted, nodes, reference="opposite third"), fitted.members[0]
    held = np.flatnonzero(fitted.fold == member.fold)
    best = held[np.argsort(fitted.benefit[held, 0])[-10:]]
    at = torch.from_numpy(np.sort(best))
    (start,) = references(who, member, at)
    with torch.no_grad():
        own, other = (
            member.net(x).delta[:, 1].mean() for x in (member.net.scales(nodes.take(at)), start)
        )
    assert other < own


def test_shards_and_small_pieces_give_the_whole(fitted, nodes):
    whole = attribute(_who(fitted, nodes))
    who = _who(fitted, nodes, patients_at_once=7)
    patients = torch.arange(nodes.n_patients)
    parts = [shard(who, patients[i::3]) for i in range(3)]
    merged = finished(who, parts)
    for name in ("score", "treated", "pathway", "edge", "slope", "member", "gap"):
        assert torch.allclose(getattr(whole, name), getattr(merged, name), atol=1e-5), name
    with pytest.raises(ConfigError, match="each to be in one shard"):
        finished(who, parts[:2])
