"""The loss that trains both tasks at once."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional


def dual_task_loss(rul: Tensor, health: Tensor, rul_target: Tensor, health_target: Tensor) -> Tensor:
    """Return the mean squared error of the RUL plus the cross entropy of the health state, a scalar.

    `rul` and `rul_target` have shape (batch,), `health` holds logits (batch, n_classes) and `health_target` class
    indices (batch,).

    Raises: ValueError when the two RUL shapes differ, where broadcasting would give a wrong mean.
    """
    if rul.shape != rul_target.shape:
        given = f"{tuple(rul_target.shape)} beside rul of shape {tuple(rul.shape)}"
        raise ValueError(f"dual_task_loss was given rul_target of shape {given}, expected equal shapes.")
    return functional.mse_loss(rul, rul_target) + functional.cross_entropy(health, health_target)
