"""What a check of the kit says where it fails, and the parameters that it should count."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from torch import nn


def failure(check: Callable[[], None]) -> str:
    """What a check says, of which a report shows the test alone: nothing of how the package found it."""
    with pytest.raises(AssertionError) as caught:
        check()
    shown = {str(each.path) for each in caught.traceback.filter(caught)}
    assert not [path for path in shown if "paramcalc/testing" in path], shown
    return str(caught.value)


def parameters(model: nn.Module) -> list[nn.Parameter]:
    return [each for _, each in model.named_parameters(remove_duplicate=False)]
