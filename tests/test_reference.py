"""The torch model of AMNL: its published counts, its parameter names, what it computes and how fast it says it is."""

from __future__ import annotations

import ast
import time
from pathlib import Path
from typing import Any

import pytest
import torch
import torchinfo
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

import amnl_reference
from amnl_reference import AMNL, PRESETS, AMNLConfig, benchmark, build, dual_task_loss

COMPONENTS = {
    "book": {"cnn": 53_184, "lstm": 594_432, "attention": 263_680, "rul_head": 33_025, "health_head": 16_643},
    "research": {"cnn": 53_184, "lstm": 2_236_416, "attention": 1_051_648}
    | {"trunk": 149_856, "rul_head": 4_737, "health_head": 1_635},
}
TOTALS = {"book": 960_964, "research": 3_497_476}
SMALL = {"conv_channels": (5, 4), "lstm_hidden": 6, "num_heads": 3, "rul_hidden": (7,), "health_hidden": (4,)}
presets = pytest.mark.parametrize("preset", list(PRESETS))


@st.composite
def configs(draw: st.DrawFn) -> AMNLConfig:
    """Draw a small configuration in which every field varies."""
    size = st.integers(1, 5)
    hidden = st.lists(size, max_size=2).map(tuple)
    lstm_hidden = draw(size)
    heads = [n for n in range(1, 2 * lstm_hidden + 1) if 2 * lstm_hidden % n == 0]
    return AMNLConfig(
        n_features=draw(st.sampled_from([17, 17, 1, 14])),
        conv_channels=tuple(draw(st.lists(size, min_size=1, max_size=3))),
        kernel_size=draw(size),
        lstm_hidden=lstm_hidden,
        lstm_layers=draw(st.integers(1, 3)),
        num_heads=draw(st.sampled_from(heads)),
        attention_layers=draw(st.integers(1, 2)),
        lstm_norm=draw(st.booleans()),
        attention_norm=draw(st.booleans()),
        trunk=draw(hidden),
        rul_hidden=draw(hidden),
        health_hidden=draw(hidden),
        n_classes=draw(size),
        pooling=draw(st.sampled_from(["mean", "last"])),
        rul_relu_output=draw(st.booleans()),
        dropout=draw(st.sampled_from([0, 0.1, 0.5])),
    )


def params(module: nn.Module) -> int:
    return sum(tensor.numel() for tensor in module.parameters())


def batch_for(model: AMNL, size: int = 8, **options: Any) -> tuple[Tensor, Tensor, Tensor]:
    """Return windows (size, 30, n_features), RUL targets (size,) and class indices (size,) from a fixed seed."""
    generator = torch.Generator().manual_seed(0)
    windows = torch.randn(size, 30, model.config.n_features, generator=generator, **options)
    rul = 125 * torch.rand(size, generator=generator, **options)
    return windows, rul, torch.randint(model.config.n_classes, (size,), generator=generator)


def loss_of(model: AMNL, batch: tuple[Tensor, Tensor, Tensor]) -> Tensor:
    windows, rul_target, health_target = batch
    rul, health = model(windows)
    return dual_task_loss(rul, health, rul_target, health_target)


def finite_gradients(model: AMNL, batch: tuple[Tensor, Tensor, Tensor]) -> dict[str, Tensor]:
    """Return the gradient of the loss for each parameter, having checked that it is there and finite."""
    torch.autograd.backward(loss_of(model, batch))
    gradients: dict[str, Tensor] = {}
    for name, tensor in model.named_parameters():
        assert tensor.grad is not None, name
        assert torch.isfinite(tensor.grad).all(), name
        gradients[name] = tensor.grad
    return gradients


def seeded(preset: str, **overrides: Any) -> AMNL:
    torch.manual_seed(0)
    return build(preset, **overrides)


