"""Where a file may be changed, and the lines whose tests may notice."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

from mutation.random import expressions, statements
from mutation.random.source import FUNCTIONS, Edit, Source

ANNOTATIONS = {"annotation", "returns", "bases"}
GUARDS = {"strict", "slots"}  # arguments that change nothing where all is right


@dataclass(frozen=True)
class Place:
    """Where a node is: the first and last line of the head of its statement, and whether it runs at import.

    A default is noticed where its function is called, too: at the head of the body.
    """

    lines: tuple[int, int] = (0, 0)
    at_import: bool = True
    default: bool = False


class Change(NamedTuple):
    """An edit of a kind in a line; the lines whose tests may notice, and others for where no test runs these."""

    kind: str
    line: int
    edit: Edit
    lines: tuple[int, int]
    around: tuple[int, int]
    at_import: bool


def changes(source: Source) -> Iterator[Change]:
    """Yield all small changes of a file, with those that turn out to be no code or none."""
    for node, place in _walk(source, source.tree, Place()):
        for kind in (*expressions.KINDS, *statements.KINDS):
            for edit in kind(source, node):
                own = (source.line(edit.start), source.line(max(edit.start, edit.end - 1)))
                lines = place.lines if place.default else own
                yield Change(kind.__name__, own[0], edit, lines, place.lines, place.at_import)


def _walk(source: Source, node: ast.AST, place: Place) -> Iterator[tuple[ast.AST, Place]]:
    if _is_left_alone(source, node):
        return
    if isinstance(node, ast.stmt):
        place = replace(place, lines=_head(node))
    yield node, place
    for field, value in ast.iter_fields(node):
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST) and not _is_no_code(node, field, child):
                yield from _walk(source, child, _place_within(node, field, place))


def _place_within(node: ast.AST, field: str, place: Place) -> Place:
    if isinstance(node, FUNCTIONS) and field == "args":
        first = next((each for each in node.body if not _is_docstring(each)), node.body[0])
        return Place(_head(first), default=True)
    if isinstance(node, FUNCTIONS) and field == "body":
        return Place(at_import=False)
    return place


def _head(node: ast.stmt) -> tuple[int, int]:
    body = getattr(node, "body", None)
    end = body[0].lineno - 1 if body else node.end_lineno or node.lineno
    return node.lineno, max(node.lineno, end)


def _is_left_alone(source: Source, node: ast.AST) -> bool:
    """Return whether nothing in a node is changed: no code that runs, a message of an error, or a guard."""
    if isinstance(node, ast.JoinedStr):
        return any(isinstance(each, ast.Raise) for each in source.ancestors(node))
    if isinstance(node, ast.FormattedValue):
        return not _is_where_it_says(source, node.value)
    if isinstance(node, ast.Assign):
        return any(isinstance(each, ast.Name) and each.id == "__all__" for each in node.targets)
    if isinstance(node, FUNCTIONS):
        return any("overload" in ast.dump(each) for each in node.decorator_list)
    if isinstance(node, ast.keyword):
        return node.arg in GUARDS
    return isinstance(node, ast.Import | ast.ImportFrom | ast.Assert)


def _is_no_code(node: ast.AST, field: str, child: ast.AST) -> bool:
    """Return whether a part of a node is there for type checkers only."""
    if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
        return field != "orelse"
    if isinstance(node, ast.Call) and node.args[:1] == [child]:
        return ast.unparse(node.func).split(".")[-1] == "cast"
    return field in ANNOTATIONS


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _is_where_it_says(source: Source, node: ast.expr) -> bool:
    """Return whether a value within an f-string stands where its node says; it does not in all versions of Python."""
    try:
        return ast.dump(ast.parse(source.text(node), mode="eval").body) == ast.dump(node)
    except (SyntaxError, IndexError, UnicodeDecodeError):
        return False
