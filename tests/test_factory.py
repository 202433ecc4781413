"""Models that the user's own code builds, as the command line names them: package.module:build."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import amnl_reference
import paramcalc as pc
from paramcalc.errors import InvalidType, InvalidValue, UnknownName
from paramcalc.sources.factory import from_factory

MODEL = """
import torch
from torch import nn

print("loading")
ready = nn.Linear(2, 2)
number = 3


class Net(nn.Module):
    def __init__(self, width, depth=2, *, act="relu"):
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(width, width) for _ in range(depth))
        self.device = str(next(self.parameters()).device)
        assert act in ("relu", "gelu"), act

    class Inner(nn.Module):
        pass


def anything(**kwargs):
    return Net(**kwargs)


def needs_data():
    return Net(int(torch.ones(3).sum().item()))


def leaves():
    raise SystemExit(3)


def silent():
    raise ValueError


def tree():
    import paramcalc
    return paramcalc.layers.Linear(3, 4)
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    (tmp_path / "my_model.py").write_text(MODEL, encoding="utf-8")
    (tmp_path / "broken_model.py").write_text("import no_such_library\n", encoding="utf-8")
    (tmp_path / "unwritten.py").write_text("def f(:\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    yield
    for name in ("my_model", "broken_model", "unwritten"):
        sys.modules.pop(name, None)


@pytest.mark.usefixtures("here")
def test_a_class_or_a_function_in_the_current_directory() -> None:
    path = list(sys.path)
    assert from_factory("my_model:Net", {"width": 4}).params == 2 * 20
    assert from_factory("my_model:anything", {"width": 4, "depth": 3}).params == 3 * 20
    assert from_factory("my_model:Net", {"width": 4, "depth": 3}, fold=True).at("layers").children[0].repeat == 3
    assert from_factory("my_model:Net.Inner").params == 0
    assert from_factory("my_model:ready").params == 6
    assert from_factory("my_model:tree") == pc.layers.Linear(3, 4)
    assert sys.path == path


@pytest.mark.usefixtures("here")
def test_the_model_is_built_on_the_meta_device_unless_told_otherwise() -> None:
    with pytest.raises(InvalidValue, match=r"Tensor\.item\(\) cannot be called on meta tensors.*; .* try --device cpu"):
        from_factory("my_model:needs_data")
    assert from_factory("my_model:needs_data", device="cpu").params == 2 * 12
    huge = from_factory("my_model:Net", {"width": 1_000_000, "depth": 1})
    assert huge.params == 10**12 + 10**6


@pytest.mark.usefixtures("here")
def test_what_the_code_prints_goes_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    from_factory("my_model:ready")
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == "loading\n"


BAD: dict[tuple[str, tuple[str, object] | tuple[()]], str] = {
    ("no_such_module:build", ()): "no_such_module:build: there is no module 'no_such_module'; it is looked for",
    ("my_model.inner:build", ()): "there is no module",
    ("broken_model:build", ()): r"importing broken_model raised ModuleNotFoundError: No module named 'no_such_library'",
    ("unwritten:f", ()): "importing unwritten raised SyntaxError: invalid syntax",
    ("my_model:Nett", ()): "unknown name 'Nett'; did you mean 'Net'",
    ("my_model:number", ()): "my_model:number: it is int; expected a class or a function",
    ("my_model:Net", ()): "it needs width; give --arg width=...",
    ("my_model:Net", ("widht", 3)): "unknown argument 'widht'; did you mean 'width'",
    ("my_model:anything", ("width", "x")): "my_model:anything: it raised TypeError: empty.*must be tuple of ints",
    ("my_model:leaves", ()): "it exited with 3; expected a model",
    ("my_model:silent", ()): r"it raised ValueError \(at my_model.py:\d+\)",
    ("my_model:ready", ("width", 3)): "is a model that is built already; expected no arguments",
    ("os:getcwd", ()): r"os:getcwd: it returned str; expected a torch\.nn\.Module",
}


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("case", BAD, ids=lambda case: case[0])
def test_bad_factories_end_in_one_sentence(case: tuple[str, tuple[str, object] | tuple[()]]) -> None:
    target, argument = case
    with pytest.raises((InvalidValue, InvalidType, UnknownName), match=BAD[case]):
        from_factory(target, dict([argument]) if argument else {})


def test_an_unknown_device() -> None:
    with pytest.raises(UnknownName, match="unknown device 'cuda'; known: meta, cpu"):
        from_factory("torch.nn:Linear", device="cuda")


def test_the_reference_by_its_name() -> None:
    assert from_factory("amnl_reference:build", {"lstm_hidden": 64}) == pc.from_module(
        amnl_reference.build(lstm_hidden=64)
    )