@presets
def test_components_have_the_published_counts(preset: str) -> None:
    components = {name: params(child) for name, child in build(preset).named_children()}
    assert list(components.items()) == list(COMPONENTS[preset].items())
    assert sum(components.values()) == TOTALS[preset]


@presets
def test_total_agrees_with_torchinfo(preset: str) -> None:
    model = build(preset)
    assert torchinfo.summary(model, verbose=0).total_params == params(model) == TOTALS[preset]


def expected_names(config: AMNLConfig) -> list[str]:
    """Write out the names of the parameters, in order, from the configuration alone."""

    def pair(prefix: str) -> list[str]:
        return [f"{prefix}.weight", f"{prefix}.bias"]

    names = []
    for n in range(1, len(config.conv_channels) + 1):
        names += pair(f"cnn.conv{n}") + pair(f"cnn.bn{n}")
    for layer in range(config.lstm_layers):
        for direction in ("", "_reverse"):
            parts = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
            names += [f"lstm.lstm.{part}_l{layer}{direction}" for part in parts]
    names += pair("lstm.norm") if config.lstm_norm else []
    for n in range(config.attention_layers):
        names += [f"attention.{n}.mha.in_proj_weight", f"attention.{n}.mha.in_proj_bias"]
        names += pair(f"attention.{n}.mha.out_proj")
        names += pair(f"attention.{n}.norm") if config.attention_norm else []
    heads = {"trunk": config.trunk, "rul_head": (*config.rul_hidden, 1), "health_head": (*config.health_hidden, 1)}
    return names + [name for head in heads for n in range(len(heads[head])) for name in pair(f"{head}.fc{n + 1}")]


@given(config=configs())
@settings(deadline=None)
def test_parameter_names_are_the_contract_and_owners_are_registered_only_when_used(config: AMNLConfig) -> None:
    model = AMNL(config)
    assert [name for name, _ in model.named_parameters()] == expected_names(config)
    modules = dict(model.named_modules())
    assert ("trunk" in modules) == bool(config.trunk)
    assert ("lstm.norm" in modules) == config.lstm_norm
    assert ("attention.0.norm" in modules) == config.attention_norm


@presets
def test_builds_without_memory_on_the_meta_device(preset: str) -> None:
    with torch.device("meta"):
        model = build(preset)
    assert {tensor.device.type for tensor in (*model.parameters(), *model.buffers())} == {"meta"}
    assert params(model) == TOTALS[preset]


@given(config=configs(), batch=st.integers(1, 3), training=st.booleans())
@settings(deadline=None)
def test_outputs_have_one_rul_and_one_logit_a_class(config: AMNLConfig, batch: int, training: bool) -> None:
    model = AMNL(config).train(training)
    windows = torch.randn(batch, 8, config.n_features)
    added = 0 if config.kernel_size % 2 else len(config.conv_channels)
    assert model.cnn(windows).shape == (batch, 8 + added, config.conv_channels[-1])
    rul, health = model(windows)
    assert rul.shape == (batch,)
    assert health.shape == (batch, config.n_classes)
    assert torch.isfinite(torch.cat([rul, health.flatten()])).all()
    assert not config.rul_relu_output or (rul >= 0).all()


@given(config=configs())
@settings(deadline=None)
def test_samples_of_a_batch_do_not_see_each_other(config: AMNLConfig) -> None:
    model = AMNL(config).double().eval()
    windows = torch.randn(3, 8, config.n_features, dtype=torch.float64)
    together = model(windows)
    for output, alone in zip(together, zip(*(model(window[None]) for window in windows), strict=True), strict=True):
        torch.testing.assert_close(output, torch.cat(alone))


def test_layers_between_the_weights_are_the_published_ones() -> None:
    components = build("research").named_children()
    kinds = {name: [type(layer).__name__ for layer in child.children()] for name, child in components}
    between = ["Linear", "ReLU", "Dropout"]
    assert kinds["cnn"] == 3 * ["Conv1d", "BatchNorm1d", "ReLU", "Dropout"]
    assert kinds["trunk"] == 3 * ["Linear", "ReLU"]
    assert kinds["rul_head"] == [*(3 * between), "Linear", "ReLU"]
    assert kinds["health_head"] == [*(2 * between), "Linear"]


