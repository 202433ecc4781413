"""Programs of arithmetic as Python text and as LaTeX, and read from a syntax tree. Nothing is run."""

from __future__ import annotations

import ast
import math
from collections.abc import Mapping

from paramcalc.errors import InvalidValue, shortened
from paramcalc.sizes.double.programs import BINARY, CALLED, COMPARED, ONE, Node

SIGNS: Mapping[type[ast.AST], str] = {kind: sign for sign, (kind, _) in (*BINARY.items(), *COMPARED.items())}


def node_of_syntax(syntax: ast.expr) -> Node:
    """Return the program of a syntax tree.

    >>> node_of_syntax(ast.parse("floor(0.5*d) + 1", mode="eval").body)
    ('+', ('floor', ('*', ('number', 0.5), ('symbol', 'd'))), ('number', 1))

    Raises InvalidValue for anything but arithmetic.
    """
    value = syntax.value if isinstance(syntax, ast.Constant) else None
    if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
        return ("number", value)
    if isinstance(syntax, ast.Name):
        return ("symbol", syntax.id)
    if isinstance(syntax, ast.UnaryOp) and isinstance(syntax.op, ast.USub):
        inside = node_of_syntax(syntax.operand)
        return ("number", -inside[1]) if inside[0] == "number" else ("-", ("number", 0), inside)
    if isinstance(syntax, ast.BinOp) and type(syntax.op) in SIGNS:
        return (SIGNS[type(syntax.op)], node_of_syntax(syntax.left), node_of_syntax(syntax.right))
    if isinstance(syntax, ast.Compare) and len(syntax.ops) == 1 and type(syntax.ops[0]) in SIGNS:
        return (SIGNS[type(syntax.ops[0])], node_of_syntax(syntax.left), node_of_syntax(syntax.comparators[0]))
    called = syntax.func.id if isinstance(syntax, ast.Call) and isinstance(syntax.func, ast.Name) else ""
    if isinstance(syntax, ast.Call) and called in CALLED and not syntax.keywords and _takes(called, len(syntax.args)):
        return (called, *map(node_of_syntax, syntax.args))
    expected = f"arithmetic on numbers and names, comparisons, {', '.join(CALLED)}"
    raise InvalidValue(f"cannot read {shortened(ast.unparse(syntax))!r}", where="program", expected=expected)


def _takes(name: str, count: int) -> bool:
    return count == 1 if name in ONE else count > 1


def node_text(node: Node, names: Mapping[str, str]) -> str:
    """Return a program as Python text, its sizes by other names where some are given.

    >>> node_text(("*", ("number", 0.5), ("+", ("symbol", "d"), ("number", 1))), {"d": "h"})
    '0.5*(h + 1)'
    """
    return ast.unparse(_syntax(node, names)).replace(" * ", "*").replace(" / ", "/")


def _syntax(node: Node, names: Mapping[str, str]) -> ast.expr:
    kind, *parts = node
    if kind == "symbol":
        return ast.Name(names.get(parts[0], parts[0]))
    if kind == "number":
        below = repr(parts[0]).startswith("-")  # in a power the sign stands in brackets, which a constant has not
        return ast.UnaryOp(ast.USub(), ast.Constant(-parts[0])) if below else ast.Constant(parts[0])
    sides = [_syntax(part, names) for part in parts]
    if kind in BINARY:
        return ast.BinOp(sides[0], BINARY[kind][0](), sides[1])
    if kind in COMPARED:
        return ast.Compare(sides[0], [COMPARED[kind][0]()], sides[1:])
    return ast.Call(ast.Name(kind), sides, [])


def node_latex(node: Node, names: Mapping[str, str]) -> str:
    r"""Return a program as LaTeX, its sizes as given, with brackets that keep the order in which it is computed.

    >>> print(node_latex(("floor", ("*", ("number", 0.5), ("symbol", "d"))), {"d": "d"}))
    \left\lfloor 0.5 \, d \right\rfloor
    """
    kind, *parts = node
    if kind == "symbol":
        return names[parts[0]]
    if kind == "number":
        return _number_latex(parts[0])
    if kind == "float":
        return node_latex(parts[0], names)
    if kind in CALLED:
        return _called_latex(kind, [node_latex(part, names) for part in parts])
    least = _LEAST.get(kind, (0, 0))
    left, right = (_bracketed(part, names, level) for part, level in zip(parts, least, strict=True))
    if kind in ("/", "//"):
        quotient = rf"\frac{{{left}}}{{{right}}}"
        return quotient if kind == "/" else rf"\left\lfloor {quotient} \right\rfloor"
    if kind == "**":
        return rf"{left}^{{{right}}}"
    if kind == "*" and parts[1][0] == "number":
        return rf"{left} \cdot {right}"
    sign = {"*": r"\,", "%": r"\bmod", "<=": r"\le", ">=": r"\ge", "==": "=", "!=": r"\ne"}.get(kind, kind)
    return f"{left} {sign} {right}"


_BRACKETS = {"floor": ("lfloor", "rfloor"), "ceil": ("lceil", "rceil"), "round": ("lfloor", "rceil")}
_LEVELS = {"+": 1, "-": 1, "%": 1, "*": 2, "/": 3, "**": 3, **dict.fromkeys(COMPARED, 0)}  # how close parts stand
_LEAST = {"+": (1, 2), "-": (1, 2), "%": (3, 3), "*": (2, 3), "**": (4, 0), **dict.fromkeys(COMPARED, (1, 1))}


def _bracketed(node: Node, names: Mapping[str, str], least: int) -> str:
    """A part in brackets where it stands less close together than its place asks for."""
    if node[0] == "float":
        return _bracketed(node[1], names, least)
    text = node_latex(node, names)
    level = _LEVELS.get(node[0], 4)
    if node[0] == "number":
        level = 1 if node[1] < 0 else 2 if "cdot" in text else 4
    return text if level >= least else rf"\left({text}\right)"


def _number_latex(number: float) -> str:
    """A number with its digits; a power of ten where Python writes one."""
    digits, _, power = repr(number).partition("e")
    return rf"{digits} \cdot 10^{{{int(power)}}}" if power else digits


def _called_latex(name: str, sides: list[str]) -> str:
    if name in _BRACKETS:
        left, right = _BRACKETS[name]
        return rf"\left\{left} {sides[0]} \right\{right}"
    if name in ("sqrt", "isqrt"):
        root = rf"\sqrt{{{sides[0]}}}"
        return root if name == "sqrt" else rf"\left\lfloor {root} \right\rfloor"
    own = {"log2": r"\log_2", "lcm": r"\operatorname{lcm}", "trunc": r"\operatorname{trunc}"}
    head = own.get(name, rf"\{name}")
    return rf"{head}\left({', '.join(sides)}\right)"
