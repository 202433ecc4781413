"""Training AMNL: the loss of both tasks, gradients that reach every parameter, steps that lower the loss."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from torch import Tensor, nn

from amnl_reference import AMNL, AMNLConfig, dual_task_loss
from tests.reference.models import batch_for, configs, expected_names, presets, seeded


def loss_of(model: AMNL, batch: tuple[Tensor, Tensor, Tensor]) -> Tensor:
    windows, rul_target, health_target = batch
    rul, health = model(windows)
    return dual_task_loss(rul, health, rul_target, health_target)


def finite_gradients(model: AMNL, batch: tuple[Tensor, Tensor, Tensor]) -> dict[str, Tensor]:
    """Return the gradient of the loss for each parameter, having checked that it is there and finite."""
    torch.autograd.backward(loss_of(model, batch))
    gradients: dict[str, Tensor] = {}
    for name, tensor in model.named_parameters():
        assert tensor.grad is not None, name
        assert torch.isfinite(tensor.grad).all(), name
        gradients[name] = tensor.grad
    return gradients


def test_loss_is_the_sum_of_squared_error_and_cross_entropy() -> None:
    rul, rul_target = torch.tensor([1.0, 5.0]), torch.tensor([2.0, 2.0])
    loss = dual_task_loss(rul, torch.zeros(2, 3), rul_target, torch.tensor([0, 2]))
    torch.testing.assert_close(loss, torch.tensor(5.0) + torch.tensor(3.0).log())


def test_loss_refuses_targets_that_would_broadcast() -> None:
    with pytest.raises(ValueError, match=r"rul_target of shape \(2, 1\) beside rul of shape \(2,\)"):
        dual_task_loss(torch.zeros(2), torch.zeros(2, 3), torch.zeros(2, 1), torch.tensor([0, 2]))


def awake(preset: str, **overrides: Any) -> AMNL:
    """Build a seeded model without dropout whose last ReLU, if it has one, passes the gradient."""
    model = seeded(preset, dropout=0.0, **overrides).double()
    last = model.rul_head.get_submodule(f"fc{len(model.config.rul_hidden) + 1}")
    nn.init.constant_(last.get_parameter("bias"), 5.0)
    return model


@pytest.mark.parametrize("overrides", [{}, {"attention_layers": 2}, {"lstm_norm": False, "attention_norm": False}])
@presets
def test_gradients_reach_every_parameter_but_those_that_cancel(preset: str, overrides: dict[str, Any]) -> None:
    model = awake(preset, **overrides)
    gradients = finite_gradients(model, batch_for(model, dtype=torch.float64))
    # BatchNorm subtracts the mean of its channel, and with it whatever the bias of the convolution added.
    cancelled = {name for name, gradient in gradients.items() if gradient.abs().max() < 1e-9}
    assert cancelled == {f"cnn.conv{n}.bias" for n in (1, 2, 3)}
    # The bias of the keys adds the same amount to every score of a query, which the softmax takes away again.
    query, key, value = (part.abs().max() for part in gradients["attention.0.mha.in_proj_bias"].chunk(3))
    assert key < 1e-9 < min(query, value)


@given(config=configs())
@settings(deadline=None, max_examples=30)
def test_a_training_step_leaves_a_finite_gradient_everywhere(config: AMNLConfig) -> None:
    model = AMNL(config)
    assert len(finite_gradients(model, batch_for(model))) == len(expected_names(config))


@presets
def test_steps_of_an_optimizer_lower_the_loss(preset: str) -> None:
    model = awake(preset)
    batch = batch_for(model, dtype=torch.float64)
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-5)
    losses = []
    for _ in range(3):
        optimizer.zero_grad()
        loss = loss_of(model, batch)
        torch.autograd.backward(loss)
        optimizer.step()
        losses.append(loss.item())
    assert losses[0] > losses[1] > losses[2]
