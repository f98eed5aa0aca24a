"""Messages: every variant by one interface, relations, and one step against a slow loop."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from pathgnn.errors import ConfigError
from pathgnn.graph.rewire import rewire, share_moved, without_edges
from pathgnn.model import CONVS, PYG, conv_of
from pathgnn.model.conv_attention import AttentionConv
from pathgnn.model.conv_signed import SignedConv, all_rounds
from pathgnn.model.fused import WIDTH
from pathgnn.model.layers import PathwayPool
from pathgnn.model.messages import CROSSTALK, DOWN, UP, messages_of, pathway_messages
from pathgnn.model.sparse import NARROWEST, topology
from pathgnn.train.fit import fit_network

LAYERS = (
    *CONVS,
    *(PYG + name for name in ("GraphConv", "GCNConv", "SAGEConv", "ResGatedGraphConv")),
)


def _double(conv):
    conv.double()
    for parameter in conv.parameters():
        parameter.data = torch.randn_like(parameter)
    return conv


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("norm", [False, True])
def test_every_layer_keeps_patients_apart_and_their_order(graph, name, norm):
    torch.manual_seed(0)
    conv = conv_of(name, messages_of(graph), len(graph.genes), 3, norm)
    h = torch.randn(len(graph.genes), 5, 3)
    order = torch.tensor([3, 0, 4, 1, 2])
    assert torch.allclose(conv(h[:, order]), conv(h)[:, order], atol=1e-5)
    assert torch.allclose(conv(h[:, :1]), conv(h)[:, :1], atol=1e-5)


@pytest.mark.parametrize("name", CONVS)
def test_without_edges_nobody_tells_anybody(graph, name):
    bare = messages_of(without_edges(graph))
    conv = conv_of(name, bare, len(graph.genes), 3)
    h = torch.randn(len(graph.genes), 2, 3)
    assert torch.allclose(conv(h), h)


def test_a_signed_round_is_the_slow_loop_over_edges(graph):
    messages = messages_of(graph)
    conv = _double(SignedConv(messages, len(graph.genes), 2))
    h = torch.randn(len(graph.genes), 3, 2, dtype=torch.float64)
    x = h.clone()
    for r in range(len(messages.relations)):
        pairs = messages.ends[:, messages.relation == r].T.tolist()
        n_out = {u: sum(a == u for a, _ in pairs) for u, _ in pairs}
        n_in = {v: sum(b == v for _, b in pairs) for _, v in pairs}
        for u, v in pairs:
            x[v] += h[u] @ conv.mix[r] / (n_out[u] * n_in[v]) ** 0.5
    expected = x + torch.nn.functional.gelu(x) @ conv.bend.weight.T
    assert torch.allclose(conv(h), expected, atol=1e-6)


@pytest.mark.parametrize("relations", ["one", "by sign"])
@pytest.mark.parametrize("depth", [1, 3])
def test_rounds_in_one_step_have_the_gradients_of_rounds_one_by_one(graph, depth, relations):
    if relations == "one":
        graph = replace(graph, sign=np.ones_like(graph.sign))
    convs = [_double(SignedConv(messages_of(graph), len(graph.genes), 3)) for _ in range(depth)]
    # With three channels five rows go side by side, and some are left over.
    h = torch.randn(len(graph.genes), 7, 3, dtype=torch.float64, requires_grad=True)
    assert h.numel() // 3 % (WIDTH // 3)
    leaves = [h, *(w for conv in convs for w in (conv.mix, conv.bend.weight))]
    fast = all_rounds(convs, h)
    slow = h
    for conv in convs:
        slow = conv(slow)
    assert torch.allclose(fast, slow, atol=1e-6)
    for a, b in zip(
        torch.autograd.grad(fast.sin().sum(), leaves),
        torch.autograd.grad(slow.sin().sum(), leaves),
        strict=True,
    ):
        assert torch.allclose(a, b, rtol=1e-5, atol=1e-5)


def test_rounds_in_one_step_keep_one_tensor_each_and_the_first(graph):
    convs = [SignedConv(messages_of(graph), len(graph.genes), 3) for _ in range(4)]
    h = torch.randn(len(graph.genes), 5, 3, requires_grad=True)
    kept = []
    with torch.autograd.graph.saved_tensors_hooks(lambda x: kept.append(x.shape) or x, lambda x: x):
        all_rounds(convs, h).sum()
    assert kept.count(h.shape) == 1 + len(convs)


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("norm", [False, True])
def test_all_rounds_of_any_layer_are_the_rounds_one_by_one(graph, name, norm):
    torch.manual_seed(0)
    n = len(graph.genes)
    convs = [conv_of(name, messages_of(graph), n, 3, norm) for _ in range(2)]
    h, scale = torch.randn(n, 5, 3), torch.rand(len(graph.sign))
    assert torch.allclose(all_rounds(convs, h), convs[1](convs[0](h)), atol=1e-5)
    if name in CONVS:
        assert torch.allclose(
            all_rounds(convs, h, scale), convs[1](convs[0](h, scale), scale), atol=1e-5
        )


def test_a_product_in_tiles_is_the_product_in_one_piece(monkeypatch):
    monkeypatch.setattr("pathgnn.model.sparse.TILE_BYTES", 1)
    torch.manual_seed(0)
    row, column = torch.randint(0, 7, (30,)), torch.randint(0, 9, (30,))
    pairs = torch.unique(torch.stack([row, column]), dim=1)
    topo, _ = topology(pairs[0], pairs[1], 7, 9)
    value, x = torch.rand(pairs.shape[1]), torch.randn(9, 2 * NARROWEST + 5)
    dense = torch.zeros(7, 9).index_put((topo.row.long(), topo.column.long()), value)
    assert torch.allclose(topo(value, x), dense @ x, atol=1e-5)


def test_attention_of_a_gene_sums_to_one_over_all_relations(graph):
    conv = AttentionConv(messages_of(graph), len(graph.genes), 2)
    for parameter in (conv.asks, conv.prefers):
        parameter.data.normal_()
    heard = torch.zeros(len(graph.genes))
    for relation, weight in zip(conv.relations, conv.attention(), strict=True):
        heard.index_add_(0, relation.topo.row.long(), weight)
    told = np.unique(graph.edges[1])
    assert torch.allclose(heard[told], torch.ones(len(told)), atol=1e-6)


def test_training_moves_attention(graph, nodes, recipe, fitted):
    # With the default penalties messages stay weak, and so does what attention could gain.
    recipe = recipe._replace(
        net=recipe.net.model_copy(update={"messages": "attention"}),
        fit=recipe.fit.model_copy(update={"message_ridge": 10.0}),
    )
    net = fit_network(nodes, fitted.scores, recipe, 0).net
    conv = net.convs[0]
    start = AttentionConv(messages_of(graph), len(graph.genes), 2)
    moved = [
        float((a - b).detach().abs().max())
        for a, b in zip(conv.attention(), start.attention(), strict=True)
        if len(a)
    ]
    assert max(moved) > 1e-3


def test_pooling_stands_attention_that_is_far_below_that_of_another_pathway(graph):
    pool = PathwayPool(torch.as_tensor(graph.members), len(graph.pathways), len(graph.genes))
    with torch.no_grad():
        pool.logit[pool.pathway == 0] -= 200.0
    total = torch.zeros(pool.n_rows).index_add(0, pool.pathway, pool.attention().detach())
    assert torch.allclose(total, torch.ones(pool.n_rows))


def test_relations_can_be_signs_mechanisms_and_directions(graph):
    kinds = np.where(np.arange(len(graph.sign)) % 2, "binding", "phosphorylation")
    typed = replace(graph, mechanism=tuple(kinds.tolist()))
    assert messages_of(typed).relations == ("activates", "inhibits")
    by_kind = messages_of(typed, "mechanism")
    assert set(by_kind.relations) == {"binding", "phosphorylation"}
    both = messages_of(typed, "sign and mechanism", against=True)
    assert all(r.endswith("against") for r in both.relations[len(both.relations) // 2 :])
    assert both.ends.shape[1] == 2 * len(graph.sign)
    back = both.relation >= len(both.relations) // 2
    assert torch.equal(both.ends[:, back].flip(0), both.ends[:, ~back])


def test_pathways_tell_each_other_up_down_and_across(graph):
    # PATH0 is the parent of PATH1; PATH2 and PATH3 share a gene of six.
    extra = np.array([[3], [graph.members[1][graph.members[0] == 2][0]]])
    nested = replace(
        graph,
        hierarchy=np.array([[0], [1]]),
        members=np.concatenate([graph.members, extra], axis=1),
    )
    m = pathway_messages(nested)
    told = {name: m.ends[:, m.relation == r].T.tolist() for r, name in enumerate(m.relations)}
    assert told == {UP: [[1, 0]], DOWN: [[0, 1]], CROSSTALK: [[2, 3], [3, 2]]}


@pytest.mark.parametrize(
    "name",
    [
        "NoSuchLayer",
        "GATConv",
        "GINConv",
        "TransformerConv",
        "EdgeConv",
        "EGConv",
        "FusedGATConv",
        "DynamicEdgeConv",
        "SimpleConv",
        "LabelPropagation",
    ],
)
def test_a_layer_that_cannot_do_it_is_refused_in_a_sentence(graph, name):
    with pytest.raises(ConfigError, match=f"'{name}'.*(try GraphConv|wants more)"):
        conv_of(PYG + name, messages_of(graph), len(graph.genes), 3)


def test_rewiring_a_graph_with_both_kinds_of_edges_keeps_pairs_apart(graph):
    # Edges without direction beside directed ones between the same genes, stored the other way.
    rng = np.random.default_rng(0)
    both = np.concatenate([graph.edges, graph.edges[::-1]], axis=1)
    n = len(graph.sign)
    mixed = replace(
        graph,
        edges=both,
        sign=np.concatenate([graph.sign, np.zeros(n, dtype=int)]),
        directed=np.arange(2 * n) < n,
        mechanism=graph.mechanism * 2,
        sources=graph.sources * 2,
        confidence=np.tile(graph.confidence, 2),
    )
    for _ in range(5):
        control = rewire(mixed, rng)
        degree = [np.bincount(g.edges[:, :n][1], minlength=24) for g in (mixed, control)]
        assert np.array_equal(*degree)
        assert share_moved(mixed, control) > 0.3
        loose = [np.bincount(g.edges[:, n:].ravel(), minlength=24) for g in (mixed, control)]
        assert np.array_equal(*loose)
