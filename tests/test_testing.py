"""The test kit, held by planted mistakes: wrong counters and formulas are found, and shrunk to the smallest."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch import nn

import paramcalc as pc
from paramcalc.architectures import AMNL
from paramcalc.errors import InvalidType, InvalidValue, ParamcalcError, UnknownName
from paramcalc.layers import CATALOGUE
from paramcalc.testing import (
    architectures,
    assert_counts,
    assert_formula,
    assert_same_tensors,
    blocks,
    check_counter,
    layer_args,
    modules,
)
from paramcalc.testing.case import Case, quiet
from paramcalc.testing.module_trees import LAYERS, Sample, Step, at, reached, samples
from paramcalc.testing.module_trees import built as rebuilt
from tests.sample_code import built

SIZES = {"L": (1, 6), "d": (8, 512, 8)}


def encoder(L: int, d: int) -> nn.Module:
    return nn.TransformerEncoder(nn.TransformerEncoderLayer(d, 8, 4 * d, batch_first=True), L)


def failure(check: Callable[[], None]) -> str:
    with pytest.raises(AssertionError) as caught:
        check()
    return str(caught.value)


# Strategies.


@pytest.mark.parametrize("name", sorted(CATALOGUE))
def test_arguments_of_every_class_build_it(name: str) -> None:
    seen: list[tuple[Any, Any]] = []

    @settings(max_examples=20)
    @given(layer_args(name))
    def build(call: tuple[Any, Any]) -> None:
        args, kwargs = call
        with quiet(), torch.device("meta"):
            layer = getattr(nn, name)(*args, **kwargs)
        assert all(each.is_meta for each in [*layer.parameters(), *layer.buffers()])
        seen.append(call)

    build()
    assert seen


@pytest.mark.parametrize(
    ("name", "edge"),
    [
        ("Linear", lambda layer: layer.bias is None),
        ("Conv2d", lambda layer: layer.groups == layer.in_channels > 1),
        ("Conv2d", lambda layer: layer.kernel_size[0] != layer.kernel_size[1]),
        ("LSTM", lambda layer: layer.proj_size > 0 and layer.bidirectional and layer.num_layers > 1),
        ("Embedding", lambda layer: layer.num_embeddings == 1 and layer.padding_idx == 0),
    ],
)
def test_edge_cases_are_drawn(name: str, edge: Callable[[Any], bool]) -> None:
    found: list[bool] = []

    @settings(max_examples=300, derandomize=True)
    @given(layer_args(name))
    def build(call: tuple[Any, Any]) -> None:
        with quiet(), torch.device("meta"):
            found.append(edge(getattr(nn, name)(*call[0], **call[1])))

    build()
    assert any(found)


def test_arguments_of_an_unknown_class() -> None:
    with pytest.raises(UnknownName, match=r"unknown layer 'Conv4d'; did you mean 'Conv"):
        layer_args("Conv4d")


@settings(max_examples=200)
@given(samples())
def test_the_code_of_a_module_builds_one_like_it(sample: Sample) -> None:
    module = sample.module
    for again in (built(sample.code), rebuilt(sample.steps)):
        assert pc.from_module(again) == pc.from_module(module)
        assert again.state_dict().keys() == module.state_dict().keys()
        assert [name for name, _ in again.named_modules()] == [name for name, _ in module.named_modules()]
        assert all(each.is_meta for each in again.parameters())


def test_a_module_that_an_attribute_hides_is_left_alone() -> None:
    decoder = nn.TransformerDecoder(nn.TransformerDecoderLayer(4, 2, 4, activation=nn.PReLU()), 1)
    hidden = "layers.0.activation.weight"
    assert hidden in dict(decoder.named_parameters())
    assert [path for path, _ in reached(decoder)] == [path for path, _ in decoder.named_parameters() if path != hidden]


TRICKS: dict[str, Callable[[nn.Module], object]] = {
    "a shared module": lambda model: len(list(model.named_modules(remove_duplicate=False))) > len([*model.modules()]),
    "a tied parameter": lambda model: len(parameters(model)) > len([*model.parameters()]),
    "two layers tied": lambda model: any(
        each.tied_to and "Module" not in (owner(model, name), owner(model, each.tied_to))
        for name, each in pc.from_module(model).tensors()
    ),
    "a frozen one": lambda model: any(not each.requires_grad for each in model.parameters()),
    "a parameter beside children": lambda model: any(
        type(each) is nn.Module and each._parameters and list(each.children()) for each in model.modules()
    ),
    "a hidden buffer": lambda model: any(each._non_persistent_buffers_set for each in model.modules()),
    "None": lambda model: any(None in each._modules.values() for each in model.modules()),
    "three levels": lambda model: any(name.count(".") >= 3 for name, _ in model.named_modules()),
    "no elements": lambda model: any(each.numel() == 0 for each in model.parameters()),
    "complex numbers": lambda model: any(each.is_complex() for each in model.parameters()),
}


def owner(model: nn.Module, name: str) -> str:
    """The class of the module that owns a tensor."""
    return type(model.get_submodule(name.rpartition(".")[0])).__name__


def parameters(model: nn.Module) -> list[nn.Parameter]:
    return [each for _, each in model.named_parameters(remove_duplicate=False)]


def test_modules_have_what_counters_get_wrong() -> None:
    seen: set[str] = set()

    @settings(max_examples=500, derandomize=True)
    @given(modules())
    def look(model: nn.Module) -> None:
        seen.update(name for name, trick in TRICKS.items() if trick(model))

    @settings(max_examples=2000, derandomize=True)
    @given(LAYERS)
    def look_at_layers(case: Case) -> None:
        seen.add(case.name)

    look()
    look_at_layers()
    assert seen == TRICKS.keys() | CATALOGUE.keys()


@given(blocks(), blocks(symbolic=False))
def test_blocks_have_symbols_where_they_are_asked_for(symbolic: pc.Block, plain: pc.Block) -> None:
    assert symbolic.symbols <= {"a", "b", "c"}
    assert not plain.symbols
    assert isinstance(plain.params, int)


@given(architectures())
def test_architectures_name_every_hyperparameter(given: dict[str, Any]) -> None:
    assert given.keys() == vars(AMNL.config()).keys()
    assert isinstance(pc.architecture("amnl", **given).params, int)


# Counters.


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


# Formulas.


def test_a_right_formula_passes() -> None:
    assert_formula(encoder, "12*L*d**2 + 13*L*d", over=SIZES)
    assert_formula(lambda d: pc.layers.Linear(d, 2 * d), "2*d**2 + 4*d//2", over={"d": (1, 9)})
    assert_formula(lambda d, heads: encoder(1, 8 * d), "768*d**2 + 104*d", over={"d": (1, 9), "heads": (1, 3)})
    assert_formula(lambda: nn.Linear(2, 2), "6", over={})


@pytest.mark.parametrize(
    ("formula", "place", "expected", "found"),
    [
        ("12*L*d**2 + 12*L*d", "L=1, d=8", "864", "872 parameters (+8)"),
        ("12*d**2 + 13*d", "L=2, d=8", "872", "1,744 parameters (+872)"),
        ("12*L*d**2 + 13*L*d + Max(0, d - 256)", "L=1, d=264", "839,792", "839,784 parameters (-8)"),
    ],
)
def test_a_wrong_formula_is_shown_the_smallest_sizes(formula: str, place: str, expected: str, found: str) -> None:
    told = failure(lambda: assert_formula(encoder, formula, over=SIZES))
    assert told.startswith(f"at {place} the formula {formula} gives {expected}, and encoder has {found}:\n\n")
    assert "TransformerEncoderLayer(" in told


def test_a_formula_that_is_no_whole_number_at_some_sizes() -> None:
    told = failure(lambda: assert_formula(lambda d: nn.Linear(d, d), "d*d + d/2", over={"d": (2, 9)}))
    assert told.startswith("at d=2 the formula d*d + d/2 gives 5, and <lambda> has 6 parameters (+1)")


def test_sizes_without_a_model_can_be_left_out() -> None:
    told = failure(lambda: assert_formula(encoder, "12*L*d**2 + 13*L*d", over={"L": (1, 6), "d": (8, 64)}))
    assert told.startswith("at L=1, d=9 encoder raises AssertionError: embed_dim must be divisible by num_heads; leave")

    def admitted(**sizes: int) -> nn.Module:
        assume(sizes["d"] % 8 == 0)
        return encoder(**sizes)

    assert_formula(admitted, "12*L*d**2 + 13*L*d", over={"L": (1, 6), "d": (8, 64)})
    with pytest.raises(InvalidValue, match="all that was tried was refused"):
        assert_formula(admitted, "12*L*d**2 + 13*L*d", over={"L": (1, 6), "d": (9, 15)})


def test_both_ends_of_a_range_are_included() -> None:
    seen: set[int] = set()

    def build(d: int) -> nn.Module:
        seen.add(d)
        return nn.Linear(d, 1)

    assert_formula(build, "d + 1", over={"d": (3, 12, 3)})
    assert seen == {3, 6, 9, 12}


@pytest.mark.parametrize(
    ("formula", "over", "error", "message"),
    [
        ("12*L*e**2", SIZES, UnknownName, "assert_formula, formula: unknown symbol 'e'; known: L, d"),
        ("12*L +", SIZES, InvalidValue, r"assert_formula, formula: cannot read '12\*L \+'"),
        ("__import__('os')", SIZES, InvalidValue, "assert_formula, formula: cannot read"),
        ("d", {**SIZES, "x": (1, 2)}, InvalidType, r"encoder cannot be called: got an unexpected keyword argument 'x'"),
        ("d", {"d": (1, 2)}, InvalidType, "missing a required argument: 'L'"),
        ("d", {"L": (1, 2), "d": (8,)}, InvalidType, r"over\['d'\]: got \(8,\); expected \(low, high\)"),
        ("d", {"L": (1, 2), "d": 8}, InvalidType, r"over\['d'\]: got 8; expected \(low, high\)"),
        ("d", {"L": (1, 2.5), "d": (8, 8)}, InvalidType, r"over\['L'\]: got \(1, 2.5\)"),
        ("d", {"L": (2, 1), "d": (8, 8)}, InvalidValue, r"over\['L'\]: got \(2, 1\); expected 0 <= low <= high"),
        ("d", {"L": (1, 2, 0), "d": (8, 8)}, InvalidValue, "a step of 1 or more"),
    ],
)
def test_what_is_no_formula_and_no_range(formula: str, over: Any, error: type[ParamcalcError], message: str) -> None:
    with pytest.raises(error, match=message):
        assert_formula(encoder, formula, over=over)


def test_a_factory_of_something_else() -> None:
    with pytest.raises(InvalidType, match=r"got int; expected a torch\.nn\.Module that is built"):
        assert_formula(lambda d: d, "d", over={"d": (1, 2)})
    with pytest.raises(InvalidValue, match="its sizes unknown_bias, unknown_weight are not known"):
        assert_formula(lambda d: nn.LazyLinear(d), "d", over={"d": (1, 2)})


# Tensors.


@given(modules())
def test_a_module_has_its_own_tensors(model: nn.Module) -> None:
    tree = pc.from_module(model)
    for a, b in ((model, tree), (tree, model), (model, model.state_dict()), (model.state_dict(), tree)):
        assert_same_tensors(a, b)
    assert_same_tensors(model.state_dict(), dict(model.state_dict()))


@given(modules(), st.data())
def test_one_tensor_left_out_of_a_state_dict_is_noticed(model: nn.Module, data: st.DataObject) -> None:
    state = dict(model.state_dict())
    places = [name for name, tensor in pc.from_module(model).tensors() if not tensor.tied_to and name in state]
    shared = {tensor.tied_to for _, tensor in pc.from_module(model).tensors()}
    places = [name for name in places if name not in shared and not elsewhere(model, name)]
    assume(places)
    lost = data.draw(st.sampled_from(places))
    del state[lost]
    told = failure(lambda: assert_same_tensors(model, state))
    assert f"  only in a: {lost} " in told


def elsewhere(model: nn.Module, name: str) -> bool:
    """Whether a tensor stands in another place too, such as in a module that is shared."""
    named = [*model.named_parameters(remove_duplicate=False), *model.named_buffers(remove_duplicate=False)]
    tensor = dict(named)[name]
    return sum(each is tensor for _, each in named) > 1


def test_tensors_that_differ_are_named_from_both_sides() -> None:
    a, b = nn.Sequential(nn.Linear(3, 4)), nn.Sequential(nn.Linear(3, 5, bias=False))
    assert failure(lambda: assert_same_tensors(a, b)).splitlines() == [
        "a, Sequential, and b, Sequential, have different tensors:",
        "  shape differs at 0.weight: a has (4, 3), b has (5, 3)",
        "  only in a: 0.bias (4,)",
    ]
    told = failure(lambda: assert_same_tensors(b.state_dict(), pc.layers.Sequential(pc.layers.Linear(3, 5))))
    assert told.splitlines() == [
        "a, a state dict, and b, Sequential, have different tensors:",
        "  only in b: 0.bias (5,)",
    ]
    frozen = nn.Sequential(nn.Linear(3, 4)).requires_grad_(False)
    assert "role differs at 0.weight: a has a frozen parameter, b has a parameter" in failure(
        lambda: assert_same_tensors(frozen, a)
    )
    assert_same_tensors(frozen, a.state_dict())


def test_a_formula_may_stand_on_either_side() -> None:
    formula, model = pc.layers.Linear(pc.symbol("i"), pc.symbol("o")), nn.Linear(4, 3)
    assert_same_tensors(formula, model)
    assert_same_tensors(model, formula)
    square = pc.layers.Linear(pc.symbol("i"), pc.symbol("i"))
    told = failure(lambda: assert_same_tensors(model, square))
    assert told.startswith("a, Linear(4, 3), and b, Linear(i, i), have different tensors:")
    assert "shape differs at weight: b has (i, i) = (3, 3), a has (3, 4)" in told


def test_a_checkpoint_is_compared_as_a_state_dict_is() -> None:
    bare = pc.Block("", own=(pc.TensorSpec("weight", (3, 4)), pc.TensorSpec("bias", (3,))))
    assert_same_tensors(nn.Linear(4, 3).requires_grad_(False), bare)
    assert "b, a tree, without classes," in failure(lambda: assert_same_tensors(nn.Linear(4, 4), bare))


def test_many_differences_are_cut_short() -> None:
    told = failure(lambda: assert_same_tensors(nn.Sequential(*[nn.Linear(2, 2)] * 1), nn.ModuleDict(many())))
    assert len(told.splitlines()) == 22
    assert told.endswith("and 42 more lines")


def many() -> dict[str, nn.Module]:
    return {f"layer_{number}": nn.Linear(2, 2) for number in range(30)}


@pytest.mark.parametrize(
    ("other", "error", "message"),
    [
        (
            {"state_dict": {}},
            InvalidType,
            "assert_same_tensors, b: 'state_dict' leads to dict; expected a tensor; give",
        ),
        ({3: torch.zeros(3)}, InvalidType, "assert_same_tensors, b: a key is 3; expected a state dict"),
        (nn.Linear, InvalidType, "got the class Linear"),
        ({"a..b": torch.zeros(3)}, ParamcalcError, "words joined by single dots"),
    ],
)
def test_what_has_no_tensors_to_compare(other: Any, error: type[ParamcalcError], message: str) -> None:
    with pytest.raises(error, match=message):
        assert_same_tensors(nn.Linear(4, 3), other)


def test_extra_state_is_no_tensor() -> None:
    class Extra(nn.Linear):
        def get_extra_state(self) -> Any:
            return {"calls": 3}

    model = nn.Sequential(Extra(4, 3))
    assert "0._extra_state" in model.state_dict()
    assert_same_tensors(model, model.state_dict())


# Counts.


@given(modules())
def test_every_path_has_the_parameters_that_torch_finds_there(model: nn.Module) -> None:
    firsts = {name: each.numel() for name, each in model.named_parameters()}
    paths = [f"{path}." if path else "" for path, _ in model.named_modules(remove_duplicate=False)]
    counts = {path: sum(size for name, size in firsts.items() if name.startswith(path)) for path in paths}
    assert_counts(model, {path.removesuffix("."): size for path, size in counts.items()})
    for name, tensor in pc.from_module(model).tensors():
        expected = 0 if tensor.tied_to or tensor.role == "buffer" else tensor.size
        assert_counts(model, {name: expected})
        assert name in failure(partial(assert_counts, model, {name: expected + 1}))


def test_counts_that_are_wrong_are_all_told() -> None:
    counts = {"lstm": 593_920, "lstm.lstm": 593_920, "cnn": 53_185, "": 960_964}
    assert failure(lambda: assert_counts(pc.architecture("amnl"), counts)).splitlines() == [
        "2 of 4 counts of AMNL are wrong:",
        "  lstm: expected 593,920, found 594,432 (+512)",
        "  cnn: expected 53,185, found 53,184 (-1)",
    ]


def test_what_is_shared_counts_at_its_first_place() -> None:
    block = nn.Sequential(nn.Linear(3, 3))
    model = nn.ModuleDict({"a": block, "b": block})
    assert_counts(model, {"a": 12, "a.0.weight": 9, "b": 0, "b.0": 0, "b.0.weight": 0, "": 12})
    with pytest.raises(UnknownName, match=r"unknown path 'a\.0\.wait'; did you mean 'a\.0\.weight'"):
        assert_counts(model, {"b.0.wait": 0})


def test_counts_may_be_expressions() -> None:
    d = pc.symbol("d")
    assert_counts(pc.layers.Linear(d, 3), {"": 3 * d + 3, "weight": 3 * d})
    told = failure(lambda: assert_counts(pc.layers.Linear(d, 3), {"": 2 * d + 3}))
    assert told.endswith("the whole model: expected 2*d + 3, found 3*d + 3 (by d)")


@pytest.mark.parametrize(
    ("counts", "error", "message"),
    [
        ({"lstm.lsmt": 3}, UnknownName, "assert_counts: unknown path 'lstm.lsmt'; did you mean 'lstm.lstm'"),
        ({"lstm.lstm.weight_ih": 3}, UnknownName, "unknown path 'lstm.lstm.weight_ih'"),
        ({"lstm": "594,432"}, InvalidType, "assert_counts, lstm: got str '594,432'; expected an integer"),
        ({"": 960_964.0}, InvalidType, "assert_counts, the whole model: got float"),
        ({"lstm": -1}, InvalidValue, "assert_counts, lstm: got -1; expected a size of 0 or more"),
    ],
)
def test_what_is_no_path_and_no_count(counts: Any, error: type[ParamcalcError], message: str) -> None:
    with pytest.raises(error, match=message):
        assert_counts(pc.architecture("amnl"), counts)


# The extra.


@pytest.mark.parametrize(("missing", "name"), [("hypothesis", "modules"), ("torch", "check_counter")])
def test_a_library_that_is_missing_is_named_with_its_extra(missing: str, name: str) -> None:
    code = f"import sys\nsys.modules[{missing!r}] = None\nfrom paramcalc.testing import {name}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    sentence = f"paramcalc.testing.{name}: {missing} is not installed; pip install 'paramcalc[testing]'"
    assert done.stderr.splitlines()[-1] == f"paramcalc.errors.InvalidValue: {sentence}"


def test_a_name_that_the_kit_does_not_have() -> None:
    with pytest.raises(AttributeError, match=r"module 'paramcalc\.testing' has no attribute 'assert_equal'"):
        pc.testing.assert_equal  # noqa: B018  # the access is the test
    assert set(pc.testing.__all__) <= set(dir(pc.testing))
    assert all(getattr(pc.testing, name).__doc__ for name in pc.testing.__all__)
