"""What derives gets all that is said of its target: a factory is called, a config is read, and nothing else is."""

from __future__ import annotations

import re
from typing import Any

import pytest
from torch import nn

from paramcalc import Block
from paramcalc.derivation.models.prober import Limits
from paramcalc.errors import InvalidValue
from paramcalc.targets.target import derived

AT = {"in_features": 4}
LIMITS = Limits(3, 5.0)
REST: tuple[Any, ...] = (AT, ["in_features"], LIMITS, print)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """What the two functions that derive were asked, in place of an answer."""
    seen: list[tuple[Any, ...]] = []

    def derive(build: Any, at: Any, *, vary: Any, limits: Any, report: Any) -> Block:
        seen.append((build, at, vary, limits, report))
        return Block("derived")

    def derive_config(config: Any, *, at: Any, vary: Any, limits: Any, report: Any) -> Block:
        seen.append((config, at, vary, limits, report))
        return Block("read")

    monkeypatch.setattr("paramcalc.tracing.derive.derive", derive)
    monkeypatch.setattr("paramcalc.tracing.configs.derive_config.derive_config", derive_config)
    return seen


@pytest.mark.parametrize("text", ["torch.nn:Linear", "torch:nn.Linear"])
def test_a_factory_is_derived(asked: list[tuple[Any, ...]], text: str) -> None:
    assert derived(text, *REST) == Block("derived")
    assert asked == [(nn.Linear, *REST)]


@pytest.mark.parametrize("text", ["config.json", "a/CONFIG.Json"])
def test_a_config_is_derived(asked: list[tuple[Any, ...]], text: str) -> None:
    assert derived(text, *REST) == Block("read")
    assert asked == [(text, *REST)]


@pytest.mark.parametrize("text", ["amnl", "amnl:", "model.pt", "a:b:c", "2a:b", "a:2b", "a.:b", "a b:c", ":b", ""])
def test_nothing_else_is_derived(asked: list[tuple[Any, ...]], text: str) -> None:
    message = f"derive: got {text!r}; expected package.module:build or a config.json"
    with pytest.raises(InvalidValue, match=f"^{re.escape(message)}$"):
        derived(text, *REST)
    assert asked == []
