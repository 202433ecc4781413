"""Random torch modules on the meta device: nested, with what counters get wrong (ties, sharing, raw parameters)."""

from __future__ import annotations

import contextlib
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import torch
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from torch import nn

from paramcalc.paths import join
from paramcalc.testing.case import Case, quiet, written
from paramcalc.testing.layer_calls import STRATEGIES, cases

NAMES = ("a", "b", "weight", "block", "0", "1", "2")
PARAMETER_TYPES = st.sampled_from([torch.float32, torch.float32, torch.bfloat16, torch.float64, torch.complex64])
BUFFER_TYPES = st.sampled_from([torch.float32, torch.int64, torch.bool, torch.int8])
SHAPES = st.lists(st.integers(0, 5), max_size=3).map(tuple)
LEVELS = 3
MOST_FIELDS = 4
MORE = st.sampled_from([False, True, True, True])
# What comes first is what a failure shrinks to. One draw for all of it: what takes few draws is left out more easily.
KINDS = """parameter parameter parameter frozen_parameter shared_parameter shared_parameter no_parameter layer layer
    frozen_layer module module module frozen_module shared_module shared_module no_module buffer hidden_buffer
    shared_buffer no_buffer"""
FIELDS = st.sampled_from([each.rpartition("_")[::2] for each in KINDS.split()])
SIMPLE = ["Identity", "Linear"]
PLAIN = st.sampled_from(SIMPLE).flatmap(cases)
LAYERS = st.sampled_from([*SIMPLE, *sorted(STRATEGIES.keys() - set(SIMPLE))]).flatmap(cases)
Pool: TypeAlias = "list[tuple[str, Any]]"


@dataclass(frozen=True)
class Sample:
    """A module on the meta device, and the lines of code that build one like it."""

    module: nn.Module
    code: str

    def shorter(self) -> Iterator[Sample]:
        """Yield what is left without each of the lines, the last one first, where that can be built."""
        first, *lines = self.code.splitlines()
        for number in range(len(lines) - 1, -1, -1):
            code = "\n".join([first, *lines[:number], *lines[number + 1 :]])
            with contextlib.suppress(AttributeError):  # of a later line, which needs the one left out
                yield Sample(built(code), code)


def built(code: str) -> nn.Module:
    """Return the module that the code of a sample builds, on the meta device.

    >>> built("model = nn.Module()\\nmodel.a = nn.Linear(4, 3)").a.weight.shape
    torch.Size([3, 4])
    """
    names: dict[str, Any] = {"torch": torch, "nn": nn, "OrderedDict": OrderedDict}
    with quiet(), torch.device("meta"):
        exec(code, names)  # noqa: S102  # the lines are those of this file
    model: nn.Module = names["model"]
    return model


