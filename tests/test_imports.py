"""Imports point one way, and stay light."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

import paramcalc

PACKAGE = Path(paramcalc.__file__).parent
# Each line may import from the lines above it, and a package from itself.
ORDER = [
    {"errors", "rhythm", "linear"},
    {"sizes"},
    {"tree"},
    {"fitting", "explaining", "telling"},
    {"domain"},
    {"sampling"},
    {"layers", "numbered", "sizing", "prediction", "probing", "structure"},
    {"architectures", "analysis"},
    {"lists"},
    {"unify", "whole", "steadiness", "survey"},
    {"partial", "form"},
    {"retreat", "borders"},
    {"derivation", "matching"},
    {"sources"},
    {"tracing"},
    {"targets"},
    {"verification"},
    {"rendering"},
    {"cli", "testing"},
]
RANK = {name: rank for rank, names in enumerate(ORDER) for name in names}
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


def concept(file: str) -> str:
    return file.split("/")[0].removesuffix(".py")


def test_the_reader_sees_known_imports() -> None:
    assert "paramcalc.sizes.symbols" in FILES["tree/block.py"]
    assert "paramcalc.targets.assignments" in FILES["cli.py"]
    assert "sympy" in FILES["sizes/symbols.py"]
    assert {concept(file) for file in FILES} == RANK.keys() | {"__init__", "__main__"}


@pytest.mark.parametrize("file", sorted(FILES))
def test_imports_point_one_way(file: str) -> None:
    here = concept(file)
    used = {name.split(".")[1] for name in FILES[file] if name.startswith("paramcalc.")}
    if here == "__init__":
        assert "cli" not in used
    elif here != "__main__":
        upward = {name for name in used if name != here and RANK[name] >= RANK[here]}
        assert not upward, f"{file} imports from {', '.join(sorted(upward))}"
        assert here == "cli" or "paramcalc" not in FILES[file]


@pytest.mark.parametrize("file", sorted(FILES))
def test_heavy_libraries_are_imported_in_sources_and_the_test_kit_only(file: str) -> None:
    heavy = {name.split(".")[0] for name in FILES[file]} & HEAVY
    assert not heavy or concept(file) in TORCH_ONLY_IN


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
