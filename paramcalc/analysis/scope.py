"""What a derived form holds for, beside its conditions: sizes that are held or given by others, parts of a model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from paramcalc.sizes.symbols import Size
from paramcalc.sizes.write import as_latex, as_text, name_latex, name_text, text_latex
from paramcalc.tree.block import Block


@dataclass(frozen=True)
class Scope:
    """The sizes at which a form was found, those that others give, and the places that it leaves out."""

    fixed: tuple[tuple[str, object], ...] = ()
    follows: tuple[tuple[str, Size], ...] = ()
    left_out: tuple[str, ...] = ()

    @property
    def names(self) -> frozenset[str]:
        """The names of the sizes that are held, or given by others."""
        return frozenset(name for name, _ in (*self.fixed, *self.follows))

    def texts(self, notation: Mapping[str, str] | None = None) -> dict[str, str]:
        """Return what there is to say as text, by its title."""
        fixed = [f"{name_text(name, notation)}={value}" for name, value in self.fixed]
        follows = [f"{name_text(name, notation)}={as_text(size, notation)}" for name, size in self.follows]
        said = {"fixed": fixed, "given by others": follows, "without a form": self.left_out}
        return {title: ", ".join(each) for title, each in said.items() if each}

    def latex(self, notation: Mapping[str, str] | None = None) -> list[str]:
        """Return what there is to say as LaTeX, a clause each."""
        fixed = [f"{name_latex(name, notation)} = {_value_latex(value)}" for name, value in self.fixed]
        follows = [f"{name_latex(name, notation)} = {as_latex(size, notation)}" for name, size in self.follows]
        clauses = [rf"\text{{where }} {_listed(follows)}"] if follows else []
        clauses += [rf"\text{{with }} {_listed(fixed)} \text{{ fixed}}"] if fixed else []
        without = text_latex(f"without {', '.join(self.left_out)}, for which there is no form")
        return [*clauses, *([without] if self.left_out else [])]


NO_LIMIT = Scope()


def scope_of(tree: Block) -> Scope:
    """Return what a tree, and derived trees in it, hold for; truth values that code was called with are no sizes.

    >>> scope_of(Block())
    Scope(fixed=(), follows=(), left_out=())
    """
    found = [(path, block.evidence) for path, block in tree.walk() if block.evidence is not None]
    fixed = [pair for _, each in found for pair in each.fixed.items() if type(pair[1]) is not bool]
    follows = [pair for _, each in found for pair in each.follows.items()]
    left_out = [f"{path}.{place}" if path else place for path, each in found for place in each.left_out]
    return Scope(tuple(dict.fromkeys(fixed)), tuple(dict.fromkeys(follows)), tuple(left_out))


def _listed(items: Sequence[str]) -> str:
    return ",\\; ".join(items)


def _value_latex(value: object) -> str:
    return str(value) if type(value) in (int, float) else text_latex(str(value))
