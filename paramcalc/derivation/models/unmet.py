"""What was asked of the points at which a form is tried and is so at none, in words."""

from __future__ import annotations

from collections.abc import Sequence
from math import gcd, lcm

from paramcalc.derivation.models.kind import FAR, SMALL, Kind
from paramcalc.derivation.models.kinds import Kinds
from paramcalc.sizes.conditions import Condition
from paramcalc.sizes.implication import implied
from paramcalc.sizes.point import meets
from paramcalc.sizes.symbols import symbol


def unmet(kinds: Kinds, conditions: Sequence[Condition]) -> tuple[str, ...]:
    """Return what no predicted point is, and how many values a size was to have, but for what the conditions rule out.

    >>> a, b = symbol("a"), symbol("b")
    >>> kinds = Kinds({"a": 8, "b": 12}, ["a", "b"], {"a": 16, "b": 24}, {"a": 2}, {"a": 1_000_000, "b": 40})
    >>> for a_is, b_is in ((40, 12), (2, 3), (9, 5)):
    ...     kinds.saw({"a": a_is, "b": b_is})
    >>> unmet(kinds, [])
    ('a equal to b', 'b of 48 or more')
    >>> unmet(kinds, [Condition(b, ">", a)])
    ('b of 48 or more',)
    """
    asked = kinds.missing | {kind for kind in kinds.too_far if not _is_far(kinds, kind)}
    left = [_said(kinds, kind) for kind in asked if not _ruled_out(kinds, kind, conditions)]
    few = [f"more than {kinds.numbers.get(name, 0):,} values of {name}" for name in kinds.few]
    return (*sorted(left), *few)


def _is_far(kinds: Kinds, kind: Kind) -> bool:
    (name,) = kind.names
    return any(value >= FAR * kinds.largest[name] for value in kinds.values.get(name, ()))


def _said(kinds: Kinds, kind: Kind) -> str:
    if kind.what == "far":
        return f"{kind.names[0]} of {FAR * kinds.largest[kind.names[0]]:,} or more"
    if kind.what == "small":
        return f"{kind.names[0]} of {kinds.base[kind.names[0]] // SMALL:,} or less"
    if kind.what == "equal":
        return " equal to ".join(kind.names)
    if kind.what == "twice the other":
        return " twice ".join(kind.names)
    if len(kind.names) == 1:
        words = {"at most": "of {} or less", "at least": "of {} or more", "at": "of {}", "above": "of more than {}"}
        said = words.get(kind.what, f"that is {kind.what}{' {}' if kind.number else ''}")
        return f"{kind.names[0]} {said.format(f'{kind.number:,}')}"
    return f"{' and '.join(kind.names)} {kind.what.replace('one', 'a common factor')}"


def _ruled_out(kinds: Kinds, kind: Kind, conditions: Sequence[Condition]) -> bool:
    """Whether a condition says by itself that no point is of a kind, or two that sizes have a factor in common."""
    first = symbol(kind.names[0])
    if len(kind.names) == 1 and kind.what not in ("far", "small"):
        alone = [each for each in conditions if each.symbols == set(kind.names)]
        values = range(1, 2 * max(kind.number, kinds.largest[kind.names[0]]) + 1)
        return not any(kinds.is_alone(kind, value) and meets({kind.names[0]: value}, alone) for value in values)
    if len(kind.names) == 1:
        most, least = FAR * kinds.largest[kind.names[0]] - 1, kinds.base[kind.names[0]] // SMALL + 1
        other = Condition(most, ">=", first) if kind.what == "far" else Condition(first, ">=", least)
        return other in conditions or implied(other, conditions)
    if kind.what == "equal":
        return any(each.bind({symbol(kind.names[1]): first}).holds is False for each in conditions)
    return kind.what == "without one" and gcd(*(_step(name, conditions) for name in kind.names)) > 1


def _step(name: str, conditions: Sequence[Condition]) -> int:
    """Of which number a size must be a multiple."""
    known = [each for each in conditions if each.relation == "divisible by" and each.left == symbol(name)]
    return lcm(*(each.right for each in known if isinstance(each.right, int)))
