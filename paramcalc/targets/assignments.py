"""Text from the command line: assignments such as lstm_hidden=64, arguments, letters for names."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from typing import Any

from paramcalc.errors import InvalidValue
from paramcalc.sizes.parse import source, syntax

_FLAGS: dict[str, bool | None] = {"true": True, "false": False, "none": None}


def parse_assignments(text: str, *, where: str = "--set") -> dict[str, Any]:
    """Return the assignments in a text: integers, flags, or tuples and lists of them by name.

    >>> parse_assignments("lstm_hidden=64, conv_channels=(32, 64), lstm_norm=false")
    {'lstm_hidden': 64, 'conv_channels': (32, 64), 'lstm_norm': False}

    Raises InvalidValue for anything else.
    """
    call = syntax(f"f({text})", where=where, shown=text)
    form = "name=integer, such as lstm_hidden=64,n_classes=5"
    if not isinstance(call, ast.Call) or call.args or not isinstance(call.func, ast.Name):
        raise InvalidValue(f"got {text[:60]!r}", where=where, expected=form)
    values: dict[str, Any] = {}
    for keyword in call.keywords:
        if keyword.arg is None:
            raise InvalidValue(f"got {text[:60]!r}", where=where, expected=form)
        if keyword.arg in values:
            raise InvalidValue(f"{keyword.arg} is given twice", where=where, expected="each name once")
        values[keyword.arg] = _literal(keyword.value, f"{where} {keyword.arg}")
    return values


def parse_arguments(texts: Iterable[str], *, where: str = "--arg") -> dict[str, Any]:
    """Return the keyword arguments in texts such as "d_model=512": Python literals, flags, or else plain words.

    >>> parse_arguments(["d_model=512", "dropout=0.1", "norm=false", "act=gelu", "kernels=(3, 5)"])
    {'d_model': 512, 'dropout': 0.1, 'norm': False, 'act': 'gelu', 'kernels': (3, 5)}

    Raises InvalidValue for a text without a name, and for a name that is given twice.
    """
    values: dict[str, Any] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        name = name.strip()
        if not (equals and name.isidentifier()):
            raise InvalidValue(f"got {text[:60]!r}", where=where, expected="name=value, such as d_model=512")
        if name in values:
            raise InvalidValue(f"{name} is given twice", where=where, expected="each name once")
        values[name] = _argument(value.strip())
    return values


def _argument(text: str) -> Any:
    if text.lower() in _FLAGS:
        return _FLAGS[text.lower()]
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return text


def parse_letters(text: str, *, where: str = "--notation") -> dict[str, str]:
    """Return the letters that a text gives to names.

    >>> parse_letters("lstm_hidden=h, n_features=F")
    {'lstm_hidden': 'h', 'n_features': 'F'}

    Raises InvalidValue for anything but name=letter pairs.
    """
    letters: dict[str, str] = {}
    for pair in text.split(","):
        name, equals, letter = (part.strip() for part in pair.partition("="))
        if not (equals and name.isidentifier() and re.fullmatch(r"[A-Za-z\\][A-Za-z0-9_{}\\]*", letter)):
            raise InvalidValue(f"got {pair[:60]!r}", where=where, expected="name=letter, such as lstm_hidden=h")
        letters[name] = letter
    return letters


def _literal(node: ast.expr, where: str) -> Any:
    if isinstance(node, ast.Tuple | ast.List):
        kind = tuple if isinstance(node, ast.Tuple) else list
        return kind(_literal(item, where) for item in node.elts)
    if isinstance(node, ast.Name) and node.id.lower() in _FLAGS:
        return _FLAGS[node.id.lower()]
    if isinstance(node, ast.Constant) and (node.value is None or isinstance(node.value, int)):
        return node.value
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and isinstance(node.operand, ast.Constant):
        value = node.operand.value
        if type(value) is int:
            return -value
    raise InvalidValue(f"got {source(node)}", where=where, expected="an integer, a flag or a list of them")
