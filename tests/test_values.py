"""Values are frozen: what can be changed in place is a search, a count or a builder, and is named here."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import paramcalc

PACKAGE = Path(paramcalc.__file__).parent
STATE = {
    "derivation/boundaries.py": {"Boundaries"},
    "derivation/candidate.py": {"Candidate"},
    "derivation/doubt.py": {"Doubt"},
    "derivation/engine.py": {"Search"},
    "derivation/fallbacks.py": {"Fallbacks"},
    "derivation/models/kinds.py": {"Kinds"},
    "derivation/models/observations.py": {"Observations"},
    "derivation/models/prober.py": {"Prober"},
    "derivation/paths.py": {"_Step"},
    "derivation/proof.py": {"Proof"},
    "testing/budget.py": {"ParameterBudget"},
    "testing/counter.py": {"_Check"},
    "testing/formula.py": {"_Check"},
    "testing/module_trees.py": {"_Building"},
    "tracing/integers.py": {"Trace"},
    "tracing/losses.py": {"Losses"},
    "verification/comparison.py": {"_Found", "_Node"},
}


def mutable_dataclasses(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        decorators = node.decorator_list if isinstance(node, ast.ClassDef) else []
        for each in decorators:
            text = ast.unparse(each)
            if text.startswith("dataclass") and "frozen=True" not in text:
                yield node.name  # type: ignore[attr-defined]  # of the class that is decorated


def test_values_are_frozen() -> None:
    found = {path.relative_to(PACKAGE).as_posix(): set(mutable_dataclasses(path)) for path in PACKAGE.rglob("*.py")}
    assert {file: names for file, names in found.items() if names} == STATE
