"""A search ends at the smallest value, asks as often as it may, and says what is wrong with a question."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import torch
from hypothesis import assume
from hypothesis import strategies as st
from torch import nn

import paramcalc as pc
from paramcalc import testing as kit
from paramcalc.errors import InvalidType, InvalidValue
from paramcalc.testing import assert_formula
from paramcalc.testing.search import error_line, smallest
from paramcalc.testing.trees import model_tree, state_tree, whole_count
from tests.testing.checks import failure

NUMBERS = st.integers(0, 10**6)


def search(wrong: Callable[[int], bool], examples: Any = 200) -> int | None:
    return smallest(NUMBERS, wrong, examples=examples, where="here")


def noted(asked: list[int], number: int) -> int:
    """How many were asked with this one."""
    asked.append(number)
    return len(asked)


def test_the_smallest_value_is_found_or_none() -> None:
    assert search(lambda number: number > 99) == 100
    assert search(lambda number: True) == 0
    assert search(lambda number: False) is None
    assert search(lambda number: False, examples=1) is None


@pytest.mark.parametrize("examples", [1, 2, 30])
def test_so_many_examples_are_tried(examples: int) -> None:
    asked: list[int] = []
    search(lambda number: noted(asked, number) < 0, examples=examples)
    assert len(asked) == examples


@pytest.mark.parametrize(
    ("examples", "error", "expected"),
    [
        (0, InvalidValue, "1 or more"),
        (-3, InvalidValue, "1 or more"),
        (2.0, InvalidType, "a whole number"),
        (True, InvalidType, "a whole number"),
        ("3", InvalidType, "a whole number"),
        (None, InvalidType, "a whole number"),
    ],
)
def test_a_number_of_examples_is_1_or_more(examples: Any, error: type[Exception], expected: str) -> None:
    with pytest.raises(error, match=rf"^here, examples: got {examples!r}; expected {expected}$"):
        search(lambda number: False, examples=examples)


def test_a_question_without_an_answer_is_told() -> None:
    with pytest.raises(InvalidValue, match=r"^here: all that was tried was refused; expected some that are not$"):
        search(lambda number: bool(assume(False)))
    asked: list[int] = []
    with pytest.raises(AssertionError, match=r"^here: asked twice about the same, it gives two answers$"):
        search(lambda number: noted(asked, number) == 5)


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (ValueError("one\ntwo"), "ValueError: one"),
        (ValueError("\n  one  \ntwo"), "ValueError: one  "),
        (ValueError(""), "ValueError"),
        (ValueError(" \n"), "ValueError"),
        (KeyError(), "KeyError"),
    ],
)
def test_an_error_is_its_class_and_its_first_line(error: Exception, line: str) -> None:
    assert error_line(error) == line


DEFAULTS: dict[str, dict[str, object]] = {
    "ParameterBudget": {"update": False},
    "architectures": {},
    "assert_counts": {},
    "assert_formula": {"examples": 100},
    "assert_same_tensors": {},
    "blocks": {"symbolic": True},
    "check_counter": {"trainable": False, "may_raise": (), "examples": 500},
    "layer_args": {},
    "modules": {},
}


@pytest.mark.parametrize("name", kit.__all__)
def test_what_may_be_left_out_has_its_default(name: str) -> None:
    parameters = inspect.signature(getattr(kit, name)).parameters.values()
    defaults = {
        each.name: each.default for each in parameters if each.default is not each.empty and each.name != "used"
    }
    assert defaults == DEFAULTS[name]


@pytest.mark.parametrize("given", [(True, 3), (1, False), (1, 2, True), ("1", 2), (1, 2, 3, 4), (1,), (), None, {1, 2}])
def test_a_range_is_two_or_three_whole_numbers(given: Any) -> None:
    with pytest.raises(
        InvalidType, match=r"^assert_formula, over\['d'\]: got .*; expected \(low, high\) or \(low, high, "
    ):
        assert_formula(lambda d: nn.Linear(d, 1), "d + 1", over={"d": given})


@pytest.mark.parametrize("given", [(2, 1), (1, 2, 0), (1, 2, -1), (-1, 2)])
def test_a_range_rises_from_0_or_more(given: Any) -> None:
    with pytest.raises(
        InvalidValue, match=r"^assert_formula, over\['d'\]: got .*; expected 0 <= low <= high and a step"
    ):
        assert_formula(lambda d: nn.Linear(d, 1), "d + 1", over={"d": given})


@pytest.mark.parametrize(
    ("given", "sizes"), [((0, 0), {0}), ([2, 4], {2, 3, 4}), ((1, 8, 3), {1, 4, 7}), ((5, 5, 9), {5})]
)
def test_a_range_has_both_ends_and_the_steps_between(given: Any, sizes: set[int]) -> None:
    seen: set[int] = set()

    def build(d: int) -> pc.Block:
        seen.add(d)
        return pc.Block(own=(pc.TensorSpec("w", (d,)),))

    assert_formula(build, "d", over={"d": given})
    assert seen == sizes


def test_a_factory_without_sizes_is_told_where_it_is() -> None:
    told = failure(lambda: assert_formula(lambda: nn.Linear(2, 2), "7", over={}))
    assert told.startswith("here the formula 7 gives 7, and <lambda> has 6 parameters (-1):\n\n")


def test_a_wrong_formula_shows_the_model_two_levels_deep() -> None:
    deep = pc.compose("A", {"b": pc.compose("B", {"c": pc.compose("C", {"d": pc.layers.Linear(2, 2)})})})
    table = failure(lambda: assert_formula(lambda: deep, "7", over={})).partition("\n\n")[2]
    assert [line.split()[:2] for line in table.splitlines()] != []
    assert " c " in f"{table} "
    assert "Linear" not in table


def test_a_factory_that_python_knows_nothing_of_is_called() -> None:
    class Silent:
        __name__ = "silent"

        @property
        def __signature__(self) -> inspect.Signature:
            raise ValueError("no signature")

        def __call__(self, d: int) -> nn.Module:
            return nn.Linear(d, 1)

    assert_formula(Silent(), "d + 1", over={"d": (1, 3)})
    told = failure(lambda: assert_formula(Silent(), "d", over={"d": (1, 3)}))
    assert told.startswith("at d=1 the formula d gives 1, and silent has 2 parameters (+1):")


def test_a_factory_without_a_name_is_shown_as_python_shows_it() -> None:
    made = partial(nn.Linear, 2)
    told = failure(lambda: assert_formula(made, "out_features", over={"out_features": (1, 3)}))
    assert told.startswith(f"at out_features=1 the formula out_features gives 1, and {made!r} has 3 parameters (+2):")


def test_models_are_trees_modules_or_state_dicts() -> None:
    tree = pc.layers.Linear(3, 4)
    assert model_tree(tree) is tree
    stack = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    assert [child.name for child in model_tree(stack).children] == ["0", "1"]
    assert [child.name for child in model_tree(stack, fold=True).children] == ["{}"]
    extra = {"a.weight": torch.zeros(3), "a._extra_state": {"calls": 3}, "_extra_state": None, "n": torch.tensor(3)}
    found = dict(state_tree(extra, where="here").tensors())
    assert {name: (each.shape, each.role, each.dtype) for name, each in found.items()} == {
        "a.weight": ((3,), "parameter", "float32"),
        "n": ((), "buffer", "int64"),
    }


class Typed:
    dtype = torch.float32


class Shaped:
    shape = (3,)


@pytest.mark.parametrize(
    ("state", "message"),
    [
        ({3: torch.zeros(3)}, r"here: a key is 3; expected a state dict: names and tensors"),
        ({"a": {}}, r"here: 'a' leads to dict; expected a tensor; give the state dict itself"),
        ({"a": Typed()}, r"here: 'a' leads to Typed; expected a tensor; give the state dict itself"),
        ({"a": Shaped()}, r"here: 'a' leads to Shaped; expected a tensor; give the state dict itself"),
        ({"a": torch.Size([3])}, r"here: 'a' leads to Size; expected a tensor; give the state dict itself"),
    ],
)
def test_a_state_dict_is_names_and_tensors(state: Any, message: str) -> None:
    with pytest.raises(InvalidType, match=f"^{message}$"):
        state_tree(state, where="here")


def test_only_numbers_are_counted() -> None:
    assert whole_count(pc.layers.Linear(3, 4)) == 16
    message = r"^Linear\(i, o\): its sizes i, o are not known; expected numbers; bind them, or run a lazy module once$"
    with pytest.raises(InvalidValue, match=message):
        whole_count(pc.layers.Linear(pc.symbol("i"), pc.symbol("o")))
