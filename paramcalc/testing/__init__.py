"""A test kit for code that counts parameters: Hypothesis strategies, assertions, and a search for wrong counts.

Nothing here is loaded before it is used; strategies and searches need `pip install 'paramcalc[testing]'`.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from paramcalc.testing.block_trees import blocks
    from paramcalc.testing.budget import ParameterBudget
    from paramcalc.testing.counter import check_counter
    from paramcalc.testing.counts import assert_counts
    from paramcalc.testing.formula import assert_formula
    from paramcalc.testing.layer_calls import layer_args
    from paramcalc.testing.module_trees import modules
    from paramcalc.testing.same_tensors import assert_same_tensors
    from paramcalc.testing.settings import architectures

_HOME = {
    "ParameterBudget": "budget",
    "architectures": "settings",
    "assert_counts": "counts",
    "assert_formula": "formula",
    "assert_same_tensors": "same_tensors",
    "blocks": "block_trees",
    "check_counter": "counter",
    "layer_args": "layer_calls",
    "modules": "module_trees",
}
_EXTRA = ("hypothesis", "torch")

__all__ = [
    "ParameterBudget",
    "architectures",
    "assert_counts",
    "assert_formula",
    "assert_same_tensors",
    "blocks",
    "check_counter",
    "layer_args",
    "modules",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'paramcalc.testing' has no attribute {name!r}")
    try:
        return getattr(importlib.import_module(f"paramcalc.testing.{_HOME[name]}"), name)
    except ModuleNotFoundError as error:
        if error.name not in _EXTRA:
            raise
        from paramcalc.errors import InvalidValue

        problem, where = f"{error.name} is not installed", f"paramcalc.testing.{name}"
        raise InvalidValue(problem, where=where, advice="pip install 'paramcalc[testing]'") from None


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
