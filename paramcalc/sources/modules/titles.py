"""The arguments of a torch module as its title shows them: read from its attributes, proven by its shapes."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any, TypeAlias

from paramcalc.errors import ParamcalcError
from paramcalc.layers.registry import CATALOGUE, IN_CHILDREN, NO_EFFECT, VARIADIC
from paramcalc.sources.modules.tensors import packs
from paramcalc.tree.block import Block
from paramcalc.tree.node import Argument
from paramcalc.tree.tensor import TensorSpec

Arguments: TypeAlias = tuple[Argument, ...]
Attributes: TypeAlias = Mapping[str, Any]

# Classes of torch that differ from another one in nothing that a tree shows.
SAME = {"NonDynamicallyQuantizableLinear": "Linear"}
# What a title leaves out: roles and element types are said by the tensors themselves.
_UNSAID = NO_EFFECT | IN_CHILDREN | {"dtype", "_freeze", "_weight"}
_BIASES = {"bias", "in_proj_bias"}
# Their arguments are whole layers, which stand below them.
_STACKS = {"TransformerEncoder", "TransformerDecoder", "Transformer"}


@dataclass(frozen=True, eq=False)
class Reader:
    """How to read the modules of one class: its name, the arguments that its title shows, whether it packs weights.

    `scripted` modules are of one class, and keep the name of the one they were.
    """

    kind: str
    arguments: tuple[str, ...] = ()
    packs: bool = False
    scripted: bool = False

    def values(self, attributes: Attributes) -> object:
        """Return what tells the titles of two modules apart; a module may lack some of it."""
        return tuple(map(attributes.get, self.arguments))

    def title(self, own: Iterable[TensorSpec], children: Iterable[Block], attributes: Attributes) -> Arguments:
        """Return the arguments of a module, where the catalogue's layer of these arguments has the same tensors."""
        if not self.arguments:
            return ()
        if self.kind in _SPECIAL:
            attributes = _SPECIAL[self.kind](attributes)
        given = {name: attributes.get(name) for name in self.arguments}
        shapes = _shapes(own, children)
        names = {name.rpartition(".")[2] for name in shapes}
        if "bias" in given and not isinstance(given["bias"], bool):
            plain = given.get("affine") is False or given.get("elementwise_affine") is False
            given["bias"] = None if plain else not names.isdisjoint(_BIASES)
        if "add_bias_kv" in given:
            given["add_bias_kv"] = "bias_k" in names
        try:
            args, expected = _layer(self.kind, tuple((name, _as_tuple(value)) for name, value in given.items()))
        except TypeError:  # a value that is no size at all
            return ()
        return args if expected == shapes else ()


def reader_of(module: Any) -> Reader:
    """Return how modules of the class of this one are read; only torch's own classes have arguments."""
    kind = type(module)
    package, name = str(kind.__module__), SAME.get(kind.__name__, kind.__name__)
    if package.startswith("torch.nn.modules.") and name in CATALOGUE:
        return Reader(name, _arguments(name))
    shown = kind.__name__
    if package.startswith("torch.ao.nn."):
        shown = f"{package.removeprefix('torch.ao.nn.').partition('.modules')[0]}.{shown}"
    scripted = package == "torch.jit._script"
    return Reader(shown, packs=scripted or packs(module), scripted=scripted)


@cache
def _arguments(name: str) -> tuple[str, ...]:
    parameters = inspect.signature(CATALOGUE[name].build).parameters
    named = [each.name for each in parameters.values() if each.kind not in VARIADIC]
    return () if name in _STACKS else tuple(each for each in named if each not in _UNSAID)


@lru_cache(maxsize=4096)
def _layer(kind: str, given: tuple[tuple[str, Any], ...]) -> tuple[Arguments, dict[str, Any] | None]:
    """The arguments as the catalogue shows them, and the shapes that go with them; none where it refuses them."""
    try:
        layer = CATALOGUE[kind].build(**{name: _written(name, value) for name, value in given if value is not None})
    except ParamcalcError:
        return (), None
    return layer.args, _shapes(layer.own, layer.children)


def _as_tuple(value: Any) -> Any:
    value = value.tolist() if hasattr(value, "tolist") else value
    return tuple(value) if isinstance(value, list) else value


def _written(name: str, value: Any) -> Any:
    """A value as one would write it: one size for a kernel of equal ones, and for a shape of one dimension."""
    if isinstance(value, tuple) and value:
        alike = set(value) if name == "kernel_size" else value if name == "normalized_shape" else ()
        return value[0] if len(alike) == 1 else value
    return value


def _shapes(own: Iterable[TensorSpec], children: Iterable[Block]) -> dict[str, tuple[Any, ...]]:
    shapes = {tensor.name: tensor.shape for tensor in own}
    for child in children:
        if child.name == "activation":  # a module handed in, which is no part of the title
            continue
        shapes.update((f"{child.name}.{name}", tensor.shape) for name, tensor in child.tensors())
    return shapes


def _transformer_layer(attributes: Attributes) -> Attributes:
    parts = attributes["_modules"]
    attention, first = (getattr(parts.get(name), "__dict__", {}) for name in ("self_attn", "linear1"))
    sizes = {"d_model": "embed_dim", "nhead": "num_heads"}
    read = {name: attention.get(kept) for name, kept in sizes.items()}
    return {**read, "dim_feedforward": first.get("out_features")}


def _attention(attributes: Attributes) -> Attributes:
    width = attributes.get("embed_dim")
    others = {name: None if attributes.get(name) == width else attributes.get(name) for name in ("kdim", "vdim")}
    return {"embed_dim": width, "num_heads": attributes.get("num_heads"), **others}


def _adaptive_softmax(attributes: Attributes) -> Attributes:
    cutoffs = attributes.get("cutoffs")
    return {**attributes, "cutoffs": tuple(cutoffs[:-1]) if isinstance(cutoffs, list) else None}


def _linear_cross_entropy(attributes: Attributes) -> Attributes:
    linear = getattr(attributes["_modules"].get("linear"), "__dict__", {})
    return {**attributes, "in_features": linear.get("in_features")}


_SPECIAL: dict[str, Callable[[Attributes], Attributes]] = {
    "TransformerEncoderLayer": _transformer_layer,
    "TransformerDecoderLayer": _transformer_layer,
    "MultiheadAttention": _attention,
    "AdaptiveLogSoftmaxWithLoss": _adaptive_softmax,
    "LinearCrossEntropyLoss": _linear_cross_entropy,
}
