"""Random torch modules on the meta device: nested, with what counters get wrong (ties, sharing, raw parameters)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import torch
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from torch import Tensor, nn

from paramcalc.paths import join
from paramcalc.testing.case import Case, written
from paramcalc.testing.layer_calls import STRATEGIES, cases

NAMES = st.sampled_from(["a", "b", "weight", "block", "0", "1", "2"])
PARAMETER_TYPES = st.sampled_from([torch.float32, torch.float32, torch.bfloat16, torch.float64, torch.complex64])
BUFFER_TYPES = st.sampled_from([torch.float32, torch.int64, torch.bool, torch.int8])
SHAPES = st.lists(st.integers(0, 5), max_size=3).map(tuple)
LEVELS = 3
# What comes first is what a failure shrinks to.
FIELDS = st.sampled_from(["parameter", "module", "module", "module", "buffer"])
TENSORS = st.sampled_from(["new", "new", "frozen", "shared", "none"])
MODULES = st.sampled_from(["layer", "module", "module", "frozen", "shared", "shared", "none"])
LAYERS = ["Identity", "Linear", *sorted(STRATEGIES.keys() - {"Identity", "Linear"})]
Pool: TypeAlias = "list[tuple[str, Any]]"


@dataclass(frozen=True)
class Sample:
    """A module on the meta device, and the lines of code that build one like it."""

    module: nn.Module
    code: str


@dataclass
class _Building:
    """A module while it is drawn: the code so far, and what stands where, to be used again elsewhere."""

    draw: st.DrawFn
    lines: list[str] = field(default_factory=lambda: ["model = nn.Module()"])
    modules: Pool = field(default_factory=list)
    parameters: Pool = field(default_factory=list)
    buffers: Pool = field(default_factory=list)

    def fill(self, node: nn.Module, path: str, levels: int) -> None:
        """Give a module up to four parameters, buffers and children, with so many levels below them."""
        for name in self.draw(st.lists(NAMES, unique=True, max_size=4)):
            kind = self.draw(FIELDS)
            if kind == "module":
                self.child(node, path, name, levels)
            else:
                self.tensor(node, path, name, kind)

    def tensor(self, node: nn.Module, path: str, name: str, kind: str) -> None:
        """Register a parameter or buffer: a new one, one that stands elsewhere too, or None."""
        what, pool = self.draw(TENSORS), self.parameters if kind == "parameter" else self.buffers
        if what == "none":
            self.none(node, path, name, kind)
        elif what == "shared" and pool:
            first, tensor = self.draw(st.sampled_from(pool))
            self.register(node, path, name, kind, tensor, access(first))
        elif kind == "parameter":
            shape, dtype, trains = self.draw(SHAPES), self.draw(PARAMETER_TYPES), what != "frozen"
            parameter = nn.Parameter(torch.empty(shape, dtype=dtype, device="meta"), requires_grad=trains)
            flag = "" if trains else ", requires_grad=False"
            self.register(node, path, name, kind, parameter, f"nn.Parameter({_empty(shape, dtype)}{flag})")
        else:
            shape, dtype = self.draw(SHAPES), self.draw(BUFFER_TYPES)
            buffer = torch.empty(shape, dtype=dtype, device="meta")
            self.register(node, path, name, kind, buffer, _empty(shape, dtype))

    def register(self, node: nn.Module, path: str, name: str, kind: str, tensor: Tensor, code: str) -> None:
        """Put a tensor in its place; buffers are persistent or not."""
        if kind == "parameter":
            setattr(node, name, tensor)
            self.lines.append(assignment(path, name, code))
            self.parameters.append((join(path, name), tensor))
        else:
            persistent = not self.draw(st.booleans())
            node.register_buffer(name, tensor, persistent=persistent)
            flag = "" if persistent else ", persistent=False"
            self.lines.append(f"{access(path)}.register_buffer({name!r}, {code}{flag})")
            self.buffers.append((join(path, name), tensor))

    def none(self, node: nn.Module, path: str, name: str, kind: str) -> None:
        """Register None, as torch does for a bias that is off."""
        register: Callable[[str, None], None] = getattr(node, f"register_{kind}")
        register(name, None)
        self.lines.append(f"{access(path)}.register_{kind}({name!r}, None)")

    def child(self, node: nn.Module, path: str, name: str, levels: int) -> None:
        """Register a child: a layer of the catalogue, a module to be filled, one that stands elsewhere too, or None."""
        what, inner = self.draw(MODULES), join(path, name)
        if what == "none":
            self.none(node, path, name, "module")
            return
        if what == "shared" and self.modules:
            first, module = self.draw(st.sampled_from(self.modules))
            setattr(node, name, module)
            self.lines.append(assignment(path, name, access(first)))
            return
        if what == "module" and levels:
            setattr(node, name, module := nn.Module())
            self.lines.append(assignment(path, name, "nn.Module()"))
            self.fill(module, inner, levels - 1)
        else:
            case = self.draw(layers())
            setattr(node, name, module := case.module())
            self.lines.append(assignment(path, name, case.code))
            self.parameters += ((f"{inner}.{each}", tensor) for each, tensor in module.named_parameters())
        if what == "frozen":
            module.requires_grad_(False)
            self.lines.append(f"{access(inner)}.requires_grad_(False)")
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


def layers() -> SearchStrategy[Case]:
    """Return a strategy for calls of every class of the catalogue."""
    return st.sampled_from(LAYERS).flatmap(cases)


@st.composite
def samples(draw: st.DrawFn) -> Sample:
    """Draw a module with the code that builds it."""
    building, model = _Building(draw), nn.Module()
    building.fill(model, "", LEVELS)
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
