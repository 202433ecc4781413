"""The code that the test kit prints, run."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import torch
from torch import nn

from paramcalc.testing.case import quiet


def built(code: str) -> nn.Module:
    """Return the module that printed code builds, on the meta device."""
    names: dict[str, Any] = {"torch": torch, "nn": nn, "OrderedDict": OrderedDict}
    with quiet(), torch.device("meta"):
        exec(code, names)
    model: nn.Module = names["model"]
    return model
