"""What two trees disagree in, as lines of text."""

from __future__ import annotations

from paramcalc.rendering.numbers import count
from paramcalc.verification.comparison import Difference
from paramcalc.verification.verify import Verification


def verification_text(result: Verification, a: str, b: str, *, most: int | None = 20) -> str:
    """Return a line for each difference between the trees called `a` and `b`, up to `most`, or one that they agree."""
    first, second = (f"{a} (A)", f"{b} (B)") if a == b else (a, b)
    read = ", ".join(f"{name} = {value:,}" for name, value in result.values.items())
    where = [f"with {read}"] if read else []
    if result.holds:
        return "\n".join([f"equal: {result.tensors:,} tensors, {count(result.params)} parameters", *where])
    shown = result.differences[:most]
    lines = [_line(each, first, second) for each in shown]
    left = len(result.differences) - len(shown)
    more = [f"... and {left:,} more differences (--all shows them)"] if left else []
    return "\n".join([*lines, *more, *where])


def _line(each: Difference, first: str, second: str) -> str:
    if each.what == "condition":
        return f"no model of {first} has the sizes of {second}: {each.first}"
    if each.what == "unknown":
        return f"the shapes of {second} do not determine {each.name} of {first}; bind it, or give --set"
    if each.first is None:
        return f"only in {second}: {each.name} {each.second}"
    if each.second is None:
        return f"only in {first}: {each.name} {each.first}"
    return f"{each.what} differs at {each.name}: {first} has {each.first}, {second} has {each.second}"
