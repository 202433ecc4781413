"""Small changes of statements: one is left out, a condition always holds, something else is returned or the default."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator

from mutation.random.source import FUNCTIONS, Edit, Source

ALWAYS_LEFT_OUT = (ast.AugAssign, ast.Raise, ast.Continue, ast.Break, ast.Delete)
SAY_WHETHER = {"isinstance", "issubclass", "all", "any", "bool", "hasattr"}


def left_out(source: Source, node: ast.AST) -> Iterator[Edit]:
    """Yield nothing in place of a statement, where that is more than a name that is missing."""
    if (
        isinstance(node, ALWAYS_LEFT_OUT)
        or (isinstance(node, ast.Expr) and not isinstance(node.value, ast.Constant))
        or (isinstance(node, ast.Assign) and _known_without(source, node))
        or (isinstance(node, ast.Return) and not isinstance(next(source.ancestors(node)), FUNCTIONS))
    ):
        yield source.replaced(node, "pass")


def conditions(source: Source, node: ast.AST) -> Iterator[Edit]:
    """Yield conditions that always or never hold; no loop without an end."""
    if isinstance(node, ast.If | ast.IfExp) and "TYPE_CHECKING" not in source.text(node.test):
        yield from (source.replaced(node.test, truth) for truth in ("True", "False"))
    if isinstance(node, ast.While):
        yield source.replaced(node.test, "False")
    if isinstance(node, ast.comprehension):
        yield from (source.replaced(each, truth) for each in node.ifs for truth in ("True", "False"))


def returns(source: Source, node: ast.AST) -> Iterator[Edit]:
    """Yield the return of nothing, and of the other truth."""
    if isinstance(node, ast.Return) and node.value is not None:
        yield source.replaced(node.value, "None")
        if _says_whether(source, node, node.value):
            yield source.replaced(node.value, f"not ({source.text(node.value)})")


def defaults(source: Source, node: ast.AST) -> Iterator[Edit]:
    """Yield an empty text as a default; numbers and truths change wherever they stand."""
    if isinstance(node, ast.arguments):
        for each in (*node.defaults, *node.kw_defaults):
            if isinstance(each, ast.Constant) and isinstance(each.value, str):
                yield source.replaced(each, '""')


def _known_without(source: Source, node: ast.Assign) -> bool:
    """Return whether all that is assigned to is there before."""
    function = source.function(node)
    known = set() if function is None else set(_names_before(function, node.lineno))
    names = [each for target in node.targets for each in ast.walk(target) if isinstance(each, ast.Name)]
    return all(each.id in known for each in names if isinstance(each.ctx, ast.Store))


def _names_before(function: ast.AST, line: int) -> Iterator[str]:
    for each in ast.walk(function):
        if isinstance(each, ast.arg):
            yield each.arg
        if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store) and each.lineno < line:
            yield each.id


def _says_whether(source: Source, node: ast.Return, value: ast.expr) -> bool:
    function = source.function(node)
    told = function is not None and isinstance(function.returns, ast.Name) and function.returns.id == "bool"
    called = isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id in SAY_WHETHER
    plain = isinstance(value, ast.Compare | ast.Constant | ast.UnaryOp)  # which have their own changes
    return (told or called) and not plain


KINDS: tuple[Callable[[Source, ast.AST], Iterator[Edit]], ...] = (left_out, conditions, returns, defaults)
