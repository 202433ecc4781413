"""The sizes that reach torch while a model is built on the meta device, without any weight being initialised."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeAlias

import torch
from torch.overrides import TorchFunctionMode

from paramcalc.sources.traced import Node, TracedInt

Hint: TypeAlias = "tuple[Node | None, ...]"
SIZED = {"empty", "zeros", "ones", "full", "rand", "randn", "eye", "empty_strided"}


class Shapes(TorchFunctionMode):
    """Watches every tensor that is made: which traced sizes its shape has. In-place functions, such as initialisation,
    are left out, since on the meta device there is nothing for them to do.
    """

    def __init__(self, lost: Mapping[int, Node] | None = None) -> None:
        super().__init__()
        self.lost = lost if lost is not None else {}
        self.hints: dict[tuple[int, tuple[int, ...]], Hint] = {}
        self.kept: list[torch.Tensor] = []

    def __torch_function__(
        self, func: Any, types: Iterable[type], args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        given = dict(kwargs or {})
        name = getattr(func, "__name__", "")
        if name.endswith("_") and not name.endswith("__") and name != "requires_grad_":
            tensor = args[0] if args else given.get("tensor")
            if isinstance(tensor, torch.Tensor) and tensor.is_meta:
                return tensor
        made = func(*args, **given)
        if type(made) in (torch.Tensor, torch.nn.Parameter) and made.is_meta and made.dim():
            self._note(made, name, (*args, *given.values()))
        return made

    def _note(self, made: torch.Tensor, name: str, given: tuple[Any, ...]) -> None:
        key = (made.untyped_storage()._cdata, tuple(made.shape))
        sizes = [value for value in _flat(given) if type(value) in (int, TracedInt)]
        if name in SIZED and [int.__index__(size) for size in sizes[: made.dim()]] == list(made.shape):
            hint: Hint = tuple(self._node(size) for size in sizes[: made.dim()])
        elif name == "arange" and sizes:
            hint = (self._steps(sizes),)
        else:
            hint = self._guess(made, given, sizes)
        if any(node is not None for node in hint) and key not in self.hints:
            self.hints[key] = hint
            self.kept.append(made)  # so that its storage keeps its identity

    def _node(self, size: Any) -> Node | None:
        return getattr(size, "node", None) or self.lost.get(int.__index__(size))

    def _steps(self, sizes: list[Any]) -> Node | None:
        """How many numbers an arange has, from its end, or its start, end and step."""
        start, end, step = {1: (0, *sizes, 1), 2: (*sizes, 1), 3: tuple(sizes)}.get(len(sizes), (0, 0, 0))
        nodes = [self._node(each) or ("number", int.__index__(each)) for each in (start, end, step)]
        if all(node[0] == "number" for node in nodes):
            return None
        return ("ceil", ("/", ("-", nodes[1], nodes[0]), nodes[2]))

    def _guess(self, made: torch.Tensor, given: tuple[Any, ...], sizes: list[Any]) -> Hint:
        """The sizes of a tensor made of other tensors and numbers: those of the same value."""
        known: dict[int, Node] = {int.__index__(size): size.node for size in sizes if type(size) is TracedInt}
        for value in _flat(given):
            if isinstance(value, torch.Tensor) and value.is_meta:
                hint = self.hint_of(value)
                if hint is not None and value.shape == made.shape:
                    return hint
                known.update({size: node for size, node in zip(value.shape, hint or (), strict=False) if node})
        return tuple(known.get(size, self.lost.get(size)) for size in made.shape)

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


def _flat(values: Iterable[Any]) -> Iterator[Any]:
    for value in values:
        if isinstance(value, tuple | list):
            yield from _flat(value)
        else:
            yield value
