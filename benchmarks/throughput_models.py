"""One training step of each network that throughput.py compares: built, timed and weighed."""

from __future__ import annotations

import ctypes
import gc
import json
import os
import re
import resource
import sys
import time
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint
from torch_geometric.data import Batch, Data
from torch_geometric.nn import GATConv, GCNConv

from pathgnn.model.conv_signed import SignedConv, all_rounds, bent
from pathgnn.model.layers import GeneEmbedding, PathwayPool
from pathgnn.model.memory import BLOCK_BYTES, Plan
from pathgnn.model.messages import Messages
from pathgnn.seeds import rng_for

KINDS = ("expression", "copy_number", "mutation")
ROUNDS, MEMBERS, GENES_PER_PATHWAY = 2, 40, 20
# A step on a CPU may not take more than this, its libraries no more than that: an error that we
# can report, not the end of the machine.
MOST_BYTES, LIBRARY_BYTES = 18e9, 1e9
SLOW = 5.0


class Case(NamedTuple):
    """One network at one size. A step is `chunks` times `patients`, gradients added up."""

    model: str
    genes: int
    degree: int
    patients: int
    channels: int = 32
    chunks: int = 1
    device: str = "cpu"
    keep: str = ""  # a file for the gradients


class Problem(NamedTuple):
    """What every network is given: edges once each, members once each, values and targets."""

    ends: Int[Tensor, "2 edge"]
    members: Int[Tensor, "2 member"]
    z: Float[Tensor, "gene patient modality"]
    target: Float[Tensor, " patient"]


