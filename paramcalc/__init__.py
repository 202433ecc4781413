"""How big a neural network is, and why: exact closed forms for parameter counts."""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # all is loaded when it is first used
    from paramcalc import errors, layers, testing
    from paramcalc.analysis.breakdown import Row, breakdown
    from paramcalc.analysis.diff import Change, Diff, diff
    from paramcalc.analysis.evaluate import admissible, evaluate
    from paramcalc.analysis.formula import Formula, formula
    from paramcalc.analysis.solve import solve
    from paramcalc.analysis.storage import Stored, storage
    from paramcalc.architectures import architecture
    from paramcalc.derivation.models.prober import Limits
    from paramcalc.errors import ParamcalcError
    from paramcalc.rendering.render import render
    from paramcalc.sizes.conditions import Condition
    from paramcalc.sizes.symbols import symbol
    from paramcalc.sources.files.checkpoint import from_checkpoint
    from paramcalc.sources.modules.config import from_config
    from paramcalc.sources.modules.torch_module import from_module
    from paramcalc.tracing.configs.derive_config import derive_config
    from paramcalc.tracing.derive import derive
    from paramcalc.tree.block import Block, compose, repeated, tie
    from paramcalc.tree.evidence import Evidence
    from paramcalc.tree.fold import fold, unfold
    from paramcalc.tree.json.trees import from_json, to_json
    from paramcalc.tree.tensor import TensorSpec
    from paramcalc.verification.comparison import Difference
    from paramcalc.verification.verify import Verification, verify

__version__ = "0.1.0"

_LATER = {
    "paramcalc.analysis.breakdown": ("Row", "breakdown"),
    "paramcalc.analysis.storage": ("Stored", "storage"),
    "paramcalc.rendering.render": ("render",),
    "paramcalc.tree.fold": ("fold", "unfold"),
    "paramcalc.architectures": ("architecture",),
    "paramcalc.analysis.diff": ("Change", "Diff", "diff"),
    "paramcalc.sizes.conditions": ("Condition",),
    "paramcalc.errors": ("ParamcalcError",),
    "paramcalc.analysis.evaluate": ("admissible", "evaluate"),
    "paramcalc.analysis.formula": ("Formula", "formula"),
    "paramcalc.analysis.solve": ("solve",),
    "paramcalc.derivation.models.prober": ("Limits",),
    "paramcalc.tree.evidence": ("Evidence",),
    "paramcalc.sources.files.checkpoint": ("from_checkpoint",),
    "paramcalc.tracing.derive": ("derive",),
    "paramcalc.tracing.configs.derive_config": ("derive_config",),
    "paramcalc.sources.modules.config": ("from_config",),
    "paramcalc.sources.modules.torch_module": ("from_module",),
    "paramcalc.sizes.symbols": ("symbol",),
    "paramcalc.tree.tensor": ("TensorSpec",),
    "paramcalc.tree.block": ("Block", "compose", "repeated", "tie"),
    "paramcalc.tree.json.trees": ("from_json", "to_json"),
    "paramcalc.verification.comparison": ("Difference",),
    "paramcalc.verification.verify": ("Verification", "verify"),
}
_HOME = {name: module for module, names in _LATER.items() for name in names}

__all__ = [
    "Block",
    "Change",
    "Condition",
    "Diff",
    "Difference",
    "Evidence",
    "Formula",
    "Limits",
    "ParamcalcError",
    "Row",
    "Stored",
    "TensorSpec",
    "Verification",
    "admissible",
    "architecture",
    "breakdown",
    "compose",
    "derive",
    "derive_config",
    "diff",
    "errors",
    "evaluate",
    "fold",
    "formula",
    "from_checkpoint",
    "from_config",
    "from_json",
    "from_module",
    "layers",
    "render",
    "repeated",
    "solve",
    "storage",
    "symbol",
    "testing",
    "tie",
    "to_json",
    "unfold",
    "verify",
]


def __getattr__(name: str) -> Any:
    if name in ("errors", "layers", "testing"):
        return importlib.import_module(f"paramcalc.{name}")
    if name not in _HOME:
        raise AttributeError(f"module 'paramcalc' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
