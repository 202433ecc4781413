"""How big a neural network is, and why: exact closed forms for parameter counts."""

from paramcalc import errors, layers
from paramcalc.architectures import architecture
from paramcalc.breakdown import Row, breakdown
from paramcalc.compare import Change, Diff, diff
from paramcalc.conditions import Condition
from paramcalc.errors import ParamcalcError
from paramcalc.evaluate import admissible, evaluate
from paramcalc.fold import fold, unfold
from paramcalc.formula import Formula, formula
from paramcalc.render import render
from paramcalc.solve import solve
from paramcalc.sources.checkpoint import from_checkpoint
from paramcalc.sources.huggingface import from_config
from paramcalc.sources.torch_module import from_module
from paramcalc.storage import Stored, storage
from paramcalc.symbols import symbol
from paramcalc.tensor import TensorSpec
from paramcalc.tree import Block, compose, repeated, tie
from paramcalc.tree_json import from_json, to_json
from paramcalc.verify import Difference, Verification, verify

__version__ = "0.1.0"

__all__ = [
    "Block",
    "Change",
    "Condition",
    "Diff",
    "Difference",
    "Formula",
    "ParamcalcError",
    "Row",
    "Stored",
    "TensorSpec",
    "Verification",
    "admissible",
    "architecture",
    "breakdown",
    "compose",
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
    "tie",
    "to_json",
    "unfold",
    "verify",
]