def problem(case: Case) -> Problem:
    """A random graph with random pathways, the same for every network of one size."""
    rng = rng_for(0, case.genes, case.degree)
    n = case.genes
    # Sorted by source, as PyG's coalesce leaves them.
    place = np.sort(rng.choice(n * n, n * case.degree, replace=False))
    n_pathways = n // GENES_PER_PATHWAY
    genes = [rng.choice(n, MEMBERS, replace=False) for _ in range(n_pathways)]
    members = np.stack([np.repeat(np.arange(n_pathways), MEMBERS), np.concatenate(genes)])
    z = rng.standard_normal((n, case.patients, len(KINDS)), dtype=np.float32)
    target = rng.standard_normal(case.patients, dtype=np.float32)
    arrays = (np.stack([place // n, place % n]), members, z, target)
    return Problem(*(torch.as_tensor(array).to(case.device) for array in arrays))


class Network(nn.Module):
    """Embedding, rounds of messages, pooling and read-out; only the rounds differ."""

    def __init__(self, given: Problem, case: Case, rounds: nn.Module) -> None:
        super().__init__()
        self.embed = GeneEmbedding(case.genes, KINDS, case.channels)
        self.rounds = rounds
        n_pathways = case.genes // GENES_PER_PATHWAY
        self.pool = PathwayPool(given.members.cpu(), n_pathways, case.genes)
        self.read = nn.Parameter(torch.zeros(self.pool.n_rows, case.channels))
        self.plan = _plan(case)

    def forward(self, z: Float[Tensor, "gene patient modality"]) -> Float[Tensor, " patient"]:
        """One number per patient; ours in blocks of patients, as PathwayNet does it."""
        if self.plan.block is None:
            return self._pass(z)
        again = partial(checkpoint, self._pass, use_reentrant=False, preserve_rng_state=False)
        run = again if self.plan.again else self._pass
        return torch.cat([run(part) for part in torch.split(z, self.plan.block, dim=1)])

    def _pass(self, z: Float[Tensor, "gene patient modality"]) -> Float[Tensor, " patient"]:
        pooled = self.pool(self.rounds(self.embed(z)))
        return torch.einsum("pbc,pc->b", pooled, self.read)


def _plan(case: Case) -> Plan:
    """The blocks that the package would choose on a CPU with much memory, or with little."""
    if not case.model.startswith("ours") or case.device != "cpu":
        return Plan()
    block = max(1, BLOCK_BYTES // (4 * case.genes * case.channels))
    return Plan(min(block, case.patients), case.model == "ours_again")


class OurRounds(nn.ModuleList):
    """Rounds of our own, as PathwayNet makes them."""

    def forward(
        self, h: Float[Tensor, "gene patient channel"]
    ) -> Float[Tensor, "gene patient channel"]:
        """Gene features after all rounds."""
        return all_rounds(self, h)


class GeometricRounds(nn.Module):
    """Rounds of PyG's convolutions, patients first: on copies in one long list, or on one graph.

    Genes become the second axis once and the first again at the end, for the same pooling.
    """

    def __init__(self, convs: list[nn.Module], edges: tuple[Tensor, ...], shape: tuple[int, ...]):
        super().__init__()
        channels = shape[-1]
        # Pairs, so that weights come in the order of ours.
        self.pairs = nn.ModuleList(
            nn.ModuleList([conv, nn.Linear(channels, channels, bias=False)]) for conv in convs
        )
        self.edges, self.shape = edges, shape

    def forward(
        self, h: Float[Tensor, "gene patient channel"]
    ) -> Float[Tensor, "gene patient channel"]:
        """Gene features after all rounds."""
        x = h.transpose(0, 1).contiguous()
        for conv, bend in self.pairs:
            x = bent(bend, x + conv(x.view(self.shape), *self.edges).view_as(x))
        return x.transpose(0, 1)


def network(given: Problem, case: Case) -> Network:
    """The network of a case, its weights drawn alike whatever its layout."""
    rounds = _ours(given, case) if case.model.startswith("ours") else _geometric(given, case)
    net = Network(given, case, rounds).to(case.device)
    rng = rng_for(1, case.genes)
    with torch.no_grad():
        for name, weight in net.named_parameters():
            drawn = 0.1 * rng.standard_normal(_turned(name, weight).shape, dtype=np.float32)
            _turned(name, weight).copy_(torch.as_tensor(drawn))
    return net


def measure(case: Case) -> dict[str, Any]:
    """Time and memory of a step: medians, interquartile ranges, and the peak above the start."""
    torch.set_num_threads(len(os.sched_getaffinity(0)))
    if case.device == "cpu":
        most = int(MOST_BYTES + LIBRARY_BYTES)
        resource.setrlimit(resource.RLIMIT_DATA, (most, most))
    given = problem(case)
    net = network(given, case)
    before = _memory_at_start(case.device)
    first = _clocked(lambda: step(net, given, case), case.device)
    n_steps = 3 if first[1] > SLOW else int(np.clip(1 / first[1], 5, 15))
    if case.chunks > 1:
        n_steps = 1
    times = np.array(
        [_clocked(lambda: step(net, given, case), case.device) for _ in range(n_steps)]
    )
    peak = _peak(case.device) - before
    cpu, wall = np.median(times, axis=0)
    cpu_spread, wall_spread = np.subtract(*np.percentile(times, [75, 25], axis=0))
    with torch.no_grad(), _precision(case):
        loss = nn.functional.mse_loss(net(given.z).float(), given.target).item()
    if case.keep:
        grads = {n: _turned(n, w.grad).cpu() for n, w in net.named_parameters()}
        torch.save({"loss": torch.tensor(loss), **dict(enumerate(grads.values()))}, case.keep)
    return {
        **{key: value for key, value in case._asdict().items() if key != "keep"},
        "steps": n_steps,
        "cpu_seconds": float(cpu),
        "cpu_seconds_iqr": float(cpu_spread),
        "seconds": float(wall),
        "seconds_iqr": float(wall_spread),
        "patients_per_second": case.patients * case.chunks / float(wall),
        "peak_bytes": peak,
        "graph_bytes": _graph_bytes(net),
        "loss": loss,
        **(moved(case, net) if case.model.startswith("ours") else {}),
    }


def step(net: Network, given: Problem, case: Case) -> None:
    """Gradients of the mean squared loss for all weights.

    Each chunk is the same patients again: reading them is no part of what is measured.
    """
    net.zero_grad(set_to_none=True)
    for _ in range(case.chunks):
        with _precision(case):
            loss = nn.functional.mse_loss(net(given.z).float(), given.target) / case.chunks
        loss.backward()


def moved(case: Case, net: Network) -> dict[str, float]:
    """Bytes that a step of ours reads and writes.

    must_bytes: every operation reads and writes each of its tensors once, 4 bytes a number.
    gather_bytes: a sparse product reads one row of features per entry, as if none stayed in cache.

    A round, in feature tensors: h W (2), a copy of h (2), A x on it (3), gelu (2), x + g U (3);
    back: gelu (2), two products for U (4), gelu's gradient (3), its sum with x's (3), a copy (2),
    A^T on zeros (4), two products for W, one onto the copy (5); between rounds x + g U again (3).
    `ours_again` goes there twice.
    An entry costs 8 bytes forward, and back 8 and 16 for its value in order.
    """
    one = 4 * case.patients * case.channels
    n_entries, n_rows = len(net.pool.pathway), net.pool.n_rows
    features, pooled = one * case.genes, one * n_rows
    own = 4 * case.genes * len(KINDS) * case.channels
    z = 4 * case.genes * case.patients * len(KINDS)
    n_edges = case.genes * case.degree
    embed = 2 * (z + features) + 5 * own
    there = 12 if case.model == "ours_again" else 0
    rounds = ROUNDS * ((35 + there) * features + 32 * n_edges) + 3 * (ROUNDS - 1) * features
    # The product, its transpose, the sampled products of the logits; then the read-out.
    pool = 3 * (features + pooled) + 40 * n_entries + 3 * pooled
    must = embed + rounds + pool
    read_once = (2 * ROUNDS + 2) * features + pooled
    gathered = one * (2 * ROUNDS * n_edges + 3 * n_entries)
    return {"must_bytes": must, "gather_bytes": must - read_once + gathered}


def _ours(given: Problem, case: Case) -> nn.Module:
    n_edges = given.ends.shape[1]
    messages = Messages(
        given.ends.cpu(), torch.zeros(n_edges).long(), torch.arange(n_edges), ("tells",)
    )
    return OurRounds(SignedConv(messages, case.genes, case.channels) for _ in range(ROUNDS))


def _geometric(given: Problem, case: Case) -> nn.Module:
    """The same messages through PyG, with the same fixed weights where it takes weights."""
    n_out, n_in = (torch.bincount(end, minlength=case.genes) for end in given.ends)
    source, target = given.ends
    weight = (n_out[source] * n_in[target]).float().rsqrt()
    edges, shape = (given.ends, weight), (-1, case.genes, case.channels)
    if case.model != "static":
        graph = Data(edge_index=given.ends, edge_weight=weight, num_nodes=case.genes)
        batch = Batch.from_data_list([graph] * case.patients)
        edges, shape = (batch.edge_index, batch.edge_weight), (-1, case.channels)
    c = case.channels
    convs: list[nn.Module]
    if case.model == "gat":
        convs = [GATConv(c, c, bias=False, add_self_loops=False) for _ in range(ROUNDS)]
        return GeometricRounds(convs, edges[:1], shape)
    plain = {"bias": False, "normalize": False, "add_self_loops": False}
    return GeometricRounds([GCNConv(c, c, **plain) for _ in range(ROUNDS)], edges, shape)


def _turned(name: str, weight: Tensor) -> Tensor:
    """Ours multiplies by W from the right, PyG by its transpose: both as PyG has it."""
    return weight.mT[0] if name.endswith("mix") else weight


def _graph_bytes(net: Network) -> int:
    parts = [*net.rounds.buffers(), *getattr(net.rounds, "edges", ())]
    return sum(part.numel() * part.element_size() for part in parts)


def _precision(case: Case) -> torch.autocast:
    return torch.autocast(case.device, torch.bfloat16, enabled=case.model == "ours_bf16")


def _clocked(run: Callable[[], None], device: str) -> tuple[float, float]:
    """CPU-seconds of all threads, and seconds."""
    _wait(device)
    cpu, wall = time.process_time(), time.perf_counter()
    run()
    _wait(device)
    return time.process_time() - cpu, time.perf_counter() - wall


def _wait(device: str) -> None:
    if device == "cuda":
        torch.cuda.synchronize()


def _memory_at_start(device: str) -> int:
    """Bytes in use; from here on the peak counts anew."""
    gc.collect()
    if device == "cuda":
        torch.cuda.reset_peak_memory_stats()
        return torch.cuda.memory_allocated()
    ctypes.CDLL("libc.so.6").malloc_trim(0)
    # Without this the peak could be that of building, or of the process that started this one.
    Path("/proc/self/clear_refs").write_text("5")
    return _peak(device)


def _peak(device: str) -> int:
    if device == "cuda":
        return torch.cuda.max_memory_allocated()
    found = re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())
    return 1024 * int(found[1]) if found else 0


if __name__ == "__main__":
    # Torch says once per process that its CSR matrices are in beta.
    warnings.filterwarnings("ignore", message="Sparse", category=UserWarning)
    print(json.dumps(measure(Case(*json.loads(sys.argv[1])))))
