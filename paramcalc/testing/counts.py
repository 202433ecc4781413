"""Whether the components of a model have the counts that someone states."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice

from paramcalc.errors import UnknownName, unknown_name
from paramcalc.rendering.numbers import count
from paramcalc.sizes.symbols import Size, as_expr, canonical, same
from paramcalc.testing.trees import Model, model_tree
from paramcalc.tree.block import Block
from paramcalc.tree.paths import join
from paramcalc.tree.ties import absolute

MOST_PATHS = 100_000


def assert_counts(model: Model, counts: Mapping[str, Size]) -> None:
    """Fail unless each path of a model leads to so many parameters.

    A path leads to a module ("encoder.lstm"), to a tensor ("encoder.lstm.weight_ih_l0") or, empty, to the whole model.
    A count is a number of elements, frozen ones included, or for a tree with symbols an expression. What stands in
    several places counts at the first, and 0 at the others.

    >>> import paramcalc as pc
    >>> assert_counts(pc.architecture("amnl"), {"lstm.lstm": 593_920, "": 960_964})
    >>> assert_counts(pc.architecture("amnl"), {"lstm": 593_920, "cnn": 53_184, "": 960_963})
    Traceback (most recent call last):
    AssertionError: 2 of 3 counts of AMNL are wrong:
      lstm: expected 593,920, found 594,432 (+512)
      the whole model: expected 960,963, found 960,964 (+1)

    Raises AssertionError where a count is another one; UnknownName for a path that leads nowhere, with near ones;
    InvalidType or InvalidValue for a count that is none.
    """
    __tracebackhide__ = True
    tree = model_tree(model)
    wrong: list[str] = []
    for path, stated in counts.items():
        place = path or "the whole model"
        expected = as_expr(stated, where=f"assert_counts, {place}")
        found = _count_at(tree, path)
        if not same(expected, found):
            difference = canonical(found - expected)
            by = f"{difference:+,}" if isinstance(difference, int) else f"by {difference}"
            wrong.append(f"\n  {place}: expected {count(expected)}, found {count(found)} ({by})")
    if wrong:
        name = tree.label or tree.title
        raise AssertionError(f"{len(wrong)} of {len(counts)} counts of {name} are wrong:{''.join(wrong)}")


def _count_at(tree: Block, path: str) -> Size:
    """The parameters at a path, of a module or a tensor; in a module that stands elsewhere too there are none."""
    parts = tuple(path.split(".")) if path else ()
    for number in range(1, len(parts)):
        shared = tree.find_block(parts[:number])
        if shared is not None and shared.tied_to is not None:
            first = absolute(".".join(parts[: number - 1]), shared.tied_to)
            _count_at(tree, ".".join([first, *parts[number:]]))
            return 0
    block = tree.find_block(parts)
    tensor = tree.find(parts) if block is None else None
    if block is None and tensor is None:
        raise _unknown(tree, path)
    return block.params if block is not None else tensor.counted if tensor and tensor.is_parameter else 0


def _unknown(tree: Block, path: str) -> UnknownName:
    known = (
        name
        for place, block in tree.walk()
        for name in [*([place] if place and block.name else []), *(join(place, each.name) for each in block.own)]
    )
    return unknown_name("path", path, list(islice(known, MOST_PATHS)), where="assert_counts")