@dataclass
class _Building:
    """A module while it is drawn: the code so far, and what stands where, to be used again elsewhere."""

    draw: st.DrawFn
    layers: SearchStrategy[Case]
    lines: list[str] = field(default_factory=lambda: ["model = nn.Module()"])
    modules: Pool = field(default_factory=list)
    parameters: Pool = field(default_factory=list)
    buffers: Pool = field(default_factory=list)

    def fill(self, node: nn.Module, path: str, levels: int) -> None:
        """Give a module up to four parameters, buffers and children, with so many levels below them."""
        names = list(NAMES)
        while len(names) > len(NAMES) - MOST_FIELDS and self.draw(MORE):
            name = self.draw(st.sampled_from(names))
            names.remove(name)
            how, what = self.draw(FIELDS)
            pool = {"parameter": self.parameters, "buffer": self.buffers, "module": self.modules}.get(what, [])
            if how == "no":
                self.none(node, path, name, what)
            elif how == "shared" and pool:
                first, value = self.draw(st.sampled_from(pool))
                self.put(node, path, name, value, access(first))
            elif what == "parameter":
                self.parameter(node, path, name, frozen=how == "frozen")
            elif what == "buffer":
                self.buffer(node, path, name, persistent=how != "hidden")
            else:
                self.child(node, path, name, levels if what == "module" else 0)
                if how == "frozen":
                    self.modules[-1][1].requires_grad_(False)
                    self.lines.append(f"{access(join(path, name))}.requires_grad_(False)")

    def put(self, node: nn.Module, path: str, name: str, value: Any, code: str) -> None:
        """Put a parameter, a buffer or a module in its place."""
        if isinstance(value, nn.Module | nn.Parameter):
            setattr(node, name, value)
            self.lines.append(assignment(path, name, code))
        else:
            node.register_buffer(name, value)
            self.lines.append(f"{access(path)}.register_buffer({name!r}, {code})")

    def parameter(self, node: nn.Module, path: str, name: str, *, frozen: bool) -> None:
        """Register a new parameter."""
        shape, dtype = self.draw(SHAPES), self.draw(PARAMETER_TYPES)
        tensor = nn.Parameter(torch.empty(shape, dtype=dtype, device="meta"), requires_grad=not frozen)
        flag = ", requires_grad=False" if frozen else ""
        self.put(node, path, name, tensor, f"nn.Parameter({_empty(shape, dtype)}{flag})")
        self.parameters.append((join(path, name), tensor))

    def buffer(self, node: nn.Module, path: str, name: str, *, persistent: bool) -> None:
        """Register a new buffer."""
        shape, dtype = self.draw(SHAPES), self.draw(BUFFER_TYPES)
        tensor = torch.empty(shape, dtype=dtype, device="meta")
        node.register_buffer(name, tensor, persistent=persistent)
        flag = "" if persistent else ", persistent=False"
        self.lines.append(f"{access(path)}.register_buffer({name!r}, {_empty(shape, dtype)}{flag})")
        self.buffers.append((join(path, name), tensor))

    def none(self, node: nn.Module, path: str, name: str, what: str) -> None:
        """Register None, as torch does for a bias that is off."""
        register: Callable[[str, None], None] = getattr(node, f"register_{what}")
        register(name, None)
        self.lines.append(f"{access(path)}.register_{what}({name!r}, None)")

    def child(self, node: nn.Module, path: str, name: str, levels: int) -> None:
        """Register a new module: one to be filled where levels are left, else a layer of the catalogue."""
        inner = join(path, name)
        if levels:
            module = nn.Module()
            self.put(node, path, name, module, "nn.Module()")
            self.fill(module, inner, levels - 1)
        else:
            case = self.draw(self.layers)
            module = case.module()
            self.put(node, path, name, module, case.code)
            self.parameters += ((f"{inner}.{each}", tensor) for each, tensor in module.named_parameters())
        self.modules.append((inner, module))

    def tie(self, model: nn.Module) -> None:
        """Put some parameters of layers in the place of others of the same shape and type."""
        for _ in range(self.draw(st.integers(0, 2))):
            places = list(model.named_parameters(remove_duplicate=False))
            pairs = [
                (first, tensor, place)
                for number, (place, other) in enumerate(places)
                for first, tensor in places[:number]
                if tensor is not other and (tensor.shape, tensor.dtype) == (other.shape, other.dtype)
            ]
            if pairs:
                first, tensor, place = self.draw(st.sampled_from(pairs))
                path, _, name = place.rpartition(".")
                setattr(model.get_submodule(path), name, tensor)
                self.lines.append(assignment(path, name, access(first)))


def access(path: str) -> str:
    """Return the code for what stands at a path.

    >>> access("encoder.0.weight")
    "getattr(model.encoder, '0').weight"
    """
    code = "model"
    for word in path.split(".") if path else []:
        code = f"{code}.{word}" if word.isidentifier() else f"getattr({code}, {word!r})"
    return code


def assignment(path: str, name: str, code: str) -> str:
    """Return the line that puts a parameter or module in its place.

    >>> assignment("encoder", "0", "nn.Identity()")
    "setattr(model.encoder, '0', nn.Identity())"
    """
    if name.isidentifier():
        return f"{access(path)}.{name} = {code}"
    return f"setattr({access(path)}, {name!r}, {code})"


def _empty(shape: tuple[int, ...], dtype: torch.dtype) -> str:
    return f"torch.empty({written(shape)}{'' if dtype == torch.float32 else f', dtype={dtype}'})"


@st.composite
def samples(draw: st.DrawFn, *, plain: bool = False) -> Sample:
    """Draw a module with the code that builds it; `plain` ones have no layers but Identity and Linear, and no ties."""
    building, model = _Building(draw, PLAIN if plain else LAYERS), nn.Module()
    building.fill(model, "", LEVELS)
    if not plain:
        building.tie(model)
    return Sample(model, "\n".join(building.lines))


def modules() -> SearchStrategy[nn.Module]:
    """Return a strategy for torch modules on the meta device, which take no memory.

    They nest up to four levels deep and hold layers of every class of the catalogue, containers included, and what
    counters get wrong: modules and parameters that stand in several places, frozen ones, parameters beside children,
    buffers, persistent or not, tensors without elements, modules without tensors, names that lead to None. They have no
    forward.

    >>> from hypothesis import given
    >>> @given(modules())
    ... def test_bytes(model):
    ...     assert sum(p.nbytes for p in model.parameters()) >= sum(p.numel() for p in model.parameters())
    >>> test_bytes()
    """
    return samples().map(lambda sample: sample.module)
