"""Recurrent layers and cells: gates with input weights, hidden weights and two biases each."""

from __future__ import annotations

from typing import Literal

from paramcalc.layers.arguments import Conditions, Shape, named_tensors, one_of, probability, sizes
from paramcalc.layers.registry import layer
from paramcalc.sizes.conditions import require
from paramcalc.sizes.symbols import Size, as_expr, canonical
from paramcalc.tree.block import Block
from paramcalc.tree.node import INDEX
from paramcalc.tree.tensor import TensorSpec

# Beyond this number, layers are a group that repeats instead of tensors one by one.
MOST_LAYERS = 100
_BOTH = ({"bias": False}, {"bidirectional": True})


@layer(*_BOTH, num_layers="num_layers")
def RNN(
    input_size: Size,
    hidden_size: Size,
    num_layers: Size = 1,
    nonlinearity: Literal["tanh", "relu"] = "tanh",
    bias: bool = True,
    batch_first: bool = False,
    dropout: float = 0.0,
    bidirectional: bool = False,
    *,
    device: object = None,
    dtype: object = None,
) -> Block:
    """A plain recurrent network of one or more layers, in one or both directions.

    Shapes: for each layer and direction weight_ih (hidden_size, inputs), weight_hh (hidden_size, hidden_size), bias_ih
    and bias_hh (hidden_size,); inputs is input_size in the first layer, then hidden_size times the directions.
    Formula: per layer and direction, hidden_size * (inputs + hidden_size + 2).

    >>> RNN(10, 20, num_layers=2).params
    1480

    Raises InvalidType or InvalidValue for an argument that is no size.
    Source: torch.nn.RNN.
    """
    one_of(nonlinearity, ("tanh", "relu"), where="RNN.nonlinearity")
    return _stack("RNN", 1, input_size, hidden_size, num_layers, bias, dropout, bidirectional, 0, dtype)


@layer(*_BOTH, {"proj_size": "proj_size"}, num_layers="num_layers")
def LSTM(
    input_size: Size,
    hidden_size: Size,
    num_layers: Size = 1,
    bias: bool = True,
    batch_first: bool = False,
    dropout: float = 0.0,
    bidirectional: bool = False,
    proj_size: Size = 0,
    device: object = None,
    dtype: object = None,
) -> Block:
    """A long short-term memory network: four gates, one or more layers, in one or both directions.

    Shapes: for each layer and direction weight_ih (4 * hidden_size, inputs), weight_hh (4 * hidden_size, output),
    bias_ih and bias_hh (4 * hidden_size,), and with proj_size weight_hr (proj_size, hidden_size); output is proj_size
    or else hidden_size, inputs is input_size in the first layer, then output times the directions.
    Formula: per layer and direction, 4 * hidden_size * (inputs + output + 2) + proj_size * hidden_size.

    >>> LSTM(64, 128, num_layers=2, bidirectional=True).params
    593920

    Raises InvalidType or InvalidValue for an argument that is no size, PreconditionFailed unless proj_size <
    hidden_size.
    Source: torch.nn.LSTM.
    """
    return _stack("LSTM", 4, input_size, hidden_size, num_layers, bias, dropout, bidirectional, proj_size, dtype)


@layer(*_BOTH, num_layers="num_layers")
def GRU(
    input_size: Size,
    hidden_size: Size,
    num_layers: Size = 1,
    bias: bool = True,
    batch_first: bool = False,
    dropout: float = 0.0,
    bidirectional: bool = False,
    *,
    device: object = None,
    dtype: object = None,
) -> Block:
    """A gated recurrent network: three gates, one or more layers, in one or both directions.

    Shapes: for each layer and direction weight_ih (3 * hidden_size, inputs), weight_hh (3 * hidden_size, hidden_size),
    bias_ih and bias_hh (3 * hidden_size,); inputs is input_size in the first layer, then hidden_size times the
    directions.
    Formula: per layer and direction, 3 * hidden_size * (inputs + hidden_size + 2).

    >>> GRU(64, 128).params
    74496

    Raises InvalidType or InvalidValue for an argument that is no size.
    Source: torch.nn.GRU.
    """
    return _stack("GRU", 3, input_size, hidden_size, num_layers, bias, dropout, bidirectional, 0, dtype)


@layer({"bias": False})
def RNNCell(
    input_size: Size,
    hidden_size: Size,
    bias: bool = True,
    nonlinearity: Literal["tanh", "relu"] = "tanh",
    device: object = None,
    dtype: object = None,
) -> Block:
    """One step of a plain recurrent network.

    Shapes: weight_ih (hidden_size, input_size), weight_hh (hidden_size, hidden_size), bias_ih and bias_hh
    (hidden_size,).
    Formula: hidden_size * (input_size + hidden_size + 2).

    >>> RNNCell(10, 20).params
    640

    Raises InvalidType or InvalidValue for an argument that is no size.
    Source: torch.nn.RNNCell.
    """
    return _cell("RNNCell", 1, input_size, hidden_size, bias, dtype)


