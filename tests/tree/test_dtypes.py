"""Element types have the widths that torch gives them, and each tensor fills whole bytes."""

from __future__ import annotations

from math import ceil
from typing import Any

import pytest
import torch

from paramcalc import Block, TensorSpec, symbol
from paramcalc.errors import InvalidValue
from paramcalc.sizes.symbols import substitute
from paramcalc.tree.dtypes import ALIASES, BITS, dtype_name
from paramcalc.tree.totals import Totals, bytes_of, copied, of_tensor

H, L = symbol("h"), symbol("L")
PACKED = {"quint4x2": 4, "quint2x4": 2}  # of which torch counts the bytes of those that are not packed
ONLY_IN_FILES = {"float6_e2m3fn": 6, "float6_e3m2fn": 6, "float4_e2m1fn": 4}


@pytest.mark.parametrize("name", sorted(BITS))
def test_an_element_type_is_as_wide_as_in_torch(name: str) -> None:
    known: Any = getattr(torch, name, None)
    assert BITS[name] == {**PACKED, **ONLY_IN_FILES}.get(name, 0 if known is None else 8 * known.itemsize)
    assert dtype_name(name) == dtype_name(f"torch.{name}") == name
    assert known is None or dtype_name(known) == name


def test_every_element_type_of_torch_is_known() -> None:
    of_torch = {each for each in vars(torch).values() if isinstance(each, torch.dtype)}
    assert {str(each).removeprefix("torch.") for each in of_torch} <= BITS.keys()


@pytest.mark.parametrize("alias", [*ALIASES, "short", "cfloat"])
def test_another_name_of_torch_is_one_of_the_same_type(alias: str) -> None:
    kind: torch.dtype = getattr(torch, alias)
    assert dtype_name(kind) == str(kind).removeprefix("torch.")
    assert alias not in ALIASES or dtype_name(alias) == dtype_name(kind)
    assert dtype_name(None) == "float32"


@pytest.mark.parametrize("name", sorted(BITS))
def test_bytes_are_whole_for_each_tensor(name: str) -> None:
    for size in (0, 1, 2, 3, 7, 8, 9, 1001):
        expected = ceil(size * BITS[name] / 8)
        assert (bytes_of(size, name), type(bytes_of(size, name))) == (expected, int)
        assert size == 0 or substitute(bytes_of(H, name), {H: size}) == expected
        tree = Block(own=(TensorSpec("v", (size,), dtype=name), TensorSpec("w", (size,), dtype=name)))
        assert tree.nbytes == 2 * expected


FIELDS = {"parameter": "trainable", "frozen": "frozen", "buffer": "buffers", "packed": "packed"}


@pytest.mark.parametrize("role", FIELDS)
def test_a_tensor_counts_in_its_role(role: Any) -> None:
    tensor = TensorSpec("w", (3, 4), role, "float16")
    counts = {each: 12 * (each == FIELDS[role]) for each in FIELDS.values()}
    assert of_tensor(tensor) == Totals(**counts, nbytes=24)
    assert Block(own=(tensor,)).totals == Totals(**counts, nbytes=24)
    copies = Block("x{}", own=(tensor,), repeat=5)
    assert copies.totals == Totals(**{each: 5 * number for each, number in counts.items()}, nbytes=120)
    shared = TensorSpec("v", (3, 4), role, "float16", tied_to=".w")
    assert of_tensor(shared) == Totals()
    assert (shared.size, shared.counted, tensor.counted) == (12, 0, 12)
    assert Block(own=(tensor, shared)).totals == Totals(**counts, nbytes=24)
    assert (tensor.is_parameter, shared.is_parameter) == (role in ("parameter", "frozen"),) * 2


@pytest.mark.parametrize("frozen", [0, 5, H, H - H])
@pytest.mark.parametrize("trainable", [0, 7, H, 2 * L])
def test_parameters_are_the_trainable_and_the_frozen_ones(frozen: Any, trainable: Any) -> None:
    totals = Totals(trainable, frozen, 100, 1000, 10_000)
    assert totals.params == trainable + frozen
    assert isinstance(totals.params, int) is not bool(getattr(trainable + frozen, "free_symbols", None))
    tree = Block(
        own=(TensorSpec("v", (frozen,), "frozen"), TensorSpec("w", (trainable,)), TensorSpec("b", (9,), "buffer"))
    )
    assert (tree.params, tree.trainable_params, tree.buffers) == (trainable + frozen, trainable, 9)


def test_counts_of_copies_are_multiplied() -> None:
    totals = Totals(1, 2, 3, 4, 5)
    assert copied(totals, 1) is totals
    assert copied(totals, 0) == Totals()
    assert copied(totals, 3) == Totals(3, 6, 9, 12, 15)
    assert copied(totals, L) == Totals(L, 2 * L, 3 * L, 4 * L, 5 * L)
    assert Totals() == Totals(0, 0, 0, 0, 0)


@pytest.mark.parametrize(
    ("persistent", "note", "remark"),
    [(True, "", ""), (False, "", "not persistent"), (True, "n", "n"), (False, "n", "not persistent, n")],
)
def test_a_remark_says_what_shape_and_role_do_not(persistent: bool, note: str, remark: str) -> None:
    assert TensorSpec("w", (1,), "buffer", note=note, persistent=persistent).remark == remark


def test_a_tensor_is_a_parameter_of_32_bits_unless_it_says_otherwise() -> None:
    assert TensorSpec("w", (1,)) == TensorSpec("w", (1,), "parameter", "float32", None, "", True)


def test_the_product_of_sizes_has_10000_terms_at_the_most() -> None:
    wide = [sum((symbol(f"{letter}{number}") for number in range(100)), start=0) for letter in "abc"]
    assert len(TensorSpec("w", (wide[0], wide[1], 7, H)).shape) == 4
    with pytest.raises(InvalidValue) as caught:  # in full below
        TensorSpec("w", (wide[0], wide[1], H + 1))
    assert str(caught.value) == "shape of w: the product of its sizes has 20,000 terms; expected at most 10,000"
    assert TensorSpec("w", (H * L, 2 * H, H**2)).shape == (H * L, 2 * H, H**2)
    products = tuple(2 * symbol(f"x{number}") for number in range(20))
    assert TensorSpec("w", products).shape == products
