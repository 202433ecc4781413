"""Checkpoints as trees: what was saved comes back, weights stay unread, and no file leads to anything but BadFile."""

from __future__ import annotations

import json
import os
import pickle
import struct
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from safetensors.numpy import save_file
from torch import nn

from paramcalc import Block, TensorSpec, unfold
from paramcalc.dtypes import BITS, dtype_name
from paramcalc.errors import BadFile, InvalidType, InvalidValue
from paramcalc.sources import checkpoint, state_names
from paramcalc.sources.checkpoint import from_checkpoint
from paramcalc.sources.safetensors_file import DTYPES
from paramcalc.sources.state_names import ASSUMED, Entry, tree_of
from paramcalc.sources.torch_file import USUAL_KEYS
from tests.work import Steps, Word, counted, grows_linearly

Header = Mapping[str, Any]
Listed = dict[str, tuple[tuple[int, ...], str]]

WORDS = ("a", "b", "weight", "0", "2", "10", "running_mean", "num_batches_tracked", "Ä", "a b")
CODES = {
    "F64": "float64",
    "F32": "float32",
    "F16": "float16",
    "BF16": "bfloat16",
    "F8_E4M3": "float8_e4m3fn",
    "F8_E5M2": "float8_e5m2",
    "F8_E8M0": "float8_e8m0fnu",
    "F8_E4M3FNUZ": "float8_e4m3fnuz",
    "F8_E5M2FNUZ": "float8_e5m2fnuz",
    "F6_E2M3": "float6_e2m3fn",
    "F6_E3M2": "float6_e3m2fn",
    "F4": "float4_e2m1fn",
    "C64": "complex64",
    "I64": "int64",
    "I32": "int32",
    "I16": "int16",
    "I8": "int8",
    "U64": "uint64",
    "U32": "uint32",
    "U16": "uint16",
    "U8": "uint8",
    "BOOL": "bool",
}
TORCH_DTYPES = [torch.float32, torch.float16, torch.bfloat16, torch.float64, torch.int64, torch.uint8, torch.bool]


