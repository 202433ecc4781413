"""What a check of the kit says where it fails, and the parameters that it should count."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from torch import nn


def failure(check: Callable[[], None]) -> str:
    with pytest.raises(AssertionError) as caught:
        check()
    return str(caught.value)


def parameters(model: nn.Module) -> list[nn.Parameter]:
    return [each for _, each in model.named_parameters(remove_duplicate=False)]
