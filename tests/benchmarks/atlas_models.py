"""What may go wrong with one model of the atlas, for workers that import it."""

from __future__ import annotations

import os
import time

from benchmarks.atlas.row import Ask, Row, row


def misbehaved(model_type: str, ask: Ask) -> Row:
    """A row, or what its name says."""
    if model_type == "crash":
        os._exit(3)
    if model_type == "endless":
        time.sleep(40)
    if model_type == "huge":
        bytearray(ask.memory)
    if model_type == "error":
        raise LookupError("no such\nthing")
    return {"model_type": model_type, "outcome": "full"}


def rows(model_type: str, ask: Ask) -> Row:
    """The row of such a model, made in a process of its own."""
    return row(model_type, ask, misbehaved)


def lost(model_type: str, ask: Ask) -> Row:
    """A row, or the end of the worker."""
    if model_type == "lost":
        os._exit(3)
    return misbehaved(model_type, ask)
