"""What is said of two trees, in full: kinds of differences and their sides, order, limits, and which tree is a file."""

from __future__ import annotations

import re
from dataclasses import FrozenInstanceError, replace
from typing import Any

import pytest
from torch import nn

import paramcalc as pc
from paramcalc import Block, Condition, TensorSpec, symbol
from paramcalc.errors import InvalidType, InvalidValue, ParamcalcError, UnknownName
from paramcalc.tree.tensor import ROLES, Role
from paramcalc.verification.comparison import Difference
from paramcalc.verification.verify import Checkpoint, checkpoint_of, is_classless
from tests.verification.comparing import found

A, N = symbol("a"), symbol("n")
SAID: dict[Role, str] = {
    "parameter": "a parameter",
    "frozen": "a frozen parameter",
    "buffer": "a buffer",
    "packed": "packed",
}


def net(*own: TensorSpec, kind: str = "Net") -> Block:
    return Block("", kind, own)


def plain(*names: str) -> Block:
    """Tensors of these paths, in blocks without a class."""
    own = tuple(TensorSpec(name, (2,)) for name in names if "." not in name)
    below: dict[str, list[str]] = {}
    for name in names:
        first, _, rest = name.partition(".")
        if rest:
            below.setdefault(first, []).append(rest)
    return Block("", "", own, tuple(plain(*rest).named(first) for first, rest in below.items()))


def told(a: Block, b: Block | nn.Module, **options: Any) -> list[Difference]:
    return list(pc.verify(a, b, **options).differences)


@pytest.mark.parametrize("first", ROLES)
@pytest.mark.parametrize("second", ROLES)
def test_other_roles_are_said_of_both_sides(first: Role, second: Role) -> None:
    trees = [net(TensorSpec("w", (2,), role)) for role in (first, second)]
    expected = [] if first == second else [Difference("w", "role", SAID[first], SAID[second])]
    assert told(*trees) == expected
    assert told(*trees, roles=False) == []
    for word in ("first", "second", "both"):
        assert told(*trees, checkpoint=word) == []


def test_other_shapes_are_said_of_both_sides_before_roles() -> None:
    one, other = net(TensorSpec("w", (2, 3))), net(TensorSpec("w", (3, 2), "buffer"))
    assert told(one, other) == [Difference("w", "shape", "(2, 3)", "(3, 2)")]
    formula = net(TensorSpec("v", (A,)), TensorSpec("w", (2 * A, 3)), TensorSpec("x", (5,)))
    actual = net(TensorSpec("v", (4,)), TensorSpec("w", (9, 3)), TensorSpec("x", (6,)))
    assert told(formula, actual) == [
        Difference("w", "shape", "(2*a, 3) = (8, 3)", "(9, 3)"),
        Difference("x", "shape", "(5,)", "(6,)"),
    ]


def shared(**modules: int) -> nn.ModuleDict:
    """Modules by name, those of the same number the same one."""
    made = {number: nn.Linear(2, 2, bias=False) for number in modules.values()}
    return nn.ModuleDict({name: made[number] for name, number in modules.items()})


OWN = "a tensor of its own"
SHAPE = "(2, 2)"
TIES: list[tuple[dict[str, int], dict[str, int], list[Difference]]] = [
    ({"a": 1, "b": 2}, {"a": 1, "b": 1}, [Difference("b.weight", "tie", OWN, "tied to a.weight")]),
    ({"b": 1, "a": 1, "c": 1}, {"a": 1, "b": 1, "c": 2}, [Difference("c.weight", "tie", "tied to b.weight", OWN)]),
    ({"a": 1, "b": 1, "c": 2}, {"b": 1, "a": 1, "c": 1}, [Difference("c.weight", "tie", OWN, "tied to a.weight")]),
    (
        {"x": 1, "a": 1, "c": 1},
        {"a": 1, "c": 2},
        [Difference("x.weight", "missing", SHAPE, None), Difference("c.weight", "tie", "tied to a.weight", OWN)],
    ),
    (
        {"a": 1, "c": 2},
        {"x": 1, "a": 1, "c": 1},
        [Difference("c.weight", "tie", OWN, "tied to a.weight"), Difference("x.weight", "missing", None, SHAPE)],
    ),
    ({"x": 1}, {"x": 1, "b": 2, "c": 2}, [Difference(f"{name}.weight", "missing", None, SHAPE) for name in "bc"]),
    ({"x": 1, "b": 2, "c": 2}, {"x": 1}, [Difference(f"{name}.weight", "missing", SHAPE, None) for name in "bc"]),
]


@pytest.mark.parametrize(("a", "b", "expected"), TIES)
def test_ties_are_said_by_the_first_name_that_both_sides_have(
    a: dict[str, int], b: dict[str, int], expected: list[Difference]
) -> None:
    assert told(pc.from_module(shared(**a)), shared(**b)) == expected


