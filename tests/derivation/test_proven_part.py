"""Where no form is found: the error names what defies it, and holds the part that was proven."""

from __future__ import annotations

from typing import Any

import pytest
from torch import nn

import paramcalc as pc
from paramcalc.derivation.models.prediction import predicts
from paramcalc.derivation.proven_part import without
from paramcalc.errors import NoForm


def odd(number: int) -> int:
    """A number of no form that is looked for."""
    return (int(number) * 7919).bit_count() + 1


def one_head(width: int, seed: int) -> nn.Module:
    head = nn.ModuleDict({"out": nn.Linear(width, odd(seed)), "norm": nn.LayerNorm(width)})
    return nn.ModuleDict({"body": nn.Linear(width, 2 * width), "head": head})


def in_every_layer(width: int, depth: int, seed: int) -> nn.Module:
    def layer() -> nn.Module:
        return nn.ModuleDict({"a": nn.Linear(width, width), "b": nn.Linear(width, odd(seed), bias=False)})

    return nn.ModuleDict({"h": nn.ModuleList(layer() for _ in range(depth)), "out": nn.Linear(width, 3)})


def tied(vocab: int, width: int) -> nn.Module:
    model = nn.ModuleDict({"wte": nn.Embedding(odd(vocab), width), "body": nn.Linear(width, width)})
    model["head"] = nn.Linear(width, odd(vocab), bias=False)
    model["head"].weight = model["wte"].weight
    return model


def shared(width: int, seed: int) -> nn.Module:
    embedding = nn.Embedding(odd(seed), width)
    return nn.ModuleDict({"encoder": embedding, "decoder": embedding, "body": nn.Linear(width, width)})


def number_of_layers(width: int, seed: int) -> nn.Module:
    layers = nn.ModuleList(nn.Linear(width, width) for _ in range(odd(seed)))
    return nn.ModuleDict({"stem": nn.Linear(3, width), "h": layers})


def another_class(width: int, seed: int) -> nn.Module:
    kind: Any = nn.GRU if odd(seed) % 2 else nn.Linear
    return nn.ModuleDict({"stem": nn.Linear(3, width), "h": kind(width, width)})


def named_by_numbers(width: int, seed: int) -> nn.Module:
    return nn.ModuleDict(
        {"fc1": nn.Linear(odd(seed), 3, bias=False), "fc2": nn.Linear(width, width), "fc10": nn.GRU(width, 3)}
    )


# A factory, the sizes to start from, what stands in the error, what is left out of the part.
PARTS: dict[str, tuple[Any, dict[str, int], str, list[str]]] = {
    "tensors": (one_head, {"width": 8, "seed": 45}, "head.out.weight: dimension 0 follows", ["head.out"]),
    "layers": (
        in_every_layer,
        {"width": 8, "depth": 4, "seed": 45},
        r"h.\d.b.weight: dimension 0 follows .* at .*seed=45.*; proven without h.{}.b.weight, for which",
        ["h.{}.b.weight"],
    ),
    "numbers in names": (named_by_numbers, {"width": 8, "seed": 45}, "without fc1.weight, for which", ["fc1"]),
    "tied": (tied, {"vocab": 45, "width": 8}, "wte.weight: dimension 0 .* at vocab=45; ", ["wte.weight"]),
    "shared": (shared, {"width": 8, "seed": 45}, "encoder.weight: dimension 0 ", ["encoder.weight"]),
    "number": (number_of_layers, {"width": 8, "seed": 45}, "h.{}: the number of layers follows", ["h.{}"]),
    "class": (another_class, {"width": 8, "seed": 45}, "h: its class changes with the sizes: GRU, Linear", ["h"]),
}


@pytest.mark.parametrize("name", PARTS)
def test_what_defies_the_fit_is_left_out_and_the_rest_is_proven(name: str) -> None:
    build, at, message, left_out = PARTS[name]
    with pytest.raises(NoForm, match=message) as caught:
        pc.derive(build, at, vary=list(at))
    part = caught.value.proven
    assert part.evidence is not None
    assert len(part.evidence.predicted) >= 8
    assert part.note == f"without {', '.join(part.evidence.left_out)}, for which there is no form"
    assert part.note in str(caught.value)
    assert str(pc.formula(part)) in str(caught.value)
    for seed in (3, 77, 1000):
        point = dict(zip(at, (11, 5, seed) if len(at) == 3 else (seed, seed + 1), strict=True))
        rest = without(pc.from_module(build(**point)), left_out)
        assert 0 < int(rest.params) < sum(each.numel() for each in build(**point).parameters())
        assert predicts(part, point, rest)


def test_where_nothing_is_left_fewer_sizes_are_varied() -> None:
    def build(width: int, seed: int) -> nn.Module:
        return nn.Linear(width, odd(seed))

    with pytest.raises(NoForm, match=r"weight: dimension 0 .*; proven with seed=45 held fixed: ") as caught:
        pc.derive(build, {"width": 8, "seed": 45}, vary=["width", "seed"])
    fewer = pc.derive(build, {"width": 8, "seed": 45}, vary=["width"])
    part = caught.value.proven
    assert (part, dict(part.evidence.fixed)) == (fewer, {"seed": 45})
    with pytest.raises(NoForm, match="weight: dimension 0 follows no expression") as caught:
        pc.derive(build, {"width": 8, "seed": 45}, vary=["seed"])
    assert caught.value.proven is None
    assert "proven" not in str(caught.value)


def test_the_part_says_what_was_held_fixed_and_what_follows() -> None:
    def build(width: int, heads: int, head: int, seed: int, dropout: float) -> nn.Module:
        if width != heads * head:
            raise ValueError("width is heads times head")
        return nn.ModuleDict({"body": nn.Linear(width, heads), "out": nn.Linear(width, odd(seed))})

    at = {"width": 96, "heads": 4, "head": 24, "seed": 45, "dropout": 0.1}
    with pytest.raises(NoForm, match=r"out.weight: .* proven without out.weight, out.bias, for which") as caught:
        pc.derive(build, at, vary=["width", "heads", "head", "seed"])
    evidence = caught.value.proven.evidence
    assert len(evidence.follows) == 1
    assert dict(evidence.fixed) == {"dropout": 0.1}


def test_the_command_prints_no_part_as_the_whole(capsys: pytest.CaptureFixture[str]) -> None:
    from paramcalc.cli import main

    with pytest.raises(SystemExit) as stop:
        main(
            ["derive", "tests.derivation.test_proven_part:one_head", "--at", "width=8,seed=45", "--vary", "width,seed"]
        )
    out, err = capsys.readouterr()
    assert (stop.value.code, out) == (2, "")
    assert err.startswith("paramcalc: head.out.weight: dimension 0 follows no expression that was tried: ")
    assert "; proven without head.out.weight, head.out.bias, for which there is no form: " in err
    assert err.endswith(": 2*width**2 + 4*width\n")
