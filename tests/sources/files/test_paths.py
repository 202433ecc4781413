"""A path may have any letters; what is none, or leads nowhere, is refused."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from paramcalc.errors import BadFile, InvalidType
from paramcalc.sources.files.checkpoint import from_checkpoint
from tests.sources.files.checkpoints import FILE, PICKLES


class Bytes(os.PathLike[Any]):
    """A path that names itself in bytes."""

    def __fspath__(self) -> bytes:
        return b"model.safetensors"


@pytest.mark.parametrize("value", [None, 3, b"model.safetensors", ["a"], Bytes()])
def test_anything_but_a_path_is_refused(value: Any) -> None:
    with pytest.raises(InvalidType, match=r"checkpoint: got .*; expected a path"):
        from_checkpoint(value)


def test_paths_that_lead_nowhere_are_refused(tmp_path: Path) -> None:
    (tmp_path / "model").write_bytes(FILE)
    os.mkfifo(tmp_path / "x.pt")
    wrong = {
        str(tmp_path): "it is a folder; .* name the file or the index in it",
        str(tmp_path / "nosuch.safetensors"): "cannot read it: No such file or directory; expected a checkpoint",
        str(tmp_path / "a\0b.pt"): "cannot read it: embedded null byte",
        str(tmp_path / "model"): "its name does not say how to read it; expected a name that ends in .safetensors, .pt",
        str(tmp_path / "x.pt"): "it is no regular file",
        str(tmp_path / ("x" * 300 + ".pt")): "cannot read it: File name too long",
    }
    for path, message in wrong.items():
        with pytest.raises(BadFile, match=message) as caught:
            from_checkpoint(path)
        assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    ("name", "content", "params"), [("Ä \n\udcff.safetensors", FILE, 12), ("Ä \n.pt", PICKLES[0], 8)]
)
def test_a_path_may_have_any_letters(tmp_path: Path, name: str, content: bytes, params: int) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    assert from_checkpoint(path).params == from_checkpoint(str(path)).params == params
    path.write_bytes(b"nothing")
    with pytest.raises(BadFile, match=r"read it|be read") as caught:
        from_checkpoint(path)
    assert str(caught.value).isprintable()
