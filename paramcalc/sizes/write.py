"""Expressions as text and as LaTeX, with a letter for each symbol where a notation gives one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from paramcalc.errors import InvalidValue, unknown_name
from paramcalc.sizes.conditions import Condition
from paramcalc.sizes.entries import entry_of, list_of
from paramcalc.sizes.symbols import Size, symbol, symbol_names

_NEXT = r",\; "
_ESCAPED = {each: f"\\{each}" for each in "_&%#${}"} | {
    "\\": r"\textbackslash{}",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
}

Part: TypeAlias = "tuple[str, Size]"  # the label of a term, and its expression


def as_text(expr: Size, notation: Mapping[str, str] | None = None) -> str:
    """Return an expression as Python text, with the letters of the notation.

    >>> as_text(4 * symbol("lstm_hidden") ** 2, {"lstm_hidden": "h"})
    '4*h**2'
    """
    if isinstance(expr, int):
        return str(expr)
    from sympy.printing.str import StrPrinter

    letters = _letters(symbol_names(expr), notation or {}, style="text")

    class Printer(StrPrinter):  # type: ignore[misc]  # sympy has no types
        def _print_Symbol(self, expr: Any) -> str:
            return letters[expr.name]

    return str(Printer().doprint(expr))


def as_latex(expr: Size, notation: Mapping[str, str] | None = None) -> str:
    """Return an expression as LaTeX, with the letters of the notation.

    >>> as_latex(4 * symbol("lstm_hidden") ** 2, {"lstm_hidden": "h"})
    '4 h^{2}'
    >>> as_latex(symbol("conv_channels_2"), {"conv_channels": "C"}), as_latex(symbol("n_classes"))
    ('C_{2}', '\\\\mathrm{n\\\\_classes}')
    """
    if isinstance(expr, int):
        return str(expr)
    import sympy

    letters = _letters(symbol_names(expr), notation or {}, style="latex")
    upright = any(letter.startswith(r"\mathrm") for letter in letters.values())
    names = {symbol(name): letter for name, letter in letters.items()}
    return str(sympy.latex(expr, symbol_names=names, mul_symbol=r" \, " if upright else None))


def condition_latex(condition: Condition, notation: Mapping[str, str] | None = None) -> str:
    """Return a condition as LaTeX; `a` divisible by `b` reads b | a."""
    left, right = as_latex(condition.left, notation), as_latex(condition.right, notation)
    if condition.relation == "divisible by":
        return rf"{right} \mid {left}"
    if condition.relation == "a power of":
        return rf"\log_2 {left} \in \mathbb{{N}}"
    sign = {">=": r"\ge", ">": ">", "!=": r"\ne"}[condition.relation]
    return f"{left} {sign} {right}"


def condition_text(condition: Condition, notation: Mapping[str, str] | None = None) -> str:
    """Return a condition as text.

    >>> condition_text(Condition(symbol("embed_dim"), "divisible by", 8), {"embed_dim": "d"})
    'd divisible by 8'
    """
    return f"{as_text(condition.left, notation)} {condition.relation} {as_text(condition.right, notation)}"


def sum_text(parts: Sequence[Part], notation: Mapping[str, str] | None = None) -> str:
    """Return a sum as text, each part on a line below a comment with its label; one part alone on one line."""
    first, *others = [as_text(expr, notation) for _, expr in parts]
    if not others:
        return first
    terms = [f"  {first}", *(f"- {term[1:]}" if term.startswith("-") else f"+ {term}" for term in others)]
    return "\n".join(f"# {label}\n{term}" for (label, _), term in zip(parts, terms, strict=True))


def sum_latex(
    parts: Sequence[Part],
    conditions: Sequence[Condition] = (),
    notation: Mapping[str, str] | None = None,
    *,
    clauses: Sequence[str] = (),
) -> str:
    """Return a sum as LaTeX: aligned, a line for each part with its label, and where it holds, with further clauses."""
    first, *others = [as_latex(expr, notation) for _, expr in parts]
    domain = ",\\; ".join(condition_latex(condition, notation) for condition in conditions)
    meaning = rounding_note([*(expr for _, expr in parts), *sides_of(conditions)], latex=True)
    notes = [("for", domain), ("where", meaning)]
    clauses = [*(rf"\text{{{word} }} {note}" for word, note in notes if note), *clauses]
    where = rf"\quad {_NEXT.join(clauses)}" if clauses else ""
    if not others:
        return f"{first} {where}" if where else first
    terms = [first, *(term if term.startswith("-") else f"+ {term}" for term in others)]
    lines = [f"{term} && {text_latex(label)}" for (label, _), term in zip(parts, terms, strict=True)]
    body = " \\\\\n  &".join([*lines, *([where] if where else [])])
    return f"\\begin{{aligned}}\n  N ={{}} &{body}\n\\end{{aligned}}"


def text_latex(text: str) -> str:
    """Return a text as LaTeX prints it, whatever stands in it.

    >>> print(text_latex("50% of a_b"))
    \\text{50\\% of a\\_b}
    """
    return rf"\text{{{''.join(_ESCAPED.get(each, each if each.isprintable() else ' ') for each in text)}}}"


def name_text(name: str, notation: Mapping[str, str] | None = None) -> str:
    """Return the name of a size that stands in no expression as text, with the letter of the notation."""
    return _letter(name, notation or {}, "text")


def name_latex(name: str, notation: Mapping[str, str] | None = None) -> str:
    """Return the name of a size that stands in no expression as LaTeX, with the letter of the notation.

    >>> print(name_latex("k"), name_latex("n_heads"))
    k \\mathrm{n\\_heads}
    """
    return _letter(name, notation or {}, "latex") if name.isidentifier() else text_latex(name)


def sides_of(conditions: Iterable[Condition]) -> list[Size]:
    """Return what stands on both sides of conditions."""
    return [side for each in conditions for side in (each.left, each.right)]


def rounding_note(exprs: Iterable[Size], *, latex: bool = False) -> str:
    """Return what numbers mean that code rounds in double precision, empty where there are none.

    >>> rounding_note([4 * symbol("h"), 3])
    ''
    """
    symbolic = [expr for expr in exprs if not isinstance(expr, int)]
    if not symbolic:
        return ""
    from paramcalc.sizes.rounded64 import explained

    return explained(symbolic, latex=latex)


def check_notation(names: Iterable[str], notation: Mapping[str, str]) -> None:
    """Raise InvalidValue where two of the names would be written with one letter."""
    for style in ("text", "latex"):
        _letters(names, notation, style=style)


def check_letters(notation: Mapping[str, str], names: Iterable[str]) -> None:
    """Raise UnknownName where a notation gives a letter to a name that is not there, nor the stem of one."""
    known = {each for name in names for each in (name, list_of(name))}
    for name in notation:
        if name not in known:
            raise unknown_name("size", name, known, where="notation")


def _letters(names: Iterable[str], notation: Mapping[str, str], *, style: str) -> dict[str, str]:
    letters = {name: _letter(name, notation, style) for name in names}
    if len(set(letters.values())) < len(letters):
        ordered = sorted(letters.values())
        twice = next(letter for letter in ordered if ordered.count(letter) > 1)
        both = [name for name in sorted(letters) if letters[name] == twice]
        raise InvalidValue(
            f"{' and '.join(both)} would both be written {twice}", where="notation", expected="two letters"
        )
    return letters


def _letter(name: str, notation: Mapping[str, str], style: str) -> str:
    if name in notation:
        return notation[name]
    entry = entry_of(name)
    if entry is not None:
        stem, number = entry
        if stem in notation:
            return f"{notation[stem]}_{{{number}}}" if style == "latex" else f"{notation[stem]}_{number}"
        if style == "latex" and len(stem) == 1:
            return f"{stem}_{{{number}}}"
    if style == "text" or len(name) == 1:
        return name
    return rf"\mathrm{{{name.replace('_', chr(92) + '_')}}}"
