"""Which sizes matter in ways that the code did not tell while it was traced, and what had lost the memory of these."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from paramcalc.derivation.domain.domain import Domain
from paramcalc.derivation.fitting.clues import Clues
from paramcalc.sizes.conditions import Condition
from paramcalc.sizes.symbols import symbol_names
from paramcalc.tree.block import Block
from paramcalc.tree.shapes import dimensions

MOST_NAMED = 16  # calls that lost sizes


def untold(
    clues: Clues, tree: Block, guesses: Iterable[Any], domain: Domain, assumed: Collection[Condition]
) -> frozenset[str]:
    """Return the sizes in expressions of a tree, and in conditions, that the code did not tell.

    Expressions that were fitted are its `guesses`, but for sizes that stand alone: those are told where torch was given
    them.
    """
    alone = [size for size in dimensions(tree) if not isinstance(size, int) and size.is_Symbol]
    told = {*domain.divisions, *domain.branches, *domain.divisors, *assumed}
    guessed = [each.symbols for each in domain.conditions if each not in told]
    expressions = [*guesses, *(size for size in alone if size not in clues.told)]
    return frozenset().union(*map(symbol_names, expressions), *guessed)


def lost(clues: Clues, names: Collection[str]) -> tuple[str, ...]:
    """Return the calls that lost some of these sizes, in words: which, by what, and in which code.

    >>> lost(Clues(losses={"json.loads in model:build": frozenset("ab"), "math.log in model:init": {"c"}}), {"b"})
    ('b: json.loads in model:build',)
    """
    found = {call: sorted(sizes & set(names)) for call, sizes in sorted(clues.losses.items())}
    return tuple(f"{', '.join(sizes)}: {call}" for call, sizes in found.items() if sizes)[:MOST_NAMED]
