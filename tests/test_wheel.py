"""The wheel: what it holds, its version and licence, and that its types reach those who install it."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from email import message_from_bytes
from importlib.util import find_spec
from pathlib import Path
from zipfile import ZipFile

import pytest

import paramcalc

ROOT = Path(__file__).parent.parent
INFO = f"paramcalc-{paramcalc.__version__}.dist-info"
PIP = (sys.executable, "-m", "pip")
MYPY = (sys.executable, "-m", "mypy", "--strict", "--config-file=", "--cache-dir=cache", "--no-error-summary")

USER = """\
from typing import Any, assert_type

import paramcalc as pc

width = pc.symbol("width")
layer = pc.layers.Linear(width, 3, bias=False)
assert_type(layer, pc.Block)
assert_type(layer.params, int | Any)
assert_type(pc.formula(layer), pc.Formula)
assert_type(pc.render(layer), str)
try:
    assert_type(pc.solve(layer, "width", budget=100), int)
except pc.errors.NoSolution as error:
    assert_type(error.problem, str)
pc.render(layer, depth="all")
"""


def run(*command: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a command that sees neither the checkout nor what the environment says of where modules are."""
    environment = {name: value for name, value in os.environ.items() if name not in ("MYPYPATH", "PYTHONPATH")}
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel that pip builds of the checkout, by the hatchling that is installed or else by one that pip fetches."""
    if find_spec("pip") is None:
        pytest.skip("pip is not installed, and builds the wheel")
    folder = tmp_path_factory.mktemp("wheel")
    offline = [] if find_spec("hatchling") is None else ["--no-build-isolation"]
    built = run(*PIP, "wheel", "--no-deps", *offline, "--wheel-dir", folder, ROOT, cwd=folder)
    if not offline and "No matching distribution found for hatchling" in built.stderr:
        pytest.skip("hatchling, which builds the wheel, is not installed and cannot be fetched")
    assert built.returncode == 0, built.stderr
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of a fresh environment that has the wheel, and nothing else."""
    folder = tmp_path_factory.mktemp("environment")
    builder = venv.EnvBuilder(symlinks=os.name != "nt")
    builder.create(folder)
    interpreter = Path(builder.ensure_directories(folder).env_exe)
    installed = run(*PIP, "--python", interpreter, "install", "--no-deps", "--no-index", wheel, cwd=folder)
    assert installed.returncode == 0, installed.stderr
    return interpreter


def test_the_wheel_holds_the_package_and_its_plugin(wheel: Path) -> None:
    with ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if not name.startswith(f"{INFO}/")}
    sources = {path.relative_to(ROOT).as_posix() for path in (ROOT / "paramcalc").rglob("*.py")}
    assert names == sources | {"paramcalc/py.typed", "pytest_paramcalc.py"}


def test_the_wheel_says_its_version_and_licence(wheel: Path) -> None:
    with ZipFile(wheel) as archive:
        metadata = message_from_bytes(archive.read(f"{INFO}/METADATA"))
        licence = archive.read(f"{INFO}/licenses/LICENSE")
    assert metadata["Version"] == paramcalc.__version__
    assert metadata["License-Expression"] == "MIT"
    assert licence == (ROOT / "LICENSE").read_bytes()


def test_what_is_installed_says_the_version_of_its_metadata(python: Path, tmp_path: Path) -> None:
    code = "import importlib.metadata, paramcalc; print(paramcalc.__version__, importlib.metadata.version('paramcalc'))"
    said = run(python, "-c", code, cwd=tmp_path).stdout.split()
    assert said == [paramcalc.__version__, paramcalc.__version__]


def test_type_checkers_see_the_types_of_the_installed_package(python: Path, tmp_path: Path) -> None:
    (tmp_path / "user.py").write_text(USER, encoding="utf-8")
    found = run(*MYPY, "--python-executable", python, "user.py", cwd=tmp_path)
    mistake = f"user.py:{len(USER.splitlines())}: error: "  # the last line, and no other
    right = [line.startswith(mistake) and '"depth" to "render"' in line for line in found.stdout.splitlines()]
    assert right == [True], found.stdout + found.stderr
