"""A formula says what it holds for beside its conditions: what is held, given by others, or left out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

import paramcalc as pc
from paramcalc.analysis.scope import scope_of
from paramcalc.errors import InvalidValue
from paramcalc.rendering.formula import formula_text
from paramcalc.tree.block import Block
from paramcalc.tree.evidence import Evidence

D, N = pc.symbol("d"), pc.symbol("n_heads")


def derived(**evidence: Any) -> Block:
    return replace(pc.layers.Linear(D, 3), evidence=Evidence((), (), (), **evidence))


# Evidence, a line of text, and what stands in the LaTeX.
SAID: dict[str, tuple[dict[str, Any], str, str]] = {
    "fixed": (
        {"fixed": {"mode": 3, "act": "gelu_new", "bias": False}},
        "fixed: mode=3, act=gelu_new",
        r"\text{with } \mathrm{mode} = 3,\; \mathrm{act} = \text{gelu\_new} \text{ fixed}",
    ),
    "given by others": (
        {"follows": {"head": D / N}},
        "given by others: head=d/n_heads",
        r"\text{where } \mathrm{head} = \frac{d}{\mathrm{n\_heads}}",
    ),
    "left out": (
        {"left_out": ("h.{}.b", "head")},
        "without a form: h.{}.b, head",
        r"\text{without h.\{\}.b, head, for which there is no form}",
    ),
}


@pytest.mark.parametrize("name", SAID)
def test_what_a_form_holds_for_is_said_in_text_and_in_latex(name: str) -> None:
    evidence, text, latex = SAID[name]
    tree = derived(**evidence)
    closed = pc.formula(tree)
    assert formula_text(closed).splitlines() == ["3*d + 3", text]
    assert closed.latex() == rf"3 d + 3 \quad {latex}"
    conditional = replace(tree, conditions=(pc.Condition(D, ">=", 5),))
    assert pc.formula(conditional).latex() == rf"3 d + 3 \quad \text{{for }} d \ge 5,\; {latex}"
    assert pc.formula(pc.from_json(pc.to_json(tree))) == closed
    whole = pc.compose("Model", {"a": tree, "b": pc.layers.Linear(4, 5)})
    inside = text.replace("h.{}.b, head", "a.h.{}.b, a.head")
    assert formula_text(pc.formula(whole, form="expanded")).splitlines() == ["3*d + 28", inside]
    assert pc.formula(whole, form="collected").latex().splitlines()[-2].startswith(r"  &\quad \text{w")


def test_a_form_of_any_sizes_says_nothing_more() -> None:
    assert formula_text(pc.formula(derived(fixed={"bias": True}))) == "3*d + 3"
    assert pc.formula(derived()).latex() == "3 d + 3"


def test_what_is_held_has_a_letter_of_its_own() -> None:
    tree = derived(fixed={"h": 3, "mode": 2})
    assert "fixed: h=3, m=2" in formula_text(pc.formula(tree, notation={"mode": "m"}))
    with pytest.raises(InvalidValue, match="d and h would both be written h"):
        pc.formula(tree, notation={"d": "h"})


def test_names_and_values_do_not_break_out_of_latex() -> None:
    hostile = r"}\input{x}$^~"
    latex = pc.formula(derived(fixed={hostile: hostile}, left_out=(hostile,))).latex()
    escaped = r"\}\textbackslash{}input\{x\}\$\textasciicircum{}\textasciitilde{}"
    assert latex.count(escaped) == 3
    assert latex.replace(escaped, "").count("{") == latex.replace(escaped, "").count("}")
    assert "\x1b" not in formula_text(pc.formula(derived(fixed={"a": "\x1b[31m"})))


@pytest.mark.parametrize("style", ["markdown", "text"])
def test_tables_say_what_is_held(style: str) -> None:
    tree = derived(fixed={"mode": 3, "act": "a|b"}, follows={"head": D / N})
    summary = pc.render(tree, style).splitlines()[-2:]
    shown = ["- Fixed: `mode=3, act=a\\|b`", "- Given by others: `head=d/n_heads`"]
    assert summary == (shown if style == "markdown" else ["Fixed: mode=3, act=a|b", "Given by others: head=d/n_heads"])


def test_parts_that_are_no_derived_tree_hold_for_all_sizes() -> None:
    assert scope_of(pc.architecture("amnl", symbolic=True)) == scope_of(Block())
