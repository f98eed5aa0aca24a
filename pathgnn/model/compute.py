"""Where and how a network computes: device, precision, and patients at once within memory."""

from __future__ import annotations

from typing import NamedTuple

import torch

from pathgnn.errors import ConfigError
from pathgnn.model.config import FitConfig
from pathgnn.model.memory import Sizes, patients_at_once


class Computer(NamedTuple):
    """Device, precision (None: float32), patients whose genes are held at once, and compiling."""

    device: torch.device
    precision: torch.dtype | None = None
    chunk: int | None = None
    compile: bool = False


def computer_of(fit: FitConfig, sizes: Sizes) -> Computer:
    """What the settings ask for, on this machine.

    Raises:
        ConfigError: a GPU is asked for where there is none, or bfloat16 on a CPU, whose sparse
            product does not know it.
    """
    has_gpu = torch.cuda.is_available()
    if fit.device == "cuda" and not has_gpu:
        raise ConfigError("fit.device = 'cuda', but torch finds no GPU here; use 'auto' or 'cpu'")
    device = torch.device("cuda" if has_gpu and fit.device != "cpu" else "cpu")
    if fit.precision == "bfloat16" and device.type == "cpu":
        raise ConfigError("fit.precision = 'bfloat16' works on a GPU only; use 'float32'")
    precision = torch.bfloat16 if fit.precision == "bfloat16" else None
    return Computer(device, precision, patients_at_once(sizes, fit.memory_gb), fit.compile)