def test_pooling_takes_the_mean_or_the_last_step() -> None:
    mean = seeded("book", **SMALL).eval()
    last = seeded("book", **SMALL, pooling="last").eval()
    last.load_state_dict(mean.state_dict())
    windows, _, _ = batch_for(mean)
    encoded = mean.attention[0](mean.lstm(mean.cnn(windows)))
    torch.testing.assert_close(mean(windows)[0], mean.rul_head(encoded.mean(1)).squeeze(1))
    torch.testing.assert_close(last(windows)[0], last.rul_head(encoded[:, 29]).squeeze(1))
    assert not torch.allclose(mean(windows)[0], last(windows)[0])


def test_attention_adds_its_input_before_the_norm() -> None:
    block = seeded("book", **SMALL).eval().attention[0]
    encoded = torch.randn(2, 30, 12)
    attended, _ = block.get_submodule("mha")(encoded, encoded, encoded)
    torch.testing.assert_close(block(encoded), block.get_submodule("norm")(encoded + attended))


def test_relu_output_clips_the_rul_and_leaves_the_health_state() -> None:
    free = seeded("book", **SMALL).eval()
    clipped = seeded("book", **SMALL, rul_relu_output=True).eval()
    windows, _, _ = batch_for(free, 64)
    centre = free(windows)[0].detach().median()
    for model in (free, clipped):
        model.rul_head.get_submodule("fc2").bias.data -= centre
    rul, health = free(windows)
    assert (rul < 0).any()
    assert (rul > 0).any()
    torch.testing.assert_close(clipped(windows), (rul.clamp(min=0), health))


def test_loss_is_the_sum_of_squared_error_and_cross_entropy() -> None:
    rul, rul_target = torch.tensor([1.0, 5.0]), torch.tensor([2.0, 2.0])
    loss = dual_task_loss(rul, torch.zeros(2, 3), rul_target, torch.tensor([0, 2]))
    torch.testing.assert_close(loss, torch.tensor(5.0) + torch.tensor(3.0).log())


def test_loss_refuses_targets_that_would_broadcast() -> None:
    with pytest.raises(ValueError, match=r"rul_target of shape \(2, 1\) beside rul of shape \(2,\)"):
        dual_task_loss(torch.zeros(2), torch.zeros(2, 3), torch.zeros(2, 1), torch.tensor([0, 2]))


def awake(preset: str, **overrides: Any) -> AMNL:
    """Build a seeded model without dropout whose last ReLU, if it has one, passes the gradient."""
    model = seeded(preset, dropout=0.0, **overrides).double()
    last = model.rul_head.get_submodule(f"fc{len(model.config.rul_hidden) + 1}")
    nn.init.constant_(last.get_parameter("bias"), 5.0)
    return model


@pytest.mark.parametrize("overrides", [{}, {"attention_layers": 2}, {"lstm_norm": False, "attention_norm": False}])
@presets
def test_gradients_reach_every_parameter_but_those_that_cancel(preset: str, overrides: dict[str, Any]) -> None:
    model = awake(preset, **overrides)
    gradients = finite_gradients(model, batch_for(model, dtype=torch.float64))
    # BatchNorm subtracts the mean of its channel, and with it whatever the bias of the convolution added.
    cancelled = {name for name, gradient in gradients.items() if gradient.abs().max() < 1e-9}
    assert cancelled == {f"cnn.conv{n}.bias" for n in (1, 2, 3)}
    # The bias of the keys adds the same amount to every score of a query, which the softmax takes away again.
    query, key, value = (part.abs().max() for part in gradients["attention.0.mha.in_proj_bias"].chunk(3))
    assert key < 1e-9 < min(query, value)


