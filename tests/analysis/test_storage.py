"""What a tree keeps in memory, by role and element type, in the order of both."""

from __future__ import annotations

from hypothesis import given

from paramcalc import Block, TensorSpec, storage, symbol
from paramcalc.analysis.storage import Stored
from paramcalc.sizes.symbols import same
from paramcalc.testing import block_trees as trees
from tests.frozen import assert_frozen

N = symbol("n")
TREE = Block(
    own=(
        TensorSpec("p", (3,), "packed", "int8"),
        TensorSpec("b", (2,), "buffer", "int64"),
        TensorSpec("w", (4,)),
        TensorSpec("tied", (4,), tied_to=".w"),
        TensorSpec("h", (5,), "parameter", "bfloat16"),
    ),
    children=(
        Block("{}", own=(TensorSpec("w", (2, 3)), TensorSpec("f", (7,), "frozen")), repeat=N),
        Block("last", own=(TensorSpec("q", (3,), "buffer", "quint4x2"), TensorSpec("w", (1,)))),
    ),
)


def test_equal_roles_and_types_are_together_and_in_order() -> None:
    assert storage(TREE) == (
        Stored("parameter", "bfloat16", 5, 10),
        Stored("parameter", "float32", 6 * N + 5, 24 * N + 20),
        Stored("frozen", "float32", 7 * N, 28 * N),
        Stored("buffer", "int64", 2, 16),
        Stored("buffer", "quint4x2", 3, 2),
        Stored("packed", "int8", 3, 3),
    )
    assert storage(Block()) == ()


@given(trees.blocks())
def test_what_is_stored_adds_up(tree: Block) -> None:
    kept = storage(tree)
    assert same(sum(each.nbytes for each in kept), tree.nbytes)
    sums = {
        role: sum(each.elements for each in kept if each.role == role) for role in ("parameter", "frozen", "buffer")
    }
    assert same(sums["parameter"], tree.trainable_params)
    assert same(sums["parameter"] + sums["frozen"], tree.params)
    assert same(sums["buffer"], tree.buffers)


def test_what_is_stored_cannot_be_changed() -> None:
    assert_frozen(storage(TREE)[0])
