"""Sizes: positive integer symbols, the expressions made of them, and their equality. The only door to sympy symbols."""

from __future__ import annotations

import keyword
import numbers
import sys
from collections.abc import Iterable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias

from paramcalc.errors import InvalidType, InvalidValue, shortened
from paramcalc.sizes.double.programs import PROGRAMS

if TYPE_CHECKING:
    import sympy

    Size: TypeAlias = int | sympy.Expr
else:
    Size = Any

LARGEST_DIMENSION = 2**63 - 1
FUNCTION_NAMES = frozenset({"floor", "ceiling", "Min", "Max", "Mod", "ilog"}) | PROGRAMS


def symbol(name: str) -> Any:
    """Return the positive integer symbol of that name, the same one every time.

    >>> symbol("lstm_hidden") is symbol("lstm_hidden")
    True

    Raises InvalidType for anything but a string; InvalidValue for a name that is not a plain identifier, or that names
    a function of the expression language.
    """
    if not isinstance(name, str):
        raise InvalidType(f"got {name!r}", where="symbol name", expected="a string")
    return _symbol(name)


@cache
def _symbol(name: str) -> Any:
    import sympy

    if not (name.isascii() and name.isidentifier()) or keyword.iskeyword(name) or name in FUNCTION_NAMES:
        raise InvalidValue(
            f"got {name[:60]!r}",
            where="symbol name",
            expected="an identifier such as 'lstm_hidden' that is neither a keyword nor a function name",
        )
    return sympy.Symbol(name, integer=True, positive=True)


def as_expr(value: object, *, where: str = "size", least: int | None = 0, whole: bool = True) -> Size:
    """Return a value as an exact size of `least` or more: a Python int without symbols, else an expanded expression.

    Without `whole` an expression may be a quotient that is whole under a condition only, such as 64/groups.

    >>> as_expr(2 * symbol("h") * (symbol("h") + 1))
    2*h**2 + 2*h

    Raises InvalidType for a bool, float, string or anything else that is not an integer or an expression; InvalidValue
    for an integer below `least` or beyond those of torch, an expression that is no integer, or a symbol made elsewhere.
    """
    if type(value) is int:
        return _as_int(value, where, least)
    if isinstance(value, bool) or type(value).__name__ in {"bool", "bool_"}:
        raise InvalidType(f"got the truth value {value}", where=where, expected="an integer or a symbol")
    if isinstance(value, numbers.Integral):
        return _as_int(int(value), where, least)
    if is_expr(value):
        return _as_symbolic(value, where, least, whole)
    raise InvalidType(
        f"got {type(value).__name__} {shortened(repr(value))}",
        where=where,
        expected="an integer or an expression of paramcalc.symbol",
    )


def _as_int(value: int, where: str, least: int | None) -> int:
    if least is not None and value < least:
        raise InvalidValue(f"got {short(value)}", where=where, expected=f"a size of {least} or more")
    if least is not None and value > LARGEST_DIMENSION:
        raise InvalidValue(f"got {short(value)}", where=where, expected="at most 2^63 - 1, as in torch")
    return value


def _as_symbolic(expr: Any, where: str, least: int | None, whole: bool) -> Size:
    _check_atoms(expr, where)
    exact = canonical(_without_mod(expr))
    if isinstance(exact, int):
        return _as_int(exact, where, least)
    if exact.is_integer is not True and (whole or exact.is_integer is False or exact.is_number):
        raise InvalidValue(f"{expr} is not always an integer", where=where, expected="an integer, such as a // b")
    if least is not None and exact.is_negative:
        raise InvalidValue(f"{expr} is negative", where=where, expected=f"a size of {least} or more")
    return exact


def _check_atoms(expr: Any, where: str) -> None:
    """Refuse foreign symbols, floats, and whatever the text of an expression could not say."""
    import sympy

    from paramcalc.sizes.logarithm import ilog, ipow
    from paramcalc.sizes.rounded64 import Program, rounded64

    arithmetic = (sympy.Add, sympy.Mul, sympy.Pow, sympy.Rational, sympy.floor, sympy.ceiling)
    known = (*arithmetic, sympy.Max, sympy.Min, sympy.Mod, ilog, ipow, rounded64, Program)
    for part in sympy.preorder_traversal(expr):
        if isinstance(part, sympy.Symbol):
            if part != symbol(part.name):
                raise InvalidValue(
                    f"the symbol {part.name} was made outside paramcalc, with other assumptions",
                    where=where,
                    expected=f"paramcalc.symbol({part.name!r})",
                )
        elif isinstance(part, sympy.Float):
            raise InvalidValue(f"{expr} holds a floating-point number", where=where, expected="exact integers only")
        elif part.is_Pow and part.exp.is_Integer:
            if part.exp.is_negative and not part.base.is_positive:
                raise InvalidValue(
                    f"{expr} divides by {part.base}", where=where, expected="a divisor of 1 or more always"
                )
        elif part.is_Pow or (isinstance(part, ipow) and not (part.base.is_positive and isinstance(part.exp, ilog))):
            raise InvalidValue(f"{part} is no power", where=where, expected="an integer or a logarithm as exponent")
        elif isinstance(part, sympy.Max | sympy.Min | ilog | ipow | rounded64) and any(
            not side.is_integer for side in part.args if not isinstance(side, Program)
        ):
            raise InvalidValue(f"{part} is of fractions", where=where, expected="integers in Max, Min, ilog and powers")
        elif not isinstance(part, known):
            raise InvalidValue(f"{part} is no arithmetic", where=where, expected="sums, products, powers and floors")


