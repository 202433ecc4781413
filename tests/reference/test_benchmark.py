"""How fast the benchmark says that AMNL is: what it times, and a table that agrees with itself."""

from __future__ import annotations

import time

import pytest
import torch

from amnl_reference import AMNL, benchmark, build
from tests.reference.models import SMALL, TOTALS, params


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
