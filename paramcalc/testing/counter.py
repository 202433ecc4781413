"""Whether a function counts the parameters of any module as torch does."""

from __future__ import annotations

import contextlib
import operator
from collections.abc import Callable
from dataclasses import dataclass
from textwrap import indent
from typing import Any, NamedTuple, TypeAlias

from hypothesis.errors import HypothesisException
from torch import nn

from paramcalc.errors import InvalidType
from paramcalc.testing.module_trees import Sample, samples
from paramcalc.testing.search import error_line, smallest

Errors: TypeAlias = tuple[type[Exception], ...]


def check_counter(
    count: Callable[[nn.Module], Any], *, trainable: bool = False, may_raise: Errors = (), examples: int = 500
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
    __tracebackhide__ = True
    name = getattr(count, "__name__", None) or repr(count)
    check = _Check(count, name, trainable, may_raise)
    for plain in (False, True):  # by itself the search among all layers may end at a larger module
        found = smallest(samples(plain=plain), check.wrong, examples=examples, where=name)
        if found is None:
            break
    if check.smallest is not None:
        raise check.shortest(check.smallest).error()
    if check.compared == 0:
        raise AssertionError(f"{name} refused every module; nothing was compared")


class _Wrong(NamedTuple):
    """A wrong answer: about which module, what is wrong, the error where the function raised one."""

    sample: Sample
    problem: str
    cause: Exception | None = None

    def size(self) -> tuple[int, int]:
        """How much there is to read: lines of code and modules, then letters."""
        code, modules = self.sample.code, sum(1 for _ in self.sample.module.modules())
        return code.count("\n") + modules, len(code)

    def error(self) -> AssertionError:
        """Return the failure of the check."""
        error = AssertionError(f"{self.problem}; the smallest module found:\n\n{indent(self.sample.code, '    ')}")
        error.__cause__ = self.cause
        return error


@dataclass
class _Check:
    """A function to be checked: how many of its answers were compared, and the smallest module with a wrong one."""

    count: Callable[[nn.Module], Any]
    name: str
    trainable: bool
    may_raise: Errors
    compared: int = 0
    smallest: _Wrong | None = None

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
            problem = f"{self.name} raises {error_line(error)} where torch counts {true:,} {kind}"
            self.keep(_Wrong(sample, problem, error))
            return True
        self.compared += 1
        number = _whole(given, self.name)
        if number != true:
            problem = f"{self.name} counts {number:,} {kind} where torch counts {true:,}"
            self.keep(_Wrong(sample, problem))
        return number != true

    def shortest(self, wrong: _Wrong) -> _Wrong:
        """Return a wrong answer about a module of which no line can be left out."""
        for sample in wrong.sample.shorter():
            with contextlib.suppress(HypothesisException):
                if self.wrong(sample) and self.smallest is not None:
                    return self.shortest(self.smallest)
        return wrong

    def keep(self, wrong: _Wrong) -> None:
        """Keep a wrong answer where it is about a smaller module than those before."""
        self.smallest = wrong if self.smallest is None else min(self.smallest, wrong, key=_Wrong.size)


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
