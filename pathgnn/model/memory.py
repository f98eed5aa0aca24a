"""How much memory training takes, from sizes alone, and how many patients fit at once."""

from __future__ import annotations

from typing import NamedTuple

from pathgnn.graph.graph import PathwayGraph
from pathgnn.model.config import NetConfig

FLOAT = 4
# Copies of every weight: itself, its gradient, 2 x 10 steps that L-BFGS remembers, its direction,
# the last gradient and the line search's.
COPIES_OF_WEIGHTS = 27
# Tensors of gene x patient x channel: kept for the way back by each round (told, heard, bent),
# by the pathways, and alive at once on the way back.
PER_ROUND, AT_ONCE = 3, 5


class Sizes(NamedTuple):
    """What decides the memory of one network in training."""

    genes: int
    patients: int
    modalities: int
    messages: int
    pathways: int
    members: int
    channels: int
    depth: int

    @property
    def weights(self) -> int:
        """Weights that grow with the graph; the others are few."""
        return self.genes * self.modalities * self.channels + self.members


def sizes_of(graph: PathwayGraph, n_modalities: int, n_patients: int, config: NetConfig) -> Sizes:
    """The sizes of a network on a graph for so many patients."""
    config = config.resolved()
    n_messages = len(graph.sign) + int((~graph.directed).sum())
    if config.against:
        n_messages += int(graph.directed.sum())
    return Sizes(
        genes=len(graph.genes),
        patients=n_patients,
        modalities=n_modalities,
        messages=n_messages,
        pathways=len(graph.pathways),
        members=graph.members.shape[1],
        channels=config.channels,
        depth=config.depth,
    )


def bytes_per_patient(sizes: Sizes) -> int:
    """What one more patient in a chunk takes."""
    features = sizes.channels * (PER_ROUND * sizes.depth + AT_ONCE) + sizes.modalities
    return FLOAT * (sizes.genes * features + sizes.pathways * (2 * sizes.channels + 12))


def fixed_bytes(sizes: Sizes) -> int:
    """What the measurements of the training patients and the weights take, whatever the chunk."""
    cells = sizes.genes * sizes.patients * sizes.modalities
    weights = FLOAT * COPIES_OF_WEIGHTS * sizes.weights
    # Own copy of the measurements and their mask, and the same in training units.
    inputs = cells * (2 * FLOAT + 1)
    edges = 3 * FLOAT * sizes.messages * sizes.modalities * sizes.channels
    return inputs + weights + edges


def training_bytes(sizes: Sizes, chunk: int | None) -> int:
    """Memory of one network in training beyond the cohort's own, with so many patients at once."""
    return fixed_bytes(sizes) + min(chunk or sizes.patients, sizes.patients) * bytes_per_patient(
        sizes
    )


def patients_at_once(sizes: Sizes, gigabytes: float) -> int | None:
    """Patients whose gene features fit into so much memory; None: all of them."""
    left = gigabytes * 2**30 - fixed_bytes(sizes)
    fitting = max(1, int(left // bytes_per_patient(sizes)))
    return None if fitting >= sizes.patients else fitting
