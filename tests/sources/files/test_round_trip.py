"""What was saved comes back: names, shapes and element types, of tensors and of modules."""

from __future__ import annotations

import tempfile

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import save_file
from torch import nn

from paramcalc import TensorSpec
from paramcalc.errors import BadFile
from paramcalc.sources.files.checkpoint import from_checkpoint
from paramcalc.sources.files.safetensors import DTYPES
from paramcalc.sources.files.state_names import ASSUMED
from paramcalc.tree.dtypes import BITS, dtype_name
from tests.sources.files.checkpoints import CODES, FILE, PICKLES, Listed, header_of, listed, packed, read, roles, saved

WORDS = ("a", "b", "weight", "0", "2", "10", "running_mean", "num_batches_tracked", "Ä", "a b")
TORCH_DTYPES = [torch.float32, torch.float16, torch.bfloat16, torch.float64, torch.int64, torch.uint8, torch.bool]
names = st.lists(st.sampled_from(WORDS), min_size=1, max_size=4).map(".".join)
shapes = st.lists(st.integers(0, 4), max_size=3).map(tuple)


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


def test_an_element_type_of_the_future_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(DTYPES, "F32")
    with pytest.raises(BadFile, match=r"the tensor 'layers\.0\.w' has the element type F32; expected one of F64, "):
        read(FILE)
    monkeypatch.delitem(BITS, "float32")
    with pytest.raises(
        BadFile, match=r"the tensor 'fc\.w' has no plain shape and element type: unknown dtype 'float32'"
    ):
        read(PICKLES[0], ".pt")
