"""Plans within memory, and that a plan changes memory but no number."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch

from pathgnn.errors import ConfigError
from pathgnn.model.compute import computer_of
from pathgnn.model.config import FitConfig, NetConfig
from pathgnn.model.memory import Plan, Sizes, plan, sizes_of, training_bytes
from pathgnn.model.network import PathwayNet, layout_of

SIZES = Sizes(20000, 500, 3, 200_000, 1000, 40_000, 8, 2)


def test_less_memory_means_features_computed_again_and_then_smaller_blocks():
    fast, lean = plan(SIZES, 16.0), plan(SIZES, 2.0)
    assert not fast.again
    assert lean.again
    assert training_bytes(SIZES, lean) < 2 * 2**30 < training_bytes(SIZES, fast)
    least = plan(SIZES, 0.001)
    assert least == Plan(1, True)


def test_memory_grows_with_every_size():
    here = training_bytes(SIZES, plan(SIZES, 1e3))
    for name in ("genes", "patients", "modalities", "channels", "depth", "edges"):
        more = SIZES._replace(**{name: 2 * getattr(SIZES, name)})
        assert training_bytes(more, plan(more, 1e3)) > here


def test_rounds_that_keep_more_are_said_to_take_more(graph):
    settings = ({}, {"messages": "pyg:GCNConv"}, {"layer_norm": True}, {"messages": "attention"})
    sizes = [sizes_of(graph, 3, 500, NetConfig(depth=2, **some)) for some in settings]
    taken = [training_bytes(one, Plan()) for one in sizes]
    assert taken == sorted(set(taken))


@pytest.mark.parametrize("how", [Plan(7), Plan(7, again=True), Plan(None, again=True)])
def test_a_plan_changes_neither_prediction_nor_gradients(graph, nodes, how):
    torch.manual_seed(0)
    net = PathwayNet(graph, layout_of(nodes), NetConfig())
    net.scales.learn(nodes)
    for parameter in net.parameters():
        parameter.data += 0.1 * torch.randn_like(parameter)
    z = net.scales(nodes).z
    kept = torch.rand(1, *z.shape[1:]) > 0.3
    results = []
    for one in (Plan(), how):
        net.plan = one
        net.zero_grad()
        raw = net.raw_activity(z, kept=kept)
        raw.square().sum().backward()
        results.append([raw.detach(), *(p.grad for p in net.parameters() if p.grad is not None)])
    for a, b in zip(*results, strict=True):
        assert torch.allclose(a, b, rtol=1e-3, atol=1e-3 * float(a.abs().max()))


COMPILED = """
import warnings; warnings.simplefilter("ignore")
import torch
from pathgnn.demo import demo_input
from pathgnn.model.config import NetConfig
from pathgnn.model.network import PathwayNet, layout_of
given = demo_input(60, 0)
net = PathwayNet(given.graph, layout_of(given.nodes), NetConfig())
z = net.scales.learn(given.nodes)(given.nodes).z
plain = net.raw_activity(z)
net._run = torch.compile(net._activity, backend="aot_eager")
again = net.raw_activity(z)
again.sum().backward()
print(bool(torch.allclose(again, plain, atol=1e-4)))
"""


def test_compiled_it_computes_the_same():
    # In a process of its own: the hook that checks shapes here cannot be compiled.
    said = subprocess.check_output([sys.executable, "-c", COMPILED], text=True)
    assert said.split()[-1] == "True"


@pytest.mark.skipif(torch.cuda.is_available(), reason="asks for a GPU where there is none")
@pytest.mark.parametrize(
    ("settings", "said"),
    [({"device": "cuda"}, "no GPU"), ({"precision": "bfloat16"}, "works on a GPU only")],
)
def test_what_this_machine_cannot_do_is_said(graph, nodes, settings, said):
    with pytest.raises(ConfigError, match=said):
        computer_of(FitConfig(**settings), sizes_of(graph, 5, nodes.n_patients, NetConfig()))
