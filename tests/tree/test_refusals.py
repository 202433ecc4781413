"""What is no tree is refused in one sentence that says where and what would have been right."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import sympy

import paramcalc as pc
from paramcalc import Block, TensorSpec, symbol, tie
from paramcalc.errors import InvalidType, InvalidValue, ParamcalcError, UnknownName
from paramcalc.tree.block import plain_name
from paramcalc.tree.dtypes import dtype_name
from paramcalc.tree.node import Argument

L = symbol("L")
A, W = Block("a", own=(TensorSpec("w", (2,)),)), TensorSpec("w", (2,))
ONE_INDEX = "expected one {} in each, for the index"
A_TIE = "expected a relative path such as '.weight' or '..embedding.weight'"
A_WORD = "expected a word without dots and {}"


def tied(to: str, shape: tuple[int, ...] = (3,)) -> TensorSpec:
    return TensorSpec("v", shape, tied_to=to)


def root(*children: Block) -> Block:
    return Block("", "Root", children=children)


REFUSED: list[tuple[Callable[[], object], type[ParamcalcError], str]] = [
    (lambda: Block("a.b"), InvalidValue, "name of a block: got 'a.b'; expected a word without dots"),
    (lambda: Block("x{}", repeat=-1), InvalidValue, "repeat of 'x{}': got -1; expected a size of 0 or more"),
    (lambda: Block("x{}", first=-1), InvalidValue, "first index of 'x{}': got -1; expected a size of 0 or more"),
    (lambda: Block("x{}", step=0), InvalidValue, "step of 'x{}': got 0; expected a size of 1 or more"),
    (lambda: Block("x{}", run=-1), InvalidValue, "run of 'x{}': got -1; expected a size of 0 or more"),
    (lambda: Block("x{}", repeat=3, run=0), InvalidValue, "x{}: 3 copies in runs of 0; expected runs of 1 or more"),
    (lambda: Block("x{}", run=0), InvalidValue, "x{}: 1 copies in runs of 0; expected runs of 1 or more"),
    (lambda: Block("x{}", repeat=L, run=0), InvalidValue, "x{}: L copies in runs of 0; expected runs of 1 or more"),
    (
        lambda: Block("", "Kind", children=(A,), repeat=3),
        InvalidValue,
        "Kind: children in a repeated block without a name; expected tensors only",
    ),
    (lambda: Block("x", repeat=3), InvalidValue, f"names in a repeated block: got ['x']; {ONE_INDEX}"),
    (lambda: Block("x{}{}", repeat=3), InvalidValue, f"names in a repeated block: got ['x{{}}{{}}']; {ONE_INDEX}"),
    (lambda: Block("x{}{}", repeat=0), InvalidValue, f"names in a repeated block: got ['x{{}}{{}}']; {ONE_INDEX}"),
    (lambda: Block("x{}{}", repeat=L), InvalidValue, f"names in a repeated block: got ['x{{}}{{}}']; {ONE_INDEX}"),
    (lambda: Block(own=(W,), repeat=3), InvalidValue, f"names in a repeated block: got ['w']; {ONE_INDEX}"),
    (
        lambda: Block(own=(W, TensorSpec("v{}", (1,))), repeat=L),
        InvalidValue,
        f"names in a repeated block: got ['w', 'v{{}}']; {ONE_INDEX}",
    ),
    (
        lambda: Block("s", "Kind", (W,), tied_to=".x"),
        InvalidValue,
        "Kind: it is shared with '.x' and holds tensors of its own",
    ),
    (
        lambda: Block("s", "Kind", children=(A,), tied_to=".x"),
        InvalidValue,
        "Kind: it is shared with '.x' and holds tensors of its own",
    ),
    (lambda: Block("s", tied_to="x"), InvalidValue, f"s is tied to 'x'; {A_TIE}"),
    (lambda: Block("s", tied_to=""), InvalidValue, f"s is tied to ''; {A_TIE}"),
    (lambda: root(A, Block("s", tied_to=".b")), InvalidValue, "Root: s is tied to b, which does not exist"),
    (
        lambda: root(A, Block("s", tied_to=".a"), Block("t", tied_to=".s")),
        InvalidValue,
        "Root: t is tied to s, itself tied; expected the first place",
    ),
    (
        lambda: root(A, Block("s", tied_to=".{}")),
        InvalidValue,
        "Root: s is tied to {}; expected one copy, such as layers.0.weight",
    ),
    (
        lambda: Block("", "Root", (W, tied(".w"))),
        InvalidValue,
        "Root: v (3,) is tied to w (2,); expected equal shapes",
    ),
    (
        lambda: root(A, Block("b", own=(tied("..a.w"),))),
        InvalidValue,
        "Root: b.v (3,) is tied to a.w (2,); expected equal shapes",
    ),
    (
        lambda: root(A, Block("b", own=(tied("..a.u"),))),
        InvalidValue,
        "Root: b.v is tied to a.u, which does not exist",
    ),
    *(
        (lambda to=to: Block(own=(tied(to),)), InvalidValue, f"v is tied to {to!r}; {A_TIE}")
        for to in ("w", "", "..", ".", "..w..x", ".w.")
    ),
    (lambda: tie(Block(own=(W,)), "v", to="w"), UnknownName, "unknown tensor 'v'; known: w"),
    (lambda: tie(root(A), "a.v", to="a.w"), UnknownName, "unknown tensor 'a.v'; did you mean 'a.w'?"),
    (lambda: tie(root(A), "b.w", to="a.w"), UnknownName, "unknown tensor 'b.w'; did you mean 'a.w'?"),
    (lambda: pc.compose("K", {"a.b": A}), InvalidValue, f"K: got the name 'a.b'; {A_WORD}"),
    (lambda: pc.compose("K", {"": A}), InvalidValue, f"K: got the name ''; {A_WORD}"),
    (lambda: pc.compose("K", {"a{}": A}), InvalidValue, f"K: got the name 'a{{}}'; {A_WORD}"),
    (lambda: pc.compose("K", {3: A}), InvalidType, "K: got the name 3; expected a string"),  # type: ignore[dict-item]
    (lambda: plain_name(None, where="x"), InvalidType, "x: got the name None; expected a string"),
    (lambda: TensorSpec("", (1,)), InvalidValue, "name of a tensor: got ''; expected words joined by single dots"),
    (
        lambda: TensorSpec("a..b", (1,)),
        InvalidValue,
        "name of a tensor: got 'a..b'; expected words joined by single dots",
    ),
    (lambda: TensorSpec(".", (1,)), InvalidValue, "name of a tensor: got '.'; expected words joined by single dots"),
    (
        lambda: TensorSpec("w", (1,), "x"),  # type: ignore[arg-type]
        UnknownName,
        "w: unknown role 'x'; known: parameter, frozen, buffer, packed",
    ),
    (
        lambda: TensorSpec("w", (1,), dtype="flot32"),
        UnknownName,
        "w: unknown dtype 'flot32'; did you mean 'float32' or 'float6_e3m2fn'?",
    ),
    (lambda: TensorSpec("w", (3, -1)), InvalidValue, "shape of w: got -1; expected a size of 0 or more"),
    (
        lambda: TensorSpec("w", (True,)),
        InvalidType,
        "shape of w: got the truth value True; expected an integer or a symbol",
    ),
    (lambda: dtype_name("torch.flot16"), UnknownName, "unknown dtype 'flot16'; did you mean 'float16' or 'bfloat16'?"),
    (lambda: root(A).bind(x=3), UnknownName, "unknown symbol 'x'; there is no symbol at all"),
    (lambda: root(A).at("b"), UnknownName, "unknown block 'b'; known: a"),
]


@pytest.mark.parametrize(("build", "kind", "message"), REFUSED, ids=[each[2][:60] for each in REFUSED])
def test_what_is_no_tree_is_refused_in_full(
    build: Callable[[], object], kind: type[ParamcalcError], message: str
) -> None:
    with pytest.raises(kind) as caught:
        build()
    assert (type(caught.value), str(caught.value)) == (kind, message)


LEGAL: list[Callable[[], Block]] = [
    lambda: Block("x{}", repeat=0, run=0),
    lambda: Block("x{}", repeat=0, first=0, step=1, run=0),
    lambda: Block("x{}"),
    lambda: Block("x", repeat=L),
    lambda: Block("x", repeat=0),
    lambda: Block("", own=(W,), repeat=L),
    lambda: Block("s", tied_to=".a"),
    lambda: root(A, Block("s", tied_to=".a")),
    lambda: root(A, Block("b", children=(Block("s", tied_to="..a"),))),
    lambda: Block(own=(TensorSpec("a.b.c", (0, 1)),)),
]


@pytest.mark.parametrize("build", LEGAL)
def test_what_is_a_tree_is_built(build: Callable[[], Block]) -> None:
    block = build()
    assert block == build()
    assert pc.from_json(pc.to_json(root(A, block) if block.name == "s" else block)) is not None


def test_sizes_of_copies_are_exact() -> None:
    given: dict[str, Any] = {"repeat": np.int64(4), "first": np.int64(3), "step": np.int64(2), "run": np.int64(2)}
    block = Block("x{}", **given)
    assert block.numbers == {"repeat": 4, "first": 3, "step": 2, "run": 2}
    assert [type(size) for size in block.numbers.values()] == [int] * 4
    for one in (np.int64(1), sympy.Integer(1)):
        assert Block("x", own=(W,), children=(A,), repeat=one) == Block("x", own=(W,), children=(A,))
        assert Block("", own=(W,), children=(A,), repeat=one).params == 4
    symbolic = Block("x{}", repeat=2 * (L + 1), first=L * (L + 1), step=2 * (L + 1), run=L * (L + 1))
    assert [str(each) for each in symbolic.numbers.values()] == ["2*L + 2", "L**2 + L", "2*L + 2", "L**2 + L"]


@pytest.mark.parametrize(
    ("block", "title", "shown"),
    [
        (Block("a", "Kind"), "Kind", "<Block a: Kind>"),
        (Block("a", "Kind", label="label"), "Kind", "<Block a: Kind>"),
        (Block("", "Kind", label="label"), "Kind", "<Block label: Kind>"),
        (Block("", "", label="label"), "label", "<Block label: label>"),
        (Block(), "Block", "<Block root: Block>"),
        (Block("", "", args=(Argument("", 3), Argument("b", L))), "Block(3, b=L)", "<Block root: Block(3, b=L)>"),
        (Block("", "Kind", args=(Argument("b", False, True),)), "Kind(b=False)", "<Block root: Kind(b=False)>"),
        (Block("", "Kind", args=(Argument("", 3),), label="x"), "Kind(3)", "<Block x: Kind(3)>"),
    ],
)
def test_a_block_is_shown_by_its_name_and_its_title(block: Block, title: str, shown: str) -> None:
    assert (block.title, repr(block)) == (title, shown)


def test_1000_places_are_looked_at_for_one_that_is_near() -> None:
    for others, near in ((999, True), (1000, False)):
        own = tuple(TensorSpec(f"{'abcd'[number % 4]}{number}", (1,)) for number in range(others))
        tree = Block("", own=own, children=(Block("z", own=(TensorSpec("quite_another", (1,)),)),))
        with pytest.raises(UnknownName, match=r"^unknown tensor 'z\.quite_anothe'; ") as caught:
            tie(tree, "z.quite_anothe", to="a0")
        assert (caught.value.advice == "did you mean 'z.quite_another'?") is near


def test_a_tree_is_no_other_thing() -> None:
    assert (root(A) == 3, root(A) != 3, root(A) == root(A), root(A) == A) == (False, True, True, False)
    assert root(A).__eq__(3) is NotImplemented
    one, other = (root(Block("a", children=(Block("x", own=(TensorSpec("w", (size,)),)),))) for size in (2, 3))
    assert one != other
    assert one != root(Block("b", children=one.children[0].children))
    assert one != root(*one.children, Block("b"))
    assert (one == other) is False
    assert hash(one) == hash(pc.from_json(pc.to_json(one)))
    assert len({one, other, root(A), one.named("one")}) == 4


def test_another_name_changes_no_more_than_the_name() -> None:
    copies = Block("x{}", "Kind", (W,), repeat=3)
    assert A.named("a") is A
    assert (A.named("b").name, A.named("b").own, A.named("b").params) == ("b", A.own, 2)
    assert copies.named("y{}") == Block("y{}", "Kind", (W,), repeat=3)
    for block, name in ((copies, "y"), (A, "a.b"), (copies, "y.{}")):
        with pytest.raises(InvalidValue, match=r"^(names in a repeated block|name of a block): got "):
            block.named(name)
    assert A.named("y{}").repeated
    assert pc.repeated(A, 3, first=2) == Block("{}", own=A.own, repeat=3, first=2)
    assert pc.repeated(A, 3).first == 0
