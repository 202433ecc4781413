"""What loses the memory of sizes is named, with the code that does so, as is code that is left as it is; no other."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import pytest
from torch import nn

import paramcalc as pc
from paramcalc.derivation import untold
from paramcalc.derivation.fitting.clues import Clues
from paramcalc.derivation.start import start_at
from paramcalc.rendering.derived import evidence_lines
from paramcalc.tracing.clues import traced
from paramcalc.tracing.configs.family import Family
from paramcalc.tracing.lending import functions, observer, support
from paramcalc.tracing.lending.lending import called
from paramcalc.tree.evidence import Evidence
from tests.forms import agrees, evidence_of
from tests.tracing import lossy_code
from tests.tracing.lossy_code import LEFT, LOSING, harmless, linear, many

HERE = lossy_code.__name__


def clues_of(build: Callable[..., Any]) -> Clues:
    return traced(lambda values: called(build, values), start_at({"width": 64}), with_losses=True)


@pytest.mark.parametrize("build", LOSING, ids=lambda build: build.__name__)
def test_what_makes_a_plain_number_of_a_size_is_named_with_the_code_where_it_does(build: Callable[..., Any]) -> None:
    clues = clues_of(build)
    assert clues.losses == {f"{LOSING[build]} in {HERE}:{build.__name__}": {"width"}}
    assert clues.untraced == ()


@pytest.mark.parametrize("name", LEFT)
def test_code_that_is_left_as_it_is_is_named_where_sizes_are_given_to_it(name: str) -> None:
    build, left = LEFT[name]
    for _ in range(2):  # the second time, caches have it
        clues = clues_of(build)
        assert clues.untraced == tuple(f"{HERE}:{each}" for each in left)
        assert clues.losses == {}


def test_nothing_is_named_where_nothing_is_lost() -> None:
    clues = clues_of(harmless)
    assert (clues.untraced, clues.losses) == ((), {})
    assert [str(size) for size in clues.told] == ["width"]
    assert sys.getprofile() is None


@pytest.mark.parametrize("kind", ["gpt2", "bert", "swin"])
def test_nothing_is_named_in_models_of_a_library_that_loses_nothing(kind: str) -> None:
    family = Family({"model_type": kind})
    clues = traced(family.build, family.start(None), with_losses=True)
    assert len(clues.told) > 3
    assert (clues.untraced, clues.losses) == ((), {})


def compiled(width: int) -> nn.Module:
    import pydantic

    settings: Any = pydantic.create_model("Settings", width=(int, ...))(width=width)
    return linear(settings.width)


def test_compiled_code_of_a_library_is_named() -> None:
    pytest.importorskip("pydantic")
    assert clues_of(compiled).untraced == ("pydantic_core._pydantic_core:SchemaValidator.validate_python",)


def written_and_compared(width: int, depth: int, other: int) -> nn.Module:
    """Of three sizes one is told though it is lost elsewhere, one is not, and one is compared where it is lost."""
    again = int(str(width))
    rates = [rate * 0.1 for rate in range(int(str(depth)))]
    if int(str(other)) > 40:
        raise ValueError("too much")
    layers = [nn.Linear(again, other) for _ in range(depth)]
    return nn.ModuleList([*layers, nn.Dropout(rates[-1] / depth)])


def test_evidence_lists_what_is_lost_where_the_code_did_not_tell_what_depends_on_it() -> None:
    tree = pc.derive(written_and_compared, {"width": 64, "depth": 3, "other": 24})
    evidence = evidence_of(tree)
    assert evidence.lost == (f"other, width: int in {__name__}:written_and_compared",)
    assert evidence.untraced == ()
    assert f"no longer traced: {evidence.lost[0]}" in evidence_lines(evidence)
    assert pc.from_json(pc.to_json(tree)).evidence == evidence
    for point in ({"width": 9, "depth": 1, "other": 40}, {"width": 90, "depth": 6, "other": 7}):
        assert agrees(written_and_compared, tree, **point)
    read = evidence_of(pc.derive(lossy_code.by_json, {"width": 64}))
    assert read.lost == (f"width: json.loads in {HERE}:by_json",)
    told = evidence_of(pc.derive(nn.Linear, {"in_features": 8, "out_features": 3}))
    assert (told.lost, told.untraced) == ((), ())


def test_the_evidence_of_a_part_and_of_fixed_sizes_has_it_too() -> None:
    def build(width: int, seed: int) -> nn.Module:
        return nn.Linear(width, 1 + (7919 * seed).bit_count(), bias=False)

    evidence = evidence_of(pc.derive(build, {"width": 8, "seed": 45}))
    assert evidence.fixed == {"seed": 45}
    assert evidence.lost == (f"seed: int.bit_count in {__name__}:{build.__qualname__}",)


def test_no_more_is_listed_than_is_read() -> None:
    evidence = Evidence((), (), (), untraced=tuple("abcdef"), lost=tuple("uvwxyz"))
    assert evidence_lines(evidence)[1:] == [
        "not traced: a, b, c, d, and 2 more",
        "no longer traced: u; v; w; x; and 2 more",
    ]
    assert clues_of(many).untraced == tuple(f"{HERE}:helper_{number:02}" for number in range(16))
    lost = {f"int in module:function_{number:02}": frozenset({"width"}) for number in range(30)}
    assert untold.lost(Clues(losses=lost), {"width"}) == tuple(f"width: {call}" for call in lost)[:16]


def test_where_a_profiler_runs_already_that_is_said() -> None:
    def quiet(*_: Any) -> None: ...

    sys.setprofile(quiet)
    try:
        clues = clues_of(lossy_code.by_json)
        assert sys.getprofile() is quiet
    finally:
        sys.setprofile(None)
    assert clues.untraced == (observer.PROFILED,)
    assert clues.losses == {}


def test_where_the_interpreter_does_not_support_it_nothing_is_lent_and_that_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def build(width: int) -> nn.Module:
        return linear(int(0.75 * width))

    assert support.is_supported()
    lent = pc.derive(build, {"width": 64})
    monkeypatch.setattr(functions, "_with_constants", lambda code, _: code)  # an interpreter that keeps plain floats
    support.is_supported.cache_clear()
    try:
        assert not support.is_supported()
        tree = pc.derive(build, {"width": 64})
    finally:
        support.is_supported.cache_clear()
    evidence = evidence_of(tree)
    assert evidence.untraced == (support.UNSUPPORTED,)
    assert f"not traced: {support.UNSUPPORTED}" in evidence_lines(evidence)
    assert tree.params == lent.params == 3 * (pc.symbol("width") * 3 // 4) + 3
    assert evidence.builds > evidence_of(lent).builds
    assert evidence_of(lent).untraced == ()


@pytest.mark.parametrize("broken", ["_Names", "traced_constants"])
def test_support_is_tried_not_assumed(monkeypatch: pytest.MonkeyPatch, broken: str) -> None:
    def refuses(*_: Any) -> Any:
        raise TypeError("no such function here")

    monkeypatch.setattr(functions, broken, refuses)
    support.is_supported.cache_clear()
    try:
        assert not support.is_supported()
    finally:
        support.is_supported.cache_clear()