def packed(header: Header | bytes, data: int = 0, *, length: int | None = None) -> bytes:
    """A safetensors file of a header and so many bytes of data."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + bytes(data)


def one(
    name: str = "w", shape: tuple[int, ...] = (2,), dtype: str = "F32", at: tuple[int, int] = (0, 8)
) -> dict[str, Any]:
    return {name: {"dtype": dtype, "shape": list(shape), "data_offsets": list(at)}}


def header_of(tensors: Listed) -> tuple[dict[str, Any], int]:
    """The header for tensors with the codes of safetensors, one behind the other, and the bytes that they take."""
    header: dict[str, Any] = {}
    end = 0
    for name, (shape, code) in tensors.items():
        start, end = end, end + int(np.prod(shape, dtype=object)) * BITS[CODES[code]] // 8
        header |= one(name, shape, code, (start, end))
    return header, end


def read(content: bytes, suffix: str = ".safetensors", *, fold: bool = False) -> Block:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"model{suffix}"
        path.write_bytes(content)
        return from_checkpoint(path, fold=fold)


def saved(value: Any, *, zipped: bool = True) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.pt"
        torch.save(value, path, _use_new_zipfile_serialization=zipped)
        return path.read_bytes()


def listed(tree: Block) -> Listed:
    found = {name: (tuple(int(size) for size in spec.shape), spec.dtype) for name, spec in tree.tensors()}
    assert len(found) == len(list(tree.tensors()))
    return found


def attempt(content: bytes, suffix: str = ".safetensors", *, fold: bool = False) -> Block | None:
    """The tree, or None where the file is refused in one line."""
    try:
        return read(content, suffix, fold=fold)
    except BadFile as error:
        line = str(error)
    assert line.isprintable()
    return None


def roles(tree: Block) -> dict[str, str]:
    return {name: spec.role for name, spec in tree.tensors()}


def loaded_by(code: str) -> list[str]:
    """The last line that a fresh interpreter prints, in words."""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return result.stdout.splitlines()[-1].split()


names = st.lists(st.sampled_from(WORDS), min_size=1, max_size=4).map(".".join)
shapes = st.lists(st.integers(0, 4), max_size=3).map(tuple)


# What was saved comes back


@given(st.dictionaries(names, st.tuples(shapes, st.sampled_from(sorted(CODES)))))
def test_safetensors_come_back(tensors: Listed) -> None:
    even = {name: ((*shape, 4), code) for name, (shape, code) in tensors.items()}  # whole bytes, of 4 and 6 bits too
    header, size = header_of(even)
    for fold in (False, True):
        tree = read(packed({"__metadata__": {"format": "pt"}, **header}, size), fold=fold)
        assert listed(tree) == {name: (shape, CODES[code]) for name, (shape, code) in even.items()}
        assert tree.nbytes == size
        assert tree.note == (ASSUMED if tensors else "holds no tensors")


@given(st.dictionaries(names, st.tuples(shapes, st.sampled_from(["f8", "f4", "f2", "i8", "i4", "u1", "?"]))))
def test_what_the_library_writes_comes_back(tensors: Listed) -> None:
    arrays = {name: np.zeros(shape, code) for name, (shape, code) in tensors.items()}
    with tempfile.TemporaryDirectory() as folder:
        save_file(arrays, f"{folder}/x.SafeTensors")
        tree = from_checkpoint(f"{folder}/x.SafeTensors")
    assert listed(tree) == {name: (array.shape, str(array.dtype)) for name, array in arrays.items()}


@pytest.mark.parametrize("code", sorted(CODES))
def test_every_element_type_has_its_name(code: str) -> None:
    (spec,) = (spec for _, spec in read(packed(*header_of({"w": ((3, 8), code)}))).tensors())
    assert spec == TensorSpec(
        "w", (3, 8), "parameter" if CODES[code][0] in "fbc" and code != "BOOL" else "buffer", CODES[code]
    )
    assert CODES == DTYPES


@given(st.data(), st.booleans())
def test_torch_files_come_back(data: st.DataObject, zipped: bool) -> None:
    kinds = st.tuples(shapes, st.sampled_from(TORCH_DTYPES))
    held = [torch.zeros(shape, dtype=dtype) for shape, dtype in data.draw(st.lists(kinds, min_size=1, max_size=5))]
    chosen = data.draw(st.dictionaries(names, st.integers(0, len(held) - 1)))
    state = {name: held[number].detach() for name, number in chosen.items()}
    tree = read(saved(state, zipped=zipped), ".pt")
    assert listed(tree) == {name: (tuple(each.shape), dtype_name(each.dtype)) for name, each in state.items()}
    once = {number: held[number] for number in chosen.values()}
    assert tree.nbytes == sum(each.nbytes for each in once.values())
    firsts = {number: name for name, number in reversed(chosen.items())}
    for name, spec in tree.tensors():
        first = firsts[chosen[name]]
        assert spec.tied_to == (None if first == name or not state[name].numel() else first)
        assert not spec.note


@pytest.mark.parametrize("suffix", [".pt", ".pth", ".bin", ".ckpt", ".PT"])
@pytest.mark.parametrize("zipped", [True, False])
def test_a_module_gives_its_state_dict(suffix: str, zipped: bool) -> None:
    model = nn.Sequential(
        nn.Conv2d(3, 4, 2), nn.BatchNorm2d(4), nn.TransformerEncoderLayer(4, 2, 8), nn.Embedding(5, 4)
    )
    tree = read(saved(model.state_dict(), zipped=zipped), suffix)
    state = model.state_dict()
    assert listed(tree) == {name: (tuple(each.shape), dtype_name(each.dtype)) for name, each in state.items()}
    assert [name for name, _ in tree.tensors()] == list(state)
    assert tree.params == sum(each.numel() for each in model.parameters())
    assert tree.buffers == sum(each.numel() for each in model.buffers())
    assert tree.note == ASSUMED
    assert {block.kind for _, block in tree.walk()} == {""}


def test_every_element_type_of_torch_has_a_width() -> None:
    known = {each for each in vars(torch).values() if isinstance(each, torch.dtype)}
    assert len(known) > 30
    assert {dtype_name(each) for each in known} <= BITS.keys()


# Names


def test_numbers_stand_in_the_order_of_numbers() -> None:
    order = ["h.10.w", "h.norm", "h.2.w", "h.1.w", "h.01.w", "p.10", "p.9", "head.w", "h.²"]
    tree = read(packed(*header_of(dict.fromkeys(order, ((2,), "F32")))))
    assert [block.name for block in tree.children] == ["h", "p", "head"]
    assert [child.name for child in tree.at("h").children] == ["1", "01", "2", "10"]
    assert [tensor.name for tensor in tree.at("p").own] == ["9", "10"]
    assert [tensor.name for tensor in tree.at("h").own] == ["norm", "²"]
    mixed = read(packed(*header_of(dict.fromkeys(["10.w", "norm.w", "9.w", "head.w", "8.w"], ((2,), "F32")))))
    assert [child.name for child in mixed.children] == ["8", "norm", "9", "head", "10"]


@pytest.mark.parametrize("keys", ["sorted", "shuffled"])
def test_layers_fold_in_any_order(keys: str) -> None:
    order = [f"layers.{number}.{name}" for number in range(24) for name in ("w", "b")]
    order = sorted(order) if keys == "sorted" else order[30:] + order[:30]
    content = packed(*header_of(dict.fromkeys(order, ((2, 3), "F16"))))
    folded, tree = read(content, fold=True), read(content)
    assert [(child.name, child.repeat) for child in folded.at("layers").children] == [("{}", 24)]
    assert unfold(folded) == tree
    assert folded.params == tree.params == 24 * 12


def test_below_a_tensor_all_belongs_to_its_block() -> None:
    order = [
        "l.weight.absmax",
        "l.weight",
        "l.weight.state.nf4",
        "l.bias",
        "weight.x",
        "weight",
        "l.w.b",
        "l.w.a.weight",
    ]
    tree = read(packed(*header_of(dict.fromkeys(order, ((4,), "U8")))))
    owned = {path: [tensor.name for tensor in block.own] for path, block in tree.walk()}
    inside = ["weight", "weight.absmax", "weight.state.nf4", "bias"]
    assert owned == {"": ["weight", "weight.x"], "l": inside, "l.w": ["b"], "l.w.a": ["weight"]}
    assert listed(tree).keys() == set(order)


def test_a_tie_leads_from_and_to_names_with_dots() -> None:
    first, second = torch.ones(3), torch.ones(4)
    state = {"a.w": first, "a.w.x": second, "b.w": first.detach(), "b.w.y.z": second.detach(), "c.d.e": second.detach()}
    tree = read(saved(state), ".pt")
    assert {name: spec.tied_to for name, spec in tree.tensors() if spec.tied_to} == {
        "b.w": "a.w",
        "b.w.y.z": "a.w.x",
        "c.d.e": "a.w.x",
    }
    assert tree.params == 7
    assert not tree.pending_ties
    assert tree.at("b").own[1].tied_to == "..a.w.x"


WRONG_NAMES = {
    "": "''; expected words joined by single dots",
    "a..b": r"'a\.\.b'; expected words joined by single dots",
    ".a": r"'\.a'; expected words joined by single dots",
    "a.": r"'a\.'; expected words joined by single dots",
    "layers.{}.w": r"'layers\.{}\.w'; expected a name without {}",
    "a\nb": r"'a\\nb'; expected letters that can be printed",
    "\x1b[2J": r"'\\x1b\[2J'; expected letters that can be printed",
    "a" + ".a" * 10_000: "'a.a.a.*'?; expected at most 10,000 words",
}


@pytest.mark.parametrize("name", sorted(WRONG_NAMES))
def test_names_that_are_no_paths_are_refused(name: str) -> None:
    for content, suffix in (
        (packed(*header_of({name: ((2,), "F32")})), ".safetensors"),
        (saved({name: torch.ones(2)}), ".pt"),
    ):
        with pytest.raises(BadFile, match=f"a tensor is named {WRONG_NAMES[name]}") as caught:
            read(content, suffix)
        assert str(caught.value).isprintable()
        assert len(str(caught.value)) < 400


def test_a_deep_name_is_a_deep_tree() -> None:
    name = ".".join(["a"] * 5_000)
    tree = read(packed(*header_of({name: ((2,), "F32")})), fold=True)
    assert listed(tree) == {name: ((2,), "float32")}
    assert sum(1 for _ in tree.walk()) == 5_000


def test_a_name_stands_once_in_a_tree() -> None:
    for order in (["a.b", "a.b"], ["a.b", "a.b.c", "a.b"], ["a.b.c", "a.b", "a.b"]):
        with pytest.raises(BadFile, match=r"x: the tensor 'a\.b' stands twice; expected each name once"):
            tree_of([Entry(name, (2,), "float32", "parameter") for name in order], where="x")


def test_names_cannot_ask_for_any_number_of_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state_names, "MOST_BLOCKS", 100)
    content = packed(*header_of({f"a.{number}.w": ((1,), "F32") for number in range(100)}))
    with pytest.raises(BadFile, match="its names ask for too many blocks; expected at most 100"):
        read(content)
    assert (
        len(read(packed(*header_of({f"a.{number}.w": ((1,), "F32") for number in range(99)}))).at("a").children) == 99
    )


def test_running_statistics_and_integers_are_buffers() -> None:
    tensors: Listed = dict.fromkeys(
        ("running_mean", "bn.running_var", "bn.weight", "running_mean.x", "s"), ((2,), "F32")
    )
    tensors |= {"bn.num_batches_tracked": ((), "I64"), "f.num_batches_tracked": ((), "F32")}
    tensors |= {
        "ids": ((2,), "I32"),
        "mask": ((2,), "BOOL"),
        "q": ((2,), "U8"),
        "z": ((2,), "C64"),
        "h": ((2,), "BF16"),
    }
    parameters = {"bn.weight", "running_mean.x", "s", "z", "h"}
    found = roles(read(packed(*header_of(tensors))))
    assert found == {name: "parameter" if name in parameters else "buffer" for name in tensors}


# Weights stay unread


def test_no_weights_are_read(tmp_path: Path) -> None:
    size = 5 * 2**30
    header = one("big.w", (size // 4 - 2**20,), "F32", (0, size - 2**22)) | one(
        "w", (2**20,), "F32", (size - 2**22, size)
    )
    path = tmp_path / "big.safetensors"
    path.write_bytes(packed(header))
    os.truncate(path, path.stat().st_size + size)
    peak = "resource.getrusage(resource.RUSAGE_SELF).ru_maxrss"
    code = f"import resource, numpy, safetensors, paramcalc.sources.checkpoint as c; before = {peak}\n"
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
    code = f"import resource, torch, paramcalc.sources.checkpoint as c\nbefore = {peak}\n"
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
        code = "import sys\nfrom paramcalc.sources.checkpoint import from_checkpoint\nbefore = set(sys.modules)\n"
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


# Shared memory and parameters in torch files


@pytest.mark.parametrize("zipped", [True, False])
def test_shared_tensors_are_tied(zipped: bool) -> None:
    model = nn.ModuleDict({"wte": nn.Embedding(6, 4), "head": nn.Linear(4, 6, bias=False)})
    model["head"].weight = model["wte"].weight
    tree = read(saved(model.state_dict(), zipped=zipped), ".pt")
    assert tree.params == 24
    assert tree.at("head").own[0].tied_to == "..wte.weight"
    assert tree.at("wte").own[0].tied_to is None


@pytest.mark.parametrize("zipped", [True, False])
def test_other_views_are_counted_and_noted(zipped: bool) -> None:
    flat = torch.arange(16.0)
    square = flat.view(4, 4)
    views = {"square": square, "turned": square.t(), "head": flat[:6], "rows": square[1:3], "later": square[2:]}
    state = {"flat": flat, **views, "again": square[1:3], "alone": square * 1}
    tree = read(saved(state, zipped=zipped), ".pt")
    notes = {name: spec.note for name, spec in tree.tensors() if spec.note}
    assert notes == dict.fromkeys(views, "shares storage with flat")
    assert {name: spec.tied_to for name, spec in tree.tensors() if spec.tied_to} == {"again": "rows"}
    assert tree.params == sum(each.numel() for name, each in state.items() if name != "again")


def test_a_file_larger_than_memory_is_read_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(name: str, shared: bool, size: int) -> None:
        raise RuntimeError(f"unable to mmap {size} bytes from file <{name}>: Cannot allocate memory (12)")

    shared = torch.ones(3, 2)
    content = saved({"a": shared, "b": shared.detach(), "c": torch.ones(5)})
    monkeypatch.setattr(torch.UntypedStorage, "from_file", refuse)
    tree = read(content, ".pt")
    assert tree.params == 11
    assert tree.own[1].tied_to == ".a"


def test_parameters_say_whether_they_are_trained() -> None:
    state = {
        "w": nn.Parameter(torch.ones(2)),
        "f": nn.Parameter(torch.ones(2), requires_grad=False),
        "running_mean": nn.Parameter(torch.ones(2)),
        "i": nn.Parameter(torch.ones(2, dtype=torch.int8), requires_grad=False),
    }
    tree = read(saved(state), ".pt")
    assert roles(tree) == {"w": "parameter", "f": "frozen", "running_mean": "parameter", "i": "frozen"}
    assert tree.note == ""
    mixed = read(saved({**state, "b": torch.ones(2, dtype=torch.int8)}), ".pt")
    assert roles(mixed)["b"] == "buffer"
    assert mixed.note == ASSUMED


@pytest.mark.filterwarnings("ignore::UserWarning")  # of torch, that its quantised and sparse tensors may change
def test_unusual_tensors_are_listed() -> None:
    state = {
        "sparse": torch.eye(3).to_sparse(),
        "rows": torch.eye(3).to_sparse_csr(),
        "quantised": torch.quantize_per_channel(torch.ones(3, 3), torch.ones(3), torch.zeros(3), 0, torch.qint8),
        "nowhere": torch.empty(7, device="meta"),
        "elsewhere": torch.empty(7, device="meta"),
        "wide": torch.ones(1).expand(5),
        "turned": torch.ones(2, dtype=torch.complex64).conj(),
    }
    tree = read(saved(state), ".pt")
    assert listed(tree) == {name: (tuple(each.shape), dtype_name(each.dtype)) for name, each in state.items()}
    notes = {name: spec.note for name, spec in tree.tensors() if spec.note}
    assert notes == {
        "sparse": "sparse_coo: counted with its whole shape",
        "rows": "sparse_csr: counted with its whole shape",
    }
    assert roles(tree)["quantised"] == "buffer"
    assert not any(spec.tied_to for _, spec in tree.tensors())


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_nested_tensors_are_refused() -> None:
    content = saved({"a": torch.nested.nested_tensor([torch.ones(2), torch.ones(3)])})
    with pytest.raises(BadFile, match=r"the tensor 'a' has no plain shape .* expected plain tensors, not nested ones"):
        read(content, ".pt")


# Where the state dict lies in a torch file

STATE = {"fc.w": torch.ones(2, 3), "fc.b": torch.ones(2)}


@pytest.mark.parametrize("key", USUAL_KEYS)
def test_usual_keys_lead_to_the_state_dict(key: str) -> None:
    tree = read(saved({"epoch": 3, key: STATE, "loss": torch.ones(()), 7: None}), ".ckpt")
    assert listed(tree) == {"fc.w": ((2, 3), "float32"), "fc.b": ((2,), "float32")}
    assert tree.note == f"under '{key}'; left out: 'epoch', 'loss', 7; {ASSUMED}"


def test_the_first_usual_key_is_taken() -> None:
    for number, key in enumerate(USUAL_KEYS):
        tree = read(saved({each: {"w": torch.ones(2)} for each in reversed(USUAL_KEYS[number:])}), ".pt")
        assert listed(tree) == {"w": ((2,), "float32")}
        assert tree.note.startswith(f"under '{key}'; ")
    assert listed(read(saved({"state_dict": {"a": 1}, "model": STATE}), ".pt")).keys() == STATE.keys()
    assert listed(read(saved({"state_dict": torch.ones(2), "model": 3}), ".pt")).keys() == {"state_dict"}


def test_what_is_no_tensor_is_left_out_by_name() -> None:
    tree = read(saved({**STATE, "_extra_state": None, "step": 3}), ".pt")
    assert tree.note == f"left out: '_extra_state', 'step'; {ASSUMED}"
    many = read(saved({"model": {**STATE, **{f"x{number}": None for number in range(12)}}}), ".pt")
    assert "'x9' and 2 more; " in many.note


PACKED = (torch.ones(3, 2), torch.ones(3))
LEFT: dict[str, tuple[dict[Any, Any], str]] = {
    "packed": ({"fc.scale": torch.ones(()), "fc._packed_params._packed_params": PACKED}, "'fc._packed_params._packed"),
    "packed under a key": ({"model": {"s": torch.ones(()), "opt.p": PACKED}}, "'opt.p'"),
    "two networks": ({"generator": STATE, "discriminator": STATE, "step": torch.tensor(5)}, "'generator', 'discrimina"),
    "an empty model": ({"generator": STATE, "model": {}}, "'generator'"),
    "a tensor beside": ({"model": STATE, "head.weight": torch.ones(3), "loss": torch.ones(())}, "'head.weight', which"),
    "a model beside": ({"model": STATE, "net": {"fc.w": torch.ones(2, 4), "fc.b": torch.ones(2)}}, "'net'"),
    "a list beside": ({"model": STATE, "weights": [torch.ones(2)]}, "'weights'"),
    "a number as a key": ({"model": STATE, 3: {"w": torch.ones(2)}}, "3, which"),
    "deep": ({"model": STATE, "x": [({"y": [[{"z": [torch.ones(1)]}]]},)]}, "'x'"),
    "many": ({**STATE, **{f"x{n}": [torch.ones(1)] for n in range(12)}}, "'x0', .*'x9' and 2 more, which"),
    "adopted": ({"model": STATE, "adopted": STATE}, "'adopted'"),
}


@pytest.mark.parametrize("name", sorted(LEFT))
def test_tensors_that_would_not_be_counted_are_refused(name: str) -> None:
    value, named = LEFT[name]
    with pytest.raises(BadFile, match=rf"model\.pt: it holds tensors in {named}.* are not counted; .*; save model\."):
        read(saved(value), ".pt")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of torch, that quantisation moves to another package
def test_a_quantised_model_is_not_counted_too_small() -> None:
    quantized: Any = torch.ao.nn.quantized
    state = quantized.Linear(3, 4).state_dict()
    with pytest.raises(BadFile, match=r"it holds tensors in '_packed_params\._packed_params', which are not counted"):
        read(saved(state), ".pt")


KEPT = [
    "optimizer",
    "optimizer_state_dict",
    "optimizer_states",
    "optim",
    "opt",
    "optimizer_G",
    "d_optim",
    "Optimizer",
    "lr_scheduler",
    "lr_schedulers",
    "scheduler",
    "scheduler_state_dict",
    "lr_sched",
    "scaler",
    "grad_scaler",
    "amp",
    "rng_state",
    "torch_rng_state",
    "random_state",
    "ema_state_dict",
    "params_ema",
    "callbacks",
    "loops",
    "hyper_parameters",
]


@pytest.mark.parametrize("key", KEPT)
def test_what_training_keeps_is_left_out_by_name(key: str) -> None:
    kept = {"state": {0: {"step": torch.ones(()), "exp_avg": torch.ones(2, 3)}}, "param_groups": [{"params": [0]}]}
    for content in ({"model": STATE, key: kept}, {**STATE, key: kept}):
        tree = read(saved(content), ".pt")
        assert tree.params == 8
        assert f"left out: '{key}'; " in tree.note


def test_numbers_beside_a_state_dict_are_left_out_by_name() -> None:
    again: list[Any] = [torch.ones(()), {"best": (torch.ones(()), 3)}]
    again.append(again)
    assert "left out: 'losses'" in read(saved({"model": STATE, "losses": again}), ".pt").note


@pytest.mark.parametrize(
    ("value", "note"),
    [
        ({}, "holds no tensors"),
        (OrderedDict(), "holds no tensors"),
        ({"e": 1, "model": {}}, "under 'model'; left out: 'e'; holds no tensors"),
    ],
)
def test_an_empty_state_dict_is_an_empty_tree(value: object, note: str) -> None:
    tree = read(saved(value), ".pt")
    assert (tree.note, tree.params, tree.children) == (note, 0, ())


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


def plain_tar() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        with tarfile.open(f"{folder}/x.tar", "w") as tar:
            tar.addfile(tarfile.TarInfo("storages"))
        return Path(f"{folder}/x.tar").read_bytes()


def overstated() -> bytes:
    """A file whose tensor claims more elements than the file has bytes."""
    with tempfile.TemporaryDirectory() as folder:
        torch.save({"w": torch.ones(200)}, f"{folder}/x.pt")
        with zipfile.ZipFile(f"{folder}/x.pt") as old, zipfile.ZipFile(f"{folder}/y.pt", "w") as new:
            for name in old.namelist():
                new.writestr(name, old.read(name).replace(b"K\xc8", b"M\xff\x7f"))
        return Path(f"{folder}/y.pt").read_bytes()


def plain_zip() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        with zipfile.ZipFile(f"{folder}/x.zip", "w") as file:
            file.writestr("a/b", "c")
        return Path(f"{folder}/x.zip").read_bytes()


def program() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        with zipfile.ZipFile(f"{folder}/x.pt", "w") as file:
            for name in ("version", "byteorder", "constants.pkl", "data.pkl"):
                file.writestr(f"x/{name}", "3")
        return Path(f"{folder}/x.pt").read_bytes()


NO_STATE: dict[str, tuple[Callable[[], bytes], str]] = {
    "list": (lambda: saved([torch.ones(2)]), "it holds a list; expected a state dict"),
    "tensor": (lambda: saved(torch.ones(2)), "it holds a Tensor; expected a state dict"),
    "number": (lambda: saved(3), "it holds a int; expected a state dict"),
    "no tensors": (
        lambda: saved({"epoch": 3, "x": {"w": torch.ones(2)}}),
        "it holds no tensors by name, only 'epoch', 'x'",
    ),
    "a number as a name": (lambda: saved({0: torch.ones(2)}), "a tensor is named 0; expected text"),
    "a tuple as a name": (lambda: saved({(0, 1): torch.ones(2)}), "a tensor is named a tuple; expected text"),
    "empty": (bytes, r"torch cannot read it \(EOFError\); expected a file that torch.save wrote"),
    "text": (lambda: b"hello world", "torch cannot read it .* fetch it again"),
    "a pickle": (lambda: pickle.dumps({"a": 1}), r"torch cannot read it \(UnpicklingError: Unsupported operand 149\)"),
    "truncated": (lambda: saved(STATE)[:-100], "torch cannot read it .*failed finding central directory"),
    "truncated old": (lambda: saved(STATE, zipped=False)[:-5], "torch cannot read it .*unexpected EOF"),
    "overstated": (overstated, "torch cannot read it .*not resizable"),
    "a tar": (plain_tar, "torch cannot read it"),
    "another zip": (plain_zip, "torch cannot read it"),
    "TorchScript": (program, "it is a TorchScript archive, a program; .* save model"),
}


@pytest.mark.parametrize("name", sorted(NO_STATE))
def test_files_without_a_state_dict_are_refused(name: str) -> None:
    content, message = NO_STATE[name]
    with pytest.raises(BadFile, match=rf"model\.pt: {message}") as caught:
        read(content(), ".pt")
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 600


# Damaged safetensors

GOOD, SIZE = header_of(
    {"layers.0.w": ((2, 3), "F32"), "layers.1.w": ((2, 3), "F32"), "norm": ((), "I64"), "e": ((0, 3), "F16")}
)
TWICE = b'{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"w":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]}}'
DEEP = b'{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"x":' + b"[" * 50_000 + b"]" * 50_000 + b"}}"
DIGITS = b'{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"x":' + b"9" * 5_000 + b"}}"
WRONG = {
    "truncated": (
        packed(GOOD, SIZE - 1),
        "not fully covered; expected a file as safetensors writes it; .* fetch it again",
    ),
    "extra bytes": (packed(GOOD, SIZE + 1), "not fully covered"),
    "empty": (b"", "header too small"),
    "10 GB of header": (packed(GOOD, SIZE, length=10**10), "header too large"),
    "a header past the end": (packed(GOOD, 0, length=10**4), "invalid header length"),
    "truncated in the header": (packed(GOOD)[:60], "invalid header length"),
    "overlapping": (packed({**one("a"), **one("b", at=(4, 12))}, 12), "invalid offset for tensor `b`"),
    "past the end": (packed(one(shape=(3,), at=(0, 12)), 8), "not fully covered"),
    "bytes that are not the shape's": (packed(one(shape=(3,)), 8), "it cannot be read"),
    "a negative size": (packed(one(shape=(-2,)), 8), "it cannot be read: .* integer `-2`"),
    "an overflow": (packed(one(shape=(2**40, 2**40)), 8), "overflow"),
    "a size that is no int64": (
        packed(one(shape=(0, 2**63), at=(0, 0))),
        r"the tensor 'w' has the size 9,2.*; expected at most 2\^63 - 1",
    ),
    "a fraction": (packed(b'{"w":{"dtype":"F32","shape":[2.0],"data_offsets":[0,8]}}', 8), "it cannot be read"),
    "an unknown type": (packed(one(dtype="F33"), 8), "unknown variant `F33`"),
    "half a byte": (packed(one(shape=(3,), dtype="F4", at=(0, 2)), 2), "it cannot be read"),
    "a name twice": (packed(TWICE, 8), "the key 'w' stands twice; expected a header that names each tensor once"),
    "not JSON": (packed(b"hello"), "invalid JSON in header"),
    "a list": (packed(b"[]"), "invalid JSON in header"),
    "not text": (packed(b"\xff\xfe"), "it cannot be read"),
    "deep": (packed(DEEP, 8), "it cannot be read|not JSON"),
    "many digits": (packed(DIGITS, 8), "it cannot be read|digits"),
    "a pickle": (saved(STATE), "it cannot be read"),
    "a pointer": (
        b"version https://git-lfs.github.com/spec/v1\noid sha256:0",
        "a pointer of Git LFS; .*; run git lfs pull",
    ),
}


@pytest.mark.parametrize("name", sorted(WRONG))
def test_damaged_safetensors_are_refused(name: str) -> None:
    content, message = WRONG[name]
    with pytest.raises(BadFile, match=rf"model\.safetensors: .*({message})") as caught:
        read(content)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 600


def stated(content: bytes) -> Listed:
    """What a header says, read without the library."""
    header = json.loads(content[8 : 8 + struct.unpack("<Q", content[:8])[0]])
    header.pop("__metadata__", None)
    return {name: (tuple(each["shape"]), CODES[each["dtype"]]) for name, each in header.items()}


def damaged(content: bytes, changes: list[tuple[int, int]], end: int) -> bytes:
    hurt = bytearray(content[:end] if end else content)
    for position, byte in changes:
        hurt[position % max(len(hurt), 1) : position % max(len(hurt), 1) + 1] = bytes([byte])
    return bytes(hurt)


FILE = packed(GOOD, SIZE)
HEADER = len(FILE) - SIZE
changes = st.lists(
    st.tuples(st.integers(0, HEADER - 1), st.integers(0, 255) | st.sampled_from(b'0123456789",:[]{} .')), max_size=3
)


@given(changes, st.sampled_from([0, 0, 0, 20, HEADER, HEADER + 3]), st.booleans())
@settings(max_examples=300)
@example([(HEADER - 1, 32)], 0, False)
def test_any_damage_to_safetensors_is_an_error_or_a_correct_tree(
    hurt: list[tuple[int, int]], end: int, fold: bool
) -> None:
    content = damaged(FILE, hurt, end)
    tree = attempt(content, fold=fold)
    assert tree is None or listed(tree) == stated(content)


PICKLES = [saved({**STATE, "t": STATE["fc.w"].detach()}, zipped=zipped) for zipped in (True, False)]


@given(st.sampled_from(PICKLES), st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 255)), min_size=1, max_size=3))
@settings(max_examples=200)
def test_any_damage_to_a_torch_file_is_an_error_or_a_tree(content: bytes, hurt: list[tuple[int, int]]) -> None:
    tree = attempt(damaged(content, hurt, 0), ".pt")
    assert tree is None or isinstance(tree.params, int)


# Shards


@pytest.fixture
def shards(tmp_path: Path) -> Path:
    (tmp_path / "m-1.safetensors").write_bytes(packed(*header_of({"b.w": ((2,), "F32"), "a.w": ((3,), "F32")})))
    (tmp_path / "m-2.safetensors").write_bytes(packed(*header_of({"a.b": ((4,), "F16")})))
    write_index(tmp_path, {"a.w": "m-1.safetensors", "a.b": "m-2.safetensors", "b.w": "m-1.safetensors"})
    return tmp_path


def write_index(folder: Path, weight_map: object) -> Path:
    path = folder / "model.safetensors.index.json"
    path.write_text(json.dumps({"metadata": {"total_size": 28}, "weight_map": weight_map}), encoding="utf-8")
    return path


def test_shards_make_one_tree(shards: Path) -> None:
    tree = from_checkpoint(shards / "model.safetensors.index.json")
    assert listed(tree) == {"b.w": ((2,), "float32"), "a.w": ((3,), "float32"), "a.b": ((4,), "float16")}
    assert [name for name, _ in tree.tensors()] == ["b.w", "a.w", "a.b"]
    assert tree.note == ASSUMED


def test_shards_of_torch_make_one_tree(tmp_path: Path) -> None:
    shared = torch.ones(2)
    torch.save({"a.w": shared, "b.w": shared.detach(), "_extra_state": None}, tmp_path / "p-1.bin")
    torch.save({"model": {"c.w": torch.ones(3)}}, tmp_path / "p-2.bin")
    tree = from_checkpoint(write_index(tmp_path, {"a.w": "p-1.bin", "b.w": "p-1.bin", "c.w": "p-2.bin"}))
    assert tree.params == 5
    assert dict(tree.tensors())["b.w"].tied_to == "a.w"
    assert tree.note == f"left out: '_extra_state'; {ASSUMED}; under 'model'"


A, B = "m-1.safetensors", "m-2.safetensors"
WRONG_MAPS: dict[str, tuple[object, str]] = {
    "a missing shard": (
        {"a.w": A, "a.b": "m-3.safetensors", "b.w": A},
        "the shard 'm-3.safetensors': .*No such file.* fetch it",
    ),
    "a missing tensor": ({"a.w": A, "a.b": B, "b.w": A, "c.w": A}, r"the shard 'm-1.safetensors' lacks 'c\.w', which"),
    "an extra tensor": ({"a.w": A, "a.b": B}, r"holds 'b\.w', which the weight_map does not name; expected shards and"),
    "another shard": (
        {"a.w": A, "a.b": B, "b.w": B},
        r"'m-1.safetensors' holds 'b\.w', which the weight_map puts in 'm-2",
    ),
    "a list": (["a.w"], 'it has no weight_map; expected an index of shards: {"weight_map"'),
    "nothing": (None, "it has no weight_map"),
    "a number": ({"a.w": 3}, r"the weight_map gives 'a\.w' 3; expected"),
    "a list of files": ({"a.w": [A]}, r"the weight_map gives 'a\.w' a list; expected"),
    "an index in an index": ({"a.w": "model.safetensors.index.json"}, "the weight_map names the file 'model.saf"),
    "a folder": ({"a.w": "folder.bin"}, "the shard 'folder.bin': it is a folder"),
    "a long name": ({"a.w": "x" * 300 + ".bin"}, "the shard 'xxx.*: .*name too long"),
    "an empty tensor name": ({"": A}, "which the weight_map does not name"),
}
OUTSIDE = [
    "/m/x.safetensors",
    "../x.bin",
    "..",
    ".",
    "",
    "a/../x.bin",
    r"..\x.bin",
    r"C:x.bin",
    r"\\x\y.bin",
    "x/",
    "x\0.bin",
    "a\nb.bin",
    "\ud800.bin",
]


@pytest.mark.parametrize("name", sorted(WRONG_MAPS))
def test_an_index_that_does_not_fit_its_shards_is_refused(shards: Path, name: str) -> None:
    (shards / "folder.bin").mkdir()
    weight_map, message = WRONG_MAPS[name]
    with pytest.raises(BadFile, match=rf"index\.json: {message}|index\.json: .*{message}") as caught:
        from_checkpoint(write_index(shards, weight_map))
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("name", OUTSIDE)
def test_an_index_leads_to_no_other_folder(shards: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    path = write_index(shards, {"a.w": name})
    opened: list[Path] = []
    monkeypatch.setattr(checkpoint, "_tensors", opened.append)
    with pytest.raises(
        BadFile, match=r"the weight_map names the file .*; expected the name of a file in the same folder"
    ) as caught:
        from_checkpoint(path)
    assert str(caught.value).isprintable()
    assert not opened


def test_a_tensor_in_two_shards_is_refused(shards: Path) -> None:
    (shards / B).write_bytes(packed(*header_of({"a.b": ((4,), "F16"), "a.w": ((3,), "F32")})))
    with pytest.raises(
        BadFile, match=r"'a\.w' stands in two shards, 'm-1.safetensors' and 'm-2.safetensors'; expected one"
    ):
        from_checkpoint(shards / "model.safetensors.index.json")


def test_a_damaged_shard_is_named(shards: Path) -> None:
    os.truncate(shards / B, (shards / B).stat().st_size - 1)
    with pytest.raises(BadFile, match=r"m-2\.safetensors: it cannot be read: .*not fully covered"):
        from_checkpoint(shards / "model.safetensors.index.json")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ('{"weight_map": {}, "weight_map": {}}', "the key 'weight_map' stands twice; expected an index of shards"),
        ('{"weight_map": {"a": "x.bin", "a": "x.bin"}}', "the key 'a' stands twice"),
        ('{"weight_map": {}, "x": NaN}', "NaN is no number"),
        ("\udcff", "not JSON"),
        ("[]", "it has no weight_map"),
    ],
)
def test_an_index_that_is_none_is_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "model.safetensors.index.json"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(BadFile, match=message):
        from_checkpoint(path)


def test_an_index_has_bounds(tmp_path: Path) -> None:
    path = write_index(tmp_path, {})
    assert from_checkpoint(path).note == "holds no tensors"
    os.truncate(path, 100_000_001)
    with pytest.raises(BadFile, match="it has 100,000,001 bytes; expected at most 100,000,000"):
        from_checkpoint(path)


# Paths and libraries


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


def test_an_element_type_of_the_future_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(DTYPES, "F32")
    with pytest.raises(BadFile, match=r"the tensor 'layers\.0\.w' has the element type F32; expected one of F64, "):
        read(FILE)
    monkeypatch.delitem(BITS, "float32")
    with pytest.raises(
        BadFile, match=r"the tensor 'fc\.w' has no plain shape and element type: unknown dtype 'float32'"
    ):
        read(PICKLES[0], ".pt")
