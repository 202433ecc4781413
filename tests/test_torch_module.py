"""A live module as a tree: every tensor of `named_parameters()` and `named_buffers()`, once, where it is owned."""

from __future__ import annotations

import ast
import pickle
import sys
import warnings
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
import torchinfo
from hypothesis import given
from torch import nn
from torch.nn.utils import parametrizations, prune

import amnl_reference
import paramcalc as pc
from paramcalc.errors import InvalidType, InvalidValue
from paramcalc.layers import find_layer
from paramcalc.sources.modules.torch_module import from_module
from paramcalc.testing import modules
from paramcalc.testing.case import Case
from paramcalc.testing.layer_calls import STRATEGIES, cases, modules_and_blocks
from paramcalc.tree.block import Block
from paramcalc.tree.dtypes import dtype_name
from paramcalc.tree.node import Argument
from tests.agreement import Row, assert_agree, block_tensors


def owned(model: nn.Module) -> Iterator[tuple[str, torch.Tensor, str]]:
    """Every parameter, then every buffer, at the first path of the module that owns it, shared ones at all places."""
    for kind in ("_parameters", "_buffers"):
        for path, module in model.named_modules():
            for name, tensor in getattr(module, kind).items():
                if tensor is not None:
                    yield f"{path}.{name}" if path else name, tensor, kind


def assert_read(model: nn.Module, tree: Block | None = None) -> None:
    """Fail unless the tree has the tensors, ties, counts and bytes of the model, and its rows add up."""
    tree = from_module(model) if tree is None else tree
    firsts: dict[tuple[int, str], str] = {}
    expected = [(name, firsts.setdefault((id(tensor), kind), name)) for name, tensor, kind in owned(model)]
    read = sorted(tree.tensors(), key=lambda pair: pair[1].role == "buffer")
    read = [pair for pair in read if pair[1].role != "packed"]
    assert [(name, tensor.tied_to or name) for name, tensor in read] == expected
    first = [Row(name, each.shape, each.role, each.dtype) for name, each in read if not each.tied_to]
    assert first == list(torch_rows(model))
    parameters, buffers = list(model.parameters()), list(model.buffers())
    assert tree.params == sum(each.numel() for each in parameters)
    assert tree.trainable_params == sum(each.numel() for each in parameters if each.requires_grad)
    assert tree.buffers == sum(each.numel() for each in buffers)
    if tree.totals.packed == 0:
        assert tree.nbytes == sum(each.numel() * each.element_size() for each in [*parameters, *buffers])
    assert tree.nbytes == sum(each.nbytes for each in pc.storage(tree))
    for depth in (0, 1, 2, None):
        rows = [row.totals for row in pc.breakdown(tree, depth=depth) if row.counted]
        for count in ("trainable", "frozen", "buffers", "packed", "nbytes"):
            assert sum(getattr(row, count) for row in rows) == getattr(tree.totals, count)


def torch_rows(model: nn.Module) -> Iterator[Row]:
    for name, parameter in model.named_parameters():
        role = "parameter" if parameter.requires_grad else "frozen"
        yield Row(name, tuple(parameter.shape), role, dtype_name(parameter.dtype))
    for name, buffer in model.named_buffers():
        yield Row(name, tuple(buffer.shape), "buffer", dtype_name(buffer.dtype))


@given(modules())
def test_any_module_is_read_as_torch_counts_it(model: nn.Module) -> None:
    tree = from_module(model)
    assert_read(model, tree)
    assert from_module(model) == tree
    assert pc.from_json(pc.to_json(tree)) == tree
    folded = from_module(model, fold=True)
    assert folded == pc.fold(tree)
    assert list(folded.tensors()) == list(tree.tensors())


@given(modules_and_blocks())
def test_a_catalogue_module_reads_as_the_catalogue_writes_it(case: Case) -> None:
    model, block = case.module(), case.block
    tree = from_module(model)
    assert_read(model, tree)
    assert_agree(tree, model)
    assert block_tensors(tree) == block_tensors(block)
    read = dict(tree.walk())
    for path, part in pc.unfold(block).walk():
        assert read[path].title == expected_title(part), path


@pytest.mark.parametrize("name", STRATEGIES)
def test_a_title_is_the_shortest_call_that_builds_the_tensors(name: str) -> None:
    @given(cases(name))
    def holds(case: Case) -> None:
        assert_title(case)

    holds()


