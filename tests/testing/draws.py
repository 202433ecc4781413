"""What a strategy draws, in many examples that are the same every time."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.strategies import SearchStrategy

T = TypeVar("T")


def drawn(values: SearchStrategy[T], examples: int = 200) -> list[T]:
    """So many values, or all where there are fewer."""
    seen: list[T] = []

    @settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(values)
    def look(value: T) -> None:
        seen.append(value)

    look()
    return seen


def named(calls: Iterable[Any], names: str) -> list[dict[str, Any]]:
    """Calls as arguments by name."""
    return [{**dict(zip(names.split(), args, strict=False)), **kwargs} for args, kwargs in calls]
