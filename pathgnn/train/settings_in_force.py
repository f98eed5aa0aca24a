"""What `check` says of the training to come: settings for the cohort's size, memory, plan."""

from __future__ import annotations

from pathgnn.benefit.verdict import Finding
from pathgnn.graph.graph import PathwayGraph
from pathgnn.graph.nodes import Nodes
from pathgnn.model.config import FitConfig, NetConfig
from pathgnn.model.defaults import Sized
from pathgnn.model.encoder import Encoder
from pathgnn.model.memory import plan, sizes_of, training_bytes


def training_findings(nodes: Nodes, graph: PathwayGraph, chosen: Sized) -> tuple[Finding, ...]:
    """Settings in force, and how much memory one network will take in training."""
    return _settings_finding(nodes, chosen), memory_finding(nodes, graph, chosen.net, chosen.fit)


def encoder_finding(start: Encoder) -> Finding:
    """A network that starts from an encoder has seen omics, though no outcome, of its patients."""
    said = (
        f"Networks start from an encoder of {start.n_patients} patients' omics. Where held-out "
        "patients are among them, their measurements were seen before, their outcomes never."
    )
    return Finding("note", "encoder", float(start.n_patients), said)


def memory_finding(nodes: Nodes, graph: PathwayGraph, net: NetConfig, fit: FitConfig) -> Finding:
    """Memory of one network in training beyond the cohort's own, and how it is kept."""
    n_train = nodes.n_patients - nodes.n_patients // fit.folds
    sizes = sizes_of(graph, len(nodes.kinds), n_train, net, fit.batch)
    how = plan(sizes, fit.memory_gb)
    gigabytes = training_bytes(sizes, how) / 2**30
    said = f"Training one network will take about {gigabytes:.2g} GB beside the cohort"
    if net.messages != "signed" or net.layer_norm:
        said += " (a rough number with these `net.messages` and `net.layer_norm`)"
    if how.again:
        said += f"; gene features are computed again for {how.block} patients at a time"
    if gigabytes > fit.memory_gb:
        said += (
            f". That is more than `fit.memory_gb` = {fit.memory_gb:g}, and it cannot be less: take "
            "fewer genes, fewer channels, or mini-batches (`fit.batch`)"
        )
        return Finding("warning", "memory", gigabytes, said + ".")
    return Finding("ok", "memory", gigabytes, said + ".")


def _settings_finding(nodes: Nodes, chosen: Sized) -> Finding:
    net, fit = chosen.net, chosen.fit
    how = f"mini-batches of {fit.batch}" if fit.batch else "all patients at once"
    words = (
        f"Training: {fit.folds} folds, {fit.members} network(s) each, {net.channels} features per "
        f"gene, {net.depth} rounds of {net.messages} messages, {how}"
    )
    said = f"; {'; '.join(chosen.said)}" if chosen.said else ""
    return Finding("ok", "settings", float(nodes.n_patients), f"{words}{said}.")
