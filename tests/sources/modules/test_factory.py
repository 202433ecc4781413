"""Models that the user's own code builds, as the command line names them: package.module:build."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import amnl_reference
import paramcalc as pc
from paramcalc.errors import InvalidType, InvalidValue, UnknownName
from paramcalc.sources.modules.factory import from_factory

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


def ends():
    raise GeneratorExit("over")


class Mute(Exception):
    def __str__(self):
        raise KeyError("no words")


def mute():
    raise Mute


class Strange(type):
    @property
    def secret(cls):
        raise RuntimeError("not for you")

    @property
    def lazy(cls):
        raise AttributeError("no part")

    def __dir__(cls):
        return ["lazy"]


class Odd(metaclass=Strange):
    pass


class Unsigned(nn.Linear):
    class Signature:
        def __get__(self, *_):
            raise RuntimeError("no signature")

    __signature__ = Signature()

    def __init__(self):
        super().__init__(2, 2)


def tree():
    import paramcalc
    return paramcalc.layers.Linear(3, 4)
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    (tmp_path / "my_model.py").write_text(MODEL, encoding="utf-8")
    (tmp_path / "broken_model.py").write_text("import no_such_library\n", encoding="utf-8")
    (tmp_path / "unwritten.py").write_text("def f(:\n", encoding="utf-8")
    (tmp_path / "leaving.py").write_text("import sys\nsys.exit(0)\n", encoding="utf-8")
    (tmp_path / "ending.py").write_text("raise GeneratorExit\n", encoding="utf-8")
    (tmp_path / "stopping.py").write_text("raise KeyboardInterrupt\n", encoding="utf-8")
    odd = "def __dir__():\n    return {}\ndef __getattr__(name):\n    raise {}(name)\nbuild = 3\n"
    (tmp_path / "odd_names.py").write_text(odd.format("[3, 4]", "AttributeError"), encoding="utf-8")
    (tmp_path / "mixed_names.py").write_text(odd.format("[3, 'build']", "AttributeError"), encoding="utf-8")
    (tmp_path / "odd_model.py").write_text(odd.format("[]", "OSError"), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    yield
    for name in ("my_model", "broken_model", "unwritten", "odd_names", "mixed_names", "odd_model"):
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
    ("no_such_module:build", ()): "^no_such_module:build: there is no module 'no_such_module'; it is looked for",
    ("my_model.inner:build", ()): "there is no module",
    ("broken_model:build", ()): r"importing broken_model raised ModuleNotFoundError: No module named 'no_such_library'",
    ("unwritten:f", ()): "importing unwritten raised SyntaxError: invalid syntax",
    ("my_model:Nett", ()): "unknown name 'Nett'; did you mean 'Net'",
    ("my_model:number", ()): "my_model:number: it is int; expected a class or a function",
    ("my_model:Net", ()): "it needs width; give --arg width=...",
    ("my_model:Net", ("widht", 3)): "unknown argument 'widht'; did you mean 'width'",
    ("my_model:anything", ("width", "x")): "my_model:anything: it raised TypeError: empty.*must be tuple of ints",
    ("my_model:leaves", ()): "it exited with 3; expected a model",
    ("my_model:ends", ()): r"my_model:ends: it raised GeneratorExit: over \(at my_model\.py:\d+\)",
    ("my_model:mute", ()): r"my_model:mute: it raised Mute \(at my_model\.py:\d+\)",
    ("my_model:Odd.secret", ()): r"my_model:Odd\.secret: reading secret raised RuntimeError: not for you",
    ("my_model:Odd.lazy", ()): r"my_model:Odd\.lazy: reading lazy raised AttributeError: no part",
    ("leaving:build", ()): "leaving:build: importing leaving exited with 0; expected a model",
    ("ending:build", ()): r"ending:build: importing ending raised GeneratorExit \(at ending\.py:1\)",
    ("odd_names:mad", ()): "unknown name 'mad'; there is no name at all",
    ("mixed_names:buidl", ()): "unknown name 'buidl'; did you mean 'build'",
    ("odd_model:made", ()): "odd_model:made: reading made raised OSError: made",
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


@pytest.mark.usefixtures("here")
def test_an_interrupt_is_no_error_of_the_code() -> None:
    with pytest.raises(KeyboardInterrupt, match=r"^$"):
        from_factory("stopping:build")


@pytest.mark.usefixtures("here")
def test_a_class_without_a_signature() -> None:
    assert from_factory("my_model:Unsigned").params == 6


NET = """
import os
from torch import nn
import net_parts


def build():
    os.chdir("..")
    return nn.Linear(net_parts.width, 1, bias=False)
"""


@pytest.fixture
def two_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Path]]:
    folders = [tmp_path / "a", tmp_path / "b", tmp_path / "c"]
    for width, folder in enumerate(folders, start=3):
        folder.mkdir()
        if folder.name != "c":
            (folder / "net_of_folder.py").write_text(NET, encoding="utf-8")
            (folder / "net_parts.py").write_text(f"width = {width}\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    yield folders
    for name in ("net_of_folder", "net_parts"):
        sys.modules.pop(name, None)


def test_a_module_is_that_of_the_current_directory(two_folders: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    a, b, c = two_folders
    for folder, params in ((a, 3), (b, 4), (a, 3), (a, 3)):
        monkeypatch.chdir(folder)
        assert from_factory("net_of_folder:build").params == params
    same = sys.modules["net_parts"]
    from_factory("net_of_folder:build")
    assert sys.modules["net_parts"] is same
    monkeypatch.chdir(c)
    with pytest.raises(InvalidValue, match=r"there is no module 'net_of_folder'; .* and in .*c"):
        from_factory("net_of_folder:build")


def test_what_others_imported_stays(two_folders: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    a, b, _ = two_folders
    monkeypatch.syspath_prepend(str(a))
    import net_parts  # type: ignore[import-not-found]

    monkeypatch.chdir(a)
    from_factory("net_of_folder:build")
    monkeypatch.chdir(b)
    from_factory("net_of_folder:build")
    assert sys.modules["net_parts"] is net_parts


def test_the_current_directory_is_as_before(two_folders: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(two_folders[0])
    from_factory("net_of_folder:build")
    assert Path.cwd() == two_folders[0]


def test_a_current_directory_that_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    with pytest.raises(OSError, match="No such file"):
        os.getcwd()  # noqa: PTH109
    assert from_factory("torch.nn:Linear", {"in_features": 4, "out_features": 3}).params == 15
    with pytest.raises(InvalidValue, match=r"it is looked for where Python imports from$"):
        from_factory("no_such_module:build")


def test_an_unknown_device() -> None:
    with pytest.raises(UnknownName, match="unknown device 'cuda'; known: meta, cpu"):
        from_factory("torch.nn:Linear", device="cuda")


def test_the_reference_by_its_name() -> None:
    assert from_factory("amnl_reference:build", {"lstm_hidden": 64}) == pc.from_module(
        amnl_reference.build(lstm_hidden=64)
    )
