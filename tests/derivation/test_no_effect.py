"""A size that is said to have no effect has none; one that the caller varies is never held in silence."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn

import paramcalc as pc
from paramcalc.errors import NoForm
from paramcalc.rendering.derived import evidence_lines
from tests.derivation.test_fixed_sizes import squared, switched
from tests.forms import evidence_of


def with_heads(width: int, n_heads: int, seed: int) -> nn.Module:
    """Heads that have no effect on the attention, and one on a table of no form."""
    table = nn.Embedding(1 + (7919 * seed * n_heads).bit_count(), 3)
    return nn.ModuleDict({"attention": nn.MultiheadAttention(width, n_heads), "table": table})


def test_of_a_part_it_is_unknown_which_sizes_have_no_effect() -> None:
    with pytest.raises(NoForm, match=r"proven without table\.weight, for which there is no form") as caught:
        pc.derive(with_heads, {"width": 32, "n_heads": 4, "seed": 45}, vary=["width", "n_heads", "seed"])
    part = caught.value.proven
    assert part.symbols == {"width", "n_heads"}  # by a condition, and a title
    evidence = evidence_of(part)
    assert (evidence.left_out, evidence.no_effect) == (("table.weight",), ())
    assert evidence_lines(evidence)[-1] == "no effect: unknown, since parts have no form"
    whole = evidence_of(pc.derive(nn.MultiheadAttention, {"embed_dim": 32, "num_heads": 4}))
    assert (whole.left_out, whole.no_effect) == ((), ("num_heads",))


def wider(width: int, kind: int) -> nn.Module:
    return nn.Linear(width, 8 if kind < 5 else 9)


def test_a_size_by_which_another_model_is_built_beyond_the_form_has_an_effect() -> None:
    tree = pc.derive(wider, {"width": 64, "kind": 30})
    assert [str(each) for each in tree.preconditions] == ["kind >= 5"]
    assert evidence_of(tree).no_effect == ()


def in_steps(steps: int, width: int) -> nn.Module:
    layer = nn.Linear(width, width)
    layer.register_buffer("times", torch.arange(0, steps * 0.1, 0.1))
    return layer


# A factory, the sizes to start from, all of which are to vary, and what the part that is proven holds.
HELD: dict[str, tuple[Callable[..., nn.Module], dict[str, int], dict[str, int]]] = {
    "refused by no rule": (squared, {"codes": 144, "width": 24, "extra": 40}, {"codes": 144}),
    "of no form": (switched, {"mode": 2, "width": 24}, {"mode": 2}),
    "few values": (wider, {"width": 64, "kind": 3}, {"kind": 3}),
    "a length in floating point": (in_steps, {"steps": 10, "width": 8}, {"steps": 10}),
}


@pytest.mark.parametrize("name", HELD)
def test_what_is_to_vary_is_held_by_an_error_alone(name: str) -> None:
    build, at, held = HELD[name]
    with pytest.raises(NoForm, match=f"proven with {next(iter(held))}=.* held fixed: ") as caught:
        pc.derive(build, at, vary=list(at))
    assert evidence_of(caught.value.proven).fixed == held
    assert evidence_of(pc.derive(build, at)).fixed == held


CONFIG: dict[str, Any] = {"model_type": "gpt2", "n_embd": 32, "n_head": 4, "n_layer": 2, "vocab_size": 100}


def test_what_is_to_vary_in_a_config_is_held_by_an_error_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    from paramcalc.tracing.configs.family import Family

    build = Family.build

    def with_table(family: Family, values: Any) -> nn.Module:
        model = build(family, values)
        model.add_module("table", nn.Embedding(1 + (7919 * int(str(int(values["n_positions"])))).bit_count(), 3))
        return model

    monkeypatch.setattr(Family, "build", with_table)
    with pytest.raises(NoForm, match=r"proven without table\.weight, for which") as caught:
        pc.derive_config(CONFIG, vary=["n_embd", "n_head", "n_positions"])
    evidence = evidence_of(caught.value.proven)
    assert {"n_embd", "n_head", "n_positions"}.isdisjoint(evidence.fixed)
    assert (evidence.left_out, evidence.no_effect) == (("table.weight",), ())
