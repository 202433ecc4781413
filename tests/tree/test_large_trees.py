"""Deep trees need no recursion, and many copies and symbols no loop."""

from __future__ import annotations

import pytest

import paramcalc as pc
from paramcalc import Block, TensorSpec, from_json, symbol, to_json, unfold
from paramcalc.tree import paths
from paramcalc.tree.fold import fold
from tests.work import counted

LINEAR = pc.layers.Linear


def chain(length: int) -> Block:
    block = pc.layers.Linear(3, 3)
    for _ in range(length):
        block = Block("", "Wrapper", (TensorSpec("scale", (symbol("s"),)),), (block.named("inner"),))
    return block


def test_a_chain_of_2000_blocks_needs_no_recursion() -> None:
    deep = chain(2000)
    assert deep.params == 2000 * symbol("s") + 12
    assert deep.bind(s=2).params == 4012
    assert deep == chain(2000)
    assert from_json(to_json(deep)) == deep
    assert unfold(fold(deep)) == deep
    assert len(pc.breakdown(deep)) == 4001
    assert len(list(deep.bind(s=2).tensors())) == 2002


def test_a_million_layers_take_no_time() -> None:
    with counted((paths, "indices"), (Block, "__post_init__"), (TensorSpec, "__post_init__"), most=1_000):
        tree = pc.architecture("amnl", lstm_layers=10**6)
        assert tree.at("lstm.lstm").params == 593_920 + (10**6 - 2) * 395_264
        copies = pc.compose("M", {"m": Block("", children=(pc.repeated(LINEAR(2, 2), 10**12),))})
        with pytest.raises(pc.ParamcalcError, match="unknown tensor"):
            pc.tie(copies, "x.w", to="m.0.weight")
        assert pc.render(tree, depth=2)


def test_a_tree_with_thousands_of_symbols_reads_back() -> None:
    block = Block(own=tuple(TensorSpec(f"t{number}", (symbol(f"a{number}"),)) for number in range(4000)))
    assert pc.from_json(pc.to_json(block)) == block
