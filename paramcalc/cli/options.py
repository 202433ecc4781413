"""The arguments and options that commands share, read into values."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, NamedTuple, TypeAlias

import click

from paramcalc.errors import unknown_name
from paramcalc.sources.modules.factory import DEVICES
from paramcalc.targets.assignments import parse_arguments, parse_assignments, parse_letters
from paramcalc.targets.target import Request

Command: TypeAlias = Callable[..., None]


def _settings(_: click.Context, option: click.Parameter, texts: tuple[str, ...]) -> dict[str, Any]:
    return parse_assignments(",".join(texts), where=option.opts[0]) if texts else {}


def _arguments(_: click.Context, option: click.Parameter, texts: tuple[str, ...]) -> dict[str, Any]:
    return parse_arguments(texts, where=option.opts[0])


def _names(_: click.Context, __: click.Parameter, texts: tuple[str, ...]) -> list[str]:
    return [name.strip() for text in texts for name in text.split(",") if name.strip()]


def letters(_: click.Context, __: click.Parameter, texts: tuple[str, ...]) -> dict[str, str]:
    """Read the letters that --notation gives to sizes."""
    return parse_letters(",".join(texts)) if texts else {}


def sizes_option(option: str, parameter: str, help_text: str) -> Callable[[Command], Command]:
    """Return an option that gives sizes a value: NAME=N,..."""
    return click.option(option, parameter, multiple=True, metavar="NAME=N,...", callback=_settings, help=help_text)


def checked_form(_: click.Context, option: click.Parameter, form: str | None) -> str | None:
    """Refuse a form that `formula` does not have."""
    from paramcalc.analysis.formula import FORMS

    if form is not None and form not in FORMS:
        raise unknown_name("form", form, FORMS, where=option.opts[0])
    return form


def given_option(option: str, parameter: str, help_text: str) -> Callable[[Command], Command]:
    """Return an option that gives a factory an argument: NAME=VALUE."""
    return click.option(option, parameter, multiple=True, metavar="NAME=VALUE", callback=_arguments, help=help_text)


TARGET = click.argument("target", metavar="TARGET")
SET = sizes_option("--set", "settings", "Give sizes a value: lstm_hidden=64,n_classes=5 or conv_channels=(32,64).")
ARG = given_option("--arg", "arguments", "Give a factory package.module:build an argument; once for each.")
DEVICE = click.option(
    "--device", type=click.Choice(DEVICES), default="meta", show_default=True, help="Where a factory builds its model."
)
VARY = click.option("--vary", multiple=True, metavar="NAME,...", callback=_names, help="Leave these sizes symbolic.")
DEPTH = click.IntRange(min=0)


class Asked(NamedTuple):
    """A target, and what is said of it."""

    target: str
    request: Request


def pair(command: Command) -> Command:
    """Give a command two targets `a` and `b`, each with what its options say of it."""

    @wraps(command)
    def asked(a: str, b: str, *, set_a: Any, set_b: Any, arg_a: Any, arg_b: Any, device: str, **others: Any) -> None:
        first = Asked(a, Request(set_a, arguments=arg_a, device=device))
        second = Asked(b, Request(set_b, arguments=arg_b, device=device))
        command(first, second, **others)

    options: list[Callable[[Command], Command]] = [
        click.argument("a", metavar="A"),
        click.argument("b", metavar="B"),
        sizes_option("--set-a", "set_a", "Give sizes of A a value."),
        sizes_option("--set-b", "set_b", "Give sizes of B a value."),
        given_option("--arg-a", "arg_a", "Give the factory A an argument."),
        given_option("--arg-b", "arg_b", "Give the factory B an argument."),
        DEVICE,
    ]
    made: Command = asked
    for option in reversed(options):
        made = option(made)
    return made
