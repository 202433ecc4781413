"""The catalogue's register: what a layer is called, how to build its block, and how its general formula is written."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, ParamSpec

from paramcalc.errors import InvalidType, unknown_name
from paramcalc.sizes.symbols import as_expr, is_expr, symbol
from paramcalc.tree.block import Block
from paramcalc.tree.dtypes import dtype_name
from paramcalc.tree.node import Argument

P = ParamSpec("P")
TORCH_DOCS = "https://docs.pytorch.org/docs/stable/generated/torch.nn.{}.html"

# Arguments that torch accepts and that change no tensor: taken, and left out of the block's title.
_IGNORED = """
    stride padding dilation output_padding padding_mode eps momentum process_group batch_first dropout activation
    layer_norm_eps norm_first nonlinearity padding_idx max_norm norm_type scale_grad_by_freq sparse mode
    include_last_offset add_zero_attn enable_nested_tensor mask_check init device reduction ignore_index
    label_smoothing options
"""
NO_EFFECT = frozenset(_IGNORED.split())
IN_CHILDREN = frozenset({"modules", "values", "parameters"})


@dataclass(frozen=True)
class Layer:
    """A catalogue entry: the function that builds it, the symbols of its general form, and its notable variants."""

    name: str
    build: Callable[..., Block]
    general: Mapping[str, Any]
    variants: tuple[Mapping[str, Any], ...] = ()

    @property
    def summary(self) -> str:
        """The first sentence of the entry's documentation."""
        return (self.build.__doc__ or "").split("\n\n")[0].strip()

    @property
    def source(self) -> str:
        """Where torch documents the class."""
        return TORCH_DOCS.format(self.name)

    def symbols(self, variant: Mapping[str, Any]) -> dict[str, Any]:
        """Return the arguments of a variant, with symbols where it names them."""
        return {name: _general(value) for name, value in variant.items()}

    def block(self, /, **arguments: object) -> Block:
        """Return the general form, with some arguments given and the rest symbolic or at their defaults."""
        known = inspect.signature(self.build).parameters
        for name in arguments:
            if name not in known:
                raise unknown_name("argument", name, known, where=self.name)
        return self.build(**{**self.symbols(self.general), **arguments})


VARIADIC = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
CATALOGUE: dict[str, Layer] = {}


def layer(
    *variants: Mapping[str, Any], name: str = "", doc: str = "", **general: Any
) -> Callable[[Callable[P, Block]], Callable[P, Block]]:
    """Register a function as the catalogue's layer of its name; refuses a second one.

    `name` and `doc` stand in for the function's own where one function serves a family of layers. Other keyword
    arguments give the general form: a string names a symbol, a tuple holds several, a function makes a block. Required
    arguments are symbols of their own name without being listed. Each variant is a set of arguments worth a formula of
    its own.
    """

    def register(build: Callable[P, Block]) -> Callable[P, Block]:
        build.__name__ = build.__qualname__ = title = name or build.__name__
        build.__doc__ = doc or build.__doc__
        signature = inspect.signature(build)
        if title in CATALOGUE:
            raise ValueError(f"layer {title} is registered twice")

        @functools.wraps(build)
        def checked(*args: P.args, **kwargs: P.kwargs) -> Block:
            try:
                given = signature.bind(*args, **kwargs).arguments
            except TypeError as error:
                raise InvalidType(str(error), where=title, expected=f"{title}{_plain_signature(signature)}") from None
            _check_flags(title, signature, given)
            return replace(build(*args, **kwargs), kind=title, args=_shown(signature, given))

        required = {
            each.name: each.name
            for each in signature.parameters.values()
            if each.default is each.empty and each.kind not in VARIADIC
        }
        CATALOGUE[title] = Layer(title, checked, {**required, **general}, variants)
        return checked

    return register


def find_layer(name: str) -> Layer:
    """Return the catalogue entry of that name.

    Raises UnknownName, with near matches, where there is none.
    """
    if name not in CATALOGUE:
        raise unknown_name("layer", name, CATALOGUE)
    return CATALOGUE[name]


def _general(value: object) -> object:
    if isinstance(value, tuple):
        return tuple(_general(item) for item in value)
    if callable(value):
        return value()
    return symbol(value) if isinstance(value, str) else value


def _plain_signature(signature: inspect.Signature) -> str:
    bare = [parameter.replace(annotation=parameter.empty) for parameter in signature.parameters.values()]
    return str(signature.replace(parameters=bare, return_annotation=signature.empty))


def _check_flags(name: str, signature: inspect.Signature, given: Mapping[str, object]) -> None:
    for argument, value in given.items():
        if isinstance(signature.parameters[argument].default, bool) and not isinstance(value, bool):
            raise InvalidType(f"got {value!r}", where=f"{name}.{argument}", expected="True or False")


def _shown(signature: inspect.Signature, given: Mapping[str, object]) -> tuple[Argument, ...]:
    """The arguments of the title: required ones by position, others by name where they differ from the default."""
    shown: list[Argument] = []
    by_position = True
    for name, parameter in signature.parameters.items():
        required = parameter.default is parameter.empty
        value = given.get(name, parameter.default)
        value = dtype_name(value) if name == "dtype" and value is not None else _shown_value(value)
        if name in NO_EFFECT | IN_CHILDREN or value is NotImplemented or parameter.kind in VARIADIC:
            by_position = False
        elif required or value != parameter.default:
            by_position = by_position and required
            shown.append(Argument("" if by_position else name, value, None if required else parameter.default))
    return tuple(shown)


def _shown_value(value: object) -> object:
    """An argument as a title can hold it; NotImplemented for blocks and whatever else the children show anyway."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if is_expr(value):
        return as_expr(value, least=None, whole=False)
    if hasattr(value, "tolist"):
        return _shown_value(value.tolist())
    if isinstance(value, list | tuple):
        items = tuple(map(_shown_value, value))
        return NotImplemented if any(item is NotImplemented for item in items) else items
    return NotImplemented
