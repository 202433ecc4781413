"""What is no module, not whole, or named like an index is refused; names do nothing to a terminal."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

import paramcalc as pc
from paramcalc.errors import InvalidType, InvalidValue
from paramcalc.sources.modules.torch_module import from_module


def test_modules_that_are_not_whole() -> None:
    class Half(nn.Module):
        def __init__(self) -> None:
            pass

    with pytest.raises(InvalidValue, match=r"from_module: a module is not whole: .*_parameters"):
        from_module(Half())


def test_names_do_not_reach_the_terminal_as_commands() -> None:
    model = nn.ModuleDict({"a\x1b[31m\nb": nn.Linear(2, 2)})
    for form in ("text", "markdown"):
        assert all(line.isprintable() for line in pc.render(from_module(model), form).splitlines())


@pytest.mark.parametrize("bad", [nn.Linear, {"weight": torch.zeros(3)}, "amnl", None, torch.zeros(3)])
def test_only_modules_are_read(bad: Any) -> None:
    with pytest.raises(InvalidType, match=r"from_module: got .*; expected a torch\.nn\.Module that is built"):
        from_module(bad)


def test_names_that_cannot_be_told_from_an_index() -> None:
    with pytest.raises(InvalidValue, match=r"a\.x\{\}: got the name 'x\{\}'"):
        from_module(nn.ModuleDict({"a": nn.ModuleDict({"x{}": nn.Linear(2, 2)})}))
    with pytest.raises(InvalidValue, match=r"got the name '\{\}'"):
        from_module(nn.ParameterDict({"{}": nn.Parameter(torch.zeros(2))}))
