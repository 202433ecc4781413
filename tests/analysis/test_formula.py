"""Formulas: every form is the same polynomial, and its text reads back."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

import paramcalc as pc
from paramcalc import Block, formula, symbol
from paramcalc.analysis.formula import FORMS
from paramcalc.errors import InvalidValue, UnknownName
from paramcalc.layers import CATALOGUE
from paramcalc.sizes.parse import parse_exact
from paramcalc.sizes.symbols import same
from paramcalc.sizes.write import as_latex, as_text
from paramcalc.testing import block_trees as trees
from tests.frozen import assert_frozen


@given(trees.blocks(), st.sampled_from(["collected", "expanded", "factored"]))
def test_every_form_is_the_count(tree: Block, form: str) -> None:
    closed = formula(tree, form=form)  # type: ignore[arg-type]
    assert same(sum(part.expr for part in closed.parts), tree.params)
    assert same(parse_exact(str(closed)), tree.params)


@given(trees.blocks())
def test_the_lines_of_a_formula_read_back(tree: Block) -> None:
    lines = formula(tree, form="collected").lines()
    assert same(parse_exact(re.sub(r"#.*", "", lines).replace("\n", " ")), tree.params)


@pytest.mark.parametrize("name", sorted(CATALOGUE))
def test_every_form_of_every_layer_is_its_count(name: str) -> None:
    block = CATALOGUE[name].block()
    for form in ("collected", "expanded", "factored"):
        assert same(parse_exact(str(formula(block, form=form))), block.params)


def test_one_symbol_is_expanded_and_many_are_collected() -> None:
    one = formula(pc.architecture("amnl", lstm_hidden=symbol("lstm_hidden")))
    assert (one.form, str(one)) == ("expanded", "48*lstm_hidden**2 + 944*lstm_hidden + 53700")
    assert one.domain == "lstm_hidden divisible by 4"
    many = formula(pc.architecture("amnl", symbolic=True))
    assert many.form == "collected"
    assert [part.label for part in many.parts] == [child.label for child in pc.architecture("amnl").children]


def test_a_repeated_layer_is_a_number_times_a_bracket() -> None:
    d, n = symbol("d_model"), symbol("n_layers")
    layer = pc.layers.TransformerEncoderLayer(d, 1, 4 * d)
    model = pc.compose(
        "LM", {"wte": pc.layers.Embedding(symbol("vocab"), d), "h": pc.layers.TransformerEncoder(layer, n)}
    )
    assert str(formula(model)) == "d_model*vocab + n_layers*(12*d_model**2 + 13*d_model)"


def test_buffers_are_no_part_of_a_formula() -> None:
    assert str(formula(pc.layers.BatchNorm1d(symbol("n")), form="collected")) == "2*n"


@given(st.lists(st.integers(0, 50), min_size=2, max_size=4), st.integers(1, 9))
def test_the_leading_term_is_within_a_tenth_from_where_it_says(lower: list[int], top: int) -> None:
    h = symbol("h")
    degree = len(lower)
    rest = [pc.TensorSpec(f"t{power}", (count, *[h] * power)) for power, count in enumerate(lower)]
    block = Block(own=(*rest, pc.TensorSpec("top", (top, *[h] * degree))))
    closed = formula(block, form="leading")
    assert same(closed.parts[0].expr, top * h**degree)
    start = int(closed.remark.rpartition(">= ")[2])

    def close(value: int) -> bool:
        count = block.bind(h=value).params
        return bool(10 * abs(count - top * value**degree) <= count)

    assert all(close(value) for value in range(start, start + 20))
    assert start == 1 or not close(start - 1)


def test_the_leading_terms_of_many_symbols_are_those_of_the_highest_degree() -> None:
    block = CATALOGUE["Linear"].block()
    closed = formula(block, form="leading")
    assert str(closed) == "in_features*out_features"
    assert closed.remark == "as in_features and out_features grow in proportion"


def test_a_floor_has_no_leading_term() -> None:
    with pytest.raises(InvalidValue, match="is no polynomial; ask for another form"):
        formula(CATALOGUE["AdaptiveLogSoftmaxWithLoss"].block(), form="leading")


def test_unknown_form() -> None:
    with pytest.raises(UnknownName, match="unknown form 'expnded'; did you mean 'expanded'"):
        formula(pc.layers.Linear(1, 1), form="expnded")  # type: ignore[arg-type]


@pytest.mark.parametrize("form", FORMS)
def test_latex_has_letters_and_integers_only(form: str) -> None:
    tree = pc.architecture("amnl", symbolic=True)
    notation = {"lstm_hidden": "h", "n_features": "F", "conv_channels": "C", "kernel_size": "k", "lstm_layers": "L"}
    notation |= {"num_heads": "H", "attention_layers": "A", "rul_hidden": "R", "health_hidden": "S", "n_classes": "K"}
    text = formula(tree, form=form, notation=notation).latex()  # type: ignore[arg-type]
    assert "h" in text
    assert "mathrm" not in text
    assert not re.search(r"\d\.\d", text)
    assert text.count("{") == text.count("}")


def test_latex_of_one_symbol() -> None:
    tree = pc.architecture("amnl", lstm_hidden=symbol("lstm_hidden"))
    closed = formula(tree, notation={"lstm_hidden": "h"})
    assert closed.latex() == r"48 h^{2} + 944 h + 53700 \quad \text{for } 4 \mid h"
    assert str(closed) == "48*h**2 + 944*h + 53700"


def test_a_letter_stands_for_one_name() -> None:
    tree = pc.architecture("amnl", symbolic=True)
    with pytest.raises(InvalidValue, match="lstm_hidden and n_features would both be written h"):
        formula(tree, notation={"lstm_hidden": "h", "n_features": "h"})


def test_names_without_a_letter_are_upright_in_latex() -> None:
    assert as_latex(symbol("n_classes")) == r"\mathrm{n\_classes}"
    assert as_latex(symbol("d")) == "d"
    assert as_latex(symbol("n_in") * symbol("n_out")) == r"\mathrm{n\_in} \, \mathrm{n\_out}"
    assert as_text(7) == as_latex(7) == "7"


def test_a_formula_cannot_be_changed() -> None:
    closed = formula(pc.layers.Linear(3, 4))
    assert_frozen(closed)
    assert_frozen(closed.parts[0])
