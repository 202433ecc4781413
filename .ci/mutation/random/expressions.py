"""Small changes of expressions: another operator, one term less, another constant, arguments that change places."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

from mutation.random.source import Edit, Source

COMPARISONS: dict[type[ast.cmpop], tuple[str, tuple[str, ...]]] = {
    ast.Eq: ("==", ("!=",)),
    ast.NotEq: ("!=", ("==",)),
    ast.Lt: ("<", ("<=", ">=")),
    ast.LtE: ("<=", ("<", ">")),
    ast.Gt: (">", (">=", "<=")),
    ast.GtE: (">=", (">", "<")),
    ast.In: ("in", ("not in",)),
    ast.NotIn: ("not in", ("in",)),
    ast.Is: ("is", ("is not",)),
    ast.IsNot: ("is not", ("is",)),
}
OPERATORS: dict[type[ast.operator], tuple[str, tuple[str, ...]]] = {
    ast.Add: ("+", ("-",)),
    ast.Sub: ("-", ("+",)),
    ast.Mult: ("*", ("//", "+")),
    ast.Div: ("/", ("*", "//")),
    ast.FloorDiv: ("//", ("*", "/")),
    ast.Mod: ("%", ("//",)),
    ast.Pow: ("**", ("*",)),
    ast.BitAnd: ("&", ("|",)),
    ast.BitOr: ("|", ("&",)),
    ast.BitXor: ("^", ("&",)),
    ast.LShift: ("<<", (">>",)),
    ast.RShift: (">>", ("<<",)),
}
CHAINS = (ast.Add, ast.Mult, ast.BitOr, ast.BitAnd)
TYPES = {"isinstance", "issubclass", "cast"}
ANY_ORDER = {"max", "min", "Max", "Min"}


def comparisons(source: Source, node: ast.AST) -> Iterator[Edit]:
    """Yield other comparisons."""
    if isinstance(node, ast.Compare):
        operands = [node.left, *node.comparators]
        for (left, right), operator in zip(pairwise(operands), node.ops, strict=True):
            old, others = COMPARISONS[type(operator)]
            place = source.operator(left, right, old)
            yield from (Edit(*place, other) for other in others)


def operators(source: Source, node: ast.AST) -> Iterator[Edit]:
    """Yield other arithmetic, also within an assignment."""
    if isinstance(node, ast.BinOp | ast.AugAssign) and type(node.op) in OPERATORS and not _among_types(source, node):
        old, others = OPERATORS[type(node.op)]
        sides = (node.left, node.right) if isinstance(node, ast.BinOp) else (node.target, node.value)
        place = source.operator(*sides, old)
        yield from (Edit(*place, other) for other in others)


def connectives(source: Source, node: ast.AST) -> Iterator[Edit]:
    """Yield `or` in place of each `and` of a chain, and the reverse."""
    if isinstance(node, ast.BoolOp):
        old, new = ("and", "or") if isinstance(node.op, ast.And) else ("or", "and")
        text, start = "", source.start(node)
        for left, right in pairwise(node.values):
            place = source.operator(left, right, old)
            text += source.data[start : place[0]].decode() + new
            start = place[1]
        yield source.replaced(node, text + source.data[start : source.end(node)].decode())


def terms(source: Source, node: ast.AST) -> Iterator[Edit]:
    """Yield a chain of operands without one of them."""
    if isinstance(node, ast.BoolOp):
        yield from _one_less(source, node, node.values, "and" if isinstance(node.op, ast.And) else "or")
    if isinstance(node, ast.BinOp) and isinstance(node.op, CHAINS):
        first, last = _one_less(source, node, (node.left, node.right), OPERATORS[type(node.op)][0])
        inner = isinstance(node.left, ast.BinOp) and source.start(node.left) == source.start(node)
        yield from (last,) if inner else (first, last)  # the first of several is dropped further inside


def _one_less(source: Source, node: ast.AST, operands: Sequence[ast.AST], word: str) -> Iterator[Edit]:
    places = [source.operator(left, right, word) for left, right in pairwise(operands)]
    start = places[0][1]
    spaces = len(source.data[start:]) - len(source.data[start:].lstrip())
    yield Edit(source.start(node), start + spaces, "")
    ends = [*(place[0] for place in places[1:]), source.end(node)]
    for place, end in zip(places, ends, strict=True):
        kept = len(source.data[: place[0]].rstrip())
        yield Edit(kept, end, " " if end < source.end(node) else "")


def signs(source: Source, node: ast.AST) -> Iterator[Edit]:
    """Yield what stands behind a `not` or a minus."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not | ast.USub):
        start = source.start(node)
        length = len(source.data[start : source.end(node)].removeprefix(b"not").removeprefix(b"-").lstrip())
        yield Edit(start, source.end(node) - length, "")


def constants(source: Source, node: ast.AST) -> Iterator[Edit]:
    """Yield the integers next to one, and the other truth."""
    if isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield source.replaced(node, str(not node.value))
    elif isinstance(node, ast.Constant) and isinstance(node.value, int):
        yield from (source.replaced(node, str(node.value + step)) for step in (1, -1))


def arguments(source: Source, node: ast.AST) -> Iterator[Edit]:
    """Yield calls in which two arguments change places."""
    if isinstance(node, ast.Call) and _called(node) not in TYPES | ANY_ORDER:
        for left, right in pairwise(node.args):
            if not isinstance(left, ast.Starred) and not isinstance(right, ast.Starred):
                between = source.data[source.end(left) : source.start(right)].decode()
                text = source.text(right) + between + source.text(left)
                yield Edit(source.start(left), source.end(right), text)


def _called(node: ast.Call) -> str:
    return ast.unparse(node.func).split(".")[-1]


def _among_types(source: Source, node: ast.AST) -> bool:
    """Return whether a `|` is between types, which no other operator can be."""
    outside = next((each for each in source.ancestors(node) if not isinstance(each, ast.BinOp)), None)
    return isinstance(outside, ast.Call) and _called(outside) in TYPES


def slices(source: Source, node: ast.AST) -> Iterator[Edit]:
    """Yield slices without one of their bounds, or that leave out one more."""
    if not isinstance(node, ast.Slice):
        return
    if node.lower is not None and node.upper is not None:
        yield from (source.replaced(bound, "") for bound in (node.lower, node.upper))
    elif node.lower is not None and node.step is None:
        yield Edit(source.end(node), source.end(node), "-1")
    elif node.upper is not None:
        yield Edit(source.start(node), source.start(node), "1")


KINDS: tuple[Callable[[Source, ast.AST], Iterator[Edit]], ...] = (
    comparisons,
    operators,
    connectives,
    terms,
    signs,
    constants,
    arguments,
    slices,
)
