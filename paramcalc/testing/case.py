"""A call of one catalogue class, as values: a block on one side, a torch module on the other, and the code of it."""

from __future__ import annotations

import contextlib
import inspect
import warnings
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import torch
from torch import nn

from paramcalc.layers import find_layer
from paramcalc.sizes.symbols import symbol
from paramcalc.tree.block import Block

Call: TypeAlias = tuple[tuple[object, ...], dict[str, object]]
Change: TypeAlias = Callable[[str, int], object]

# What torch warns of while it builds a valid layer.
HARMLESS = (
    r"Initializing zero-element tensors is a no-op$",
    r"dropout option adds dropout after all but last recurrent layer",
    r"enable_nested_tensor is True, but self\.use_nested_tensor is False because",
)


@dataclass(frozen=True)
class Bare:
    """A bare parameter: its shape for paramcalc, an nn.Parameter for torch."""

    shape: Any


@dataclass(frozen=True)
class Case:
    """A call of one catalogue class. Its arguments hold plain values, `Bare` parameters and further cases."""

    name: str
    args: tuple[object, ...] = ()
    kwargs: Mapping[str, object] = field(default_factory=dict)

    @property
    def block(self) -> Block:
        """The call as a block."""
        block = _made(self, lambda name: find_layer(name).build, lambda shape: shape)
        assert isinstance(block, Block)
        return block

    def module(self) -> nn.Module:
        """Return the call as a torch module on the meta device."""
        args, kwargs = self.arguments()
        with quiet(), torch.device("meta"):
            module = getattr(nn, self.name)(*args, **kwargs)
        assert isinstance(module, nn.Module)
        return module

    def arguments(self) -> Call:
        """Return the arguments as torch takes them, with modules and parameters on the meta device inside."""
        with quiet(), torch.device("meta"):
            args = tuple(_made(each, _torch_class, _parameter) for each in self.args)
            return args, {name: _made(each, _torch_class, _parameter) for name, each in self.kwargs.items()}

    @property
    def code(self) -> str:
        """The call as one writes it, such as `nn.Linear(3, 4, bias=False)`."""
        given = [*map(written, self.args), *(f"{name}={written(each)}" for name, each in self.kwargs.items())]
        return f"nn.{self.name}({', '.join(given)})"

    def sizes(self) -> dict[str, int]:
        """Return the integer sizes among the arguments, those of inner cases too, under names fit for symbols."""
        found: dict[str, int] = {}
        self.changed(lambda name, size: found.setdefault(name, size))
        return found

    def general(self, names: Collection[str]) -> Case:
        """Return the call with the sizes of those names replaced by symbols of the same names."""
        return self.changed(lambda name, size: symbol(name) if name in names else size)

    def changed(self, change: Change, prefix: str = "") -> Case:
        """Return the call with `change(name, size)` in the place of every integer size."""
        signature = inspect.signature(find_layer(self.name).build)
        bound = signature.bind(*self.args, **self.kwargs)
        given = dict(bound.arguments)
        for name, value in given.items():
            inner = f"{prefix}{_symbol_name(name, given)}"
            is_size = "Size" in str(signature.parameters[name].annotation) and _may_vary(name, given)
            bound.arguments[name] = _changed(value, inner, change if is_size else None, change)
        return Case(self.name, bound.args, bound.kwargs)


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Leave out what torch warns of while it builds a valid layer."""
    with warnings.catch_warnings():
        for message in HARMLESS:
            warnings.filterwarnings("ignore", message)
        yield


def written(value: object) -> str:
    """Return an argument as one writes it, cases and bare parameters as the calls that make them.

    >>> written([Case("Linear", (3, 4)), Bare(5), torch.float16])
    '[nn.Linear(3, 4), nn.Parameter(torch.empty(5)), torch.float16]'
    """
    if isinstance(value, Case):
        return value.code
    if isinstance(value, Bare):
        return f"nn.Parameter(torch.empty({written(value.shape)}))"
    if isinstance(value, list):
        return f"[{', '.join(map(written, value))}]"
    if isinstance(value, tuple):
        return f"({', '.join(map(written, value))}{',' if len(value) == 1 else ''})"
    if isinstance(value, dict):
        items = f"{{{', '.join(f'{key!r}: {written(item)}' for key, item in value.items())}}}"
        return items if type(value) is dict else f"{type(value).__name__}({items})"
    return f"nn.functional.{value.__name__}" if inspect.isroutine(value) else repr(value)


def _torch_class(name: str) -> Callable[..., object]:
    made: Callable[..., object] = getattr(nn, name)
    return made


def _parameter(shape: Any) -> nn.Parameter:
    return nn.Parameter(torch.empty(shape))


def _made(value: object, find: Callable[[str], Callable[..., object]], parameter: Callable[[Any], object]) -> Any:
    """Return an argument as one library takes it, given how it finds a class and makes a bare parameter."""
    if isinstance(value, Case):
        args = [_made(each, find, parameter) for each in value.args]
        return find(value.name)(*args, **{name: _made(each, find, parameter) for name, each in value.kwargs.items()})
    return parameter(value.shape) if isinstance(value, Bare) else _inside(value, lambda _, x: _made(x, find, parameter))


def _inside(value: object, convert: Callable[[object, object], object]) -> object:
    """Return a list, tuple or dictionary with `convert(place, item)` for each item, and any other value as it is."""
    if isinstance(value, list | tuple):
        return type(value)(convert(place, item) for place, item in enumerate(value))
    return type(value)((key, convert(key, item)) for key, item in value.items()) if isinstance(value, dict) else value


def _changed(value: object, name: str, size: Change | None, change: Change) -> Any:
    if isinstance(value, Case):
        return value.changed(change, f"{name}_")
    if isinstance(value, Bare):
        return Bare(_changed(value.shape, name, change, change))
    if type(value) is int and value > 0:
        return size(name, value) if size else value
    return _inside(value, lambda place, item: _changed(item, f"{name}_{place}", size, change))


def _symbol_name(argument: str, given: Mapping[str, object]) -> str:
    """The argument's own name; kdim and vdim share the symbol of embed_dim where they equal it, as torch compares."""
    same = argument in ("kdim", "vdim") and given[argument] == given["embed_dim"]
    return "embed_dim" if same else argument


def _may_vary(argument: str, given: Mapping[str, object]) -> bool:
    """Whether there is a formula in this argument: none for an in_features divided by a broken div_value."""
    divisor = given.get("div_value", 1)
    return not (argument == "in_features" and isinstance(divisor, float) and not divisor.is_integer())
