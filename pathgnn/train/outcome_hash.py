"""Whether two cohorts have the same outcomes, told without keeping any."""

from __future__ import annotations

import hashlib

import numpy as np

from pathgnn.graph.nodes import Nodes


def outcome_hash(nodes: Nodes) -> str:
    """SHA-256 of all rows' arms and outcomes, whatever their order; the ids do not matter."""
    columns = (nodes.value.double(), nodes.event.double(), nodes.competing.double())
    values = np.stack([column.cpu().numpy() for column in columns], axis=1)
    rows = (
        nodes.arms[arm].encode() + b"\0" + row.tobytes()
        for arm, row in zip(nodes.arm.tolist(), values, strict=True)
    )
    return hashlib.sha256(b"\n".join(sorted(rows))).hexdigest()
