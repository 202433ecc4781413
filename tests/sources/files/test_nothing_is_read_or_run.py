"""No weight of a file is read, no code in it is run, and no library is loaded that it does not need."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.numpy import save_file
from torch import nn

from paramcalc.errors import BadFile, InvalidValue
from paramcalc.sources.files import state_names
from paramcalc.tree.block import Block
from paramcalc.tree.tensor import TensorSpec
from tests.sources.files.checkpoints import FILE, PICKLES, STATE, header_of, one, packed, read, saved
from tests.work import Steps, Word, counted, grows_linearly


def loaded_by(code: str) -> list[str]:
    """The last line that a fresh interpreter prints, in words."""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return result.stdout.splitlines()[-1].split()


def test_no_weights_are_read(tmp_path: Path) -> None:
    size = 5 * 2**30
    header = one("big.w", (size // 4 - 2**20,), "F32", (0, size - 2**22)) | one(
        "w", (2**20,), "F32", (size - 2**22, size)
    )
    path = tmp_path / "big.safetensors"
    path.write_bytes(packed(header))
    os.truncate(path, path.stat().st_size + size)
    peak = "resource.getrusage(resource.RUSAGE_SELF).ru_maxrss"
    code = f"import resource, numpy, safetensors, paramcalc.sources.files.checkpoint as c; before = {peak}\n"
    code += f"print(c.from_checkpoint({str(path)!r}).nbytes, {peak} - before)"
    nbytes, grown = map(int, loaded_by(code))
    assert nbytes == size
    assert grown < 20_000  # KiB


@pytest.mark.parametrize("mapped", [True, False])
def test_no_weights_of_a_torch_file_are_read(tmp_path: Path, mapped: bool) -> None:
    from torch._subclasses.fake_tensor import FakeTensorMode

    with FakeTensorMode(), torch.serialization.skip_data(materialize_fake_tensors=True):
        torch.save({"a.w": torch.empty(2**28), "b.w": torch.empty(2**28)}, tmp_path / "big.pt")
    assert (tmp_path / "big.pt").stat().st_size > 2**31
    peak = "resource.getrusage(resource.RUSAGE_SELF).ru_maxrss"
    code = f"import resource, torch, paramcalc.sources.files.checkpoint as c\nbefore = {peak}\n"
    if not mapped:
        code += (
            "def refuse(*_): raise RuntimeError('unable to mmap 1 bytes')\ntorch.UntypedStorage.from_file = refuse\n"
        )
    code += f"print(c.from_checkpoint({str(tmp_path / 'big.pt')!r}).params, {peak} - before)"
    params, grown = map(int, loaded_by(code))
    assert params == 2**29
    assert grown < 50_000  # KiB


def test_safetensors_need_neither_torch_nor_sympy(tmp_path: Path) -> None:
    save_file({"layers.0.w": np.zeros(3), "layers.1.w": np.zeros(3)}, tmp_path / "x.safetensors")
    (tmp_path / "x.json").write_text('{"weight_map": {"layers.0.w": "x.safetensors", "layers.1.w": "x.safetensors"}}')
    for file in ("x.safetensors", "x.json"):
        code = "import sys\nfrom paramcalc.sources.files.checkpoint import from_checkpoint\nbefore = set(sys.modules)\n"
        code += f"tree = from_checkpoint({str(tmp_path / file)!r}, fold=True)\nassert tree.params == 6\n"
        code += "print(*[name for name in ('torch', 'sympy', 'safetensors', 'numpy') if name in sys.modules], '|',"
        code += "*[name for name in ('torch', 'sympy', 'safetensors', 'numpy') if name in before])"
        assert loaded_by(code) == ["safetensors", "numpy", "|"]


def test_many_tensors_take_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    loads = json.loads

    def with_words(text: str, *, object_pairs_hook: Callable[[Any], Any], **options: Any) -> Any:
        return loads(text, object_pairs_hook=lambda pairs: object_pairs_hook(words(pairs)), **options)

    def words(pairs: list[tuple[str, Any]]) -> list[tuple[str, Any]]:
        return [(Word(name), value) for name, value in pairs]

    def work(number: int) -> Steps:
        """The steps with the names of so many tensors, and with the blocks that are made of them."""
        order = [f"layers.{n // 600}.experts.{n // 6 % 100}.{n // 2 % 3}.{'ws'[n % 2]}" for n in range(number)]
        content = packed(*header_of(dict.fromkeys(order, ((1, 2), "F32"))))
        Word.steps = Steps()
        made = [(Block, "__post_init__"), (TensorSpec, "__post_init__"), (state_names, "_in_order")]
        with counted(*made) as blocks:
            assert read(content).params == 2 * number
        return Steps(taken=blocks.taken + Word.steps.taken)

    monkeypatch.setattr(json, "loads", with_words)
    assert grows_linearly(work, 2400)


def test_a_file_larger_than_memory_is_read_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(name: str, shared: bool, size: int) -> None:
        raise RuntimeError(f"unable to mmap {size} bytes from file <{name}>: Cannot allocate memory (12)")

    shared = torch.ones(3, 2)
    content = saved({"a": shared, "b": shared.detach(), "c": torch.ones(5)})
    monkeypatch.setattr(torch.UntypedStorage, "from_file", refuse)
    tree = read(content, ".pt")
    assert tree.params == 11
    assert tree.own[1].tied_to == ".a"


class Code:
    """An object whose pickle runs a command."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Callable[[str], object], tuple[str]]:
        return os.mkdir, (str(self.marker),)


@pytest.mark.parametrize("zipped", [True, False])
def test_code_in_a_pickle_is_named_and_never_run(tmp_path: Path, zipped: bool) -> None:
    marker = tmp_path / "ran"
    with pytest.raises(
        BadFile, match=r"would run code, (posix|nt)\.mkdir; expected a state dict.*save model\.state_dict"
    ):
        read(saved({**STATE, "code": Code(marker)}, zipped=zipped), ".pt")
    assert not marker.exists()
    with pytest.raises(BadFile, match=r"would run code, torch\.nn\.modules\.linear\.Linear"):
        read(saved(nn.Linear(2, 2), zipped=zipped), ".pt")


@pytest.mark.parametrize(
    ("library", "content", "suffix", "advice"),
    [
        ("safetensors", FILE, ".safetensors", "safetensors is not installed; pip install safetensors numpy"),
        ("numpy", FILE, ".safetensors", "numpy is not installed; pip install safetensors numpy"),
        ("torch", PICKLES[0], ".pt", r"torch is not installed; pip install 'paramcalc\[torch\]'"),
    ],
)
def test_a_missing_library_is_named(
    monkeypatch: pytest.MonkeyPatch, library: str, content: bytes, suffix: str, advice: str
) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(InvalidValue, match=advice):
        read(content, suffix)


def test_an_unsafe_torch_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    for version, safe in (("2.9.1", False), ("2.10.0", True), ("2.13.0+cpu", True)):
        monkeypatch.setattr(torch, "__version__", torch.torch_version.TorchVersion(version))
        if safe:
            assert read(PICKLES[0], ".pt").params == 8
            continue
        with pytest.raises(
            InvalidValue, match=r"torch 2\.9\.1 can be made to run code .*; expected torch 2\.10 or newer"
        ):
            read(PICKLES[0], ".pt")
