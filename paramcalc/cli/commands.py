"""The commands: each loads what its targets name, asks one question and prints the answer."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import click

import paramcalc as pc
from paramcalc.cli.options import (
    ARG,
    DEPTH,
    DEVICE,
    SET,
    TARGET,
    VARY,
    Asked,
    checked_form,
    letters,
    pair,
    sizes_option,
)
from paramcalc.errors import unknown_name
from paramcalc.rendering.render import FORMATS
from paramcalc.sizes.counts import parse_count
from paramcalc.targets.target import ALL, Request, Target, load


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(pc.__version__, prog_name="paramcalc")
def commands() -> None:
    """How big a neural network is, and why.

    TARGET is an architecture (amnl, amnl:research), a checkpoint (model.safetensors, its index, model.pt), a Hugging
    Face config.json, a tree saved as JSON, or package.module:build, a class or function that returns a torch module:
    this one runs the code of that module. formula also takes a layer such as LSTM.
    """


@commands.command()
@TARGET
@SET
@VARY
@click.option("--symbolic", is_flag=True, help="Add a column of formulas, in all sizes or those of --vary.")
@ARG
@DEVICE
@click.option("--depth", type=DEPTH, metavar="N", help="Show N levels of the tree.")
@click.option("--bytes", "nbytes", is_flag=True, help="Add a column of bytes.")
@click.option("--fold/--no-fold", default=None, help="Show equal neighbours as one row; done in markdown and text.")
@click.option(
    "--format", "form", default="markdown", show_default=True, metavar="FORMAT", help=f"One of {', '.join(FORMATS)}."
)
def table(
    target: str,
    settings: Mapping[str, Any],
    vary: list[str],
    arguments: Mapping[str, Any],
    device: str,
    *,
    symbolic: bool,
    depth: int | None,
    nbytes: bool,
    fold: bool | None,
    form: str,
) -> None:
    """Print where the parameters of TARGET sit."""
    symbolic = symbolic or bool(vary)
    loaded = load(target, Request(settings, vary or (ALL if symbolic else ()), arguments, device))
    folded = form in ("markdown", "text") if fold is None else fold
    block = pc.fold(loaded.block) if folded else loaded.block
    click.echo(pc.render(block, form, depth=depth, symbolic=symbolic, at=loaded.at, nbytes=nbytes))


@commands.command()
@TARGET
@SET
@VARY
@click.option("--form", metavar="FORM", callback=checked_form, help="One of collected, expanded, factored, leading.")
@click.option("--format", "style", type=click.Choice(["text", "latex"]), default="text", show_default=True)
@click.option("--notation", multiple=True, metavar="NAME=X,...", callback=letters, help="Letters for sizes.")
@ARG
@DEVICE
def formula(
    target: str,
    settings: Mapping[str, Any],
    vary: list[str],
    form: Any,
    style: str,
    notation: Mapping[str, str],
    arguments: Mapping[str, Any],
    device: str,
) -> None:
    """Print the closed form of TARGET, or what is known of a layer such as LSTM.

    Without --vary every size is left symbolic. The form is expanded where one size varies, else collected by component.
    """
    from paramcalc.layers import CATALOGUE
    from paramcalc.rendering.formula import formula_text, layer_sheet
    from paramcalc.sizes.write import check_letters

    if target in CATALOGUE:
        loaded = Target(CATALOGUE[target].block(**settings))
        for name in vary:
            if name not in loaded.block.symbols:
                raise unknown_name("size", name, loaded.block.symbols, where=target)
    else:
        loaded = load(target, Request(settings, vary or ALL, arguments, device), also=CATALOGUE)
    check_letters(notation, loaded.block.symbols)
    if target in CATALOGUE and style == "text" and form is None:
        click.echo(layer_sheet(CATALOGUE[target], settings, notation))
        return
    letters = {**(loaded.notation if style == "latex" else {}), **notation}
    closed = pc.formula(loaded.block, form=form, notation=letters)
    click.echo(closed.latex() if style == "latex" else formula_text(closed))


@commands.command()
@TARGET
@click.argument("size")
@click.option("--budget", required=True, metavar="COUNT", help="The most parameters, such as 3.5M or 3500000.")
@SET
def solve(target: str, size: str, budget: str, settings: Mapping[str, Any]) -> None:
    """Print the largest SIZE of TARGET within a budget of parameters.

    The exit status is 1 where there is none.
    """
    from paramcalc.analysis.solve import solution

    limit = parse_count(budget, where="--budget")
    found = solution(load(target, Request(settings, [size])).block, size, budget=limit)
    click.echo(f"{size} = {found.value:,} gives {found.params:,} parameters, within {limit:,}")
    if found.unconditional not in (None, found.value):
        conditions = " and ".join(map(str, found.conditions))
        click.echo(f"(the count alone would allow {found.unconditional:,}, but the model needs {conditions})")


@commands.command()
@pair
@click.option("--depth", type=DEPTH, default=1, show_default=True, metavar="N", help="Compare N levels of the trees.")
@click.option("--all", "everything", is_flag=True, help="Show what is equal too.")
def diff(a: Asked, b: Asked, *, depth: int, everything: bool) -> None:
    """Print what differs between targets A and B, component by component.

    The exit status is 1 where anything does.
    """
    from paramcalc.rendering.diff import diff_table

    first, second = (load(*each).block for each in (a, b))
    result = pc.diff(first, second, depth=depth)
    click.echo(diff_table(result, a.target, b.target, everything=everything))
    if result.differs:
        raise SystemExit(1)


@commands.command()
@pair
@click.option("--symbolic", is_flag=True, help="Leave every size of A open, to be read off B.")
@click.option("--all", "everything", is_flag=True, help="Show every difference, not the first 20.")
def verify(a: Asked, b: Asked, *, symbolic: bool, everything: bool) -> None:
    """Compare targets A and B tensor by tensor: names, shapes, roles and ties.

    Sizes that A leaves open take the values that the shapes of B give them. The exit status is 1 where anything
    differs. A checkpoint says neither roles nor ties: names and shapes are compared.
    """
    from paramcalc.rendering.verify import verification_text
    from paramcalc.verification.verify import checkpoint_of

    first = load(a.target, replace(a.request, vary=ALL) if symbolic else a.request)
    second = load(*b)
    checkpoint = checkpoint_of(not first.roles, not second.roles)
    result = pc.verify(first.block, second.block, checkpoint=checkpoint)
    click.echo(verification_text(result, a.target, b.target, most=None if everything else 20))
    if not result.holds:
        raise SystemExit(1)


@commands.command()
@TARGET
@sizes_option("--at", "at", "The sizes to start from: d_model=64,n_layers=2 or widths=[64,32].")
@VARY
@ARG
@click.option("--form", metavar="FORM", callback=checked_form, help="One of collected, expanded, factored, leading.")
@click.option("--format", "style", type=click.Choice(["text", "latex", "json"]), default="text", show_default=True)
@click.option("--seconds", type=float, default=300, show_default=True, help="Give up after so long.")
@click.option("--builds", type=int, default=1000, show_default=True, help="Give up after so many models.")
def derive(
    target: str,
    at: Mapping[str, Any],
    vary: list[str],
    arguments: Mapping[str, Any],
    form: Any,
    style: str,
    seconds: float,
    builds: int,
) -> None:
    """Derive the closed form of TARGET from what its code builds, and prove it on models that it had not seen.

    TARGET is package.module:build, whose code is run, or a Hugging Face config.json. The integers of --at and --arg, or
    those of --vary alone, become symbols, those in lists one by one (widths_0); those of a config are found by
    themselves.
    """
    from paramcalc.derivation.models.prober import Limits
    from paramcalc.rendering.derived import derived_text
    from paramcalc.targets.target import derived

    tree = derived(target, {**at, **arguments}, vary or None, Limits(builds, seconds), _progress())
    if sys.stderr.isatty():
        click.echo("\r\033[K", nl=False, err=True)
    closed = pc.formula(tree, form=form)
    if style == "json":
        click.echo(pc.to_json(tree))
    else:
        click.echo(closed.latex() if style == "latex" else derived_text(tree, closed))


def _progress() -> Callable[[int, str], None] | None:
    """A line that tells what a derivation does, where a person looks on."""
    if not sys.stderr.isatty():
        return None
    return lambda builds, doing: click.echo(f"\r\033[K{builds} models built: {doing} ...", nl=False, err=True)