class Several(NamedTuple):
    """A call in which several things come together that are rare in random calls."""

    name: str
    args: tuple[object, ...]
    more: dict[str, object]


RARE = [
    Several("AdaptiveLogSoftmaxWithLoss", (8, 40, [5, 9, 20]), {"div_value": 2.0}),
    Several("LayerNorm", (8,), {"elementwise_affine": False}),
    Several("LayerNorm", ((3, 8),), {"bias": False}),
    Several("TransformerEncoderLayer", (8, 2), {"activation": Case("PReLU", (3,))}),
    Several("TransformerDecoderLayer", (8, 2), {"activation": Case("PReLU", (3,))}),
]


@pytest.mark.parametrize("call", RARE, ids=lambda call: call.name)
def test_a_title_says_what_is_rarely_said_together(call: Several) -> None:
    assert_title(Case(call.name, call.args, call.more))


def assert_title(case: Case) -> None:
    """Fail unless the title of a module is as short as the catalogue can write it, and builds the same when read."""
    tree = from_module(case.module())
    assert tree.title == expected_title(case.block)
    if tree.args:
        tensors = {name: tensor.shape for name, tensor in tree.tensors() if not name.startswith("activation.")}
        assert shapes(called(tree.title)) == tensors


def expected_title(block: Block) -> str:
    """The title without what changes no shape; stacks show their arguments below, and no argument may be 0."""
    nothing = any(0 in tensor.shape for tensor in block.own)
    stack = block.kind in ("TransformerEncoder", "TransformerDecoder", "Transformer")
    return replace(block, args=() if nothing or stack else tuple(shortest(block))).title


def shortest(block: Block) -> list[Argument]:
    """The arguments of a block without those that change no shape, and one size where it stands for equal ones."""
    kept = [each._replace(value=single(block.kind, each.value)) for each in block.args]
    for each in block.args:
        less = [other for other in kept if other != each]
        if each.name in ("bias", "kdim", "vdim", "dtype", "_freeze") and built(block, less) == built(block, kept):
            kept = less
    return kept


def single(kind: str, value: Any) -> Any:
    """One size for a kernel of equal ones, and for a norm of one dimension."""
    equal = kind.startswith("Conv") and isinstance(value, tuple) and len(set(value)) == 1
    alone = kind in ("LayerNorm", "RMSNorm") and isinstance(value, tuple) and len(value) == 1
    return value[0] if equal or alone else value


def built(block: Block, args: list[Argument]) -> dict[str, Any]:
    """The shapes that the catalogue's layer of this kind has with other arguments."""
    by_position = [each.value for each in args if not each.name]
    return shapes(find_layer(block.kind).build(*by_position, **{each.name: each.value for each in args if each.name}))


def called(title: str) -> Block:
    """The layer of the catalogue that a title calls."""
    call = ast.parse(title, mode="eval").body
    assert isinstance(call, ast.Call)
    assert isinstance(call.func, ast.Name)
    named = {str(each.arg): ast.literal_eval(each.value) for each in call.keywords}
    return find_layer(call.func.id).build(*map(ast.literal_eval, call.args), **named)


def shapes(block: Block) -> dict[str, Any]:
    return {name: tensor.shape for name, tensor in block.tensors()}


def test_the_reference_reads_as_the_specification() -> None:
    tree, specification = from_module(amnl_reference.build()), pc.architecture("amnl")
    assert tree.params == 960_964
    assert dict(tree.tensors()) == dict(specification.tensors())
    assert not pc.diff(specification, tree, depth=1).total.changed


class Tied(nn.Module):
    """A language model with a tied head, as GPT-2 has it."""

    def __init__(self, vocab: int = 50, d_model: int = 8) -> None:
        super().__init__()
        self.wte = nn.Embedding(vocab, d_model)
        self.head = nn.Linear(d_model, vocab, bias=False)
        self.head.weight = self.wte.weight

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.wte(x))  # type: ignore[no-any-return]


def test_a_tied_head_is_a_row_that_adds_nothing() -> None:
    tree = from_module(Tied())
    assert tree.params == 400
    assert [(row.path, row.params) for row in pc.breakdown(tree)] == [("", 400), ("wte", 400), ("head", 0)]
    assert "50×8 (tied to wte.weight)" in pc.render(tree)


