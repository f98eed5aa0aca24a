"""Where and how a network computes: device, precision, and patients at once."""

from __future__ import annotations

from typing import NamedTuple

import torch

from pathgnn.errors import ConfigError
from pathgnn.model.config import FitConfig
from pathgnn.model.memory import Plan, Sizes, plan


class Computer(NamedTuple):
    """Device, precision (None: float32), patients at once, and whether to compile."""

    device: torch.device
    precision: torch.dtype | None = None
    plan: Plan = Plan()
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
    return Computer(device, precision, plan(sizes, fit.memory_gb, device.type), fit.compile)
