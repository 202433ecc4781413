"""Expressions in text: arithmetic and nothing else, read from Python's syntax tree. Nothing is run."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable
from typing import Any, NamedTuple

from paramcalc.errors import InvalidValue, ParamcalcError, shortened
from paramcalc.sizes.double.programs import PROGRAMS, names_in
from paramcalc.sizes.symbols import FUNCTION_NAMES, Size, as_expr, floored, remainder, symbol

MOST_CHARACTERS = 100_000
MOST_TERMS = 10_000
MOST_BITS = 4_096
MOST_DEGREE = 1_024
MOST_ARGUMENTS = 16
MOST_BELOW = 8
MOST_DEPTH = 4
ARGUMENTS = {"floor": (1, 1), "ceiling": (1, 1), "Mod": (2, 2), "ilog": (2, 2)}
ARGUMENTS |= {"Max": (1, MOST_ARGUMENTS), "Min": (1, MOST_ARGUMENTS)}
ARITHMETIC = "arithmetic on integers and names: + - * / // % **, floor, ceiling, Min, Max, Mod, ilog"


class Part(NamedTuple):
    """A part of an expression, with bounds on what computing with it costs.

    Terms, bits of a coefficient and degree are those of the expanded form; `below` counts the sums below a line, which
    a common denominator multiplies, and `depth` the functions inside functions.
    """

    expr: Any
    terms: int
    bits: int
    degree: int
    below: int = 0
    depth: int = 0


_OPERATORS: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: lambda a, b: a * _integer(b) ** -1,
    ast.FloorDiv: lambda a, b: floored(a, b),
    ast.Mod: lambda a, b: remainder(a, b),
}


def parse_expression(text: str, *, where: str = "expression") -> Size:
    """Return the size that a text such as "4*h*(d + h + 2)" stands for.

    >>> parse_expression("4*h*(d + 2)")
    4*d*h + 8*h

    Raises InvalidValue for anything but arithmetic, and for an expression too large to expand.
    """
    return as_expr(_Reader(where).read(syntax(text, where=where)), where=where)


def parse_exact(text: str, *, where: str = "expression") -> Size:
    """Return what `parse_expression` does; quotients such as "in_channels/groups" may be whole on a condition only.

    >>> parse_exact("64/groups")
    64/groups
    """
    return as_expr(_Reader(where).read(syntax(text, where=where)), where=where, least=None, whole=False)


def syntax(text: str, *, where: str, shown: str = "") -> ast.expr:
    """Return the syntax tree of a text; `shown` is what the error quotes in its place."""
    if len(text) > MOST_CHARACTERS:
        raise InvalidValue(f"got {len(text):,} characters", where=where, expected=f"at most {MOST_CHARACTERS:,}")
    try:
        return ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise InvalidValue(f"cannot read {(shown or text)[:60]!r}", where=where, expected=ARITHMETIC) from None


def source(node: ast.expr) -> str:
    """Return the text of a syntax tree, shortened."""
    try:
        return shortened(ast.unparse(node))
    except RecursionError:
        return "an expression nested too deep"


class _Reader:
    """Builds an expression from a syntax tree, and refuses one that would be too large to expand."""

    def __init__(self, where: str) -> None:
        self.where = where

    def read(self, node: ast.expr) -> Any:
        try:
            return self._read(node).expr
        except ParamcalcError:
            raise
        except (ZeroDivisionError, RecursionError, TypeError, ValueError, OverflowError) as error:
            raise InvalidValue(f"cannot compute it: {error}", where=self.where, expected=ARITHMETIC) from None

    def _read(self, node: ast.expr) -> Part:
        """Read a part; a long sum or product, nested to the left, is read from its innermost operand outwards."""
        spine: list[ast.BinOp] = []
        while isinstance(node, ast.BinOp):
            spine.append(node)
            node = node.left
        part = self._operand(node)
        for operation in reversed(spine):
            part = self._operation(operation, part, self._read(operation.right))
        return part

    def _operand(self, node: ast.expr) -> Part:
        if isinstance(node, ast.Constant) and type(node.value) is int:
            return self._bounded(Part(node.value, 1, node.value.bit_length(), 0))
        if isinstance(node, ast.Name):
            return Part(symbol(node.id), 1, 1, 1)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
            part = self._read(node.operand)
            return part._replace(expr=-part.expr) if isinstance(node.op, ast.USub) else part
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in FUNCTION_NAMES:
            return self._call(node, node.func.id)
        raise self._refused(node)

    def _operation(self, node: ast.BinOp, left: Part, right: Part) -> Part:
        if isinstance(node.op, ast.Pow):
            return self._power(node, left, right)
        if type(node.op) not in _OPERATORS:
            raise self._refused(node)
        if isinstance(node.op, ast.Div | ast.FloorDiv | ast.Mod) and right.expr == 0:
            raise ZeroDivisionError("division by zero")
        if isinstance(node.op, ast.Add | ast.Sub):
            bounds = (left.terms + right.terms, max(left.bits, right.bits), max(left.degree, right.degree))
        else:
            terms = left.terms * right.terms
            bounds = (terms, left.bits + right.bits + terms.bit_length(), left.degree + right.degree)
        below = left.below + right.below + (isinstance(node.op, ast.Div) and right.terms > 1)
        depth = max(left.depth, right.depth) + isinstance(node.op, ast.FloorDiv | ast.Mod)
        part = self._bounded(Part(None, *bounds, below, depth))
        return part._replace(expr=_OPERATORS[type(node.op)](left.expr, right.expr))

    def _power(self, node: ast.BinOp, base: Part, exponent: Part) -> Part:
        import sympy

        from paramcalc.sizes.logarithm import ilog, ipow

        power = exponent.expr
        if isinstance(power, ilog):
            deepest = max(base.depth, exponent.depth) + 1
            part = self._bounded(base._replace(below=base.below + exponent.below, depth=deepest))
            return part._replace(expr=ipow(sympy.expand(base.expr), power))
        if type(power) is not int or abs(power) > MOST_DEGREE or (power < 0 and base.terms > 1):
            raise self._refused(node)
        terms = min(base.terms**power, MOST_TERMS + 1) if power > 0 else 1
        bits, times = base.bits + terms.bit_length(), abs(power)
        part = self._bounded(Part(None, terms, bits * times, base.degree * times, base.below * times, base.depth))
        return part._replace(expr=_integer(base.expr) ** power if power < 0 else base.expr**power)

    def _call(self, node: ast.Call, name: str) -> Part:
        import sympy

        from paramcalc.sizes.logarithm import ilog

        if name in PROGRAMS:
            return self._program(node, name)
        fewest, most = ARGUMENTS[name]
        if node.keywords or not fewest <= len(node.args) <= most:
            raise self._refused(node)
        parts = [self._read(argument) for argument in node.args]
        terms, bits, degree, below, depth = (max(column) for column in list(zip(*parts, strict=True))[1:])
        whole = self._bounded(Part(None, terms, bits, degree, below, depth + 1))
        arguments = [sympy.expand(part.expr) for part in parts]
        function = remainder if name == "Mod" else ilog if name == "ilog" else getattr(sympy, name)
        return whole._replace(expr=function(*arguments))

    def _program(self, node: ast.Call, name: str) -> Part:
        """A program in double precision; keyword arguments are the sizes that are no names alone."""
        from paramcalc.sizes.double.text import node_of_syntax
        from paramcalc.sizes.rounded64 import computed, headed

        if len(node.args) != 1 and name not in ("gcd", "lcm"):
            raise self._refused(node)
        program = headed(name, [node_of_syntax(argument) for argument in node.args])
        given = {each.arg: self._read(each.value) for each in node.keywords if each.arg}
        parts = {each: given.get(each) or Part(symbol(each), 1, 1, 1) for each in names_in(program)}
        if any(each not in parts for each in given) or len(given) < len(node.keywords):
            raise self._refused(node)
        depth = max((part.depth for part in parts.values()), default=0) + 1
        whole = self._bounded(Part(None, 1, 64, 1, 0, depth))
        return whole._replace(expr=computed(program, {each: _integer(part.expr) for each, part in parts.items()}))

    def _bounded(self, part: Part) -> Part:
        large = part.terms > MOST_TERMS or part.bits > MOST_BITS or part.degree > MOST_DEGREE
        if large or part.below > MOST_BELOW or part.depth > MOST_DEPTH:
            raise InvalidValue("the expression is too large to expand", where=self.where, advice="write it smaller")
        return part

    def _refused(self, node: ast.expr) -> InvalidValue:
        return InvalidValue(f"cannot read {source(node)!r}", where=self.where, expected=ARITHMETIC)


def _integer(value: Any) -> Any:
    import sympy

    return sympy.Integer(value) if isinstance(value, int) else value