def test_a_shared_module_is_a_row_that_names_the_first() -> None:
    block = nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3))
    tree = from_module(nn.ModuleDict({"a": nn.ModuleList([block]), "b": nn.ModuleList([block, block])}))
    assert_read(nn.ModuleDict({"a": nn.ModuleList([block]), "b": nn.ModuleList([block, block])}))
    assert [tree.at(path).tied_to for path in ("a.0", "b.0", "b.1")] == [None, "..a.0", "..a.0"]
    assert "(shared with a.0)" in pc.render(tree)
    assert tree.params == 18


def test_a_branch_of_shared_modules_alone_is_shown() -> None:
    block = nn.Linear(3, 3)
    model = nn.ModuleDict({"left": nn.Sequential(block), "right": nn.Sequential(block), "act": nn.ReLU()})
    text = pc.render(from_module(model))
    assert "`right` " in text
    assert "`right.0`" in text
    assert "Not shown: 1 module without tensors" in text


def test_modules_shared_at_every_level_stay_linear() -> None:
    model: nn.Module = nn.Linear(2, 2)
    for _ in range(200):
        model = nn.Sequential(model, model)
    tree = from_module(model)
    assert tree.params == 6
    assert len(list(tree.walk())) == 401


def test_a_chain_of_2000_modules_has_no_recursion_limit() -> None:
    model: nn.Module = nn.Linear(3, 3)
    for _ in range(2000):
        model = nn.Sequential(model)
    limit = sys.getrecursionlimit()
    tree = from_module(model)
    assert sys.getrecursionlimit() == limit
    assert tree.params == 12
    assert len(pc.breakdown(tree)) == 2001
    assert from_module(model, fold=True).params == 12


def test_a_recursive_u_net() -> None:
    class UNet(nn.Module):
        def __init__(self, width: int, depth: int) -> None:
            super().__init__()
            self.down = nn.Conv2d(width, 2 * width, 3)
            self.inner = UNet(2 * width, depth - 1) if depth else None
            self.up = nn.ConvTranspose2d(2 * width, width, 3)

    with torch.device("meta"):
        model = UNet(4, 5)
    assert_read(model)


def test_views_over_one_storage_count_twice_and_say_so() -> None:
    data = torch.zeros(12)
    model = nn.ParameterDict(
        {
            "a": nn.Parameter(data),
            "b": nn.Parameter(data.view(3, 4)),
            "c": nn.Parameter(data[:5]),
            "wide": nn.Parameter(torch.zeros(2, 1).expand(2, 50)),
        }
    )
    assert_read(model)
    tensors = dict(from_module(model).tensors())
    assert tensors["a"].note == ""
    assert tensors["b"].note == "shares the storage of a, 12 elements stored"
    assert tensors["c"].note == "shares the storage of a, 12 elements stored"
    assert tensors["wide"].note == "2 elements stored"
    assert from_module(model).params == 12 + 12 + 5 + 100


def test_parts_of_one_storage_that_do_not_overlap_are_nothing_special() -> None:
    data = torch.zeros(10)
    model = nn.ParameterDict({"a": nn.Parameter(data[:5]), "b": nn.Parameter(data[5:])})
    assert {tensor.note for _, tensor in from_module(model).tensors()} == {""}


def test_equal_layers_of_which_one_has_a_view() -> None:
    layers = [nn.Linear(2, 2, bias=False) for _ in range(3)]
    layers[2].weight = nn.Parameter(layers[0].weight.data)
    notes = {name: tensor.note for name, tensor in from_module(nn.ModuleList(layers)).tensors()}
    assert notes == {"0.weight": "", "1.weight": "", "2.weight": "shares the storage of 0.weight, 4 elements stored"}


def test_lazy_modules_are_unknown_until_the_first_forward() -> None:
    model = nn.Sequential(nn.LazyLinear(5), nn.LazyBatchNorm1d(), nn.Linear(5, 2))
    tree = from_module(model)
    assert isinstance(tree.at("2").params, int)
    assert not isinstance(tree.params, int)
    assert tree.symbols == {f"unknown_{name}" for name in LAZY}
    assert str(tree.at("0").params) == "unknown_0_bias + unknown_0_weight"
    text = pc.render(tree)
    assert "`unknown_0_weight + unknown_0_bias (unknown until the first forward)`" in text
    assert "unknown_0_bias + unknown_0_weight + unknown_1_bias + unknown_1_weight + 12" in text
    assert tree.bind(**dict.fromkeys(tree.symbols, 7)).params == 12 + 4 * 7
    model(torch.zeros(4, 3))
    assert_read(model)
    assert from_module(model).params == 20 + 10 + 12


