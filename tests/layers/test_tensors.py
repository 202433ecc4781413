"""Every tensor of every class agrees with torch, and symbols bound to integers give the block of integers."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from paramcalc.layers import CATALOGUE
from paramcalc.sizes.symbols import substitute, sympified
from paramcalc.testing.case import Case
from paramcalc.testing.layer_calls import cases, modules_and_blocks
from paramcalc.tree.fold import unfold
from tests.agreement import assert_agree, differences

names = pytest.mark.parametrize("name", list(CATALOGUE))


@names
@settings(max_examples=100)
@given(data=st.data())
def test_every_tensor_agrees_with_torch(name: str, data: st.DataObject) -> None:
    case = data.draw(cases(name))
    assert_agree(case.block, case.module())


@settings(max_examples=150)
@given(case=modules_and_blocks())
def test_every_tensor_of_nested_containers_agrees_with_torch(case: Case) -> None:
    assert_agree(case.block, case.module())


def bound_is_built(case: Case, chosen: set[str]) -> None:
    """Fail unless the block with some sizes symbolic becomes, once they are bound, the block built of integers."""
    values = {name: size for name, size in case.sizes().items() if name in chosen}
    general, built = case.general(chosen).block, case.block
    for count in ("params", "trainable_params", "buffers", "nbytes"):
        assert substitute(getattr(general, count), sympified(values)) == getattr(built, count)
    unused = values.keys() - general.symbols  # the activation of a Transformer whose two stacks are given
    assert all(name.startswith("activation_") for name in unused)
    bound = unfold(general.bind(**{name: value for name, value in values.items() if name not in unused}))
    assert list(bound.tensors()) == list(built.tensors())
    assert bound.title == built.title
    assert bound == unfold(built)


@names
@given(data=st.data())
def test_symbols_bound_to_integers_give_the_block_of_integers(name: str, data: st.DataObject) -> None:
    case = data.draw(cases(name))
    known = sorted(case.sizes())
    bound_is_built(case, data.draw(st.sets(st.sampled_from(known)) if known else st.just(set())))


@given(data=st.data(), case=modules_and_blocks())
def test_symbols_of_nested_containers_bound_to_integers_do_likewise(data: st.DataObject, case: Case) -> None:
    known = sorted(case.sizes())
    bound_is_built(case, data.draw(st.sets(st.sampled_from(known)) if known else st.just(set())))


def test_agreement_names_both_sides_of_a_difference() -> None:
    lines = differences(Case("Linear", (3, 4)).block, Case("Linear", (3, 4), {"bias": False}).module())
    assert lines == ["paramcalc has Row(name='bias', shape=(4,), role='parameter', dtype='float32'); torch has None"]


def test_agreement_sees_a_frozen_parameter_and_an_element_type() -> None:
    block = Case("Embedding", (3, 4)).block
    assert differences(block, Case("Embedding", (3, 4), {"_freeze": True}).module())
    assert differences(block, Case("Embedding", (3, 4), {"dtype": torch.float16}).module())
