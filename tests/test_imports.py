"""Imports point one way, and stay light."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

import paramcalc

PACKAGE = Path(paramcalc.__file__).parent
# A folder, or file, of a line may import from the lines above it and from itself.
ORDER = [
    {"errors"},
    {"sizes"},
    {"tree"},
    {"layers", "analysis"},
    {"architectures", "derivation"},
    {"sources"},
    {"tracing", "verification"},
    {"targets", "rendering"},
    {"testing"},
    {"cli"},
]
WITHIN_DERIVATION = [
    {"fitting", "domain", "start"},
    {"trees"},
    {"models"},
    {"candidate", "paths", "proven_part", "untold"},
    {"boundaries", "doubt", "fallbacks"},
    {"proof"},
    {"engine"},
]
TORCH_ONLY_IN = {"sources", "tracing", "testing"}
HEAVY = {"torch", "transformers", "matplotlib", "hypothesis", "pytest"}


def imports(path: Path) -> list[str]:
    """The modules that a file imports, at the top or inside functions, but for type checking only."""
    found: list[str] = []
    stack: list[ast.AST] = [ast.parse(path.read_text(encoding="utf-8"))]
    while stack:
        node = stack.pop()
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            stack += node.orelse
            continue
        if isinstance(node, ast.Import):
            found += (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} has a relative import"
            module = node.module or ""
            found += (f"{module}.{alias.name}" for alias in node.names) if module == "paramcalc" else [module]
        stack += ast.iter_child_nodes(node)
    return found


FILES = {path.relative_to(PACKAGE).as_posix(): imports(path) for path in sorted(PACKAGE.rglob("*.py"))}


def room(name: str, *, below: str = "paramcalc") -> str:
    """The folder or file right below a package that a dotted name leads to, or the path of a file."""
    return name.removeprefix(f"{below}.").split(".")[0]


def dotted(file: str) -> str:
    return f"paramcalc.{file.removesuffix('.py').removesuffix('/__init__').replace('/', '.')}"


def test_the_reader_sees_known_imports() -> None:
    assert "paramcalc.sizes.symbols" in FILES["tree/block.py"]
    assert "paramcalc.targets.assignments" in FILES["cli/options.py"]
    assert "sympy" in FILES["sizes/symbols.py"]


@pytest.mark.parametrize(("package", "order"), [("paramcalc", ORDER), ("paramcalc.derivation", WITHIN_DERIVATION)])
def test_imports_point_one_way(package: str, order: list[set[str]]) -> None:
    rank = {name: number for number, names in enumerate(order) for name in names}
    inside = {dotted(file): names for file, names in FILES.items() if dotted(file).startswith(f"{package}.")}
    here = {file: room(file, below=package) for file in inside}
    assert set(here.values()) - {"__init__", "__main__"} == rank.keys()
    upward = [
        f"{file} imports from {name}"
        for file, names in inside.items()
        for name in names
        if name.startswith(f"{package}.") and here[file] in rank
        if here[file] != room(name, below=package) and rank[room(name, below=package)] >= rank[here[file]]
    ]
    assert not upward


def test_only_the_command_line_imports_the_whole_package() -> None:
    whole = {room(dotted(file)) for file, names in FILES.items() if "paramcalc" in names}
    assert whole == {"cli"}


def test_no_files_import_each_other_in_a_circle() -> None:
    files = {dotted(file): file for file in FILES}
    left = {name: {each for each in FILES[file] if each in files and each != name} for name, file in files.items()}
    assert "paramcalc.tree.node" in left["paramcalc.tree.block"]
    while free := {name for name, others in left.items() if not others}:
        left = {name: others - free for name, others in left.items() if name not in free}
    assert not left


@pytest.mark.parametrize("file", sorted(FILES))
def test_heavy_libraries_are_imported_in_sources_and_the_test_kit_only(file: str) -> None:
    heavy = {name.split(".")[0] for name in FILES[file]} & HEAVY
    assert not heavy or room(dotted(file)) in TORCH_ONLY_IN


def test_the_reference_and_the_package_do_not_know_each_other() -> None:
    reference = PACKAGE.parent / "amnl_reference"
    named = {name.split(".")[0] for path in reference.glob("*.py") for name in imports(path)}
    assert "torch" in named
    assert "paramcalc" not in named
    assert not any(name.startswith("amnl_reference") for names in FILES.values() for name in names)


def loaded_after(code: str) -> set[str]:
    script = f"import sys\n{code}\nprint(*sorted(name for name in sys.modules if '.' not in name))"
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(result.stdout.splitlines()[-1].split())


def test_importing_the_package_loads_nothing_heavy() -> None:
    loaded = loaded_after("import paramcalc")
    assert "paramcalc" in loaded
    assert not loaded & (HEAVY | {"sympy", "numpy", "tabulate", "click"})


def test_the_test_kit_is_reached_without_loading_what_its_parts_need() -> None:
    loaded = loaded_after("import paramcalc\nparamcalc.testing.__all__")
    assert "paramcalc" in loaded
    assert not loaded & (HEAVY | {"sympy", "numpy"})


def test_the_assertions_need_no_hypothesis() -> None:
    loaded = loaded_after("from paramcalc.testing import ParameterBudget, assert_counts, assert_same_tensors")
    assert not loaded & HEAVY


def test_pytest_starts_without_the_package() -> None:
    loaded = loaded_after("import pytest_paramcalc")
    assert {"pytest_paramcalc", "pytest"} <= loaded
    assert not loaded & {"paramcalc", "torch", "hypothesis", "sympy", "numpy"}


def test_a_table_of_integers_needs_no_sympy() -> None:
    code = (
        "import contextlib, paramcalc.cli\nwith contextlib.suppress(SystemExit): paramcalc.cli.main(['table', 'amnl'])"
    )
    loaded = loaded_after(code)
    assert {"paramcalc", "tabulate"} <= loaded
    assert not loaded & (HEAVY | {"sympy", "numpy"})


def test_a_table_of_a_checkpoint_needs_neither_torch_nor_sympy(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    save_file({"fc.weight": np.zeros((3, 4))}, path)
    loaded = loaded_after(
        "import contextlib, paramcalc.cli\n"
        f"with contextlib.suppress(SystemExit): paramcalc.cli.main(['table', {str(path)!r}])"
    )
    assert {"paramcalc", "tabulate", "safetensors"} <= loaded
    assert not loaded & (HEAVY | {"sympy"})


def test_every_public_name_is_there_and_lazy_ones_are_those_that_types_see() -> None:
    assert all(getattr(paramcalc, name) is not None for name in paramcalc.__all__)
    assert set(paramcalc.__all__) <= set(dir(paramcalc))
    tree = ast.parse((PACKAGE / "__init__.py").read_text(encoding="utf-8"))
    (checked,) = (node for node in tree.body if isinstance(node, ast.If))
    seen = {
        alias.name: node.module for node in checked.body if isinstance(node, ast.ImportFrom) for alias in node.names
    }
    assert {name for name, module in seen.items() if module == "paramcalc"} == {"errors", "layers", "testing"}
    assert {name: module for name, module in seen.items() if module != "paramcalc"} == paramcalc._HOME
    with pytest.raises(AttributeError, match="module 'paramcalc' has no attribute 'fromule'"):
        paramcalc.fromule  # noqa: B018  # the access is the test


def test_a_symbol_loads_sympy() -> None:
    assert "sympy" in loaded_after("import paramcalc\nparamcalc.symbol('h')")


def test_files_and_functions_stay_short() -> None:
    for path in PACKAGE.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert len(text.splitlines()) <= 400, path
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef):
                body = node.body[1:] if ast.get_docstring(node) else node.body
                length = (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0
                assert length <= 40, f"{path}: {node.name} has {length} lines"


def test_no_folder_holds_more_than_can_be_seen_at_once() -> None:
    folders = Counter(path.parent for path in PACKAGE.rglob("*.py") if path.name != "__init__.py")
    assert max(folders.values()) <= 15
