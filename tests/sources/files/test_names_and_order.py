"""Names make the tree: numbers in their order, layers that fold, roles by name; what is no path is refused."""

from __future__ import annotations

import pytest
import torch

from paramcalc import unfold
from paramcalc.errors import BadFile
from paramcalc.sources.files import state_names
from paramcalc.sources.files.state_names import Entry, tree_of
from tests.sources.files.checkpoints import Listed, header_of, listed, packed, read, roles, saved


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