LAZY = ("0_weight", "0_bias", "1_weight", "1_bias", "1_running_mean", "1_running_var")


def test_two_lazy_parameters_never_take_one_symbol() -> None:
    model = nn.ModuleDict(
        {"a_b": nn.LazyLinear(2, bias=False), "a": nn.ModuleDict({"b": nn.LazyLinear(2, bias=False)})}
    )
    tree = from_module(model)
    assert len(tree.symbols) == 2


def test_a_tied_lazy_parameter() -> None:
    model = nn.ModuleList([nn.LazyLinear(2, bias=False), nn.LazyLinear(2, bias=False)])
    model[1].weight = model[0].weight
    assert str(from_module(model).params) == "unknown_0_weight"


def quantised(*types: type[nn.Module]) -> nn.Module:
    model = nn.Sequential(nn.Linear(4, 3), nn.LSTM(3, 5), nn.Embedding(10, 4), nn.Linear(3, 2, bias=False))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return torch.ao.quantization.quantize_dynamic(model, set(types), dtype=torch.qint8)  # type: ignore[no-any-return]


def test_dynamically_quantised_weights_are_found_outside_parameters() -> None:
    model = quantised(nn.Linear, nn.LSTM)
    tree = from_module(model)
    assert_read(model, tree)
    assert tree.params == 40
    assert tree.totals.packed == 4 * 3 + 3 + 20 * 3 + 20 * 5 + 2 * 20 + 6
    stored = {(each.role, each.dtype): each.elements for each in pc.storage(tree)}
    assert stored["packed", "qint8"] == 12 + 60 + 100 + 6
    text = pc.render(tree, nbytes=True)
    assert "packed outside parameters(): qint8 weight 3×4, float32 bias 3" in text
    assert "Packed: 221 elements outside parameters()" in text
    assert from_module(quantised(nn.Linear)).totals.packed == 4 * 3 + 3 + 6


def test_packed_weights_are_all_found_every_time() -> None:
    layers = {nn.LSTM: 2 * (256 * 64 * 2 + 2 * 256), nn.GRU: 2 * (192 * 64 * 2 + 2 * 192)}
    for layer, expected in layers.items():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = torch.ao.quantization.quantize_dynamic(nn.Sequential(layer(64, 64, 2)), {layer}, dtype=torch.qint8)
        assert {from_module(model).totals.packed for _ in range(8)} == {expected}


def test_packed_weights_of_fused_and_derived_classes_are_found() -> None:
    class Mine(torch.ao.nn.quantized.Conv2d):
        pass

    fused = torch.ao.nn.intrinsic.quantized.ConvReLU2d(3, 8, 3)
    for model in (torch.ao.nn.quantized.Conv2d(3, 8, 3), Mine(3, 8, 3), fused):
        assert from_module(model).totals.packed == 8 * 3 * 9 + 8, type(model)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        scripted: Any = torch.jit.script(next(quantised(nn.Linear).children()))
    assert from_module(scripted).totals.packed == 4 * 3 + 3


def test_attributes_that_are_no_plain_values() -> None:
    odd: Any = np.array(4)
    model = nn.Sequential(nn.Linear(4, 3), nn.Linear(odd, 3), nn.Conv1d(2, 2, 3))
    model[2].kernel_size = [3]  # type: ignore[assignment]
    tree = from_module(model)
    assert [tree.at(name).title for name in "012"] == ["Linear(4, 3)", "Linear(4, 3)", "Conv1d(2, 2, 3)"]


def test_a_lazy_layer_under_a_name_that_is_not_ascii() -> None:
    assert from_module(nn.ModuleDict({"é": nn.LazyLinear(3)})).symbols == {"unknown___weight", "unknown___bias"}


def test_nested_tensors_are_counted_as_torch_counts_them() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        parts = [torch.zeros(2, 3), torch.zeros(4, 3)]
        model = nn.ParameterDict(
            {
                "strided": nn.Parameter(torch.nested.nested_tensor(parts)),
                "jagged": nn.Parameter(torch.nested.nested_tensor(parts, layout=torch.jagged)),
            }
        )
        tree = from_module(model)
        assert tree.params == sum(each.numel() for each in model.parameters()) == 36
    assert {tensor.note for _, tensor in tree.tensors()} == {"nested, without one shape"}


def test_modules_that_are_not_whole() -> None:
    class Half(nn.Module):
        def __init__(self) -> None:
            pass

    with pytest.raises(InvalidValue, match=r"from_module: a module is not whole: .*_parameters"):
        from_module(Half())


