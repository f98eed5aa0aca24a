"""The laws of the network."""

from __future__ import annotations

from dataclasses import replace

import networkx as nx
import numpy as np
import pytest
import torch

from pathgnn.graph.project import project
from pathgnn.model.config import NetConfig
from pathgnn.model.head import observed
from pathgnn.model.layers import EffectHead
from pathgnn.model.network import PathwayNet, layout_of
from pathgnn.model.scales import WILD_TYPE_ZERO, InputScales, Standardised
from pathgnn.model.sparse import topology


def _net(graph, nodes, depth=2):
    torch.manual_seed(0)
    net = PathwayNet(graph, layout_of(nodes), NetConfig(depth=depth))
    net.scales.learn(nodes)
    net.head.prepare(observed(nodes), nodes.horizon)
    for parameter in net.parameters():
        parameter.data += 0.1 * torch.randn_like(parameter)
    return net.eval()


def test_sparse_product_and_its_gradients_match_the_dense_ones():
    row, column = torch.tensor([2, 0, 0, 1]), torch.tensor([1, 2, 0, 2])
    topo, order = topology(row, column, 3, 4)
    value = torch.rand(4, dtype=torch.float64)[order].requires_grad_(True)
    x = torch.randn(4, 5, dtype=torch.float64, requires_grad=True)
    dense = torch.zeros(3, 4, dtype=torch.float64)
    dense[row[order], column[order]] = value.detach()
    base = torch.randn(3, 5, dtype=torch.float64, requires_grad=True)
    assert torch.allclose(topo(value, x), dense @ x)
    assert torch.allclose(topo(value, x, base), base + dense @ x)
    assert torch.autograd.gradcheck(topo, (value, x, base))


def test_renaming_genes_renames_the_answer(graph, nodes, trial):
    name = {g: f"NEW_{i * 7 % 24}_{g}" for i, g in enumerate(graph.genes)}
    renamed = replace(graph, genes=tuple(name[g] for g in graph.genes))
    cohort = replace(trial[0], omics={k: t.rename(columns=name) for k, t in trial[0].omics.items()})
    again = project(cohort, renamed)
    assert torch.equal(
        _net(graph, nodes).predict(nodes).mean, _net(renamed, again).predict(again).mean
    )


def test_row_order_does_not_matter(graph, nodes):
    net, order = _net(graph, nodes), torch.randperm(nodes.n_patients)
    mean = net.predict(nodes).mean
    assert torch.allclose(net.predict(nodes.take(order)).mean, mean[order], atol=1e-5)


@pytest.mark.parametrize("depth", [0, 1, 2])
def test_a_gene_hears_only_genes_within_depth_steps(graph, nodes, depth):
    net = _net(graph, nodes, depth)
    h_of = nx.DiGraph(graph.edges.T.tolist())
    z = net.scales(nodes.take(torch.arange(1))).z.requires_grad_(True)
    h = net.embed(z)
    for conv in net.convs:
        h = conv(h)
    for gene in (2, 8, 17):
        (grad,) = torch.autograd.grad(h[gene].square().sum(), z, retain_graph=True)
        heard = set(torch.nonzero(grad.abs().sum((1, 2)) > 0)[:, 0].tolist())
        near = nx.single_source_shortest_path_length(h_of.reverse(), gene, cutoff=depth)
        assert heard <= set(near)
        assert gene in heard


def test_an_unseen_value_changes_nothing(graph, nodes):
    net = _net(graph, nodes)
    noise = torch.where(nodes.seen, nodes.x, 1e3 * torch.randn_like(nodes.x))
    assert torch.equal(net.predict(replace(nodes, x=noise)).mean, net.predict(nodes).mean)


def test_a_cohort_of_one_works(graph, nodes):
    net = _net(graph, nodes)
    one = nodes.take(torch.tensor([5]))
    assert torch.allclose(net.predict(one).mean[0], net.predict(nodes).mean[5], atol=1e-5)


def test_a_patient_without_any_omic_gets_the_reference(graph, nodes):
    net = _net(graph, nodes)
    one = nodes.take(torch.tensor([5]))
    blind = replace(
        one, seen=torch.zeros_like(one.seen), clinical_seen=torch.zeros_like(one.clinical_seen)
    )
    zero = Standardised(*(torch.zeros_like(x) for x in net.scales(one)))
    assert torch.equal(net(net.scales(blind)).delta, net(zero).delta)


def _padded(contrasts):
    """With the reference arm's 0 in front."""
    return torch.cat([torch.zeros(len(contrasts), 1), contrasts], 1)


