"""Whether a function counts the parameters of any module as torch does."""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass
from textwrap import indent
from typing import Any, TypeAlias

from hypothesis.errors import HypothesisException
from torch import nn

from paramcalc.errors import InvalidType
from paramcalc.testing.module_trees import Sample, samples
from paramcalc.testing.search import said, smallest

Errors: TypeAlias = tuple[type[Exception], ...]


def check_counter(
    count: Callable[[nn.Module], Any], *, trainable: bool = False, may_raise: Errors = (), examples: int = 200
) -> None:
    """Fail unless a function counts the parameters of random modules as torch does, with the smallest it counts wrong.

    The modules are those of `modules()`, on the meta device. Right is the sum of `numel()` over `model.parameters()`,
    every tensor once; with `trainable` over those that require grad. An error counts as wrong, unless it is one of
    `may_raise`, by which the function refuses a module. The failure shows the module as the code that builds it.

    >>> def leaf_walk(model):
    ...     leaves = [module for module in model.modules() if not list(module.children())]
    ...     return sum(p.numel() for leaf in leaves for p in leaf.parameters())
    >>> check_counter(leaf_walk)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    AssertionError: leaf_walk counts ... parameters where torch counts ...; the smallest module found:
    ...
    >>> check_counter(lambda model: sum(p.numel() for p in model.parameters()))

    Raises AssertionError where the function is wrong, refuses everything, or answers one question in two ways;
    InvalidType where it returns no whole number.
    """
    name = getattr(count, "__name__", None) or repr(count)
    check = _Check(count, name, trainable, may_raise)
    found = smallest(samples(), check.wrong, examples=examples, where=name)
    if found is not None:
        code = indent(found.code, "    ")
        raise AssertionError(f"{name} {check.failure}; the smallest module found:\n\n{code}") from check.error
    if check.compared == 0:
        raise AssertionError(f"{name} refused every module; nothing was compared")


@dataclass
class _Check:
    """A function to be checked: how many of its answers were compared, and how the last wrong one was wrong."""

    count: Callable[[nn.Module], Any]
    name: str
    trainable: bool
    may_raise: Errors
    compared: int = 0
    failure: str = ""
    error: Exception | None = None

    def wrong(self, sample: Sample) -> bool:
        """Whether the function counts a module wrong."""
        tensors = sample.module.parameters()
        true = sum(each.numel() for each in tensors if each.requires_grad or not self.trainable)
        kind = "trainable parameters" if self.trainable else "parameters"
        try:
            given = self.count(sample.module)
        except HypothesisException:  # such as that of assume, which is none of the function
            raise
        except self.may_raise:
            return False
        except Exception as error:
            self.failure, self.error = f"raises {said(error)} where torch counts {true:,} {kind}", error
            return True
        self.compared += 1
        number = _whole(given, self.name)
        if number != true:
            self.failure, self.error = f"counts {number:,} {kind} where torch counts {true:,}", None
        return number != true


def _whole(given: object, name: str) -> int:
    """The whole number that a function returned.

    Raises InvalidType for a truth value, a float and anything else.
    """
    try:
        number = operator.index(given)  # type: ignore[arg-type]
    except TypeError:
        number = None
    if number is None or isinstance(given, bool):
        raise InvalidType(f"it returned {given!r}", where=name, expected="a whole number")
    return number