def test_views_without_a_common_element_share_nothing() -> None:
    base = torch.zeros(4, 6)
    model = nn.ParameterDict(
        {
            "a": nn.Parameter(base[:, :2]),
            "b": nn.Parameter(base[:, 2:]),
            "c": nn.Parameter(base[:, 1:3]),
        }
    )
    notes = {name: tensor.note for name, tensor in from_module(model).tensors()}
    assert notes == {"a": "", "b": "", "c": "shares the storage of a, 24 elements stored"}
    assert from_module(nn.ParameterList([nn.Parameter(torch.zeros(1).expand(9))])).own[0].note == "1 element stored"


def test_an_activation_for_all_layers_is_nothing_shared() -> None:
    act = nn.ReLU()
    model = nn.ModuleList(nn.Sequential(nn.Linear(3, 3), act) for _ in range(4))
    folded = from_module(model, fold=True)
    assert [(child.name, child.repeat) for child in folded.children] == [("{}", 4)]
    assert "shared" not in pc.render(folded)


def test_what_a_folded_table_says_of_ties_and_buffers_and_frozen_layers() -> None:
    class Layer(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.q = nn.Linear(3, 3, bias=False)
            self.k = nn.Linear(3, 3, bias=False)
            self.k.weight = self.q.weight
            self.norm = nn.BatchNorm1d(3).requires_grad_(False)
            self.norm.register_buffer("mask", torch.zeros(3), persistent=False)

    text = pc.render(from_module(nn.ModuleList(Layer() for _ in range(3)), fold=True))
    assert "3×3 (tied to [0..2].q.weight)" in text
    assert "2·3 (frozen)" in text
    csv = pc.render(from_module(Layer()), "csv")
    assert "mask not persistent" in csv


def test_names_do_not_reach_the_terminal_as_commands() -> None:
    model = nn.ModuleDict({"a\x1b[31m\nb": nn.Linear(2, 2)})
    for form in ("text", "markdown"):
        assert all(line.isprintable() for line in pc.render(from_module(model), form).splitlines())


def test_many_tied_siblings_take_linear_time() -> None:
    model = nn.ModuleList(nn.Linear(2, 2, bias=False, device="meta") for _ in range(20_000))
    for layer in model:
        layer.weight = model[0].weight
    assert from_module(model).params == 4


def test_parametrizations_and_pruning() -> None:
    weight = parametrizations.weight_norm(nn.Linear(3, 4))
    spectral = parametrizations.spectral_norm(nn.Linear(3, 4))
    orthogonal = parametrizations.orthogonal(nn.Linear(3, 4))
    pruned: nn.Module = prune.random_unstructured(nn.Linear(3, 4), "weight", amount=0.5)
    assert_read(nn.ModuleList([weight, spectral, orthogonal, pruned]))
    assert from_module(weight).params == 4 + 4 + 12
    assert from_module(pruned).params == 16
    assert from_module(pruned).buffers == 12


def test_wrappers_keep_torchs_names() -> None:
    parallel = nn.DataParallel(nn.Linear(3, 4))
    assert_read(parallel)
    assert [name for name, _ in from_module(parallel).tensors()] == ["module.weight", "module.bias"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        compiled: Any = torch.compile(nn.Linear(3, 4))
        scripted = torch.jit.script(nn.Sequential(nn.Linear(3, 4), nn.ReLU()))
    assert_read(compiled)
    assert_read(scripted)
    assert from_module(scripted).kind == "Sequential"


def test_distributed_data_parallel(tmp_path: Any) -> None:
    group = f"file://{tmp_path}/group"
    torch.distributed.init_process_group("gloo", init_method=group, rank=0, world_size=1)
    try:
        assert_read(nn.parallel.DistributedDataParallel(nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))))
    finally:
        torch.distributed.destroy_process_group()


def test_element_types_of_every_width() -> None:
    names = ("complex128", "float8_e4m3fn", "uint4", "int4", "bool")
    dtypes: list[torch.dtype] = [getattr(torch, name) for name in names]
    model = nn.Module()
    for number, dtype in enumerate(dtypes):
        tensor = torch.empty(3, 5, dtype=dtype, device="meta")
        model.register_parameter(f"p{number}", nn.Parameter(tensor, requires_grad=False))
    model.register_buffer("sparse", torch.eye(4).to_sparse())
    assert_read(model)


