"""The errors paramcalc raises: one base, few kinds, each also a standard exception."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


class ParamcalcError(Exception):
    """The base of every error that paramcalc raises on purpose.

    `problem` says what was given, `where` at which argument, file or tensor, `expected` what would have been right and
    `advice` what to do next; `str` joins them to one sentence.

    >>> str(ParamcalcError("got -3", where="Linear.in_features", expected="a size of 1 or more"))
    'Linear.in_features: got -3; expected a size of 1 or more'
    """

    def __init__(self, problem: str, *, where: str = "", expected: str = "", advice: str = "") -> None:
        self.problem = problem
        self.where = where
        self.expected = expected
        self.advice = advice
        super().__init__(problem)

    def __str__(self) -> str:
        sentence = f"{self.where}: {self.problem}" if self.where else self.problem
        if self.expected:
            sentence += f"; expected {self.expected}"
        return f"{sentence}; {self.advice}" if self.advice else sentence


class InvalidValue(ParamcalcError, ValueError):
    """A value of the right type that cannot be used."""


class InvalidType(ParamcalcError, TypeError):
    """A value of a type that cannot be used."""


class UnknownName(ParamcalcError, LookupError):
    """A name that nothing answers to; the message offers near matches."""


class NoForm(InvalidValue):
    """Code that no closed form was found for; `proven` is the part of its tree that has one, None where none has."""

    def __init__(
        self, problem: str, *, where: str = "", expected: str = "", advice: str = "", proven: Any = None
    ) -> None:
        super().__init__(problem, where=where, expected=expected, advice=advice)
        self.proven = proven


class PreconditionFailed(ParamcalcError, ValueError):
    """Sizes that break a condition under which a formula holds."""


class NoSolution(ParamcalcError, ValueError):
    """A question that has no answer, such as a budget that the smallest model already breaks."""


class CountOverflow(ParamcalcError, OverflowError):
    """A count that does not fit the integers of the array that was given."""


class BadFile(ParamcalcError, ValueError):
    """A file that is not what it says."""


def shortened(text: str, most: int = 60) -> str:
    """Return a text of at most so many letters, three dots for what is left out.

    >>> shortened("embedding", 8), shortened("weight", 8)
    ('embed...', 'weight')
    """
    return text if len(text) <= most else f"{text[: most - 3]}..."


def unknown_name(what: str, name: str, known: Iterable[str], *, where: str = "") -> UnknownName:
    """Return the error for a `name` that is not among the `known` ones, with near matches, or else the known names.

    >>> str(unknown_name("symbol", "lstm_hiden", ["lstm_hidden", "n_classes"]))
    "unknown symbol 'lstm_hiden'; did you mean 'lstm_hidden'?"
    >>> str(unknown_name("symbol", "x", ["lstm_hidden", "n_classes"]))
    "unknown symbol 'x'; known: lstm_hidden, n_classes"
    """
    import difflib

    ordered = sorted(known) if isinstance(known, set | frozenset) else known
    names = {each.casefold(): each for each in ordered}
    near = [names[each] for each in difflib.get_close_matches(name.casefold(), names, n=2, cutoff=0.6)]
    if near:
        advice = f"did you mean {' or '.join(map(repr, near))}?"
    elif names:
        listed = list(names.values())
        advice = f"known: {', '.join(listed[:20])}{', ...' if len(listed) > 20 else ''}"
    else:
        advice = f"there is no {what} at all"
    return UnknownName(f"unknown {what} {shortened(name)!r}", where=where, advice=advice)
