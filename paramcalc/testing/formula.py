"""Whether a formula is the parameter count of the models that some code builds."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import torch
from hypothesis import strategies as st
from hypothesis.errors import HypothesisException

from paramcalc.errors import InvalidType, InvalidValue, unknown_name
from paramcalc.rendering.numbers import count
from paramcalc.rendering.render import render
from paramcalc.sizes.parse import parse_exact
from paramcalc.sizes.symbols import Size, canonical, same, substitute, symbol_names, sympified
from paramcalc.testing.search import error_line, smallest
from paramcalc.testing.trees import Model, model_tree, whole_count
from paramcalc.tree.block import Block

Range: TypeAlias = tuple[int, ...]  # (low, high) or (low, high, step)
WHERE = "assert_formula"


def assert_formula(
    factory: Callable[..., Model], formula: str, *, over: Mapping[str, Range], examples: int = 100
) -> None:
    """Fail unless a formula gives the parameter count of the models that a factory builds, at random sizes.

    `over` gives the sizes by the names of the factory's arguments: each from low to high, both included, in steps of 1
    or of a third number. Models are built on the meta device, where they take no memory. The failure shows the smallest
    sizes at which formula and model part. Sizes for which there is no model can be left out by a step, or by
    `hypothesis.assume` in the factory. The text of the formula is never run: it may hold `+ - * / // % **`, `floor`,
    `ceiling`, `Min`, `Max` and `Mod`.

    >>> from torch import nn
    >>> def encoder(L, d):
    ...     return nn.TransformerEncoder(nn.TransformerEncoderLayer(d, 8, 4 * d, batch_first=True), L)
    >>> assert_formula(encoder, "12*L*d**2 + 13*L*d", over={"L": (1, 6), "d": (8, 512, 8)})
    >>> assert_formula(encoder, "12*L*d**2 + 12*L*d", over={"L": (1, 6), "d": (8, 512, 8)})  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    AssertionError: at L=1, d=8 the formula 12*L*d**2 + 12*L*d gives 864, and encoder has 872 parameters (+8):
    ...

    Raises AssertionError where the two differ, or where the factory raises; UnknownName for a name in the formula that
    has no range; InvalidValue or InvalidType for a formula, a range or an argument that is none.
    """
    __tracebackhide__ = True
    expr = parse_exact(formula, where=f"{WHERE}, formula")
    for name in sorted(symbol_names(expr) - over.keys()):
        raise unknown_name("symbol", name, over, where=f"{WHERE}, formula")
    ranges = {name: _sizes(name, given) for name, given in over.items()}
    check = _Check(factory, getattr(factory, "__name__", None) or repr(factory), formula, expr)
    check.arguments(over)
    if smallest(st.fixed_dictionaries(ranges), check.wrong, examples=examples, where=WHERE) is not None:
        raise AssertionError(check.failure) from check.error


def _sizes(name: str, given: Range) -> st.SearchStrategy[int]:
    """The sizes in a range, the lowest first."""
    where = f"{WHERE}, over[{name!r}]"
    numbers = given if isinstance(given, tuple | list) else ()
    if len(numbers) not in (2, 3) or any(isinstance(each, bool) or not isinstance(each, int) for each in numbers):
        raise InvalidType(f"got {given!r}", where=where, expected="(low, high) or (low, high, step), whole numbers")
    low, high, step = (*numbers, 1)[:3]
    if low > high or step < 1 or low < 0:
        raise InvalidValue(f"got {given!r}", where=where, expected="0 <= low <= high and a step of 1 or more")
    return st.integers(0, (high - low) // step).map(lambda number: low + step * number)


@dataclass
class _Check:
    """A formula and the code that it is to be true of; how the two parted last."""

    factory: Callable[..., Model]
    name: str
    formula: str
    expr: Size
    failure: str = ""
    error: Exception | None = None

    def arguments(self, names: Mapping[str, object]) -> None:
        """Raise InvalidType where the factory does not take arguments of these names."""
        try:
            signature = inspect.signature(self.factory)
        except (TypeError, ValueError):  # some classes written in C say nothing of their arguments
            return
        try:
            signature.bind(**dict.fromkeys(names))
        except TypeError as error:
            expected = f"names of {self.name}{signature}"
            raise InvalidType(
                f"{self.name} cannot be called: {error}", where=f"{WHERE}, over", expected=expected
            ) from None

    def wrong(self, sizes: dict[str, Any]) -> bool:
        """Whether formula and model part at these sizes."""
        place = f"at {', '.join(f'{name}={size:,}' for name, size in sizes.items())}" if sizes else "here"
        try:
            with torch.device("meta"):
                model = self.factory(**sizes)
        except HypothesisException:  # such as that of assume, by which the factory leaves out these sizes
            raise
        except Exception as error:
            advice = "leave out sizes for which there is no model by a step, or by hypothesis.assume in the factory"
            self.failure, self.error = f"{place} {self.name} raises {error_line(error)}; {advice}", error
            return True
        tree = model_tree(model, fold=True)
        found, expected = whole_count(tree), substitute(self.expr, sympified(sizes))
        if same(found, expected):
            return False
        self.failure, self.error = self.told(place, tree, canonical(found - expected), expected), None
        return True

    def told(self, place: str, tree: Block, more: Size, expected: Size) -> str:
        """How the two part, and where the model has its parameters."""
        by = f"{more:+,}" if isinstance(more, int) else f"by {more}"
        head = f"{place} the formula {self.formula} gives {count(expected)}, and {self.name} has"
        table = render(tree, "text", depth=2).partition("\n\n")[0]
        return f"{head} {count(tree.params)} parameters ({by}):\n\n{table}"
