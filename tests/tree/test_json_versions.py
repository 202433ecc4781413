"""Files of version 1 are read, or refused where they say one thing of two."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import paramcalc as pc
from paramcalc import from_json, to_json
from paramcalc.errors import BadFile

SAVED = Path(__file__).parent / "saved"


def test_version_1_says_in_a_note_what_is_not_persistent() -> None:
    tree = from_json((SAVED / "version_1_module.json").read_text("utf-8"))
    assert {tensor.name: (tensor.persistent, tensor.note) for tensor in tree.own} == {
        "inv_freq": (False, ""),
        "mask": (True, ""),
    }
    assert (tree.params, tree.buffers) == (8 * 8 * 2 + 8 * 3, 5)
    assert from_json(to_json(tree)) == tree


def test_version_1_says_in_a_note_what_is_left_out_of_a_form() -> None:
    text = (SAVED / "version_1_part.json").read_text("utf-8")
    tree = from_json(text)
    assert tree.note == "without h.{}.b, head.weight, for which there is no form"
    assert tree.evidence is not None
    assert (tree.evidence.left_out, tree.evidence.no_effect) == (("h.{}.b", "head.weight"), ())
    whole = from_json(text.replace("without h.{}.b, head.weight, for which there is no form", "a remark"))
    assert whole.evidence is not None
    assert (whole.evidence.left_out, whole.evidence.no_effect) == ((), ("n_heads",))


def test_version_1_does_not_say_which_entry_of_a_list_a_size_is() -> None:
    text = (SAVED / "version_1_lists.json").read_text("utf-8")
    with pytest.raises(BadFile, match="whether conv_channels_1 is the first entry of conv_channels or the second"):
        from_json(text)
    from_zero = re.sub(
        r"(conv_channels|rul_hidden|health_hidden)_([1-9])", lambda each: f"{each[1]}_{int(each[2]) - 1}", text
    )
    assert from_json(from_zero) == pc.architecture("amnl", symbolic=True)


def test_derived_trees_of_version_1_number_lists_from_0() -> None:
    tree = from_json((SAVED / "version_1_derived.json").read_text("utf-8"))
    assert tree.symbols == {"width", "widths_1"}
    assert tree.bind(width=16, widths_1=24).params == 16 * 24 + 24 + 24 * 3 + 3
