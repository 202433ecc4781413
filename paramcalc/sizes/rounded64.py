"""Integers that code computes in double precision, or by a function of integers that has no formula.

At any sizes such a number is what the code computes there, also where a floating-point number is a little less than the
exact one: `int(90 * 0.7)` is 62.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from typing import Any

import sympy

from paramcalc.errors import InvalidValue, shortened
from paramcalc.sizes.double.programs import (
    COMPARED,
    ROUNDINGS,
    WHOLE,
    Node,
    is_whole,
    names_in,
    never_negative,
    number_at,
    parts_of,
    replaced,
    with_floors,
)
from paramcalc.sizes.double.text import node_latex, node_text

MOST_NODES = 500  # of a program
LETTERS = ("n", "m", "k", "p", "q", "r", "s", "t")  # for what is no symbol alone

MEANT = {
    **{f"{name}64": f"Python's math.{name}" for name in ("floor", "ceil")},
    "round64": "Python's round",
    "trunc64": "Python's int",
    "holds64": "1 where the comparison holds, else 0",
}
BRACKETS = {
    "floor64": (r"\left\lfloor", r"\right\rfloor_{64}"),
    "ceil64": (r"\left\lceil", r"\right\rceil_{64}"),
    "round64": (r"\left\lfloor", r"\right\rceil_{64}"),
    "trunc64": (r"\operatorname{trunc}_{64}\left(", r"\right)"),
    "holds64": (r"\left[", r"\right]_{64}"),
}


class Program(sympy.AtomicExpr):  # type: ignore[misc]  # sympy has no types
    """A program, whose sizes are `x0`, `x1`, ..."""

    __slots__ = ("node", "text")

    def __new__(cls, node: Node) -> Program:
        """Make a program of its node."""
        made: Program = super().__new__(cls)
        made.node, made.text = node, node_text(node, {})
        return made

    def __getnewargs__(self) -> tuple[Node]:
        return (self.node,)

    def _hashable_content(self) -> tuple[str]:
        return (self.text,)

    def _sympystr(self, _: Any) -> str:
        return str(self.text)


class rounded64(sympy.Function):  # type: ignore[misc]  # sympy has no types  # the name that is known
    """An integer that a program computes of sizes.

    >>> d = sympy.Symbol("d", integer=True, positive=True)
    >>> made = computed(("trunc", ("*", ("number", 0.7), ("symbol", "d"))), {"d": d})
    >>> made, made.subs(d, 10), made.subs(d, 90)
    (trunc64(0.7*d), 7, 62)
    """

    is_integer = True

    @classmethod
    def eval(cls, program: Any, *sizes: Any) -> Any:
        """Return the number where all sizes are numbers, a shorter program where some are."""
        if not any(size.is_Integer for size in sizes):
            return None
        known = {f"x{place}": ("number", int(size)) for place, size in enumerate(sizes) if size.is_Integer}
        if len(known) == len(sizes):
            return sympy.Integer(number_at(program.node, {name: value for name, (_, value) in known.items()}))
        others = {f"x{place}": size for place, size in enumerate(sizes) if not size.is_Integer}
        return computed(replaced(program.node, known), others)

    @property
    def node(self) -> Node:
        """The program; its symbols are `x0`, `x1`, ... for the sizes."""
        node: Node = self.args[0].node
        return node

    @property
    def sizes(self) -> tuple[Any, ...]:
        """What the program computes with."""
        return tuple(self.args[1:])

    @property
    def signs(self) -> dict[str, bool]:
        """Which sizes are never negative, by their names in the program."""
        return {f"x{place}": bool(size.is_nonnegative) for place, size in enumerate(self.sizes)}

    def _eval_is_nonnegative(self) -> bool | None:
        return True if never_negative(self.node, self.signs) else None

    def _eval_is_positive(self) -> bool | None:
        return True if self.node[0] in ("gcd", "lcm") and all(size.is_positive for size in self.sizes) else None

    def _sympystr(self, printer: Any) -> str:
        return self._written(printer._print)

    def _written(self, shown: Callable[[Any], str]) -> str:
        """The program as text: sizes that are no symbols have letters, which are explained at the end."""
        texts = [shown(size) for size in self.sizes]
        used = {symbol.name for size in self.sizes for symbol in size.free_symbols} | set(texts)
        letters = iter([*(each for each in LETTERS if each not in used), *(f"n_{number}" for number in range(99))])
        names, explained = {}, []
        for place, (size, text) in enumerate(zip(self.sizes, texts, strict=True)):
            names[f"x{place}"] = text if size.is_Symbol else next(letters)
            explained += [] if size.is_Symbol else [f"{names[f'x{place}']}={text}"]
        head, inside = _head(self.node)
        return f"{head}({', '.join([*(node_text(part, names) for part in inside), *explained])})"

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        names = {f"x{place}": _enclosed(size, printer._print(size)) for place, size in enumerate(self.sizes)}
        head, inside = self.latex_head
        left, right = BRACKETS.get(head, ("", ""))
        text = rf"{left} {node_latex(inside[0], names)} {right}" if left else node_latex(self.node, names)
        return text if exp is None else rf"{text}^{{{exp}}}"

    @property
    def latex_head(self) -> tuple[str, Sequence[Node]]:
        """What its brackets in LaTeX mean, and what is in them: those of `int()` are a floor where that is the same."""
        return _head(with_floors(self.node, self.signs))


def _enclosed(size: Any, text: str) -> str:
    return text if size.is_Symbol or size.is_Function else rf"\left({text}\right)"


def explained(exprs: Iterable[Any], *, latex: bool = False) -> str:
    r"""Return what the roundings in some expressions are called, and mean, as one note; empty where there are none.

    >>> d = sympy.Symbol("d", integer=True, positive=True)
    >>> size = 3 * computed(("trunc", ("*", ("number", 0.7), ("symbol", "d"))), {"d": d})
    >>> explained([size])
    "trunc64 is Python's int, computed in double precision"
    >>> print(explained([size], latex=True))
    \left\lfloor \cdot \right\rfloor_{64} \text{ is Python's math.floor, computed in double precision}
    """
    found = {each for expr in exprs if not isinstance(expr, int) for each in expr.atoms(rounded64)}
    names = {(each.latex_head if latex else _head(each.node))[0] for each in found}
    kept = [name for name in MEANT if name in names]
    if not kept:
        return ""
    meant = [f"is {MEANT[name]}, {'computed in double precision' if name == kept[-1] else ''}" for name in kept]
    if not latex:
        return " ".join(f"{name} {each}".rstrip() for name, each in zip(kept, meant, strict=True))
    signs = [r" \cdot ".join(BRACKETS[name]) for name in kept]
    return " ".join(rf"{sign} \text{{ {each}}}" for sign, each in zip(signs, meant, strict=True))


def _head(node: Node) -> tuple[str, Sequence[Node]]:
    """What a program is called in text, and what stands in its brackets."""
    kind, *parts = node
    if kind in COMPARED:
        return "holds64", [node]
    return (kind, parts) if kind in WHOLE else (f"{kind}64", parts) if kind in ROUNDINGS else ("trunc64", [node])


def headed(name: str, parts: Sequence[Node]) -> Node:
    """Return the program that stands in text as a function of other programs.

    >>> headed("floor64", [("symbol", "d")]), headed("gcd", [("symbol", "d"), ("number", 8)])
    (('floor', ('symbol', 'd')), ('gcd', ('symbol', 'd'), ('number', 8)))

    Raises InvalidValue for a number that is to hold.
    """
    if name == "holds64" and parts[0][0] not in COMPARED:
        text = shortened(node_text(parts[0], {}))
        raise InvalidValue(f"holds64({text}) is of no comparison", expected="one, such as holds64(n < 0.9*v)")
    return parts[0] if name == "holds64" else (name.removesuffix("64"), *parts)


def computed(node: Node, sizes: Mapping[str, Any]) -> Any:
    """Return the integer that a program computes of sizes, which are its symbols, as an expression.

    Raises InvalidValue for a program that is too large, or that computes no integer.
    """
    names = names_in(node)
    if len(list(islice(parts_of(node), MOST_NODES + 1))) > MOST_NODES:
        raise InvalidValue(f"a program of more than {MOST_NODES} operations", expected="a smaller one")
    odd = next((each for each in parts_of(node) if each[0] in WHOLE and not all(map(is_whole, each[1:]))), None)
    if odd is not None:
        raise InvalidValue(f"{shortened(node_text(odd, {}))} is of fractions", expected="integers")
    if not is_whole(node):
        raise InvalidValue(f"{shortened(node_text(node, {}))} is no integer", expected="a rounded number")
    if not names:
        return sympy.Integer(number_at(node, {}))
    kept = list(dict.fromkeys(sizes[name] for name in names))
    places: dict[str, Node] = {name: ("symbol", f"x{kept.index(sizes[name])}") for name in names}
    return rounded64(Program(replaced(node, places)), *kept)
