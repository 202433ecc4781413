"""Whole architectures by name, composed of catalogue layers."""

from paramcalc.architectures.amnl import AMNL, AMNLConfig, amnl
from paramcalc.architectures.registry import (
    ARCHITECTURES,
    Architecture,
    architecture,
    find_architecture,
    free_sizes,
    symbol_values,
    with_symbols,
)

__all__ = [
    "AMNL",
    "ARCHITECTURES",
    "AMNLConfig",
    "Architecture",
    "amnl",
    "architecture",
    "find_architecture",
    "free_sizes",
    "symbol_values",
    "with_symbols",
]
