"""Classes of torch that take the same arguments, and a call as the name of its class."""

from __future__ import annotations

from paramcalc.testing.case import Case

CONVOLUTIONS = "Conv1d Conv2d Conv3d ConvTranspose1d ConvTranspose2d ConvTranspose3d"
LAYERS = "TransformerEncoderLayer TransformerDecoderLayer"


def of_class(value: object) -> str | None:
    return value.name if isinstance(value, Case) else None
