"""Mistakes that once were there, each with the wrong answer it gave."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sympy
from sympy.functions.elementary.miscellaneous import MinMaxBase

import paramcalc as pc
from paramcalc import Block, TensorSpec, paths, symbol
from paramcalc.cli import main
from paramcalc.conditions import Condition
from paramcalc.errors import BadFile, InvalidType, InvalidValue, PreconditionFailed
from paramcalc.expression import parse_exact
from tests.work import counted

H, N, K = symbol("h"), symbol("n"), symbol("k")
LINEAR = pc.layers.Linear


def test_remainders_are_those_of_python() -> None:
    expr: Any = parse_exact("(6*h-2)**2 % 6 + Mod(h*n, 7)")
    for h in range(1, 20):
        assert expr.subs({H: h, N: 3}) == (6 * h - 2) ** 2 % 6 + h * 3 % 7
    block = LINEAR(sympy.Mod(H * H, 6) + 1, 4)
    for t in range(1, 6):
        bound = block.bind(h=6 * symbol("t") - 2)
        assert (bound.bind(t=t) if bound.symbols else bound).params == block.bind(h=6 * t - 2).params
    quotient = Block(own=(TensorSpec("w", (H**2 // 6 + 1,)),))
    for t in range(1, 6):
        assert quotient.bind(h=6 * symbol("t") - 2).bind(t=t).params == quotient.bind(h=6 * t - 2).params
    assert parse_exact("((6*h-2)**2) // 6 - floor((6*h-2)**2/6)") == 0
    remainder = Block(own=(TensorSpec("w", (H + sympy.Mod(H**2, 6),)),))
    assert pc.solve(remainder, "h", budget=161) == max(h for h in range(1, 162) if h + h * h % 6 <= 161)


def test_shapes_are_exact_sizes() -> None:
    wide: Any = np.int64(2**40)
    assert Block(own=(TensorSpec("w", (wide, wide)),)).params == 2**80
    assert pc.repeated(LINEAR(2**31, 2**31, bias=False), wide).params == 2**102
    for wrong in ((2.5, 4), (True,), ("3",), (sympy.Symbol("h"),), (2**H,), (sympy.sqrt(H),)):
        with pytest.raises((InvalidType, InvalidValue), match="shape of w: "):
            TensorSpec("w", wrong)
    with pytest.raises(InvalidValue, match="is not always an integer"):
        LINEAR(H / 2, 4)
    with pytest.raises(InvalidType, match="side of a condition: got str"):
        Condition("h", ">=", 3)


def test_arrays_of_objects_hold_python_integers() -> None:
    square = LINEAR(H, K)
    array = np.array([np.int64(2**40)], dtype=object)
    assert pc.evaluate(square, {"h": array, "k": array}).tolist() == [2**80 + 2**40]
    for wrong in (2.5, True, "3", None):
        with pytest.raises(InvalidType, match="h: got "):
            pc.evaluate(LINEAR(H, 2), {"h": np.array([3, wrong], dtype=object)})


def test_impossible_sizes_are_refused_alike_everywhere() -> None:
    cases = {
        "copies": (
            pc.compose("M", {"x": Block("x", children=(pc.repeated(LINEAR(4, 4), N - 3),))}),
            {"n": 1},
            {"n": 5},
        ),
        "a dimension": (Block(own=(TensorSpec("w", (N - 3,)),)), {"n": 2}, {"n": 3}),
        "a half": (Block(own=(TensorSpec("w", (N / 2, 2)),)), {"n": 3}, {"n": 4}),
        "layers": (pc.architecture("amnl", attention_layers=N - 3), {"n": 3}, {"n": 4}),
        "a divisor": (
            Block(own=(TensorSpec("w", (N,)),), conditions=(Condition(12, "divisible by", N - 3),)),
            {"n": 2},
            {"n": 6},
        ),
    }
    for name, (block, bad, good) in cases.items():
        assert block.preconditions, name
        with pytest.raises(PreconditionFailed, match="n"):
            block.bind(**bad)
        with pytest.raises(PreconditionFailed, match="n"):
            pc.evaluate(block, {"n": np.array([bad["n"]])})
        assert not pc.admissible(block, {"n": np.array([bad["n"]])}).any()
        assert pc.evaluate(block, {"n": np.array([good["n"]])}).tolist() == [block.bind(**good).params], name
    assert pc.solve(cases["a divisor"][0], "n", budget=10**6) == 15


def test_runs_that_change_places_differ() -> None:
    def runs(*widths: int) -> Block:
        return pc.fold(pc.layers.ModuleList([LINEAR(width, width) for width in widths for _ in range(2)]))

    assert pc.diff(runs(4, 8, 5), runs(8, 4, 5), depth=None).differs
    changes = [change for change in pc.diff(runs(4, 8, 5), runs(3, 8, 5), depth=None).changes if change.changed]
    assert [(change.before, change.after) for change in changes] == [(40, 24)]
    one, twelve = (
        pc.layers.TransformerEncoder(pc.layers.TransformerEncoderLayer(8, 2, 16), count) for count in (1, 12)
    )
    paths = [change.path for change in pc.diff(one, twelve, depth=2).changes]
    assert paths == ["layers", "layers.0"]


def test_a_tie_names_one_copy_that_is_there() -> None:
    enc, dec = (Block("", "ModuleList", children=(pc.repeated(LINEAR(4, 4), count),)) for count in (3, 5))
    pair = pc.compose("P", {"enc": enc, "dec": dec})
    with pytest.raises((InvalidValue, pc.ParamcalcError), match=r"dec.\{\}|enc.\{\}.weight; expected one copy"):
        pc.tie(pair, "dec.{}.weight", to="enc.{}.weight")
    rnn = pc.compose("R", {"rnn": pc.layers.LSTM(8, 8, symbol("L")), "fc": Block(own=(TensorSpec("w", (32, 8)),))})
    with pytest.raises(InvalidValue, match=r"rnn.weight_ih_l1, which does not exist"):
        pc.tie(rnn, "fc.w", to="rnn.weight_ih_l1")
    assert pc.tie(rnn, "fc.w", to="rnn.weight_ih_l0").bind(L=1).params == 576


def test_names_that_only_look_alike_fold() -> None:
    a, b = LINEAR(4, 4), LINEAR(5, 5)
    names = pc.compose("R", {"conv1": a, "conv2": a, "conv2_1": b, "conv2_2": b})
    assert [child.name for child in pc.fold(names).children] == ["conv{}", "conv2_{}"]
    with pytest.raises(InvalidValue, match="two siblings are named"):
        Block(children=(Block("a{}", repeat=3), Block("a1{}", repeat=3)))
    alike = pc.compose("R", {"a10": a, "a11": a, "a1": b, "a2": b})
    assert pc.unfold(pc.fold(alike)) == alike


@pytest.mark.parametrize("block", [LINEAR(2**40, 2**40), LINEAR(H * (H + 1), 4), LINEAR(H // 3, 4)])
def test_legal_trees_read_back(block: Block) -> None:
    assert pc.from_json(pc.to_json(block)) == block


def test_a_shape_in_json_is_a_list() -> None:
    text = pc.to_json(LINEAR(3, 4)).replace("[4, 3]", '"43"')
    with pytest.raises(BadFile, match="shape '43' is no list"):
        pc.from_json(text)


def test_plain_integers_have_no_bound() -> None:
    assert pc.evaluate(LINEAR(H, 4), {"h": 2**61}) == 2**63 + 4
    assert pc.evaluate(LINEAR(H, K), {"h": np.array([], int), "k": 2**62}).tolist() == []


def test_the_result_is_not_the_callers_array() -> None:
    array = np.array([1, 2, 3])
    result = pc.evaluate(pc.layers.PReLU(H), {"h": array})
    result += 1
    assert array.tolist() == [1, 2, 3]


def test_a_wide_division_is_solved_directly() -> None:
    block = pc.layers.MultiheadAttention(H, 1_000_003)
    value = pc.solve(block, "h", budget=10**18)
    assert value % 1_000_003 == 0
    assert block.bind(h=value).params <= 10**18 < block.bind(h=value + 1_000_003).params


ODD: dict[str, tuple[list[str], str]] = {
    "self": (["table", "amnl", "--set", "self=3"], "unknown hyperparameter 'self'"),
    "preset": (["table", "amnl", "--set", "preset=3"], "unknown hyperparameter 'preset'"),
    "a dunder": (["table", "amnl", "--set", "__class__=3"], "unknown hyperparameter '__class__'"),
    "self of a layer": (["formula", "Linear", "--set", "self=3"], "unknown argument 'self'"),
    "a long name": (["table", "a" * 5000], "unknown target"),
    "a null byte": (["table", "a\x00.json"], "cannot read it"),
    "deep signs": (["table", "amnl", "--set", "lstm_hidden=" + "-" * 2500 + "1"], "--set"),
    "a long sum": (["table", "amnl", "--set", "lstm_hidden=" + "1+" * 4000 + "1"], "--set"),
    "another size": (["formula", "LSTM", "--vary", "nonexistent"], "unknown size 'nonexistent'"),
    "another letter": (["formula", "amnl", "--notation", "nonexist=h"], "unknown size 'nonexist'"),
}


@pytest.mark.parametrize("name", sorted(ODD))
def test_odd_input_is_one_sentence(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    arguments, message = ODD[name]
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    out, err = capsys.readouterr()
    assert (stop.value.code, out, err.count("\n")) == (2, "", 1)
    assert message in err


def test_a_symbol_may_have_any_name() -> None:
    for name in ("self", "E", "I", "pi", "S", "N", "oo", "beta", "Q"):
        block = LINEAR(symbol(name), 4)
        assert pc.from_json(pc.to_json(block)) == block
        assert block.bind(**{name: 3}).params == 16


def hostile(**blocks: Any) -> str:
    return json.dumps({"format": "paramcalc-tree", "version": 1, "params": 0, "blocks": [{"depth": 0, **blocks}]})


NESTED = "h"
for depth in range(12):
    NESTED = f"Max({NESTED}, ({NESTED})//2+{depth})"
TOO_LARGE = "the expression is too large to expand"
HOSTILE = {
    "fractions": (hostile(own=[{"name": "w", "shape": ["+".join(f"1/(a{i}+b{i})" for i in range(16))]}]), TOO_LARGE),
    "a wide maximum": (
        hostile(own=[{"name": "w", "shape": [f"Max({', '.join(f'a{i}*b{i}' for i in range(300))})"]}]),
        r"cannot read 'Max\(",
    ),
    "nested maxima": (hostile(own=[{"name": "w", "shape": [NESTED]}]), TOO_LARGE),
    "powers": (json.dumps({**json.loads(hostile()), "params": "(((((7/1)**64)**64)**64)**64)**64"}), TOO_LARGE),
    "a wide product": (
        hostile(own=[{"name": "w", "shape": [f"a{i} + b{i}" for i in range(22)]}]),
        "the product of its sizes has 4,194,304 terms",
    ),
    "deep arguments": (
        hostile().replace('"depth": 0', '"depth": 0, "args": ' + "[" * 600 + "]" * 600),
        "maximum recursion depth|no list of name, value and default",
    ),
    "degrees": (json.dumps({**json.loads(hostile()), "params": "((((h**64)**64)**64)**64)**64"}), TOO_LARGE),
}
ALGEBRA = [
    (sympy.Add, "flatten"),
    (sympy.Mul, "flatten"),
    (MinMaxBase, "_is_connected"),
    (sys.modules["sympy.core.assumptions"], "_ask"),
]


@pytest.mark.parametrize("name", sorted(HOSTILE))
def test_hostile_files_are_refused_at_once(name: str) -> None:
    text, message = HOSTILE[name]
    with counted(*ALGEBRA, most=1_000), pytest.raises(BadFile, match=message):
        pc.from_json(text)


def test_many_copies_are_not_listed() -> None:
    with counted((paths, "indices"), most=1_000):
        assert pc.from_json(hostile(name="{}", repeat=10**18)).params == 0


def test_a_million_layers_take_no_time() -> None:
    with counted((paths, "indices"), (Block, "__post_init__"), (TensorSpec, "__post_init__"), most=1_000):
        tree = pc.architecture("amnl", lstm_layers=10**6)
        assert tree.at("lstm.lstm").params == 593_920 + (10**6 - 2) * 395_264
        copies = pc.compose("M", {"m": Block("", children=(pc.repeated(LINEAR(2, 2), 10**12),))})
        with pytest.raises(pc.ParamcalcError, match="unknown tensor"):
            pc.tie(copies, "x.w", to="m.0.weight")
        assert pc.render(tree, depth=2)


def test_numbers_of_a_symbolic_csv_are_numbers() -> None:
    tree = pc.architecture("amnl", lstm_hidden=H)
    line = pc.render(tree, "csv", symbolic=True, at={"h": 64}, depth=0).splitlines()[1]
    counts = ["310724", "100.0%", "310724", "0", "515", "0", "1244968"]
    assert line.split(",")[5:] == [*counts, "yes", "", "48*h**2 + 944*h + 53700"]


def test_a_quotient_alone_is_evaluated() -> None:
    block = pc.layers.Conv1d(64, 128, 3, groups=symbol("g"), bias=False)
    assert pc.evaluate(block, {"g": 2}) == 64 * 128 * 3 // 2
    assert pc.evaluate(block, {"g": np.array([1, 4])}).tolist() == [24_576, 6_144]
    assert pc.admissible(block, {"g": np.array([1, 3])}).tolist() == [True, False]


def test_a_mask_answers_where_a_quotient_is_not_whole() -> None:
    half = Block(own=(TensorSpec("w", (N / 2 - 1,)),))
    assert pc.admissible(half, {"n": np.array([3, 4, 1])}).tolist() == [False, True, False]
    by = Block(own=(TensorSpec("w", (N,)),), conditions=(Condition(12, "divisible by", N - 3),))
    for dtype in (int, object):
        assert pc.admissible(by, {"n": np.array([3, 2, 7], dtype)}).tolist() == [False, False, True]
    rough = Block(own=(TensorSpec("w", (H,)),), conditions=(Condition(H / 2, ">=", 3),))
    assert pc.admissible(rough, {"h": np.array([5, 6, 7])}).tolist() == [False, True, True]
    assert rough.bind(h=7).params == 7
    third = Block(own=(TensorSpec("w", (H,)),), conditions=(Condition(H / 2, "divisible by", 3),))
    assert pc.admissible(third, {"h": np.array([3, 6])}).tolist() == [False, True]
    with pytest.raises(PreconditionFailed, match="h=3: 3 is not divisible by 6"):
        third.bind(h=3)


def test_a_divisor_that_may_be_zero_is_refused() -> None:
    for text in ("12 + h//(n%2)", "h//(n-3)", "12 + Mod(h, n-3)", "h/(n-3)"):
        with pytest.raises(InvalidValue, match="divides by"):
            TensorSpec("w", (parse_exact(text),))


def test_the_solver_does_not_say_none_where_one_may_be() -> None:
    block = Block(own=(TensorSpec("w", (H,)),), conditions=(Condition(H - 10, "divisible by", H + 1),))
    assert block.bind(h=10).params == 10
    assert pc.solve(block, "h", budget=1000) == 10
    nested = Block(own=(TensorSpec("w", (H,)), TensorSpec("v", (parse_exact("h//2//2"),))))
    assert pc.solve(nested, "h", budget=100) == max(h for h in range(200) if h + h // 2 // 2 <= 100)


def test_large_sizes_are_judged_alike() -> None:
    square = Block(own=(TensorSpec("w", (H * H,)),))
    assert square.bind(h=2**40).params == pc.evaluate(square, {"h": 2**40}) == 2**80
    assert pc.solve(square, "h", budget=2**80) == 2**40
    shifted = Block(children=(Block("{}", own=(TensorSpec("w", (4,)),), repeat=2, first=N - 3),))
    assert not pc.admissible(shifted, {"n": np.array([1])}).any()


def test_a_count_of_thousands_of_digits_is_one_sentence(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "big.json"
    path.write_text(hostile(own=[{"name": "w", "shape": [2**62] * 300}]), encoding="utf-8")
    with pytest.raises(SystemExit) as stop:
        main(["table", str(path)])
    assert (stop.value.code, capsys.readouterr().err.count("\n")) == (2, 1)
    huge = Block(own=(TensorSpec("w", (2**62,) * 300),))
    assert "about 5,6" in pc.render(huge)
    with pytest.raises(InvalidValue, match="the count is an integer of about 5,6"):
        pc.to_json(huge)


def test_powers_read_back() -> None:
    for shape in ((H**65,), (H**40, H**40), (1 + N**-2,)):
        block = Block(own=(TensorSpec("w", shape),))
        assert pc.from_json(pc.to_json(block)) == block


def test_the_bare_command_prints_its_help(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main([])
    assert stop.value.code == 2
    assert "\n  solve " in capsys.readouterr().err


def test_a_tree_with_thousands_of_symbols_reads_back() -> None:
    block = Block(own=tuple(TensorSpec(f"t{number}", (symbol(f"a{number}"),)) for number in range(4000)))
    assert pc.from_json(pc.to_json(block)) == block
