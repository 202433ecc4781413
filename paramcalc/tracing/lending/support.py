"""Whether this interpreter runs copies of code with what is lent to them: that is tried, not assumed."""

from __future__ import annotations

import platform
from functools import cache
from typing import Any

from paramcalc.tracing.integers import Trace
from paramcalc.tracing.lending.functions import Copies

UNSUPPORTED = (
    f"all code: {platform.python_implementation()} {platform.python_version()} runs no copies of it as it should"
)
HALF = 0.5


def _sample(size: Any) -> Any:
    """A function with all that is lent: a constant, one inside of another function, a name of the module, a builtin."""
    return HALF * size, [int(part * size) for part in (0.25,)], (lambda: 0.75 * size)()


@cache
def is_supported() -> bool:
    """Return whether a copy of a small function keeps the memory of a size in all that it computes."""
    trace = Trace()
    try:
        half, (quarter,), most = Copies(trace).copied(_sample)(trace.integer("n", 10))
        return bool(half.node and quarter.node and most.node) and (half, quarter, most) == (5.0, 2, 7.5)
    except Exception:  # whatever an interpreter has to say to it
        return False
