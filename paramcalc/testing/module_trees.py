"""Random torch modules on the meta device: nested, with what counters get wrong (ties, sharing, raw parameters)."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial, reduce
from typing import Any, NamedTuple, TypeAlias

import torch
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from torch import nn

from paramcalc.testing.case import Case, written
from paramcalc.testing.layer_calls import STRATEGIES, cases
from paramcalc.tree.paths import join

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
Pool: TypeAlias = list[str]  # paths


class Step(NamedTuple):
    """A line of code that adds something to a module, and what it does to the module `model`."""

    code: str
    act: Callable[[nn.Module], None]


@dataclass(frozen=True)
class Sample:
    """A module on the meta device, and the steps that build one like it."""

    module: nn.Module
    steps: tuple[Step, ...]

    @property
    def code(self) -> str:
        """The code that builds such a module."""
        return "\n".join(["model = nn.Module()", *(step.code for step in self.steps)])

    def shorter(self) -> Iterator[Sample]:
        """Yield what is left without each of the steps, the last one first, where that can be built."""
        for number in range(len(self.steps) - 1, -1, -1):
            steps = self.steps[:number] + self.steps[number + 1 :]
            with contextlib.suppress(AttributeError):  # of a later step, which needs the one left out
                yield Sample(built(steps), steps)


def built(steps: Iterable[Step]) -> nn.Module:
    """Return a new module that these steps build."""
    model = nn.Module()
    for step in steps:
        step.act(model)
    return model


@dataclass
class _Building:
    """A module while it is drawn: the code so far, and what stands where, to be used again elsewhere."""

    draw: st.DrawFn
    layers: SearchStrategy[Case]
    model: nn.Module = field(default_factory=nn.Module)
    steps: list[Step] = field(default_factory=list)
    modules: Pool = field(default_factory=list)
    parameters: Pool = field(default_factory=list)
    buffers: Pool = field(default_factory=list)

    def fill(self, path: str, levels: int) -> None:
        """Give a module up to four parameters, buffers and children, with so many levels below them."""
        names = list(NAMES)
        while len(names) > len(NAMES) - MOST_FIELDS and self.draw(MORE):
            name = self.draw(st.sampled_from(names))
            names.remove(name)
            how, what = self.draw(FIELDS)
            pool = {"parameter": self.parameters, "buffer": self.buffers, "module": self.modules}.get(what, [])
            if how == "no":
                self.none(path, name, what)
            elif how == "shared" and pool:
                first = self.draw(st.sampled_from(pool))
                self.put(path, name, access(first), partial(at, path=first), what)
            elif what == "parameter":
                self.parameter(path, name, frozen=how == "frozen")
            elif what == "buffer":
                self.buffer(path, name, persistent=how != "hidden")
            else:
                self.child(path, name, levels if what == "module" else 0, frozen=how == "frozen")

    def step(self, code: str, act: Callable[[nn.Module], None]) -> None:
        """Take a step, and note it."""
        act(self.model)
        self.steps.append(Step(code, act))

    def put(self, path: str, name: str, code: str, value: Callable[[nn.Module], Any], what: str = "") -> None:
        """Put a parameter, a buffer or a module in its place, given how to get it from the model."""
        if what == "buffer":
            code = f"{access(path)}.register_buffer({name!r}, {code})"
            self.step(code, lambda model: at(model, path).register_buffer(name, value(model)))
        else:
            self.step(assignment(path, name, code), lambda model: setattr(at(model, path), name, value(model)))

    def parameter(self, path: str, name: str, *, frozen: bool) -> None:
        """Register a new parameter."""
        shape, dtype = self.draw(SHAPES), self.draw(PARAMETER_TYPES)

        def new(_: nn.Module) -> nn.Parameter:
            return nn.Parameter(torch.empty(shape, dtype=dtype, device="meta"), requires_grad=not frozen)

        flag = ", requires_grad=False" if frozen else ""
        self.put(path, name, f"nn.Parameter({_empty(shape, dtype)}{flag})", new)
        self.parameters.append(join(path, name))

    def buffer(self, path: str, name: str, *, persistent: bool) -> None:
        """Register a new buffer."""
        shape, dtype = self.draw(SHAPES), self.draw(BUFFER_TYPES)

        def register(model: nn.Module) -> None:
            tensor = torch.empty(shape, dtype=dtype, device="meta")
            at(model, path).register_buffer(name, tensor, persistent=persistent)

        flag = "" if persistent else ", persistent=False"
        self.step(f"{access(path)}.register_buffer({name!r}, {_empty(shape, dtype)}{flag})", register)
        self.buffers.append(join(path, name))

    def none(self, path: str, name: str, what: str) -> None:
        """Register None, as torch does for a bias that is off."""
        code = f"{access(path)}.register_{what}({name!r}, None)"
        self.step(code, lambda model: getattr(at(model, path), f"register_{what}")(name, None))

    def child(self, path: str, name: str, levels: int, *, frozen: bool) -> None:
        """Register a new module: one to be filled where levels are left, else a layer of the catalogue."""
        inner = join(path, name)
        if levels:
            self.put(path, name, "nn.Module()", lambda _: nn.Module())
            self.fill(inner, levels - 1)
        else:
            case = self.draw(self.layers)
            self.put(path, name, case.code, lambda _: case.module())
            self.parameters += (path for path, _ in reached(self.model) if path.startswith(f"{inner}."))
        if frozen:
            code = f"{access(inner)}.requires_grad_(False)"
            self.step(code, lambda model: at(model, inner).requires_grad_(False))
        self.modules.append(inner)

    def tie(self) -> None:
        """Put some parameters of layers in the place of others of the same shape and type."""
        for _ in range(self.draw(st.integers(0, 2))):
            places = reached(self.model)
            pairs = [
                (first, place)
                for number, (place, other) in enumerate(places)
                for first, tensor in places[:number]
                if tensor is not other and (tensor.shape, tensor.dtype) == (other.shape, other.dtype)
            ]
            if pairs:
                first, place = self.draw(st.sampled_from(pairs))
                path, _, name = place.rpartition(".")
                self.put(path, name, access(first), partial(at, path=first))


def at(model: nn.Module, path: str) -> Any:
    """Return what stands at a path: a module, a parameter or a buffer.

    >>> at(nn.ModuleList([nn.Linear(4, 3)]), "0.bias").shape
    torch.Size([3])

    Raises AttributeError where nothing stands there.
    """
    return reduce(getattr, path.split(".") if path else [], model)


def reached(model: nn.Module) -> list[tuple[str, nn.Parameter]]:
    """Return the parameters of a model that its attributes lead to, by path.

    They do not lead to all: a copy of a TransformerDecoderLayer has `relu` before the module that is its activation.
    """
    found = []
    for path, parameter in model.named_parameters(remove_duplicate=False):
        with contextlib.suppress(AttributeError):
            found += [(path, parameter)] if at(model, path) is parameter else []
    return found


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
    building = _Building(draw, PLAIN if plain else LAYERS)
    building.fill("", LEVELS)
    if not plain:
        building.tie()
    return Sample(building.model, tuple(building.steps))


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