def test_differences_are_in_the_order_of_the_names() -> None:
    one = Block("", "Net", (TensorSpec("z", (1,)),), (plain("b", "a").named("y"), plain("c").named("x")))
    other = Block("", "Net", (TensorSpec("q", (1,)),), (plain("b.k", "d").named("y"), plain("c").named("p")))
    assert found(one, other) == [("missing", name) for name in ("z", "y.b", "y.b.k", "y.a", "y.d", "x.c", "q", "p.c")]


def test_a_reading_that_determines_every_symbol_is_nearer_than_one_with_fewer_differences() -> None:
    formula = Block("", "Net", (TensorSpec("w", (A,)), TensorSpec("x", (3,)), TensorSpec("y", (3,))))
    model = Block("", "DataParallel", children=(plain("w").named("module"),))
    assert found(formula, model) == [("missing", "x"), ("missing", "y")]
    assert pc.verify(formula, model).values == {"a": 2}


def test_of_readings_as_near_the_one_that_looks_through_least_is_told() -> None:
    one = plain("module.module.module.r", "module.s")
    other = plain("module.module.r", "module.module.module.s")
    assert found(one, other) == [("missing", "s"), ("missing", "module.module.module.s")]
    assert found(other, one) == [("missing", "module.module.module.s"), ("missing", "s")]
    deep, wide = plain("module.module.a"), plain("module.module.b")
    assert found(deep, wide) == [("missing", "module.module.a"), ("missing", "module.module.b")]


WRAPPED: list[tuple[str, str, bool]] = [
    ("DataParallel", "module", True),
    ("DistributedDataParallel", "module", True),
    ("OptimizedModule", "_orig_mod", True),
    ("", "module", True),
    ("", "_orig_mod", True),
    ("", "model", False),
    ("DataParallel", "_orig_mod", False),
    ("OptimizedModule", "module", False),
    ("Net", "module", False),
]


@pytest.mark.parametrize(("kind", "name", "known"), WRAPPED)
def test_a_wrapper_is_known_by_its_class_and_the_name_that_it_gives(kind: str, name: str, known: bool) -> None:
    bare = Block("", "Net", (TensorSpec("w", (2,)),))
    wrapped = Block("", kind, children=(bare.named(name),))
    assert pc.verify(bare, wrapped).holds == pc.verify(wrapped, bare).holds == known
    beside = replace(wrapped, own=(TensorSpec("v", (2,)),))
    assert ("missing", f"{name}.w") in found(beside, bare)
    two = replace(wrapped, children=(*wrapped.children, plain("w").named("other")))
    assert ("missing", f"{name}.w") in found(two, bare)


@pytest.mark.parametrize(("wrappers", "holds"), [(0, True), (1, True), (3, True), (4, False)])
def test_three_wrappers_are_looked_through(wrappers: int, holds: bool) -> None:
    assert pc.verify(plain("w"), plain("module." * wrappers + "w")).holds == holds
    assert pc.verify(plain("module." * wrappers + "w"), plain("w")).holds == holds


WORDS: list[tuple[Checkpoint, bool, bool]] = [
    ("", False, False),
    ("first", True, False),
    ("second", False, True),
    ("both", True, True),
]


@pytest.mark.parametrize("roles", [True, False])
@pytest.mark.parametrize(("word", "first", "second"), WORDS)
def test_a_file_alone_may_leave_out_what_is_not_persistent(
    word: Checkpoint, first: bool, second: bool, roles: bool
) -> None:
    assert checkpoint_of(first, second) == word
    for kind in ("Net", ""):
        full = net(TensorSpec("w", (2,)), TensorSpec("b", (2,), "buffer", persistent=False), kind=kind)
        part = net(TensorSpec("w", (2,)), kind=kind)
        guessed = not roles and not word and not kind
        assert found(full, part, checkpoint=word, roles=roles) == ([] if second or guessed else [("missing", "b")])
        assert found(part, full, checkpoint=word, roles=roles) == ([] if first or guessed else [("missing", "b")])
        kept = net(TensorSpec("w", (2,)), TensorSpec("b", (2,), "buffer"), kind=kind)
        assert found(kept, part, checkpoint=word, roles=roles) == [("missing", "b")]


@pytest.mark.parametrize(("word", "first", "second"), WORDS)
def test_a_file_may_leave_out_such_a_tensor_where_it_has_a_module_too(
    word: Checkpoint, first: bool, second: bool
) -> None:
    tensor = net(TensorSpec("b", (2,), "buffer", persistent=False))
    module = Block("", "Net", children=(plain("w").named("b"),))
    inside, outside = ("missing", "b.w"), ("missing", "b")
    assert found(tensor, module, checkpoint=word) == [*([] if second else [outside]), inside]
    assert found(module, tensor, checkpoint=word) == [*([] if first else [outside]), inside]