def is_symbol(size: Size) -> bool:
    """Whether a size is a symbol alone."""
    return not isinstance(size, int) and bool(size.is_Symbol)


def floored(a: Any, b: Any) -> Any:
    """Return a // b, expanded first: sympy can take an unexpanded quotient such as (6*h - 2)**2/6 for an integer.

    >>> floored((6 * symbol("h") - 2) ** 2, 6), floored(7, 4)
    (6*h**2 - 4*h, 1)
    """
    if isinstance(a, int) and isinstance(b, int):
        return a // b
    import sympy

    return sympy.floor(sympy.expand(sympy.expand(a) / b))


def remainder(a: Any, b: Any) -> Any:
    """Return a % b, written with a floor.

    >>> remainder((6 * symbol("h") - 2) ** 2, 6), remainder(7, 4)
    (4, 3)
    """
    return canonical(a - b * floored(a, b))


def _without_mod(expr: Any) -> Any:
    import sympy

    return expr.replace(sympy.Mod, remainder) if expr.has(sympy.Mod) else expr


def is_expr(value: object) -> bool:
    """Tell whether a value is a sympy expression, without loading sympy where nothing else has."""
    sympy = sys.modules.get("sympy")
    return sympy is not None and isinstance(value, sympy.Expr)


def canonical(expr: Any) -> Any:
    """Return an expression expanded, and as a Python int where it is one."""
    if isinstance(expr, int):
        return expr
    import sympy

    expanded = sympy.expand(expr)
    return int(expanded) if expanded.is_Integer else expanded


def same(a: Size, b: Size) -> bool:
    """Tell whether two sizes are equal for all values of their symbols.

    >>> h = symbol("h")
    >>> same((h + 1) ** 2, h**2 + 2 * h + 1)
    True
    """
    return bool(canonical(a - b) == 0)


def substitute(expr: Any, values: Mapping[Any, Any]) -> Any:
    """Return an expression with symbols replaced, all at once, so that two symbols may change places."""
    if isinstance(expr, int):
        return expr
    return canonical(_with_floors(expr, values) if _has_floors(expr) else expr.xreplace(values))


def _has_floors(expr: Any) -> bool:
    import sympy

    return bool(expr.has(sympy.floor, sympy.ceiling))


def _with_floors(expr: Any, values: Mapping[Any, Any]) -> Any:
    """Replace symbols from the leaves up, so that what stands in a floor is expanded before sympy looks at it."""
    import sympy

    if expr in values:
        return values[expr]
    if not expr.args:
        return expr
    arguments = [_with_floors(argument, values) for argument in expr.args]
    rounded = isinstance(expr, sympy.floor | sympy.ceiling)
    return expr.func(*map(sympy.expand, arguments)) if rounded else expr.func(*arguments)


def sympified(values: Mapping[str, Size]) -> dict[Any, Any]:
    """Return values by name as values by symbol, ready for `substitute`."""
    import sympy

    return {symbol(name): sympy.Integer(value) if isinstance(value, int) else value for name, value in values.items()}


def symbol_names(expr: Size) -> frozenset[str]:
    """Return the names of the symbols in a size."""
    return frozenset() if isinstance(expr, int) else frozenset(atom.name for atom in expr.free_symbols)


def total(sizes: Iterable[Size]) -> Size:
    """Return the sum of sizes; many symbolic terms are added in one step, since sympy adds pairs in quadratic time."""
    integers, symbolic = 0, []
    for size in sizes:
        if isinstance(size, int):
            integers += size
        else:
            symbolic.append(size)
    if not symbolic:
        return integers
    import sympy

    return canonical(sympy.Add(integers, *symbolic))


def short(value: int) -> str:
    """Return an integer as text, shortened where it has more than 30 digits."""
    if abs(value) < 10**30:
        return f"{value:,}"
    digits = int(abs(value).bit_length() * 0.30103) + 1
    return f"an integer of about {digits:,} digits" if value > 0 else f"a negative integer of about {digits:,} digits"
