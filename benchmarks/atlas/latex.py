"""Expressions in text as LaTeX, with a letter for each size; what stands in the text is kept, not expanded."""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Mapping, Sequence
from typing import TypeAlias

Letters: TypeAlias = Mapping[str, str]

WIDTH = 64  # characters of a line, about

AROUND = {
    "floor": (r"\lfloor ", r" \rfloor"),
    "ceiling": (r"\lceil ", r" \rceil"),
    "Max": (r"\max(", ")"),
    "Min": (r"\min(", ")"),
}


def parsed(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body


def latex(node: ast.expr, letters: Letters) -> str:
    """Return an expression as LaTeX."""
    return "".join(_signed(_terms(node), letters))


def lines(times: ast.expr, each: ast.expr, letters: Letters) -> list[str]:
    """Return a number of times an expression as LaTeX, in lines of a length that can be read."""
    if _is_one(times):
        return _broken(_signed(_terms(each), letters))
    if len(_terms(each)) == 1:
        return _broken(_signed(_terms(ast.BinOp(times, ast.Mult(), each)), letters))
    inside = _signed(_terms(each), letters)
    inside[0] = rf"{_product(times, letters) if len(_terms(times)) == 1 else _factor(times, letters)} \bigl({inside[0]}"
    inside[-1] += r"\bigr)"
    return _broken(inside)


def _broken(terms: list[str]) -> list[str]:
    found = [""]
    for term in terms:
        if found[-1] and width(found[-1] + term) > WIDTH:
            found.append("")
        found[-1] += term
    return found


def width(tex: str) -> int:
    """About how many characters a reader sees: one for a command."""
    return len(re.sub(r"[{}_^ ]", "", re.sub(r"\\[a-zA-Z]+", "x", tex.replace(r"\text", "").replace(r"\,", ""))))


def _terms(node: ast.expr, sign: int = 1) -> list[tuple[int, ast.expr]]:
    """The terms of a sum with their signs, those that are added first."""
    match node:
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            found = _terms(left, sign) + _terms(right, sign)
        case ast.BinOp(left=left, op=ast.Sub(), right=right):
            found = _terms(left, sign) + _terms(right, -sign)
        case _:
            less, rest = _without_sign(node)
            found = _terms(rest, sign * less) if less < 0 else [(sign, rest)]
    return sorted(found, key=lambda each: -each[0])


def _without_sign(node: ast.expr) -> tuple[int, ast.expr]:
    """A product without the minus that its first factor may have."""
    match node:
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -1, operand
        case ast.BinOp(left=left, op=ast.Mult() | ast.Div() as times, right=right):
            sign, rest = _without_sign(left)
            return sign, ast.BinOp(rest, times, right)
    return 1, node


def _over(node: ast.expr, letters: Letters) -> str:
    """An expression inside a function: on one line, with one division where its terms are divided by numbers."""
    terms = [(sign, *_factors(each)) for sign, each in _terms(node)]
    if len(terms) == 1 and len(terms[0][2]) == 1:
        return _slashed(terms, _factor(terms[0][2][0], letters), letters)
    below = [_number(factors) for _, _, factors in terms]
    least = math.lcm(*(each for each in below if each is not None))
    if None in below or least == 1:
        return latex(node, letters)
    scaled = (_scaled(factors, least // (each or 1)) for (_, factors, _), each in zip(terms, below, strict=True))
    above = [(sign, factors, None) for (sign, _, _), factors in zip(terms, scaled, strict=True)]
    return _slashed(above, str(least), letters)


def _slashed(terms: Sequence[tuple[int, list[ast.expr], object]], below: str, letters: Letters) -> str:
    above = "".join(_signs([(sign, _joined(factors, letters)) for sign, factors, _ in terms]))
    single = len(terms) == 1 and (len(terms[0][1]) > 1 or len(_terms(terms[0][1][0])) == 1)
    return f"{above} / {below}" if single else f"({above}) / {below}"


def _number(factors: list[ast.expr]) -> int | None:
    """The product of factors that are numbers, None where some are not."""
    numbers = [each.value for each in factors if isinstance(each, ast.Constant) and isinstance(each.value, int)]
    return math.prod(numbers) if len(numbers) == len(factors) else None


def _scaled(factors: list[ast.expr], times: int) -> list[ast.expr]:
    numbers: list[ast.expr] = [each for each in factors if isinstance(each, ast.Constant)]
    rest = [each for each in factors if not isinstance(each, ast.Constant)]
    return [ast.Constant(times * (_number(numbers) or 0)), *rest]


def _signs(terms: list[tuple[int, str]]) -> list[str]:
    found = [(" + " if sign > 0 else " - ") + text for sign, text in terms]
    found[0] = found[0][3:] if terms[0][0] > 0 else f"-{found[0][3:]}"
    return found


def _signed(terms: list[tuple[int, ast.expr]], letters: Letters) -> list[str]:
    return _signs([(sign, _product(node, letters)) for sign, node in terms])


def _product(node: ast.expr, letters: Letters) -> str:
    above, below = _factors(node)
    top = _joined(above, letters)
    if not below:
        return top
    return rf"\frac{{{top}}}{{{_joined(below, letters)}}}"


def _factors(node: ast.expr) -> tuple[list[ast.expr], list[ast.expr]]:
    """The factors above and below the line."""
    match node:
        case ast.BinOp(left=left, op=ast.Mult(), right=right):
            (a, b), (c, d) = _factors(left), _factors(right)
            return a + c, b + d
        case ast.BinOp(left=left, op=ast.Div(), right=right):
            (a, b), (c, d) = _factors(left), _factors(right)
            return a + d, b + c
    return [node], []


def _joined(factors: list[ast.expr], letters: Letters) -> str:
    """A product: one number, letters in the order of the alphabet, brackets."""
    factors = [each for each in _scaled(factors, 1) if not _is_one(each)] or factors[:1]
    if len(factors) == 1:
        return latex(factors[0], letters) if len(_terms(factors[0])) > 1 else _factor(factors[0], letters)
    shown = [_factor(each, letters) for each in factors]
    ordered = sorted(zip(factors, shown, strict=True), key=lambda pair: _rank(*pair))
    return r" \, ".join(text for _, text in ordered)


def _is_one(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value == 1


def _rank(node: ast.expr, shown: str) -> tuple[int, str, str]:
    base = node.left if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow) else node
    kind = 0 if isinstance(base, ast.Constant) else 1 if isinstance(base, ast.Name) else 2
    return kind, shown.lower(), shown


def _factor(node: ast.expr, letters: Letters) -> str:
    match node:
        case ast.Constant(value=number):
            return str(number)
        case ast.Name(id=name):
            return letters[name]
        case ast.BinOp(left=left, op=ast.Pow(), right=power):
            return f"{_factor(left, letters)}^{{{latex(power, letters)}}}"
        case ast.Call(func=ast.Name(id="Mod"), args=[left, right]):
            return rf"({latex(left, letters)} \bmod {latex(right, letters)})"
        case ast.Call(func=ast.Name(id="ilog"), args=[left, right]):
            return rf"\lfloor \log_{{{latex(right, letters)}}} {_factor(left, letters)} \rfloor"
        case ast.Call(func=ast.Name(id=name), args=arguments):
            before, after = AROUND[name]
            return before + ", ".join(_over(each, letters) for each in arguments) + after
    return f"({latex(node, letters)})"
