"""Planted mistakes in counters are found and shrunk to the smallest module; right counters pass."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import assume
from torch import nn

import paramcalc as pc
from paramcalc.errors import InvalidType, InvalidValue, ParamcalcError
from paramcalc.testing import check_counter
from paramcalc.testing.counter import _Check, _Wrong
from paramcalc.testing.module_trees import Sample, Step, at
from paramcalc.testing.module_trees import built as rebuilt
from tests.sample_code import built
from tests.testing.checks import failure, parameters


def leaf_walk(model: nn.Module) -> int:
    leaves = (module for module in model.modules() if not list(module.children()))
    return sum(each.numel() for leaf in leaves for each in leaf.parameters())


def requires_grad(model: nn.Module) -> int:
    return sum(each.numel() for each in model.parameters() if each.requires_grad)


def each_name(model: nn.Module) -> int:
    return sum(each.numel() for each in parameters(model))


def each_module(model: nn.Module) -> int:
    return sum(each.numel() for module in model.modules() for each in module.parameters(recurse=False))


def children(model: nn.Module) -> int:
    return sum(each.numel() for child in model.children() for each in child.parameters())


def real_numbers(model: nn.Module) -> int:
    return sum(each.numel() * (2 if each.is_complex() else 1) for each in model.parameters())


def no_biases(model: nn.Module) -> int:
    return sum(each.numel() for name, each in model.named_parameters() if "bias" not in name)


WRONG: dict[Callable[[nn.Module], int], int] = {
    leaf_walk: 3,
    requires_grad: 2,
    each_name: 3,
    each_module: 4,
    children: 2,
    real_numbers: 2,
    no_biases: 2,
}
RIGHT: list[Callable[[nn.Module], Any]] = [
    lambda model: sum(each.numel() for each in model.parameters()),
    lambda model: np.int64(sum(each.numel() for each in set(parameters(model)))),
    lambda model: pc.from_module(model).params,
    lambda model: pc.from_module(model, fold=True).params,
]


@pytest.mark.usefixtures("same_examples")
@pytest.mark.parametrize("counter", WRONG, ids=lambda counter: counter.__name__)
def test_a_wrong_counter_is_shown_the_smallest_module(counter: Callable[[nn.Module], int]) -> None:
    told = failure(lambda: check_counter(counter, examples=1000))
    head, code = told.split("; the smallest module found:\n\n")
    module = built("\n".join(line.removeprefix("    ") for line in code.splitlines()))
    right = sum(each.numel() for each in module.parameters())
    assert head == f"{counter.__name__} counts {counter(module):,} parameters where torch counts {right:,}"
    assert counter(module) != right
    assert len(code.splitlines()) <= WRONG[counter]
    assert right <= 2 or counter is no_biases


@pytest.mark.usefixtures("same_examples")
def test_no_line_of_the_smallest_module_can_be_left_out() -> None:
    def needs_two(model: nn.Module) -> int:
        return sum(each.numel() for each in model.parameters()) + (len(list(model.buffers())) >= 2)

    lines = [line.strip() for line in failure(lambda: check_counter(needs_two)).split("\n\n")[1].splitlines()]
    assert len(lines) == 3
    for number in (1, 2):
        model = built("\n".join([*lines[:number], *lines[number + 1 :]]))
        assert needs_two(model) == sum(each.numel() for each in model.parameters())


def test_what_is_left_without_a_step_is_what_can_be_built() -> None:
    steps = (
        Step("model.a = nn.Linear(1, 2)", lambda model: setattr(model, "a", nn.Linear(1, 2))),
        Step("model.b = model.a.bias", lambda model: setattr(model, "b", at(model, "a.bias"))),
        Step("model.c = nn.Identity()", lambda model: setattr(model, "c", nn.Identity())),
    )
    shorter = list(Sample(nn.Module(), steps).shorter())
    assert [sample.steps for sample in shorter] == [steps[:2], (steps[0], steps[2])]
    assert [list(dict(sample.module.named_children())) for sample in shorter] == [["a"], ["a", "c"]]


def test_of_two_modules_the_smaller_is_the_one_with_less_to_read() -> None:
    def step(code: str, child: str = "") -> Step:
        return Step(code, lambda model: model.add_module(child, nn.Module()) if child else None)

    def wrong(*steps: Step) -> _Wrong:
        return _Wrong(Sample(rebuilt(steps), steps), "a problem")

    three_lines, two_modules = wrong(step("a"), step("b"), step("c")), wrong(step("d", "d"))
    longer = wrong(step("longer", "d"))
    assert two_modules.size() < longer.size() < three_lines.size()
    for order in ([three_lines, longer, two_modules], [two_modules, three_lines, longer], [longer, two_modules]):
        check = _Check(requires_grad, "name", trainable=False, may_raise=())
        for each in order:
            check.keep(each)
        assert check.smallest is two_modules


@pytest.mark.parametrize("counter", RIGHT)
def test_a_right_counter_passes(counter: Callable[[nn.Module], Any]) -> None:
    check_counter(counter)


def test_a_thousand_modules_are_counted_as_torch_counts_them() -> None:
    def params(model: nn.Module) -> int:
        tree = pc.from_module(model)
        assert tree.trainable_params == sum(each.numel() for each in model.parameters() if each.requires_grad)
        return int(tree.params)

    check_counter(params, examples=1000)


def test_trainable_parameters_are_another_question() -> None:
    check_counter(requires_grad, trainable=True)
    told = failure(lambda: check_counter(RIGHT[0], trainable=True))
    assert re.match(r"<lambda> counts 1 trainable parameters where torch counts 0; the smallest module found:", told)
    assert told.endswith("requires_grad=False)")


def test_an_error_of_a_counter_is_wrong_unless_it_may_be_raised() -> None:
    def picky(model: nn.Module) -> int:
        if any(isinstance(each, nn.LSTM) for each in model.modules()):
            raise NotImplementedError("no rule\nfor LSTM")
        return sum(each.numel() for each in model.parameters())

    with pytest.raises(AssertionError, match=r"picky raises NotImplementedError: no rule where torch counts") as caught:
        check_counter(picky, examples=1000)
    assert isinstance(caught.value.__cause__, NotImplementedError)
    assert "nn.LSTM(" in str(caught.value)
    check_counter(picky, may_raise=(NotImplementedError,))


def test_a_counter_that_refuses_everything_is_not_right() -> None:
    def refuses(_: nn.Module) -> int:
        raise ValueError

    told = failure(lambda: check_counter(refuses, may_raise=(ValueError,)))
    assert told == "refuses refused every module; nothing was compared"


def test_a_counter_may_leave_out_modules_by_assume() -> None:
    def plain(model: nn.Module) -> int:
        assume(all(each.requires_grad for each in model.parameters()))
        return requires_grad(model)

    check_counter(plain)
    told = failure(lambda: check_counter(lambda model: plain(model) + 1))
    assert told.endswith("model = nn.Module()")


def test_a_counter_that_changes_its_mind() -> None:
    asked: list[int] = []

    def moody(model: nn.Module) -> int:
        asked.append(1)
        return sum(each.numel() for each in model.parameters()) + (len(asked) == 10)

    assert failure(lambda: check_counter(moody)) == "moody: asked twice about the same, it gives two answers"


@pytest.mark.parametrize("answer", [3.0, True, None, "3"])
def test_a_counter_that_returns_no_whole_number(answer: object) -> None:
    with pytest.raises(InvalidType, match=rf"it returned {answer!r}; expected a whole number"):
        check_counter(lambda _: answer)


@pytest.mark.parametrize(("examples", "error"), [(0, InvalidValue), (2.5, InvalidType), (True, InvalidType)])
def test_a_number_of_examples_that_is_none(examples: Any, error: type[ParamcalcError]) -> None:
    with pytest.raises(error, match=r"examples: got .*; expected (1 or more|a whole number)"):
        check_counter(requires_grad, examples=examples)


def test_a_right_counter_is_asked_once_for_each_example() -> None:
    asked: list[nn.Module] = []

    def right(model: nn.Module) -> int:
        asked.append(model)
        return sum(each.numel() for each in model.parameters())

    check_counter(right, examples=20)
    assert len(asked) == 20


def test_an_answer_is_wrong_where_it_is_another_number_or_an_error() -> None:
    def raises(_: nn.Module) -> int:
        raise KeyError("no rule")

    sample = Sample(nn.Linear(3, 4), ())
    assert _Check(raises, "raises", trainable=False, may_raise=()).wrong(sample) is True
    assert _Check(raises, "raises", trainable=False, may_raise=(KeyError,)).wrong(sample) is False
    assert _Check(lambda _: 16, "right", trainable=False, may_raise=()).wrong(sample) is False
    assert _Check(lambda _: 17, "one more", trainable=False, may_raise=()).wrong(sample) is True
