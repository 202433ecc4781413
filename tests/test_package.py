"""The package loads a public name from its home when it is first used, and says all that it has."""

from __future__ import annotations

import importlib
import runpy
import sys
import types
from pathlib import Path

import pytest

import paramcalc as pc

MODULES = ("errors", "layers", "testing")


@pytest.mark.parametrize("name", [each for each in pc.__all__ if each not in MODULES])
def test_a_public_name_is_the_one_of_its_home(name: str) -> None:
    found = getattr(pc, name)
    assert found.__name__ == name
    assert found is getattr(importlib.import_module(found.__module__), name)


@pytest.mark.parametrize("name", MODULES)
def test_the_public_modules_are_loaded(name: str) -> None:
    assert isinstance(pc.__getattr__(name), types.ModuleType)
    assert pc.__getattr__(name) is importlib.import_module(f"paramcalc.{name}")


@pytest.mark.parametrize("name", ["nothing", "Blok", "__path"])
def test_a_name_that_there_is_not_is_said(name: str) -> None:
    with pytest.raises(AttributeError, match=f"^module 'paramcalc' has no attribute '{name}'$"):
        getattr(pc, name)


def test_all_public_names_are_listed_once_and_in_order() -> None:
    names = dir(pc)
    assert names == sorted(set(names))
    assert {*pc.__all__, "__version__", "__doc__"} <= set(names)
    assert pc.__all__ == sorted(set(pc.__all__))


def test_the_package_that_is_run_is_the_command_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["paramcalc", "--version"])
    with pytest.raises(SystemExit, match=r"^0$"):
        runpy.run_path(str(Path(pc.__file__).with_name("__main__.py")), run_name="__main__")
    assert capsys.readouterr().out == f"paramcalc, version {pc.__version__}\n"