@layer({"bias": False})
def LSTMCell(
    input_size: Size, hidden_size: Size, bias: bool = True, device: object = None, dtype: object = None
) -> Block:
    """One step of a long short-term memory network.

    Shapes: weight_ih (4 * hidden_size, input_size), weight_hh (4 * hidden_size, hidden_size), bias_ih and bias_hh
    (4 * hidden_size,).
    Formula: 4 * hidden_size * (input_size + hidden_size + 2).

    >>> LSTMCell(64, 128).params
    99328

    Raises InvalidType or InvalidValue for an argument that is no size.
    Source: torch.nn.LSTMCell.
    """
    return _cell("LSTMCell", 4, input_size, hidden_size, bias, dtype)


@layer({"bias": False})
def GRUCell(
    input_size: Size, hidden_size: Size, bias: bool = True, device: object = None, dtype: object = None
) -> Block:
    """One step of a gated recurrent network.

    Shapes: weight_ih (3 * hidden_size, input_size), weight_hh (3 * hidden_size, hidden_size), bias_ih and bias_hh
    (3 * hidden_size,).
    Formula: 3 * hidden_size * (input_size + hidden_size + 2).

    >>> GRUCell(64, 128).params
    74496

    Raises InvalidType or InvalidValue for an argument that is no size.
    Source: torch.nn.GRUCell.
    """
    return _cell("GRUCell", 3, input_size, hidden_size, bias, dtype)


def _cell(name: str, gates: int, input_size: Size, hidden_size: Size, bias: bool, dtype: object) -> Block:
    (inputs, hidden), conditions = sizes(name, input_size=input_size, hidden_size=hidden_size)
    biases = (gates * hidden,) if bias else None
    shapes: dict[str, Shape | None] = {
        "weight_ih": (gates * hidden, inputs),
        "weight_hh": (gates * hidden, hidden),
        "bias_ih": biases,
        "bias_hh": biases,
    }
    return Block(own=named_tensors(dtype, shapes), conditions=conditions)


def _stack(
    name: str,
    gates: int,
    input_size: Size,
    hidden_size: Size,
    num_layers: Size,
    bias: bool,
    dropout: float,
    bidirectional: bool,
    proj_size: Size,
    dtype: object,
) -> Block:
    probability(dropout, where=f"{name}.dropout")
    (inputs, hidden, layers), conditions = sizes(
        name, input_size=input_size, hidden_size=hidden_size, num_layers=num_layers
    )
    projection, more = _projection(name, hidden, proj_size)
    directions = 2 if bidirectional else 1
    output = hidden if projection is None else projection

    def one(index: int | str, width: Size) -> tuple[TensorSpec, ...]:
        return _layer_tensors(index, gates, width, hidden, output, bias, directions, projection, dtype)

    own = one(0, inputs)
    conditions += more
    if isinstance(layers, int) and layers <= MOST_LAYERS:
        own += tuple(tensor for index in range(1, layers) for tensor in one(index, directions * output))
        return Block(own=own, conditions=conditions)
    rest = Block("", f"{name} layers", one(INDEX, directions * output), repeat=canonical(layers - 1), first=1)
    return Block(own=own, children=(rest,), conditions=conditions)


def _layer_tensors(
    index: int | str,
    gates: int,
    inputs: Size,
    hidden: Size,
    output: Size,
    bias: bool,
    directions: int,
    projection: Size | None,
    dtype: object,
) -> tuple[TensorSpec, ...]:
    rows = canonical(gates * hidden)
    own: tuple[TensorSpec, ...] = ()
    for suffix in ("", "_reverse")[:directions]:
        shapes: dict[str, Shape | None] = {
            "weight_ih": (rows, canonical(inputs)),
            "weight_hh": (rows, output),
            "bias_ih": (rows,) if bias else None,
            "bias_hh": (rows,) if bias else None,
            "weight_hr": None if projection is None else (projection, hidden),
        }
        own += named_tensors(dtype, {f"{name}_l{index}{suffix}": shape for name, shape in shapes.items()})
    return own


def _projection(name: str, hidden: Size, proj_size: Size) -> tuple[Size | None, Conditions]:
    if as_expr(proj_size, where=f"{name}.proj_size") == 0:
        return None, ()
    (projection,), conditions = sizes(name, proj_size=proj_size)
    reason = "proj_size is smaller than hidden_size"
    return projection, conditions + require(hidden, ">", projection, where=f"{name}.hidden_size", reason=reason)