@given(config=configs())
@settings(deadline=None, max_examples=30)
def test_a_training_step_leaves_a_finite_gradient_everywhere(config: AMNLConfig) -> None:
    model = AMNL(config)
    assert len(finite_gradients(model, batch_for(model))) == len(expected_names(config))


@presets
def test_steps_of_an_optimizer_lower_the_loss(preset: str) -> None:
    model = awake(preset)
    batch = batch_for(model, dtype=torch.float64)
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-5)
    losses = []
    for _ in range(3):
        optimizer.zero_grad()
        loss = loss_of(model, batch)
        torch.autograd.backward(loss)
        optimizer.step()
        losses.append(loss.item())
    assert losses[0] > losses[1] > losses[2]


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"n_features": 0}, r"n_features=0, expected a positive integer"),
        ({"lstm_hidden": 128.0}, r"lstm_hidden=128\.0, expected a positive integer"),
        ({"lstm_layers": True}, r"lstm_layers=True, expected a positive integer"),
        ({"kernel_size": -3}, r"kernel_size=-3, expected a positive integer"),
        ({"attention_layers": 0}, r"attention_layers=0, expected a positive integer"),
        ({"n_classes": "3"}, r"n_classes='3', expected a positive integer"),
        ({"num_heads": 7}, r"num_heads=7, expected a divisor of the attention width 2 \* lstm_hidden = 256"),
        ({"conv_channels": ()}, r"conv_channels=\(\), expected a tuple of one or more positive integers"),
        ({"conv_channels": [64]}, r"conv_channels=\[64\], expected a tuple of one or more positive integers"),
        ({"trunk": (256, 0)}, r"trunk=\(256, 0\), expected a tuple of positive integers, which may be empty"),
        ({"rul_hidden": 64}, r"rul_hidden=64, expected a tuple of positive integers"),
        ({"health_hidden": (1.5,)}, r"health_hidden=\(1\.5,\), expected a tuple of positive integers"),
        ({"lstm_norm": 1}, r"lstm_norm=1, expected True or False"),
        ({"attention_norm": None}, r"attention_norm=None, expected True or False"),
        ({"rul_relu_output": "yes"}, r"rul_relu_output='yes', expected True or False"),
        ({"pooling": "max"}, r"pooling='max', expected one of 'mean', 'last'"),
        ({"dropout": 1.0}, r"dropout=1\.0, expected a number from 0 up to, but not including, 1"),
        ({"dropout": float("nan")}, r"dropout=nan, expected a number from 0"),
    ],
)
def test_config_refuses_a_value_that_does_not_fit(overrides: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        AMNLConfig(**overrides)


def test_build_names_the_known_presets_and_fields() -> None:
    with pytest.raises(ValueError, match=r"preset 'thesis', expected one of book, research"):
        build("thesis")
    with pytest.raises(TypeError, match=r"given hidden, .* AMNLConfig: n_features, .*, dropout"):
        build("book", hidden=64)


@pytest.mark.parametrize("shape", [(30, 17), (2, 30, 14), (2, 17, 30)])
def test_forward_names_the_window_it_expects(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"window of shape \(.*\), expected \(batch, time, 17\)"):
        build("book", **SMALL)(torch.zeros(shape))


def parsed_rows(text: str) -> list[list[str]]:
    lines = [line.strip("|").split("|") for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in cells] for cells in lines]


