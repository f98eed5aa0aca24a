"""How much memory training takes, from sizes alone, and how many patients go at once."""

from __future__ import annotations

from typing import NamedTuple

from pathgnn.graph.graph import PathwayGraph
from pathgnn.model.config import NetConfig

FLOAT = 4
# Copies of every weight: itself, its gradient, 2 x 10 steps that L-BFGS remembers, its direction,
# the last gradient and the line search's.
COPIES_OF_WEIGHTS = 27
# Tensors of gene x patient x channel that a round of each kind keeps for the way back, and those
# that are alive at once on it. As measured; a PyG layer that makes a tensor per edge takes more.
SIGNED, NORMALISED, ATTENTION, OTHER = 1.6, 7.5, 8.75, 3.25
AT_ONCE = 10
# What the allocator loses between tensors, and bytes per measured value: the training patients'
# own copy with its mask, the value in training units, and what making these leaves behind. Both
# were measured (benchmarks/memory_estimate.py).
LOST, PER_VALUE = 1.6, 12
# Features of so many bytes stay in the cache of a CPU: patients go through the network in blocks
# of that size, which is a third faster than all at once (5,000 genes, degree 10).
BLOCK_BYTES = 5 * 2**20


class Plan(NamedTuple):
    """How many patients go through the genes at once (None: all), and what is kept of them.

    With `again`, each block's features are computed again on the way back: a third more work, and
    memory for one block only.
    """

    block: int | None = None
    again: bool = False


class Sizes(NamedTuple):
    """What decides the memory of one network in training; `batch` is 0 without mini-batches."""

    genes: int
    patients: int
    modalities: int
    edges: int
    pathways: int
    members: int
    channels: int
    depth: int
    batch: int = 0
    per_round: float = SIGNED

    @property
    def at_once(self) -> int:
        """Patients that one step learns from."""
        return min(self.batch or self.patients, self.patients)

    @property
    def weights(self) -> int:
        """Weights that grow with the graph; the others are few."""
        return self.genes * self.modalities * self.channels + self.members


def sizes_of(
    graph: PathwayGraph, n_modalities: int, n_patients: int, config: NetConfig, batch: int = 0
) -> Sizes:
    """The sizes of a network on a graph for so many training patients."""
    config = config.resolved()
    return Sizes(
        genes=len(graph.genes),
        patients=n_patients,
        modalities=n_modalities,
        edges=graph.edges.shape[1],
        pathways=len(graph.pathways),
        members=graph.members.shape[1],
        channels=config.channels,
        depth=config.depth,
        batch=batch,
        per_round=_per_round(config),
    )


def kept_per_patient(sizes: Sizes) -> int:
    """Bytes that are kept of each patient from the way there to the way back."""
    features = sizes.channels * (sizes.per_round * sizes.depth + 1) + sizes.modalities
    return int(FLOAT * (sizes.genes * features + sizes.pathways * (sizes.channels + 10)))


def passing_per_patient(sizes: Sizes) -> int:
    """Bytes that a patient takes while its block passes."""
    return FLOAT * sizes.genes * sizes.channels * AT_ONCE


def fixed_bytes(sizes: Sizes) -> int:
    """What the measurements of the training patients and the weights take, whatever the plan."""
    cells = sizes.genes * sizes.patients * sizes.modalities
    weights = FLOAT * COPIES_OF_WEIGHTS * sizes.weights
    inputs = cells * PER_VALUE
    edges = 6 * FLOAT * sizes.edges * sizes.modalities * sizes.channels
    return inputs + weights + edges


def training_bytes(sizes: Sizes, how: Plan) -> int:
    """Memory of one network in training beyond the cohort's own."""
    block = min(how.block or sizes.at_once, sizes.at_once)
    kept = block if how.again else sizes.at_once
    held = int(LOST * kept * kept_per_patient(sizes))
    return fixed_bytes(sizes) + held + block * passing_per_patient(sizes)


def plan(sizes: Sizes, gigabytes: float, device: str = "cpu") -> Plan:
    """The fastest way that fits into so much memory; the leanest where none does."""
    most = int(gigabytes * 2**30)
    in_cache = max(1, BLOCK_BYTES // (FLOAT * sizes.genes * sizes.channels))
    block = min(in_cache, sizes.at_once) if device == "cpu" else sizes.at_once
    fast = Plan(block if block < sizes.patients else None)
    if training_bytes(sizes, fast) <= most:
        return fast
    each = int(LOST * kept_per_patient(sizes)) + passing_per_patient(sizes)
    fitting = max(1, (most - fixed_bytes(sizes)) // each)
    return Plan(min(block, fitting), again=True)


def _per_round(config: NetConfig) -> float:
    if config.messages == "attention":
        return ATTENTION
    if config.messages != "signed":
        return OTHER
    return NORMALISED if config.layer_norm else SIGNED
