"""Laws of the tree: what binding, tying, folding, unfolding and writing to JSON keep."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise, permutations

import pytest
import sympy
from hypothesis import assume, given
from hypothesis import strategies as st

import paramcalc as pc
from paramcalc import Block, TensorSpec, fold, from_json, symbol, tie, to_json, unfold
from paramcalc.conditions import Condition, sound_size
from paramcalc.errors import InvalidValue, PreconditionFailed, UnknownName
from paramcalc.expression import parse_exact
from paramcalc.implication import needed
from paramcalc.symbols import same, substitute, sympified
from paramcalc.testing import block_trees as trees
from paramcalc.totals import bytes_of
from paramcalc.tree import Argument

COUNTS = ("params", "trainable_params", "buffers", "nbytes")


def bound(tree: Block, values: dict[str, int]) -> Block:
    return tree.bind(**{name: value for name, value in values.items() if name in tree.symbols})


@given(trees.blocks(), trees.values())
def test_bind_then_count_is_count_then_substitute(tree: Block, values: dict[str, int]) -> None:
    mapping = sympified(values)
    for count in COUNTS:
        assert getattr(bound(tree, values), count) == substitute(getattr(tree, count), mapping), count


@given(trees.blocks(), trees.values())
def test_counts_are_those_of_the_listed_tensors(tree: Block, values: dict[str, int]) -> None:
    listed = [tensor for _, tensor in bound(tree, values).tensors() if tensor.tied_to is None]
    by_role = {
        role: sum(tensor.size for tensor in listed if tensor.role == role) for role in ("parameter", "frozen", "buffer")
    }
    concrete = bound(tree, values)
    assert concrete.params == by_role["parameter"] + by_role["frozen"]
    assert concrete.trainable_params == by_role["parameter"]
    assert concrete.buffers == by_role["buffer"]
    assert concrete.nbytes == sum(bytes_of(tensor.size, tensor.dtype) for tensor in listed)


@given(trees.blocks(symbolic=False))
def test_counts_without_symbols_are_plain_ints(tree: Block) -> None:
    assert [type(getattr(tree, count)) for count in COUNTS] == [int] * 4
    assert all(type(size) is int for _, tensor in tree.tensors() for size in tensor.shape)


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


@given(trees.blocks(), trees.values())
def test_unfold_lists_the_same_tensors(tree: Block, values: dict[str, int]) -> None:
    concrete = bound(tree, values)
    flat = unfold(concrete)
    assert not any(block.repeated for _, block in flat.walk())
    assert sorted(flat.tensors()) == sorted(concrete.tensors())
    assert flat.totals == concrete.totals


@given(trees.blocks(), trees.values())
def test_fold_then_unfold_is_the_identity(tree: Block, values: dict[str, int]) -> None:
    flat = unfold(bound(tree, values))
    folded = fold(flat)
    assert unfold(folded) == flat
    assert list(folded.tensors()) == list(flat.tensors())
    assert folded.totals == flat.totals


@given(trees.blocks(symbolic=False), st.integers(2, 5), st.integers(0, 3))
def test_equal_siblings_that_count_up_are_one(tree: Block, copies: int, first: int) -> None:
    layer = unfold(tree)
    names = [f"layer{number}" for number in range(first, first + copies)]
    (one,) = fold(pc.compose("ModuleList", dict.fromkeys(names, layer))).children
    assert (one.name, one.repeat, one.first) == ("layer{}", copies, first)
    assert one.children == fold(layer).children


@given(trees.blocks(), trees.values())
def test_nothing_is_left_to_fold(tree: Block, values: dict[str, int]) -> None:
    for path, block in fold(unfold(bound(tree, values))).walk():
        for one, other in pairwise(block.children):
            assert not (follows(one, other) and one.named("x") == other.named("x")), path


def follows(one: Block, other: Block) -> bool:
    """Whether two names are those of neighbours that count up: the same but for a number that is one more."""
    before, after = (re.fullmatch(r"(.*?)(\d+)", each.name) for each in (one, other))
    return bool(before and after and before[1] == after[1] and int(after[2]) == int(before[2]) + 1)


def test_fold_joins_equal_neighbours_only() -> None:
    one, other = pc.layers.Linear(4, 4), pc.layers.Linear(4, 5)
    folded = fold(pc.layers.Sequential(one, one, other, one, one, one))
    assert [(child.name, child.repeat, child.first) for child in folded.children] == [
        ("{}", 2, 0),
        ("2", 1, 0),
        ("{}", 3, 3),
    ]


@given(trees.blocks())
def test_json_round_trip(tree: Block) -> None:
    again = from_json(to_json(tree))
    assert again == tree
    assert hash(again) == hash(tree)


CHANGES: dict[str, Callable[[Block], Block]] = {
    "nothing": lambda tree: from_json(to_json(tree)),
    "kind": lambda tree: replace(tree, kind="Other"),
    "label": lambda tree: replace(tree, label="Other"),
    "note": lambda tree: replace(tree, note="other"),
    "arguments": lambda tree: replace(tree, args=(Argument("more", 3),)),
    "conditions": lambda tree: replace(tree, conditions=(Condition(symbol("a"), ">", symbol("b")),)),
    "tensors": lambda tree: replace(tree, own=(*tree.own, TensorSpec("more", (2,)))),
    "children": lambda tree: replace(tree, children=(*tree.children, Block("more"))),
}


@given(trees.blocks(), st.sampled_from(sorted(CHANGES)))
def test_equality_is_that_of_the_json(tree: Block, change: str) -> None:
    other = CHANGES[change](tree)
    within, beside = (pc.compose("Net", {"part": each}) for each in (tree, other))
    assert (tree == other) == (to_json(tree) == to_json(other)) == (change == "nothing")
    assert (within == beside) == (to_json(within) == to_json(beside)) == (change == "nothing")


@given(trees.blocks(), trees.values())
def test_two_symbols_may_change_places(tree: Block, values: dict[str, int]) -> None:
    assume({"a", "b"} <= tree.symbols)
    swapped = tree.bind(a=symbol("b"), b=symbol("a"))
    assert bound(swapped, {**values, "a": values["b"], "b": values["a"]}).params == bound(tree, values).params


@given(trees.blocks())
def test_every_block_of_the_walk_is_at_its_path(tree: Block) -> None:
    for path, block in tree.walk():
        if block.name or block is tree:
            assert tree.at(path) == block


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


WRONG_TREES = [
    (lambda: Block(own=(TensorSpec("w", (1,)), TensorSpec("w", (2,)))), "two siblings are named 'w'"),
    (lambda: Block(own=(TensorSpec("fc", (1,)),), children=(Block("fc"),)), "two siblings are named 'fc'"),
    (lambda: Block(children=(Block("{}", repeat=3), Block("2"))), "two siblings are named '2'"),
    (lambda: Block("a.b"), "a word without dots"),
    (lambda: Block("layers", repeat=3), "one {} in each"),
    (lambda: Block("{}", repeat=-1), "a size of 0 or more"),
    (lambda: TensorSpec("w", (-1,)), "a size of 0 or more"),
    (lambda: TensorSpec("w", (1,), role="weights"), "unknown role 'weights'"),  # type: ignore[arg-type]
    (lambda: TensorSpec("w", (1,), dtype="float12"), "unknown dtype 'float12'; did you mean"),
    (lambda: Block(own=(TensorSpec("w", (1,), tied_to=".v"),)), "w is tied to v, which does not exist"),
    (lambda: Block(own=(TensorSpec("w", (1,), tied_to=".w"),)), "itself tied"),
    (lambda: Block(own=(TensorSpec("v", (2,)), TensorSpec("w", (1,), tied_to=".v"))), "expected equal shapes"),
    (lambda: Block(own=(TensorSpec("v", (1,)), TensorSpec("w", (1,), tied_to="v"))), "expected a relative path"),
]


@pytest.mark.parametrize(("build", "message"), WRONG_TREES)
def test_wrong_trees_are_refused(build: object, message: str) -> None:
    assert callable(build)
    with pytest.raises((InvalidValue, UnknownName), match=message):
        build()


@given(st.text(alphabet="ab.", max_size=5))
def test_the_name_of_a_tensor_is_words_joined_by_single_dots(name: str) -> None:
    if re.fullmatch(r"[ab]+(\.[ab]+)*", name):
        assert dict(Block(own=(TensorSpec(name, (2,)),)).tensors()).keys() == {name}
    else:
        with pytest.raises(InvalidValue, match=r"name of a tensor: got .*; expected words joined by single dots"):
            TensorSpec(name, (2,))


def test_bind_refuses_what_the_conditions_exclude() -> None:
    d = symbol("d")
    attention = pc.layers.MultiheadAttention(d, 8)
    assert [str(each) for each in attention.preconditions] == ["d divisible by 8"]
    assert attention.bind(d=16).preconditions == ()
    with pytest.raises(PreconditionFailed, match=r"d=12: 12 is not divisible by 8; expected d divisible by 8"):
        attention.bind(d=12)
    with pytest.raises(UnknownName, match="unknown symbol 'dd'; did you mean 'd'"):
        attention.bind(dd=8)
    with pytest.raises(InvalidValue, match=r"d: got 0; expected a size of 1 or more"):
        attention.bind(d=0)


def test_bind_to_an_expression_keeps_and_adds_conditions() -> None:
    h = symbol("h")
    attention = pc.layers.MultiheadAttention(symbol("d"), 8).bind(d=h - 2)
    assert {str(each) for each in attention.preconditions} == {"h - 2 divisible by 8", "h - 2 >= 1"}
    with pytest.raises(PreconditionFailed, match="h=2: 0 is not at least 1"):
        attention.bind(h=2)


def test_bind_refuses_a_dimension_that_is_not_whole() -> None:
    half = Block(own=(TensorSpec("w", (symbol("n") / 2,)),))
    assert half.bind(n=4).params == 2
    with pytest.raises(PreconditionFailed, match=r"n=3: 3 is not divisible by 2; expected n divisible by 2"):
        half.bind(n=3)
    with pytest.raises(InvalidValue, match=r"shape of w: m \+ 1/2 is not always an integer"):
        half.bind(n=2 * symbol("m") + 1)


def test_a_condition_is_reduced_to_what_it_asks() -> None:
    h, d = symbol("h"), symbol("d")
    assert str(Condition(6 * h, "divisible by", 8)) == "3*h divisible by 4"
    assert Condition(8 * h, "divisible by", 4).holds is True
    assert Condition(-3 * h, "divisible by", d) == Condition(3 * h, "divisible by", d)
    assert Condition(h * d, "divisible by", h).holds is True
    assert Condition(h, ">", d).holds is None
    assert Condition(h + d, ">", h).holds is True


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


def test_a_block_is_frozen_and_hashable() -> None:
    linear = pc.layers.Linear(3, 4)
    assert {linear: 1}[pc.layers.Linear(3, 4)] == 1
    with pytest.raises(AttributeError, match="cannot assign"):
        linear.name = "fc"  # type: ignore[misc]


def test_renaming_changes_no_count() -> None:
    assert replace(pc.layers.Linear(3, 4), name="fc").params == 16


def test_symbolic_repeats_cannot_be_listed() -> None:
    stack = pc.layers.TransformerEncoder(pc.layers.TransformerEncoderLayer(8, 2), symbol("L"))
    with pytest.raises(InvalidValue, match=r"L copies of '\{\}' cannot be listed; bind its symbols first"):
        list(stack.tensors())


PARTS = st.recursive(
    st.one_of(st.sampled_from([symbol("n"), symbol("m")]), st.integers(1, 4).map(sympy.Integer)),
    lambda inner: st.one_of(
        st.builds(sympy.Max, inner, inner),
        st.builds(sympy.Min, inner, inner),
        st.builds(lambda a, k: sympy.floor(a / k), inner, st.integers(2, 4)),
        st.builds(lambda a, b, k: a + k * b, inner, inner, st.integers(-2, 2)),
        st.builds(lambda a, k: a - k, inner, st.integers(1, 4)),
    ),
    max_leaves=5,
)


@given(PARTS)
def test_what_needs_no_condition_is_never_negative(size: sympy.Expr) -> None:
    held = not sound_size(size)
    values = [
        int(size.xreplace({symbol("n"): sympy.Integer(n), symbol("m"): sympy.Integer(m)}))
        for n in range(1, 9)
        for m in (1, 2, 3, 7)
    ]
    assert min(values) >= 0 or not held


SOUND = {
    "Min(1, Max(3, n) - 3)": True,
    "Min(1, Max(3, n) - 4)": False,
    "2*Max(2, n) - 4 + m": True,
    "3 - Max(3, n)": False,
    "Min(m, n - 1)": True,
    "Min(m, n - 2)": False,
    "floor(n/2) + Max(1, m) - 1": True,
    "floor(Max(2, n)/3 - 1/3)": True,
    "floor(Max(2, n)/3 - 1)": False,
}


@pytest.mark.parametrize("text", SOUND)
def test_what_is_seen_to_be_never_negative(text: str) -> None:
    assert (sound_size(parse_exact(text)) == ()) is SOUND[text]


def test_a_condition_that_follows_from_others_is_not_listed() -> None:
    h, n, m = map(symbol, "hnm")
    several = (Condition(h, "divisible by", 8), Condition(h, "divisible by", 32), Condition(h, "divisible by", 2 * n))
    weaker = (Condition(h, "divisible by", n), Condition(h * m, "divisible by", n), Condition(h, "divisible by", 4))
    for conditions in permutations((*several, *weaker)):
        assert set(needed(conditions)) == set(several[1:])
    assert needed((Condition(h, ">=", 32), several[1])) == (several[1],)
    assert len(needed((Condition(h, ">=", 33), several[1]))) == 2
    same = (Condition(n, ">=", 2), Condition(n, ">", 1), Condition(2 * n, ">=", 4))
    assert all(needed(each) == each[:1] for each in permutations(same))
