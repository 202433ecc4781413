"""Two trees tensor by tensor: what agrees, what differs, and which values the symbols take."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from torch import nn

import amnl_reference
import paramcalc as pc
from paramcalc import verification
from paramcalc.errors import InvalidType, InvalidValue, UnknownName
from paramcalc.matching import bindings
from paramcalc.render.verify import verification_text
from paramcalc.tensor import ROLES
from paramcalc.testing import block_trees as trees
from paramcalc.testing import modules
from paramcalc.tree import Argument, Block
from tests.test_torch_module import Tied
from tests.work import Steps, grows_linearly


def found(a: Block, b: Block | nn.Module, **options: Any) -> list[tuple[str, str]]:
    return [(each.what, each.name) for each in pc.verify(a, b, **options).differences]


@pytest.mark.parametrize(
    "sizes", [{}, {"lstm_hidden": 64, "lstm_layers": 1}, {"n_features": 5, "conv_channels": (8, 16, 24)}]
)
def test_the_specification_binds_to_the_reference(sizes: dict[str, Any]) -> None:
    model = amnl_reference.build(**sizes)
    result = pc.verify(pc.architecture("amnl", symbolic=True), model)
    assert result.holds
    assert result.params == sum(each.numel() for each in model.parameters())
    book = {"lstm_hidden": 128, "lstm_layers": 2, "n_features": 17, "kernel_size": 3, "conv_channels_2": 128}
    expected = {**book, **sizes}
    channels = expected.pop("conv_channels", None)
    if channels is not None:
        expected["conv_channels_2"] = channels[1]
    assert {name: result.values[name] for name in expected} == expected


@given(modules())
def test_a_model_agrees_with_itself(model: nn.Module) -> None:
    tree = pc.from_module(model)
    assert pc.verify(tree, model).holds
    assert pc.verify(pc.fold(tree), model).holds
    assert pc.verify(tree, pc.fold(tree), roles=False).holds


@given(trees.blocks(), trees.values())
def test_a_bound_tree_agrees_with_the_values_it_was_bound_to(tree: Block, values: dict[str, int]) -> None:
    at = {name: value for name, value in values.items() if name in tree.symbols}
    assume(all(at.values()))
    concrete = tree.bind(**at)
    read = bindings(tree, concrete)
    result = pc.verify(tree, concrete)
    if any(each.what == "unknown" for each in result.differences):
        assert read.keys() < tree.symbols
    else:
        assert result.holds or read != at


@given(modules())
def test_one_changed_tensor_is_the_one_that_is_named(model: nn.Module) -> None:
    tree = pc.from_module(model)
    names = [name for name, tensor in tree.tensors() if tensor.tied_to is None]
    tied = {tensor.tied_to for _, tensor in tree.tensors()}
    names = [name for name in names if name not in tied]
    assume(names)
    name = names[len(names) // 2]
    owner, _, last = name.rpartition(".")
    with torch.device("meta"):
        module = model.get_submodule(owner)
        old = getattr(module, last)
        new = torch.empty((*old.shape, 2), dtype=old.dtype)
        setattr(module, last, nn.Parameter(new, requires_grad=old.requires_grad) if last in module._parameters else new)
    assert found(tree, model) == [("shape", name)]


@st.composite
def crossed(draw: st.DrawFn, levels: int = 2) -> Block:
    """Trees of few names, so that one may be that of a tensor on one side and of a module on the other."""
    own: list[pc.TensorSpec] = []
    children: list[Block] = []
    for name in draw(st.lists(st.sampled_from(["a", "b"]), unique=True)):
        if levels and draw(st.booleans()):
            children.append(draw(crossed(levels - 1)).named(name))
        else:
            shape = draw(st.sampled_from([(2,), (3,), (2, 1)]))
            own.append(pc.TensorSpec(name, shape, draw(st.sampled_from(ROLES))))
    return Block("", "Module", tuple(own), tuple(children))


@given(crossed(), crossed())
def test_what_differs_is_what_differs_in_the_lists_of_tensors(a: Block, b: Block) -> None:
    first, second = dict(a.tensors()), dict(b.tensors())
    expected = [("missing", name) for name in first.keys() ^ second.keys()]
    for name in first.keys() & second.keys():
        one, other = first[name], second[name]
        expected += [("shape", name)] if one.shape != other.shape else []
        expected += [("role", name)] if one.shape == other.shape and one.role != other.role else []
    assert sorted(found(a, b)) == sorted(expected)
    absent = {each.name: each.first is None for each in pc.verify(a, b).differences if each.what == "missing"}
    assert absent == {name: name in second for name in first.keys() ^ second.keys()}


def test_both_sides_are_shown() -> None:
    formula = pc.compose("Net", {"a": pc.layers.Linear(4, 3), "b": pc.layers.Linear(3, 2)})
    model = nn.ModuleDict({"a": nn.Linear(4, 3), "c": nn.Linear(3, 3, bias=False)})
    result = pc.verify(formula, model)
    assert verification_text(result, "formula", "model").splitlines() == [
        "only in formula: b.weight (2, 3)",
        "only in formula: b.bias (2,)",
        "only in model: c.weight (3, 3)",
    ]
    assert not result.holds
    short = verification_text(result, "net", "net", most=1)
    assert short.splitlines() == ["only in net (A): b.weight (2, 3)", "... and 2 more differences (--all shows them)"]


def test_the_formula_of_a_shape_is_shown() -> None:
    h = pc.symbol("h")
    formula = pc.compose("Net", {"lstm": pc.layers.LSTM(64, h), "head": pc.layers.Linear(h, 3)})
    model = nn.ModuleDict({"lstm": nn.LSTM(17, 128), "head": nn.Linear(128, 3)})
    text = verification_text(pc.verify(formula, model), "formula", "model")
    assert "shape differs at lstm.weight_ih_l0: formula has (4*h, 64) = (512, 64), model has (512, 17)" in text
    assert "with h = 128" in text


def test_the_value_that_most_shapes_give_is_taken() -> None:
    d = pc.symbol("d")
    formula = pc.compose("Net", {name: pc.layers.Linear(d, d) for name in ("a", "b")})
    model = nn.ModuleDict({"a": nn.Linear(8, 5), "b": nn.Linear(8, 8)})
    result = pc.verify(formula, model)
    assert result.values == {"d": 8}
    assert [each.name for each in result.differences] == ["a.weight", "a.bias"]


def test_roles_and_ties_are_compared_and_may_be_left_out() -> None:
    tied, untied = Tied(), Tied()
    untied.head.weight = nn.Parameter(untied.head.weight.detach().clone())
    frozen = Tied().requires_grad_(False)
    tree = pc.from_module(tied)
    assert found(tree, untied) == [("tie", "head.weight")]
    assert found(tree, frozen) == [("role", "wte.weight"), ("role", "head.weight")]
    assert found(tree, untied, roles=False) == []
    assert found(tree, frozen, roles=False) == []
    text = verification_text(pc.verify(tree, untied), "A", "B")
    assert text == "tie differs at head.weight: A has tied to wte.weight, B has a tensor of its own"


def test_the_later_place_of_a_tie_may_be_missing_in_a_file() -> None:
    tree = pc.from_module(Tied())
    file = Block(children=(replace(tree.at("wte"), kind=""),))
    assert found(tree, file, roles=False) == []
    assert found(tree, file) == [("missing", "head.weight")]
    other = Block(children=(Block("head", own=(pc.TensorSpec("weight", (50, 8)),)),))
    assert found(tree, other, roles=False) == []


def test_another_first_place_is_the_same_tie() -> None:
    class Reversed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.head = nn.Linear(8, 50, bias=False)
            self.wte = nn.Embedding(50, 8)
            self.wte.weight = self.head.weight

    assert found(pc.from_module(Tied()), Reversed()) == []


def test_shared_modules_are_compared_at_all_their_places() -> None:
    block = nn.Linear(3, 3)
    shared = nn.ModuleDict({"a": block, "b": block})
    apart = nn.ModuleDict({"a": nn.Linear(3, 3), "b": nn.Linear(3, 3)})
    tree = pc.from_module(shared)
    assert found(tree, shared) == []
    assert found(tree, apart) == [("tie", "b.weight"), ("tie", "b.bias")]
    assert found(pc.from_module(apart), shared) == [("tie", "b.weight"), ("tie", "b.bias")]
    assert found(tree, apart, roles=False) == []


def test_wrappers_are_looked_through() -> None:
    tree = pc.architecture("amnl")
    assert pc.verify(tree, nn.DataParallel(amnl_reference.build())).holds
    saved = pc.from_module(nn.DataParallel(amnl_reference.build()))
    assert pc.verify(tree, replace(saved, kind=""), roles=False).holds
    assert pc.verify(saved, amnl_reference.build()).holds


def test_sizes_that_no_shape_determines() -> None:
    a, b = pc.symbol("a"), pc.symbol("b")
    formula = Block("", "Net", (pc.TensorSpec("weight", (a + b,)),))
    result = pc.verify(formula, Block("", "Net", (pc.TensorSpec("weight", (7,)),)))
    assert [(each.what, each.name) for each in result.differences] == [("unknown", "a"), ("unknown", "b")]
    text = verification_text(result, "formula", "model").splitlines()
    assert text[0] == "the shapes of model do not determine a of formula; bind it, or give --set"
    with pytest.raises(InvalidValue, match="its sizes a, b are not known; expected a second tree of numbers"):
        pc.verify(formula, formula)


def test_a_model_for_which_the_formula_does_not_hold() -> None:
    d, heads = pc.symbol("d"), 4
    formula = pc.layers.MultiheadAttention(d, heads)
    result = pc.verify(formula, nn.MultiheadAttention(6, 2))
    assert not result.holds
    assert "no model of formula has the sizes of model: d=6: 6 is not divisible by 4" in verification_text(
        result, "formula", "model"
    )


def same_names(a: nn.Module, b: nn.Module) -> bool:
    """Whether torch itself gives both models the same names, in the same groups of one tensor."""

    def groups(model: nn.Module) -> set[frozenset[str]]:
        found: dict[int, set[str]] = defaultdict(set)
        for name, tensor in model.named_parameters(remove_duplicate=False):
            found[id(tensor)].add(name)
        return {frozenset(names) for names in found.values()}

    return groups(a) == groups(b)


def shared_models() -> list[nn.Module]:
    a, b, c = (nn.Linear(2, 2) for _ in range(3))
    act = nn.ReLU()
    tied = nn.ModuleDict({name: nn.Linear(2, 2) for name in "abc"})
    for name in ("weight", "bias"):
        setattr(tied["c"], name, getattr(tied["b"], name))
    dicts: list[dict[str, nn.Module]] = [
        {"a": a, "b": b, "c": a},
        {"a": a, "b": b, "c": b},
        {"a": a, "b": a, "c": b},
        {"a": a, "b": b, "c": c},
        {"a": a, "b": b},
        {"a": a, "b": b, "c": b, "act": act, "act2": act},
        {"c": b, "b": b, "a": a},
        {"a": nn.Sequential(a, b), "b": nn.Sequential(b, a)},
        {"a": nn.Sequential(a, b), "b": nn.Sequential(a, b)},
    ]
    lists: list[list[nn.Module]] = [[a] * 6, [a] * 3, [a, b] * 3, [nn.Sequential(a, b)] * 3]
    return [tied, *(nn.ModuleDict(each) for each in dicts), *(nn.ModuleList(each) for each in lists)]


def test_shared_modules_agree_where_torch_says_so() -> None:
    models = shared_models()
    for a in models:
        for b in models:
            for fold in (False, True):
                result = pc.verify(pc.from_module(a, fold=fold), b)
                assert result.holds == same_names(a, b), (a, b, result.differences)


@given(modules(), modules())
def test_random_models_agree_where_torch_says_so(a: nn.Module, b: nn.Module) -> None:
    result = pc.verify(pc.from_module(a), b)
    if result.holds:
        assert same_names(a, b)


def test_what_differs_at_a_shared_module_is_named() -> None:
    a, b = nn.Linear(2, 2), nn.Linear(2, 2)
    one, other, short = (nn.ModuleDict(each) for each in ({"a": a, "b": b, "c": a}, {"a": a, "b": b, "c": b}, {"a": a}))
    result = pc.verify(pc.from_module(one), other)
    assert [(each.name, each.first, each.second) for each in result.differences] == [
        ("c.weight", "tied to a.weight", "tied to b.weight"),
        ("c.bias", "tied to a.bias", "tied to b.bias"),
    ]
    names = ["b.weight", "b.bias", "c.weight", "c.bias"]
    assert found(pc.from_module(one), short) == [("missing", name) for name in names]
    assert found(pc.from_module(short), one) == [("missing", name) for name in names]
    longer = found(pc.from_module(nn.ModuleList([a] * 6)), nn.ModuleList([a] * 3))
    assert longer == [("missing", f"{index}.{name}") for index in (3, 4, 5) for name in ("weight", "bias")]


class Below(dict[str, Any]):
    """What is below a node, counted where a walk goes on to it."""

    steps = Steps()

    def values(self) -> Any:
        Below.steps.take(len(self))
        return super().values()

    def items(self) -> Any:
        Below.steps.take(len(self))
        return super().items()

    def get(self, *args: Any) -> Any:
        Below.steps.take()
        return super().get(*args)


def test_sharing_at_every_level_takes_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    def shared(levels: int) -> nn.Module:
        model: nn.Module = nn.Linear(2, 2)
        for _ in range(levels):
            model = nn.Sequential(model, model)
        return model

    def work(levels: int) -> Steps:
        """The steps of comparisons of such a model with another one, with more than that, and with nothing."""
        first, second = pc.from_module(shared(levels)), shared(levels)
        Below.steps = Steps(most=100_000)
        assert found(first, second) == []
        assert not pc.verify(first, nn.Sequential(second, nn.Linear(2, 2))).holds
        assert [what for what, _ in found(first, Block())] == ["missing", "missing"]
        return Below.steps

    node = verification._Node
    monkeypatch.setattr(verification, "_Node", lambda: node(below=Below()))
    assert grows_linearly(work, 100)


def test_a_module_that_contains_itself_is_compared() -> None:
    loop = nn.Sequential(nn.Linear(2, 2))
    loop.append(loop)
    tree = pc.from_module(nn.ModuleDict({"a": loop}))
    assert pc.verify(tree, tree).holds


@pytest.mark.parametrize("roles", [True, False])
def test_a_shared_module_without_tensors_is_no_difference(roles: bool) -> None:
    act = nn.Sequential(nn.ReLU())
    with_, without = ({"a": nn.Sequential(nn.Linear(2, 2), *more)} for more in ([act, act], []))
    one, other = (pc.from_module(nn.ModuleDict(each)) for each in (with_, without))
    assert found(one, other, roles=roles) == found(other, one, roles=roles) == []


def test_a_tree_of_several_copies_is_no_model() -> None:
    copies = [pc.repeated(pc.layers.Linear(3, 3), count) for count in (5, pc.symbol("n"))]
    copies.append(Block("", "Net", (pc.TensorSpec("weight_l{}", (3,)),), repeat=2))
    for tree in copies:
        with pytest.raises(InvalidValue, match=r"verify: a tree stands for (5|n|2) copies of itself; compare one copy"):
            pc.verify(tree, nn.Linear(3, 3))
        with pytest.raises(InvalidValue, match="copies of itself"):
            pc.verify(pc.layers.Linear(3, 3), tree)
    d = pc.symbol("d")
    assert pc.verify(pc.repeated(pc.layers.Linear(d, d), 1), nn.Linear(3, 3)).values == {"d": 3}


def test_only_a_file_may_lack_places_and_only_later_ones() -> None:
    model = pc.from_module(Tied())
    short = Block(children=(replace(model.at("wte"), kind=""),))
    long = replace(model, kind="", children=tuple(replace(child, kind="") for child in model.children))
    part = pc.from_module(nn.ModuleDict({"wte": nn.Embedding(50, 8)}))
    missing = [("missing", "head.weight")]
    assert found(model, short, checkpoint="second") == found(short, model, checkpoint="first") == []
    assert found(model, short, checkpoint="first") == found(short, model, checkpoint="second") == missing
    assert found(short, model, roles=False) == []
    assert found(long, part, roles=False) == found(part, long, roles=False) == missing
    assert found(model, part, roles=False) == found(part, model, roles=False) == missing
    assert found(long, short, checkpoint="both") == found(short, long, checkpoint="both") == []
    assert found(model, Block(), checkpoint="second") == [("missing", "wte.weight"), *missing]
    with pytest.raises(UnknownName, match="checkpoint: unknown side 'third'"):
        found(model, short, checkpoint="third")


class Rotary(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(4, 4)
        self.register_buffer("inv_freq", torch.ones(2), persistent=False)


def saved(model: nn.Module, folder: Path) -> Block:
    torch.save(model.state_dict(), folder / "model.pt")
    return pc.from_checkpoint(folder / "model.pt")


def test_a_model_agrees_with_its_checkpoint(tmp_path: Path) -> None:
    for model in [Rotary(), *shared_models()]:
        tree, file = pc.from_module(model), saved(model, tmp_path)
        assert found(tree, file, checkpoint="second") == found(file, tree, checkpoint="first") == []
        assert found(tree, file, roles=False) == []
    assert found(pc.from_module(Rotary()), saved(Rotary().fc, tmp_path), checkpoint="second")
    plain = nn.ModuleDict({"fc": nn.Linear(4, 4)})
    assert found(pc.from_module(Rotary()), plain, roles=False) == [("missing", "inv_freq")]


def test_a_shared_module_of_which_a_file_keeps_one_place(tmp_path: Path) -> None:
    from safetensors.torch import save_model

    for model in shared_models():
        save_model(model, str(tmp_path / "model.safetensors"))
        file = pc.from_checkpoint(tmp_path / "model.safetensors")
        assert found(pc.from_module(model), file, roles=False) == []
        assert found(file, model, checkpoint="first") == []
        assert found(file, model, checkpoint="second") or len(list(file.tensors())) == len(
            list(model.named_parameters(remove_duplicate=False))
        )


def test_a_wrapper_of_the_user_is_part_of_the_names(tmp_path: Path) -> None:
    class Wrapper(nn.Module):
        def __init__(self, outputs: int = 4) -> None:
            super().__init__()
            self.module = nn.Linear(4, outputs)

    wrapper = Wrapper()
    parallel = nn.DataParallel(wrapper)
    for model in (wrapper, parallel):
        for other in (wrapper, parallel):
            assert found(pc.from_module(model), saved(other, tmp_path), checkpoint="second") == []
            assert found(saved(other, tmp_path), model, checkpoint="first") == []
    assert found(pc.from_module(wrapper), nn.Linear(4, 4))
    narrow = saved(Wrapper(3), tmp_path)
    assert found(pc.from_module(wrapper), narrow, checkpoint="second") == [
        ("shape", "module.weight"),
        ("shape", "module.bias"),
    ]
    assert found(pc.layers.Linear(4, 3), nn.DataParallel(nn.Linear(4, 4))) == [("shape", "weight"), ("shape", "bias")]


def layer_file(*indices: int) -> Block:
    layers = tuple(Block(str(index), own=(pc.TensorSpec("weight", (3, 3)),)) for index in indices)
    return Block(children=(Block("layers", children=layers),))


def test_a_name_with_a_large_number_is_a_difference() -> None:
    n = pc.symbol("n")
    layer = Block("", "Layer", (pc.TensorSpec("weight", (3, 3)),))
    formula = pc.compose("Net", {"layers": Block(children=(pc.repeated(layer, n),))})
    assert pc.verify(formula, layer_file(0, 1, 2), roles=False).values == {"n": 3}
    for index in ("9" * 8, "9" * 5_000):
        file = Block(children=(Block("layers", children=(Block(index, own=layer.own),)),))
        assert found(formula, file, roles=False) == [("unknown", "n")]
    assert ("missing", "layers.1.weight") in found(formula, layer_file(0, 5), roles=False)


def test_trees_too_large_to_list_are_refused() -> None:
    huge = pc.from_json(pc.to_json(Block(children=(pc.repeated(pc.layers.Linear(3, 3), 10**8),))))
    with pytest.raises(InvalidValue, match="a tree lists 200,000,000 tensors; expected at most 1,000,000"):
        pc.verify(huge, nn.Linear(3, 3))
    with pytest.raises(InvalidValue, match="a tree lists 200,000,000 tensors"):
        pc.verify(pc.layers.Linear(3, 3), huge)
    n = pc.symbol("n")
    layers = pc.repeated(pc.layers.Linear(3, 3), n)
    formula = Block("", "Net", (pc.TensorSpec("scale", (n,)),), (layers,))
    other = Block("", "Net", (pc.TensorSpec("scale", (10**8,)),))
    result = pc.verify(formula, other)
    assert "it would list 200,000,001 tensors" in verification_text(result, "formula", "model")


def test_what_cannot_be_determined_is_an_answer() -> None:
    i, o, n, m = (pc.symbol(name) for name in "ionm")
    linear = pc.layers.Linear(i, o)
    linear_of_0 = Block("", "Linear", (pc.TensorSpec("weight", (3, 0)), pc.TensorSpec("bias", (3,))))
    assert found(linear, linear_of_0) == [("unknown", "i")]
    assert found(linear, nn.ModuleDict({"x": nn.Linear(2, 3)})) == [("unknown", "i"), ("unknown", "o")]
    stack = pc.compose("Net", {"layers": Block(children=(pc.repeated(pc.layers.Linear(3, 3), n),))})
    assert found(stack, nn.ModuleDict({"layers": nn.ModuleList()})) == [("unknown", "n")]
    runs = [pc.repeated(pc.layers.Linear(3, 3), n), pc.repeated(pc.layers.Linear(3, 3), m, first=4)]
    both = Block("", "Net", children=tuple(runs))
    model = nn.ModuleList(nn.Linear(3, 3) for _ in range(6))
    assert found(both, model) == [("condition", "")]


def test_symbols_that_change_no_tensor_are_no_obstacle() -> None:
    heads = pc.symbol("heads")
    known = replace(pc.layers.Linear(4, 3), args=(Argument("heads", heads),))
    assert pc.verify(pc.layers.Linear(4, 3), known).holds
    assert pc.verify(known, pc.layers.Linear(4, 3)).holds


def test_shared_layers_determine_their_number() -> None:
    n = pc.symbol("n")
    first = pc.layers.Linear(3, 3).named("0")
    later = Block("{}", "Linear", repeat=n - 1, first=1, tied_to=".0")
    layer = nn.Linear(3, 3)
    result = pc.verify(Block("", "Net", children=(first, later)), nn.ModuleList([layer] * 6))
    assert result.holds
    assert result.values == {"n": 6}


def test_the_tree_comes_first() -> None:
    swapped: Any = nn.Linear(3, 3)
    with pytest.raises(InvalidType, match="verify: got Linear first; expected a tree; give the tree first"):
        pc.verify(swapped, pc.layers.Linear(3, 3))
