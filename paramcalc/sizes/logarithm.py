"""The whole part of a logarithm: how often a number can be divided by a base."""

from __future__ import annotations

from typing import Any

import sympy
from sympy.printing.precedence import PRECEDENCE

from paramcalc.errors import InvalidValue


class ilog(sympy.Function):  # type: ignore[misc]  # sympy has no types  # the name that is printed
    """The largest n for which base**n is no more than x: the logarithm of x, rounded down.

    >>> ilog(8, 2), ilog(80, 3), ilog(sympy.Symbol("x"), 2)
    (3, 3, ilog(x, 2))

    Raises InvalidValue for an x below 1 or a base below 2.
    """

    nargs = 2
    is_integer = True
    is_nonnegative = True

    @classmethod
    def eval(cls, x: Any, base: Any) -> Any:
        """Return the number where both are numbers."""
        return sympy.Integer(logarithm(int(x), int(base))) if x.is_Integer and base.is_Integer else None

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        x, base = printer.parenthesize(self.args[0], PRECEDENCE["Mul"]), printer._print(self.args[1])
        text = rf"\left\lfloor \log_{{{base}}} {x} \right\rfloor"
        return text if exp is None else rf"{text}^{{{exp}}}"


class ipow(sympy.Function):  # type: ignore[misc]  # sympy has no types
    """A size to a power that is a logarithm: sympy's own power would be merged with others and split again.

    >>> s, n = sympy.Symbol("s"), ilog(sympy.Symbol("x"), 2)
    >>> ipow(s, n), 4 / ipow(s, n), ipow(s, n) ** 2, ipow(2, sympy.Integer(3))
    (s**ilog(x, 2), 4/s**ilog(x, 2), (s**ilog(x, 2))**2, 8)
    """

    nargs = 2
    is_integer = True
    is_positive = True
    precedence = PRECEDENCE["Pow"]
    base = property(lambda self: self.args[0])
    exp = property(lambda self: self.args[1])

    @classmethod
    def eval(cls, base: Any, exponent: Any) -> Any:
        """Return the power itself where the exponent is a number."""
        return base**exponent if exponent.is_Integer else None

    def _sympystr(self, printer: Any) -> str:
        base, exponent = self.args
        return f"{printer.parenthesize(base, PRECEDENCE['Pow'])}**{printer._print(exponent)}"

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        base, exponent = self.args
        text = rf"{printer.parenthesize(base, PRECEDENCE['Pow'])}^{{{printer._print(exponent)}}}"
        return text if exp is None else rf"\left({text}\right)^{{{exp}}}"


def logarithm(x: Any, base: Any) -> Any:
    """Return the whole part of a logarithm for ints, or for arrays of them."""
    if not _all(x >= 1) or not _all(base >= 2):
        raise InvalidValue("a logarithm of less than 1, or to a base below 2", where="evaluate")
    found, rest = 0 * x + 0 * base, x + 0 * base
    while True:
        more = rest >= base
        if not _any(more):
            return found
        found, rest = found + more, rest // (1 + (base - 1) * more)


def _all(truth: Any) -> bool:
    return truth if isinstance(truth, bool) else bool(truth.all())


def _any(truth: Any) -> bool:
    return truth if isinstance(truth, bool) else bool(truth.any())