def test_the_effect_is_the_sum_of_its_pathways(graph, nodes):
    net = _net(graph, nodes)
    raw, clinical = net.raw_activity(net.scales(nodes).z), net.scales(nodes).clinical
    net.learn_activity_scales(raw)
    out = net.scores(raw, clinical)
    assert (out.delta[:, 0] == 0).all()
    for k in range(net.n_pathways):
        typical = raw.clone()
        typical[0, :, k] = net.activity_center[0, 0, k]
        without = net.scores(typical, clinical)
        assert torch.allclose(out.delta - without.delta, _padded(out.terms[:, k]), atol=1e-5)
    nothing = raw.clone()
    nothing[0, :, : net.n_pathways] = net.activity_center[0, :, : net.n_pathways]
    assert torch.allclose(net.scores(nothing, clinical).delta, _padded(out.rest), atol=1e-5)


def test_an_effect_head_at_its_start_is_a_linear_model():
    head = EffectHead(3, 1, 2)
    with torch.no_grad():
        head.pooled.copy_(torch.tensor([1.0, -2.0, 0.5]))
        head.by_arm[0, 1] = 4.0
    activity = torch.randn(5, 3)
    slopes = torch.tensor([[1.0, 5.0], [-2.0, -2.0], [0.5, 0.5]])
    assert torch.allclose(head.terms(activity).sum(1), activity @ slopes)


def test_inputs_are_the_same_after_every_call(graph, nodes):
    before = [t.clone() for t in (nodes.x, nodes.seen, nodes.clinical)]
    _net(graph, nodes).predict(nodes)
    assert all(
        torch.equal(a, b)
        for a, b in zip(before, (nodes.x, nodes.seen, nodes.clinical), strict=True)
    )


def test_a_pathway_that_did_not_vary_in_training_says_nothing_of_new_patients(graph, nodes):
    net = _net(graph, nodes)
    raw = torch.randn(2, 50, net.pool.n_rows + 1)
    raw[:, :, 0] = 0.3
    net.learn_activity_scales(raw)
    new = raw[:, :2].clone()
    new[:, 0, 0] += 1.0
    clinical = torch.zeros(2, len(nodes.covariates))
    assert net.scores(new, clinical).activity[:, 0].tolist() == [0, 0]


def test_the_gradient_of_training_is_the_slope_of_its_loss(graph, nodes):
    net, targets = _net(graph, nodes).double(), torch.randn(nodes.n_patients).double()
    inputs = Standardised(*(part.double() for part in net.scales(nodes)))

    def loss():
        out = net.training_scores(net.raw_activity(inputs.z), inputs.clinical)
        return (out.m - targets).square().mean() + (out.delta[:, 1] - targets).square().mean()

    loss().backward()
    for name, weight in net.named_parameters():
        if weight.grad is None:
            continue
        way = torch.randn_like(weight)
        slope, step = float((weight.grad * way).sum()), 1e-4
        with torch.no_grad():
            weight += step * way
            above = float(loss())
            weight -= 2 * step * way
            below = float(loss())
            weight += step * way
        assert slope == pytest.approx((above - below) / (2 * step), rel=0.02, abs=1e-5), name


def test_scales_after_training_are_those_of_the_training_patients(graph, nodes):
    net = _net(graph, nodes)
    inputs = net.scales(nodes)
    raw = net.raw_activity(inputs.z)
    trained = net.training_scores(raw, inputs.clinical)
    again = net.scores(raw, inputs.clinical)
    assert torch.allclose(trained.m, again.m, atol=1e-5)
    assert torch.allclose(trained.delta, again.delta, atol=1e-5)


@pytest.mark.parametrize("value", [-9.965784, 12.3, 100.7])
def test_a_gene_that_is_the_same_in_all_training_patients_is_known_as_constant(nodes, value):
    for n in range(60, 150):
        some = nodes.take(torch.arange(n))
        some = replace(some, x=torch.full_like(some.x, value), seen=torch.ones_like(some.seen))
        scales = InputScales(len(nodes.genes), nodes.kinds, len(nodes.covariates)).learn(some)
        near = replace(some, x=some.x + 0.07)
        z = scales(near).z[:, :, [k not in WILD_TYPE_ZERO for k in nodes.kinds]]
        assert float(z.abs().max()) < 0.5


def test_scales_ignore_what_was_not_seen(nodes, graph):
    net = _net(graph, nodes)
    m = nodes.modalities.index("protein")
    gene = int(torch.nonzero(nodes.seen[:, :, m].any(1))[0, 0])
    seen = nodes.seen[gene, :, m]
    values = nodes.x[gene, seen, m].numpy()
    assert net.scales.center[gene, 0, m].item() == pytest.approx(values.mean(), abs=1e-5)
    assert net.scales.scale[gene, 0, m].item() == pytest.approx(np.std(values), rel=1e-4)
