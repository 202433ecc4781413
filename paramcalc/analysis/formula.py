"""Closed forms: the count of a tree as a person would write it, expanded, factored, or by its leading term."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from paramcalc.analysis.polynomial import largest_root
from paramcalc.analysis.scope import NO_LIMIT, Scope, scope_of
from paramcalc.errors import InvalidValue, unknown_name
from paramcalc.sizes.conditions import Condition
from paramcalc.sizes.symbols import Size, canonical, symbol, symbol_names
from paramcalc.sizes.write import as_text, check_notation, condition_text, rounding_note, sides_of, sum_latex, sum_text
from paramcalc.tree.block import Block
from paramcalc.tree.traverse import bottom_up

Form = Literal["collected", "expanded", "factored", "leading"]
FORMS: tuple[Form, ...] = ("collected", "expanded", "factored", "leading")


@dataclass(frozen=True)
class Part:
    """A term of a formula: what it counts, and its expression."""

    label: str
    expr: Any


@dataclass(frozen=True)
class Formula:
    """A closed form: parts that add up to the count, the conditions under which it holds, and a notation.

    `str` gives it as Python text in one line, `lines()` part by part, `latex()` as LaTeX. `remark` says how far a
    leading term goes, `scope` at which sizes a derived form was held, and what it leaves out.
    """

    form: Form
    parts: tuple[Part, ...]
    params: Size
    conditions: tuple[Condition, ...]
    notation: Mapping[str, str]
    remark: str = ""
    scope: Scope = NO_LIMIT

    @property
    def domain(self) -> str:
        """The conditions as text: empty where the formula always holds."""
        return " and ".join(condition_text(condition, self.notation) for condition in self.conditions)

    @property
    def rounding(self) -> str:
        """What numbers mean that code rounds in double precision, as text: empty where there are none."""
        return rounding_note([*(part.expr for part in self.parts), *sides_of(self.conditions)])

    def __str__(self) -> str:
        return as_text(sum(part.expr for part in self.parts), self.notation)

    def latex(self) -> str:
        """Return the formula as LaTeX: one line for one part, else an aligned line for each with its label.

        Conditions, and what is held or left out, stand behind it.
        """
        parts = [(part.label, part.expr) for part in self.parts]
        return sum_latex(parts, self.conditions, self.notation, clauses=self.scope.latex(self.notation))

    def lines(self) -> str:
        """Return the formula as text, each part on a line below a comment with its label."""
        return sum_text([(part.label, part.expr) for part in self.parts], self.notation)


def formula(block: Block, *, form: Form | None = None, notation: Mapping[str, str] | None = None) -> Formula:
    """Return the closed form of a tree's parameter count.

    "collected" is a sum over the components, a repeated layer as a number times a bracket; "expanded" one polynomial;
    "factored" a product where there is one; "leading" the terms that outgrow the others, with how far they go. Without
    `form` it is expanded where there is at most one symbol, else collected.

    >>> from paramcalc.architectures import architecture
    >>> print(formula(architecture("amnl", lstm_hidden=symbol("lstm_hidden"))))
    48*lstm_hidden**2 + 944*lstm_hidden + 53700

    Raises UnknownName for another form, InvalidValue where there is no leading term.
    """
    if form is not None and form not in FORMS:
        raise unknown_name("form", str(form), FORMS)
    scope = scope_of(block)
    check_notation(block.symbols | scope.names, notation or {})
    params = block.params
    if form is None:
        form = "expanded" if len(symbol_names(params)) <= 1 else "collected"
    parts: tuple[Part, ...] = (Part("", params),)
    remark = ""
    if form == "collected":
        parts = _components(block)
    elif form == "factored":
        parts = (Part("", _factored(params)),)
    elif form == "leading":
        leading, remark = _leading(params)
        parts = (Part("", leading),)
    return Formula(form, parts, params, block.preconditions, dict(notation or {}), remark, scope)


def _components(block: Block) -> tuple[Part, ...]:
    """The root's own tensors and each child, as parts; a part that counts nothing is left out."""
    parts = [Part(block.label or block.kind, _own(block))]
    parts += [Part(child.label or child.name or child.kind, bottom_up(child, _collected)) for child in block.children]
    if type(block.repeat) is not int or block.repeat != 1:
        parts = [Part(part.label, block.repeat * part.expr) for part in parts]
    kept = tuple(part for part in parts if part.expr != 0)
    return kept or (Part("", 0),)


def _own(block: Block) -> Any:
    return canonical(sum(tensor.counted for tensor in block.own if tensor.is_parameter))


def _collected(block: Block, below: list[Any]) -> Any:
    """A sum that keeps the brackets of repeated children; sympy leaves a product of symbol and sum as it is."""
    return block.repeat * (_own(block) + sum(below))


def _factored(params: Size) -> Any:
    if isinstance(params, int):
        return params
    import sympy

    return sympy.factor(params)


def _leading(params: Size) -> tuple[Any, str]:
    names = sorted(symbol_names(params))
    if isinstance(params, int) or not names:
        return params, ""
    import sympy

    symbols = [symbol(name) for name in names]
    if not params.is_polynomial(*symbols):
        raise InvalidValue(f"{params} is no polynomial", where="leading term", advice="ask for another form")
    poly = sympy.Poly(params, *symbols)
    degree = poly.total_degree()
    leading = sum(
        coefficient * sympy.prod(base**power for base, power in zip(symbols, powers, strict=True))
        for powers, coefficient in poly.terms()
        if sum(powers) == degree
    )
    if len(names) > 1:
        return leading, f"as {', '.join(names[:-1])} and {names[-1]} grow in proportion"
    return leading, _reach(poly, sympy.Poly(leading, *symbols), names[0])


def _reach(poly: Any, leading: Any, name: str) -> str:
    """From which value on the leading term is within a tenth of the count."""
    gaps = (10 * (poly - leading) - poly, -10 * (poly - leading) - poly)
    roots = [(gap, largest_root(gap)) for gap in gaps if gap.degree() > 0]
    start = max([1, *(root if gap.eval(root) == 0 else root + 1 for gap, root in roots if root is not None)])
    return f"as {name} grows; within 10% of the count for {name} >= {start}"