@pytest.mark.usefixtures("clock")
def test_benchmark_prints_a_table_that_agrees_with_itself(capsys: pytest.CaptureFixture[str]) -> None:
    assert benchmark.main(["--batch-sizes", "1, 4", "--seconds", "0.01", "--device", "cpu"]) == 0
    output, errors = capsys.readouterr()
    assert errors == ""
    assert output.startswith("AMNL book, float32, on ")
    assert f"torch {torch.__version__}, {torch.get_num_threads()} CPU threads" in output.splitlines()[0]
    names, _, *rows = parsed_rows(output)
    assert names == ["batch size", "ms per batch", "samples/s", "claim", "times the claim"]
    assert [row[0] for row in rows] == ["1", "4"]
    for size, milliseconds, speed, claim, ratio in ([cell.replace(",", "") for cell in row] for row in rows):
        assert claim == "30000"
        assert float(speed) > 0
        assert float(ratio.removesuffix("x")) == pytest.approx(float(speed) / 30_000, abs=0.006)
        # Both are rounded, the speed to whole samples.
        assert float(speed) == pytest.approx(1000 * int(size) / float(milliseconds), rel=0.05, abs=0.51)


def test_speed_counts_finished_calls_after_the_warm_up(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(0.25 * tick for tick in range(100))
    events: list[str] = []
    monkeypatch.setattr(time, "perf_counter", lambda: next(clock))
    monkeypatch.setattr(benchmark, "_synchronize", lambda device: events.append("wait"))
    model = build("book", **SMALL).eval()
    model.register_forward_hook(lambda *_: events.append("call" if torch.is_inference_mode_enabled() else "grad"))
    speed = benchmark.samples_per_second(model, 8, 1.0, torch.device("cpu"))
    warm_up, timed = events[:4], events[4:]
    assert warm_up == ["call", "call", "call", "wait"]
    assert timed == 4 * ["call", "wait"]
    assert speed == 4 * 8 / (5 * 0.25)


def test_benchmark_measures_the_preset_in_evaluation_mode(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[int, bool, int]] = []

    def measured(model: AMNL, batch_size: int, seconds: float, device: torch.device) -> float:
        seen.append((params(model), model.training, batch_size))
        return 30_000.0

    monkeypatch.setattr(benchmark, "samples_per_second", measured)
    table = benchmark.report("research", [2, 3], 1.0, torch.device("cpu"))
    assert seen == [(TOTALS["research"], False, 2), (TOTALS["research"], False, 3)]
    assert table.count("1.00x") == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--batch-sizes", "1,x"], "argument --batch-sizes: given '1,x', expected positive integers such as 1,8,64."),
        (["--batch-sizes", "0"], "argument --batch-sizes: given '0', expected positive integers such as 1,8,64."),
        (["--seconds", "soon"], "argument --seconds: given 'soon', expected a positive number of seconds."),
        (["--seconds", "inf"], "argument --seconds: given 'inf', expected a positive number of seconds."),
        (["--device", "cuda"], "argument --device: given 'cuda', but torch finds no GPU here; use cpu or all."),
        (["--preset", "thesis"], "argument --preset: invalid choice: 'thesis' "),
        (["--fast"], "unrecognized arguments: --fast."),
    ],
)
def test_benchmark_refuses_bad_arguments_in_one_sentence(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert benchmark.main(arguments) == 2
    output, errors = capsys.readouterr()
    assert output == ""
    assert errors.startswith(f"amnl_reference.benchmark: {message}")
    assert errors.count("\n") == 1


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_benchmark_measures_cpu_and_gpu_where_there_is_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert benchmark.main(["--batch-sizes", "8", "--seconds", "0.01"]) == 0
    output = capsys.readouterr().out
    assert output.count("AMNL book, float32, on ") == 2
    assert torch.cuda.get_device_name() in output


def imported_modules(source: str) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add("." * node.level + (node.module or ""))
    return names


def test_the_reference_never_imports_what_it_is_compared_with() -> None:
    folder = Path(amnl_reference.__file__).parent
    imports = {path.stem: imported_modules(path.read_text()) for path in folder.rglob("*.py")}
    assert "torch" in imports["model"]
    assert "amnl_reference.config" in imports["model"]
    assert not [name for names in imports.values() for name in names if name.split(".")[0] == "paramcalc"]