def test_a_tree_of_a_file_names_no_class_at_any_depth() -> None:
    assert is_classless(plain("a.b.c"))
    assert is_classless(Block())
    assert not is_classless(net())
    assert not is_classless(Block(children=(Block("a", children=(Block("b", "Net"),)),)))


def test_what_cannot_be_compared_counts_no_tensors_but_says_the_rest() -> None:
    actual = net(TensorSpec("w", (7,)), TensorSpec("v", (3,)))
    unknown = pc.verify(net(TensorSpec("w", (A * N,)), TensorSpec("v", (A,))), actual)
    assert (unknown.tensors, unknown.params, unknown.values) == (0, 10, {"a": 3})
    assert unknown.differences == (Difference("n", "unknown", None, None),)
    held = Block(
        "", "Net", (TensorSpec("w", (A,)), TensorSpec("v", (3,))), conditions=(Condition(A, ">=", 8, "so it is"),)
    )
    broken = pc.verify(held, actual)
    assert (broken.tensors, broken.params, broken.values) == (0, 10, {"a": 7})
    assert broken.differences == (
        Difference("", "condition", "a=7: 7 is not at least 8; expected a >= 8; so it is", None),
    )
    same = pc.verify(net(TensorSpec("w", (A,)), TensorSpec("v", (3,))), actual)
    assert (same.holds, same.tensors, same.params, same.values) == (True, 2, 10, {"a": 7})


def test_trees_up_to_a_limit_are_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("paramcalc.verification.verify.MOST_LISTED", 4)
    four, five = (Block("", "Net", children=(pc.repeated(net(TensorSpec("w", (2,))), count),)) for count in (4, 5))
    assert pc.verify(four, four).holds
    message = "^verify: a tree lists 5 tensors; expected at most 4$"
    for a, b in ((four, five), (five, four)):
        with pytest.raises(InvalidValue, match=message):
            pc.verify(a, b)
    general = Block("", "Net", (TensorSpec("n", (N,)),), (pc.repeated(net(TensorSpec("w", (2,))), N),))
    few = pc.verify(general, net(TensorSpec("n", (3,))))
    assert few.differences == tuple(Difference(f"{place}.w", "missing", "(2,)", None) for place in range(3))
    many = pc.verify(general, net(TensorSpec("n", (4,))))
    assert many.differences == (Difference("", "condition", "it would list 5 tensors, more than 4", None),)
    assert (many.tensors, many.params, many.values) == (0, 4, {"n": 4})


LINEAR = pc.layers.Linear(2, 3)
REFUSED: list[tuple[Any, Any, dict[str, Any], type[ParamcalcError], str]] = [
    (
        *(nn.ReLU(), LINEAR, {}, InvalidType),
        "verify: got ReLU first; expected a tree; give the tree first and the model second, or make a tree of it with "
        "from_module",
    ),
    (
        *(pc.repeated(LINEAR, 5), LINEAR, {}, InvalidValue),
        "verify: a tree stands for 5 copies of itself; compare one copy, or a block that holds them all",
    ),
    (
        *(LINEAR, pc.repeated(LINEAR, N), {}, InvalidValue),
        "verify: a tree stands for n copies of itself; compare one copy, or a block that holds them all",
    ),
    (
        *(net(TensorSpec("w{}", (3,))), LINEAR, {}, InvalidValue),
        "verify: a tree stands for 1 copies of itself; compare one copy, or a block that holds them all",
    ),
    (
        *(LINEAR, pc.layers.Linear(N, A), {}, InvalidValue),
        "verify: its sizes a, n are not known; expected a second tree of numbers",
    ),
    (
        *(LINEAR, LINEAR, {"checkpoint": "?"}, UnknownName),
        "checkpoint: unknown side '?'; known: first, second, both",
    ),
    (
        *(LINEAR, LINEAR, {"checkpoint": "frist", "roles": False}, UnknownName),
        "checkpoint: unknown side 'frist'; did you mean 'first'?",
    ),
]


@pytest.mark.parametrize(("a", "b", "options", "error", "message"), REFUSED)
def test_what_is_refused_is_said_in_full(
    a: Any, b: Any, options: dict[str, Any], error: type[ParamcalcError], message: str
) -> None:
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        pc.verify(a, b, **options)


def test_answers_do_not_change() -> None:
    result = pc.verify(LINEAR, pc.layers.Linear(2, 4))
    for value, name in ((result, "tensors"), (result.differences[0], "name")):
        with pytest.raises(FrozenInstanceError, match=f"cannot assign to field '{name}'"):
            setattr(value, name, 1)