def test_buffers_say_whether_they_are_persistent() -> None:
    model = nn.BatchNorm1d(3)
    model.register_buffer("mask", torch.zeros(7), persistent=False)
    tensors = dict(from_module(model).tensors())
    assert {name for name, tensor in tensors.items() if not tensor.persistent} == {"mask"}
    assert {tensor.note for tensor in tensors.values()} == {""}
    assert tensors["mask"].remark == "not persistent"


def test_stale_attributes_are_not_shown() -> None:
    model = nn.Linear(8, 8)
    assert from_module(model).title == "Linear(8, 8)"
    model.weight = nn.Parameter(torch.zeros(4, 8))
    assert from_module(model).title == "Linear"


def test_a_module_without_parameters() -> None:
    assert_read(nn.Sequential(nn.ReLU(), nn.Dropout()))
    assert from_module(nn.ReLU()).params == 0
    assert "ReLU" in pc.render(from_module(nn.Sequential(nn.ReLU())))


def snapshot(model: nn.Module) -> dict[str, object]:
    seen: dict[str, object] = {}
    for path, module in model.named_modules(remove_duplicate=False):
        for name, value in vars(module).items():
            inner = {key: id(each) for key, each in value.items()} if isinstance(value, dict) else value
            seen[f"{path}:{name}"] = inner if isinstance(inner, dict | bool | int | float | str) else id(value)
    return seen


def test_reading_changes_nothing() -> None:
    model = nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4), nn.Dropout(), nn.LSTM(4, 4), Tied())
    model[1].eval()
    calls: list[str] = []
    model.register_forward_hook(lambda *_: calls.append("forward"))
    before, state, random = snapshot(model), pickle.dumps(model.state_dict()), torch.get_rng_state()
    from_module(model)
    from_module(model, fold=True)
    assert snapshot(model) == before
    assert pickle.dumps(model.state_dict()) == state
    assert torch.equal(torch.get_rng_state(), random)
    assert calls == []


@pytest.mark.parametrize("bad", [nn.Linear, {"weight": torch.zeros(3)}, "amnl", None, torch.zeros(3)])
def test_only_modules_are_read(bad: Any) -> None:
    with pytest.raises(InvalidType, match=r"from_module: got .*; expected a torch\.nn\.Module that is built"):
        from_module(bad)


def test_names_that_cannot_be_told_from_an_index() -> None:
    with pytest.raises(InvalidValue, match=r"a\.x\{\}: got the name 'x\{\}'"):
        from_module(nn.ModuleDict({"a": nn.ModuleDict({"x{}": nn.Linear(2, 2)})}))
    with pytest.raises(InvalidValue, match=r"got the name '\{\}'"):
        from_module(nn.ParameterDict({"{}": nn.Parameter(torch.zeros(2))}))


def test_a_model_that_contains_itself() -> None:
    model = nn.Sequential(nn.Linear(2, 2))
    model.add_module("again", model)
    with pytest.raises(InvalidValue, match="again is the model itself"):
        from_module(model)
    inner = nn.Sequential(nn.Linear(2, 2))
    inner.add_module("again", inner)
    tree = from_module(nn.Sequential(inner))
    assert tree.params == 6
    assert tree.at("0.again").tied_to == "..0"


def leaf_walk(model: nn.Module) -> int:
    """The count that many scripts make: the parameters of modules without children."""
    leaves = (module for module in model.modules() if not list(module.children()))
    return sum(each.numel() for leaf in leaves for each in leaf.parameters(recurse=False))


def test_the_leaf_walk_misses_what_we_count() -> None:
    model = amnl_reference.build()
    assert leaf_walk(model) == 763_588
    assert from_module(model).params == 960_964


def test_torchinfo_is_wrong_where_we_are_right() -> None:
    tied = Tied()
    assert torchinfo.summary(tied, verbose=0).total_params == 800
    assert from_module(tied).params == 400
    block = nn.Linear(3, 3)
    twice = nn.ModuleList([nn.Sequential(block), nn.Sequential(block)])
    assert torchinfo.summary(twice, verbose=0).total_params == 24
    assert from_module(twice).params == 12
    attention = nn.MultiheadAttention(8, 2)
    query = torch.zeros(3, 1, 8)
    assert torchinfo.summary(attention, input_data=(query, query, query), verbose=0).total_param_bytes == 0
    assert from_module(attention).nbytes == 4 * sum(each.numel() for each in attention.parameters())
