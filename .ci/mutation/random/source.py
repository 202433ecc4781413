"""A Python file as bytes and syntax tree, and small edits of it that leave the rest of the text as it is."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass(frozen=True)
class Edit:
    """Other text for the bytes from a start to an end."""

    start: int
    end: int
    text: str


class Source:
    """The text of a file, where its nodes stand in it, and what they are part of."""

    def __init__(self, text: str) -> None:
        self.data = text.encode()
        self.tree = ast.parse(text)
        self._dump = ast.dump(self.tree)
        self._starts = [0, *accumulate(len(line) for line in self.data.splitlines(keepends=True))]
        self._parents = {child: node for node in ast.walk(self.tree) for child in ast.iter_child_nodes(node)}

    def start(self, node: ast.AST) -> int:
        """Return the first byte of a node."""
        return self._starts[node.lineno - 1] + node.col_offset  # type: ignore[attr-defined, no-any-return]

    def end(self, node: ast.AST) -> int:
        """Return the byte after a node."""
        return self._starts[node.end_lineno - 1] + node.end_col_offset  # type: ignore[attr-defined, no-any-return]

    def text(self, node: ast.AST) -> str:
        """Return a node as it is written."""
        return self.data[self.start(node) : self.end(node)].decode()

    def replaced(self, node: ast.AST, text: str) -> Edit:
        """Return the edit that writes a node in another way."""
        return Edit(self.start(node), self.end(node), text)

    def operator(self, left: ast.AST, right: ast.AST, words: str) -> tuple[int, int]:
        """Return where the operator between two operands stands; brackets and comments may be around it."""
        start = self.end(left)
        between = self.data[start : self.start(right)]
        between = re.sub(rb"#[^\n]*", lambda comment: b" " * len(comment[0]), between)
        found = re.search(r"\s+".join(map(re.escape, words.split())).encode(), between)
        assert found is not None, f"no {words} in {between!r}"
        return start + found.start(), start + found.end()

    def ancestors(self, node: ast.AST) -> Iterator[ast.AST]:
        """Yield what a node is part of, from the inside to the outside."""
        parent = self._parents.get(node)
        while parent is not None:
            yield parent
            parent = self._parents.get(parent)

    def function(self, node: ast.AST) -> ast.FunctionDef | ast.AsyncFunctionDef | None:
        """Return the innermost function that a node is part of, None for one outside of all."""
        return next((each for each in self.ancestors(node) if isinstance(each, FUNCTIONS)), None)

    def line(self, place: int) -> int:
        """Return the number of the line of a byte."""
        return self.data.count(b"\n", 0, place) + 1

    def edited(self, edit: Edit) -> str | None:
        """Return the text after an edit, or None where that is no code or says the same."""
        text = (self.data[: edit.start] + edit.text.encode() + self.data[edit.end :]).decode()
        try:
            tree = ast.parse(text)
            compile(tree, "edited", "exec")
        except SyntaxError:
            return None
        return text if ast.dump(tree) != self._dump else None
