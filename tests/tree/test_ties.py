"""A tie lowers the total by the size of its tensor, is relative, and names one tensor that is there."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import paramcalc as pc
from paramcalc import Block, TensorSpec, symbol, tie
from paramcalc.errors import InvalidValue
from paramcalc.sizes.symbols import same
from paramcalc.testing import block_trees as trees
from paramcalc.tree.totals import bytes_of
from tests.tree.trees import COUNTS

LINEAR = pc.layers.Linear


@given(trees.blocks(), st.data())
def test_tying_a_tensor_lowers_the_total_by_its_size(tree: Block, data: st.DataObject) -> None:
    pairs = trees.tie_candidates(tree)
    assume(pairs)
    place, to = data.draw(st.sampled_from(pairs))
    tensor = tree.find(tuple(place.split(".")))
    assert tensor is not None
    tied = tie(tree, place, to=to)
    lost = {count: getattr(tree, count) - getattr(tied, count) for count in COUNTS}
    size = tensor.size
    assert same(lost["params"], size if tensor.is_parameter else 0)
    assert same(lost["buffers"], size if tensor.role == "buffer" else 0)
    assert same(lost["nbytes"], bytes_of(size, tensor.dtype))


def test_ties_are_relative_so_that_trees_compose() -> None:
    wte, head = pc.layers.Embedding(50, 8), pc.layers.Linear(8, 50, bias=False)
    model = tie(pc.compose("LM", {"wte": wte, "head": head}), "head.weight", to="wte.weight")
    both = pc.compose("Pair", {"teacher": model, "student": model})
    assert both.params == 800
    assert dict(both.tensors())["student.head.weight"].tied_to == "student.wte.weight"
    assert pc.repeated(model, 3).params == 1200


def test_a_tie_into_a_repeated_block_names_one_copy() -> None:
    layers = Block("layers", "ModuleList", children=(pc.repeated(pc.layers.Linear(4, 4, bias=False), 3),))
    tied = Block("head", "Linear", (TensorSpec("weight", (4, 4), tied_to="..layers.1.weight"),))
    assert Block(children=(layers, tied)).params == 48
    beyond = Block("head", "Linear", (TensorSpec("weight", (4, 4), tied_to="..layers.3.weight"),))
    with pytest.raises(InvalidValue, match=r"head.weight is tied to layers.3.weight, which does not exist"):
        Block(children=(layers, beyond))


def test_a_tie_names_one_copy_that_is_there() -> None:
    enc, dec = (Block("", "ModuleList", children=(pc.repeated(LINEAR(4, 4), count),)) for count in (3, 5))
    pair = pc.compose("P", {"enc": enc, "dec": dec})
    with pytest.raises((InvalidValue, pc.ParamcalcError), match=r"dec.\{\}|enc.\{\}.weight; expected one copy"):
        pc.tie(pair, "dec.{}.weight", to="enc.{}.weight")
    rnn = pc.compose("R", {"rnn": pc.layers.LSTM(8, 8, symbol("L")), "fc": Block(own=(TensorSpec("w", (32, 8)),))})
    with pytest.raises(InvalidValue, match=r"rnn.weight_ih_l1, which does not exist"):
        pc.tie(rnn, "fc.w", to="rnn.weight_ih_l1")
    assert pc.tie(rnn, "fc.w", to="rnn.weight_ih_l0").bind(L=1).params == 576
