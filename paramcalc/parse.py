"""Text from files and the command line as sizes: expressions, counts such as 3.5M, and assignments. Nothing is run."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from fractions import Fraction
from typing import Any

from paramcalc.errors import InvalidValue, ParamcalcError
from paramcalc.symbols import FUNCTION_NAMES, Size, as_expr, canonical, symbol

MOST_CHARACTERS = 10_000
MOST_TERMS = 10_000
SUFFIXES = {"": 1, "K": 10**3, "M": 10**6, "B": 10**9}
_ARITHMETIC = "arithmetic on integers and names: + - * / // % **, floor, ceiling, Min, Max, Mod"
_OPERATORS: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: _exact(a) / _exact(b),
    ast.FloorDiv: lambda a, b: a // b,
    ast.Mod: lambda a, b: a % b,
}


def parse_expression(text: str, *, where: str = "expression") -> Size:
    """Return the size that a text such as "4*h*(d + h + 2)" stands for.

    >>> parse_expression("4*h*(d + 2)")
    4*d*h + 8*h

    Raises InvalidValue for anything but arithmetic, and for an expression too large to expand.
    """
    expr, _ = _Reader(where).read(_tree(text, where).body)
    return as_expr(expr, where=where)


def parse_exact(text: str, *, where: str = "expression") -> Size:
    """Return what `parse_expression` does; quotients such as "in_channels/groups" may be whole on a condition only.

    >>> parse_exact("64/groups")
    64/groups
    """
    expr, _ = _Reader(where).read(_tree(text, where).body)
    exact = canonical(expr)
    return as_expr(exact, where=where) if isinstance(exact, int) else exact


def parse_count(text: str, *, where: str = "count") -> int:
    """Return the integer that a text such as "3,500,000", "3_500_000" or "3.5M" stands for; M is 10^6.

    >>> parse_count("3.5M"), parse_count("960,964")
    (3500000, 960964)

    Raises InvalidValue for anything else, and for a fraction of one.
    """
    match = re.fullmatch(r"(\d[\d_,]*(?:\.\d+)?)\s*([KMB]?)", text.strip(), re.ASCII | re.IGNORECASE)
    expected = "a whole number such as 3500000, 3,500,000 or 3.5M"
    if match is None or len(text) > 80:
        raise InvalidValue(f"got {text[:40]!r}", where=where, expected=expected)
    exact = Fraction(re.sub("[_,]", "", match[1])) * SUFFIXES[match[2].upper()]
    if exact.denominator != 1:
        raise InvalidValue(f"got {text!r}, a fraction of one", where=where, expected=expected)
    return exact.numerator


def parse_assignments(text: str, *, where: str = "--set") -> dict[str, Any]:
    """Return the assignments in a text: integers, flags, or tuples of integers by name.

    >>> parse_assignments("lstm_hidden=64, conv_channels=(32, 64), lstm_norm=false")
    {'lstm_hidden': 64, 'conv_channels': (32, 64), 'lstm_norm': False}

    Raises InvalidValue for anything else.
    """
    call = _tree(f"f({text})", where, shown=text).body
    form = "name=integer, such as lstm_hidden=64,n_classes=5"
    if not isinstance(call, ast.Call) or call.args or not isinstance(call.func, ast.Name):
        raise InvalidValue(f"got {text[:60]!r}", where=where, expected=form)
    values: dict[str, Any] = {}
    for keyword in call.keywords:
        if keyword.arg is None:
            raise InvalidValue(f"got {text[:60]!r}", where=where, expected=form)
        if keyword.arg in values:
            raise InvalidValue(f"{keyword.arg} is given twice", where=where, expected="each name once")
        values[keyword.arg] = _literal(keyword.value, f"{where} {keyword.arg}")
    return values


def parse_letters(text: str, *, where: str = "--notation") -> dict[str, str]:
    """Return the letters that a text gives to names.

    >>> parse_letters("lstm_hidden=h, n_features=F")
    {'lstm_hidden': 'h', 'n_features': 'F'}

    Raises InvalidValue for anything but name=letter pairs.
    """
    letters: dict[str, str] = {}
    for pair in text.split(","):
        name, equals, letter = (part.strip() for part in pair.partition("="))
        if not (equals and name.isidentifier() and re.fullmatch(r"[A-Za-z\\][A-Za-z0-9_{}\\]*", letter)):
            raise InvalidValue(f"got {pair[:60]!r}", where=where, expected="name=letter, such as lstm_hidden=h")
        letters[name] = letter
    return letters


def _literal(node: ast.expr, where: str) -> Any:
    if isinstance(node, ast.Tuple | ast.List):
        return tuple(_literal(item, where) for item in node.elts)
    if isinstance(node, ast.Name) and node.id.lower() in {"true", "false", "none"}:
        return {"true": True, "false": False, "none": None}[node.id.lower()]
    if isinstance(node, ast.Constant) and (node.value is None or isinstance(node.value, int)):
        return node.value
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and isinstance(node.operand, ast.Constant):
        value = node.operand.value
        if type(value) is int:
            return -value
    raise InvalidValue(f"got {_source(node)}", where=where, expected="an integer, a flag or a tuple")


def _source(node: ast.expr) -> str:
    text = ast.unparse(node)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _tree(text: str, where: str, *, shown: str | None = None) -> ast.Expression:
    shown = text if shown is None else shown
    if len(text) > MOST_CHARACTERS:
        raise InvalidValue(f"got {len(text):,} characters", where=where, expected=f"at most {MOST_CHARACTERS:,}")
    try:
        return ast.parse(text.strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise InvalidValue(f"cannot read {shown[:60]!r}", where=where, expected=_ARITHMETIC) from None


class _Reader:
    """Builds an expression from a syntax tree; beside each part it keeps a bound on its terms once expanded."""

    def __init__(self, where: str) -> None:
        self.where = where

    def read(self, node: ast.expr) -> tuple[Any, int]:
        try:
            expr, terms = self._read(node)
        except ParamcalcError:
            raise
        except (ZeroDivisionError, RecursionError, TypeError, ValueError, OverflowError) as error:
            raise InvalidValue(f"cannot compute it: {error}", where=self.where, expected=_ARITHMETIC) from None
        return expr, terms

    def _read(self, node: ast.expr) -> tuple[Any, int]:
        if isinstance(node, ast.Constant) and type(node.value) is int:
            return node.value, 1
        if isinstance(node, ast.Name):
            return symbol(node.id), 1
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
            expr, terms = self._read(node.operand)
            return (-expr if isinstance(node.op, ast.USub) else expr), terms
        if isinstance(node, ast.BinOp):
            return self._operation(node)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in FUNCTION_NAMES:
            return self._call(node, node.func.id)
        raise self._refused(node)

    def _operation(self, node: ast.BinOp) -> tuple[Any, int]:
        left, left_terms = self._read(node.left)
        right, right_terms = self._read(node.right)
        if isinstance(node.op, ast.Pow):
            if type(right) is not int or not 0 <= right <= 64:
                raise self._refused(node)
            return self._bounded(left**right if right or left else 1, left_terms**right)
        if type(node.op) not in _OPERATORS:
            raise self._refused(node)
        if isinstance(node.op, ast.Div | ast.FloorDiv | ast.Mod) and right == 0:
            raise ZeroDivisionError("division by zero")
        both = left_terms + right_terms if isinstance(node.op, ast.Add | ast.Sub) else left_terms * right_terms
        return self._bounded(_OPERATORS[type(node.op)](left, right), both)

    def _call(self, node: ast.Call, name: str) -> tuple[Any, int]:
        import sympy

        if node.keywords or not node.args:
            raise self._refused(node)
        parts = [self._read(argument) for argument in node.args]
        return getattr(sympy, name)(*(expr for expr, _ in parts)), max(terms for _, terms in parts)

    def _bounded(self, expr: Any, terms: int) -> tuple[Any, int]:
        if terms > MOST_TERMS or (isinstance(expr, int) and expr.bit_length() > 4096):
            raise InvalidValue("the expression is too large to expand", where=self.where, advice="write it smaller")
        return expr, terms

    def _refused(self, node: ast.expr) -> InvalidValue:
        return InvalidValue(f"cannot read {_source(node)!r}", where=self.where, expected=_ARITHMETIC)


def _exact(value: Any) -> Any:
    import sympy

    return sympy.Integer(value) if isinstance(value, int) else value
