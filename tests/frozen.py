"""Values that cannot be changed in place."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, fields
from typing import Any

import pytest


def assert_frozen(value: Any) -> None:
    """Fail where a field of a dataclass can be set."""
    for each in fields(value):
        with pytest.raises(FrozenInstanceError, match=rf"^cannot assign to field '{each.name}'$"):
            setattr(value, each.name, getattr(value, each.name))
