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
from pathgnn.model.scales import Standardised
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


def test_the_effect_is_the_sum_of_its_pathways(graph, nodes):
    out = _net(graph, nodes)(_net(graph, nodes).scales(nodes))
    assert torch.allclose(out.delta[:, 1:], out.terms.sum(1) + out.rest)
    assert (out.delta[:, 0] == 0).all()


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


def test_scales_ignore_what_was_not_seen(nodes, graph):
    net = _net(graph, nodes)
    m = nodes.modalities.index("protein")
    gene = int(torch.nonzero(nodes.seen[:, :, m].any(1))[0, 0])
    seen = nodes.seen[gene, :, m]
    values = nodes.x[gene, seen, m].numpy()
    assert net.scales.center[gene, 0, m].item() == pytest.approx(values.mean(), abs=1e-5)
    assert net.scales.scale[gene, 0, m].item() == pytest.approx(np.std(values), rel=1e-4)
