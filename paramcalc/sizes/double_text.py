"""Programs of arithmetic as Python text and as LaTeX, and read from a syntax tree. Nothing is run."""

from __future__ import annotations

import ast
import math
from collections.abc import Mapping

from paramcalc.errors import InvalidValue, shortened
from paramcalc.sizes.double import BINARY, CALLED, COMPARED, ONE, ROUNDINGS, Node

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
        return ast.Constant(parts[0])
    sides = [_syntax(part, names) for part in parts]
    if kind in BINARY:
        return ast.BinOp(sides[0], BINARY[kind][0](), sides[1])
    if kind in COMPARED:
        return ast.Compare(sides[0], [COMPARED[kind][0]()], sides[1:])
    return ast.Call(ast.Name(kind), sides, [])


def node_latex(node: Node, names: Mapping[str, str]) -> str:
    r"""Return a program as LaTeX, its sizes as given.

    >>> print(node_latex(("floor", ("*", ("number", 0.5), ("symbol", "d"))), {"d": "d"}))
    \left\lfloor 0.5 \, d \right\rfloor
    """
    kind, *parts = node
    if kind == "symbol":
        return names[parts[0]]
    if kind == "number":
        return repr(parts[0])
    sides = [node_latex(part, names) for part in parts]
    if kind == "/":
        return rf"\frac{{{sides[0]}}}{{{sides[1]}}}"
    if kind in ROUNDINGS:
        left, right = {"ceil": (r"\lceil", r"\rceil"), "round": (r"\lfloor", r"\rceil")}.get(
            kind, (r"\lfloor", r"\rfloor")
        )
        return rf"\left{left} {sides[0]} \right{right}"
    if kind == "float":
        return sides[0]
    if kind in ("sqrt", "isqrt"):
        root = rf"\sqrt{{{sides[0]}}}"
        return root if kind == "sqrt" else rf"\left\lfloor {root} \right\rfloor"
    if kind in CALLED:
        head = {"log2": r"\log_2", "lcm": r"\operatorname{lcm}"}.get(kind, rf"\{kind}")
        return rf"{head}\left({', '.join(sides)}\right)"
    inner = [
        rf"\left({side}\right)" if part[0] in ("+", "-", "%", "//") and kind in ("*", "**", "//", "%", "-") else side
        for side, part in zip(sides, parts, strict=True)
    ]
    if kind == "**":
        return rf"{inner[0]}^{{{sides[1]}}}"
    if kind == "//":
        return rf"\left\lfloor \frac{{{sides[0]}}}{{{sides[1]}}} \right\rfloor"
    sign = {"*": r"\,", "%": r"\bmod", "<=": r"\le", ">=": r"\ge", "==": "=", "!=": r"\ne"}.get(kind, kind)
    return f"{inner[0]} {sign} {inner[1]}"
