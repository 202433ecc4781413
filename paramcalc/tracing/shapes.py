"""The sizes that reach torch while a model is built on the meta device, without any weight being initialised."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, TypeAlias

import torch
from torch.utils._device import DeviceContext, _device_constructors

from paramcalc.errors import InvalidValue
from paramcalc.sizes.double.programs import Node, names_in
from paramcalc.tracing.deadline import check_time
from paramcalc.tracing.integers import TracedFloat, TracedInt
from paramcalc.tracing.nodes import MAYBE

Hint: TypeAlias = "tuple[Node | None, ...]"
MOST_MADE = 1_000_000  # tensors of one model: they take 2 GB with their modules, and larger models have fewer
MOST_STEPS = 65_536  # of an arange in fractions
OF_VALUES = {"tensor", "as_tensor", "scalar_tensor"}
SIZED = {"empty", "zeros", "ones", "full", "rand", "randn", "eye", "empty_strided"}


@lru_cache(maxsize=1024)
def _kind(func: Any) -> tuple[str, bool, bool]:
    """The name of a function of torch, whether it changes its first argument, and whether it makes tensors."""
    name = getattr(func, "__name__", "")
    in_place = name.endswith("_") and not name.endswith("__") and name != "requires_grad_"
    return name, in_place, func in _device_constructors()


class Uninitialised(DeviceContext):
    """The meta device, without in-place functions, such as initialisation: there is nothing for them to do."""

    def __init__(self) -> None:
        super().__init__(torch.device("meta"))
        self.made = 0

    def __torch_function__(
        self, func: Any, types: Iterable[type], args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        given = kwargs or {}
        name, in_place, makes = _kind(func)
        if in_place:
            tensor = args[0] if args else given.get("tensor")
            if isinstance(tensor, torch.Tensor) and tensor.is_meta:
                return tensor
        made = super().__torch_function__(func, types, args, given) if makes else func(*args, **given)  # type: ignore[no-untyped-call]
        check_time()
        if name in SIZED:
            self._count()
        self._note(made, name, args, given)
        return made

    def _count(self) -> None:
        """Hold back code that would go on until all memory is taken."""
        self.made += 1
        if self.made > MOST_MADE:
            raise InvalidValue(f"one model makes more than {MOST_MADE:,} tensors", expected="a smaller model")

    def _note(self, made: Any, name: str, args: tuple[Any, ...], given: Mapping[str, Any]) -> None:
        """Keep what is to be known of a result; nothing here."""


class Shapes(Uninitialised):
    """Watches every tensor that is made: which traced sizes its shape has. Lengths that torch finds by arithmetic in
    floating point have no formula: the sizes that they come from are `inexact`. Some have one up to a number, as
    `within` says.
    """

    def __init__(self, lost: Mapping[int, Node]) -> None:
        super().__init__()
        self.lost = lost
        self.hints: dict[tuple[int, tuple[int, ...]], Hint] = {}
        self.kept: list[torch.Tensor] = []
        self.inexact: set[str] = set()
        self.within: list[tuple[Node, int]] = []

    def _note(self, made: Any, name: str, args: tuple[Any, ...], given: Mapping[str, Any]) -> None:
        if name in OF_VALUES:  # which code may read again
            for each in _flat((*args, *given.values())):
                if type(each) in (TracedInt, TracedFloat) and not each.trace.over:
                    each.trace.losses.forget([each.node])
        if type(made) in (torch.Tensor, torch.nn.Parameter) and made.is_meta and made.dim():
            self._sized(made, name, (*args, *given.values()))

    def _sized(self, made: torch.Tensor, name: str, given: tuple[Any, ...]) -> None:
        key = (made.untyped_storage()._cdata, tuple(made.shape))
        sizes = [value for value in _flat(given) if type(value) in (int, TracedInt)]
        if name in SIZED and [int.__index__(size) for size in sizes[: made.dim()]] == list(made.shape):
            hint: Hint = tuple(self._node(size) for size in sizes[: made.dim()])
        elif name == "arange" and any(type(value) is TracedFloat for value in _flat(given)):
            steps = self._fractions(given)
            if steps is None:
                found = (names_in(each.node) for each in _flat(given) if type(each) is TracedFloat)
                self.inexact = self.inexact.union(*found)
                return
            hint = (steps,)
        elif name == "arange" and sizes:
            hint = (self._steps(sizes),)
        else:
            hint = self._guess(made, given, sizes)
        if any(node is not None for node in hint) and key not in self.hints:
            self.hints[key] = hint
            self.kept.append(made)  # so that its storage keeps its identity

    def _node(self, size: Any) -> Node | None:
        return getattr(size, "node", None) or self._maybe(int.__index__(size))

    def _maybe(self, size: int) -> Node | None:
        """How a number of this value came about whose memory was lost."""
        return (MAYBE, self.lost[size]) if size in self.lost else None

    def _steps(self, sizes: list[Any]) -> Node | None:
        """How many numbers an arange has, from its end, or its start, end and step."""
        start, end, step = {1: (0, *sizes, 1), 2: (*sizes, 1), 3: tuple(sizes)}.get(len(sizes), (0, 0, 0))
        nodes = [self._node(each) or ("number", int.__index__(each)) for each in (start, end, step)]
        if all(node[0] == "number" for node in nodes):
            return None
        return ("ceil", ("/", ("-", nodes[1], nodes[0]), nodes[2]))

    def _fractions(self, given: tuple[Any, ...]) -> Node | None:
        """How many steps of c/x lead from 0 to 1: x/c rounded up, up to the x at which floating point misses it."""
        numbers = [value for value in _flat(given) if isinstance(value, int | float) and not isinstance(value, bool)]
        if len(numbers) != 3 or numbers[:2] != [0, 1] or type(numbers[2]) is not TracedFloat:
            return None
        sign, above, x = (*numbers[2].node, None, None)[:3]
        if sign != "/" or above[0] != "number" or type(above[1]) is not int or above[1] < 1:
            return None
        most = _most(above[1])
        if round(above[1] / float(numbers[2])) > most:
            return None
        self.within.append((x, most))
        return ("ceil", ("/", x, above))

    def _guess(self, made: torch.Tensor, given: tuple[Any, ...], sizes: list[Any]) -> Hint:
        """The sizes of a tensor made of other tensors and numbers: those of the same value."""
        known: dict[int, Node] = {int.__index__(size): size.node for size in sizes if type(size) is TracedInt}
        for value in _flat(given):
            if isinstance(value, torch.Tensor) and value.is_meta:
                hint = self.hint_of(value)
                if hint is not None and value.shape == made.shape:
                    return hint
                known.update({size: node for size, node in zip(value.shape, hint or (), strict=False) if node})
        return tuple(known.get(size) or self._maybe(size) for size in made.shape)

    def hint_of(self, tensor: torch.Tensor) -> Hint | None:
        """The traced sizes of a tensor, None where nothing is known of it."""
        try:
            return self.hints.get((tensor.untyped_storage()._cdata, tuple(tensor.shape)))
        except (NotImplementedError, RuntimeError):
            return None

    def of_module(self, model: torch.nn.Module) -> dict[str, Hint]:
        """The traced sizes of all parameters and buffers of a model, by name."""
        tensors = [*model.named_parameters(), *model.named_buffers()]
        found = {name: self.hint_of(tensor) for name, tensor in tensors}
        return {name: hint for name, hint in found.items() if hint is not None}


@lru_cache
def _most(above: int) -> int:
    """Up to which x the quotient of 1 and above/x, in floating point and rounded up, is that of x and above."""
    wrong = (x for x in range(1, MOST_STEPS) if math.ceil(1 / (above / x)) != -(-x // above))
    return next(wrong, MOST_STEPS) - 1


def _flat(values: Iterable[Any]) -> Iterator[Any]:
    for value in values:
        if isinstance(value, tuple | list):
            yield from _flat(value)
        else:
            yield value
