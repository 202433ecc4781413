"""The commands print what the library gives, and help where they are asked for."""

from __future__ import annotations

import importlib

import click
import pytest

import paramcalc as pc
from paramcalc.cli import main
from paramcalc.cli.commands import commands
from paramcalc.layers import CATALOGUE
from tests.cli.running import Run


def test_table_prints_the_breakdown(run: Run) -> None:
    out = run("table", "amnl")
    assert "| **Total** " in out
    assert "**960,964**" in out
    assert "`LSTM(64, 128, num_layers=2, bidirectional=True)`" in out
    assert out.rstrip("\n") == pc.render(pc.architecture("amnl"))
    assert run.err == ""


def test_table_of_the_other_preset(run: Run) -> None:
    assert "**3,497,476**" in run("table", "amnl:research", "--depth", "1")


def test_table_with_other_sizes(run: Run) -> None:
    out = run("table", "amnl", "--set", "lstm_hidden=64,n_classes=5", "--set", "conv_channels_1=32", "--format", "json")
    assert pc.from_json(out) == pc.architecture("amnl", lstm_hidden=64, n_classes=5, conv_channels=(64, 32, 64))


def test_table_with_formulas(run: Run) -> None:
    out = run("table", "amnl", "--symbolic", "--depth", "1")
    assert "attention_layers" in out
    assert "**960,964**" in out
    out = run("table", "amnl", "--vary", "lstm_hidden", "--depth", "0", "--set", "lstm_layers=3")
    assert "`72*lstm_hidden**2 + 960*lstm_hidden + 53700`" in out


@pytest.mark.parametrize("form", ["markdown", "text", "csv", "json"])
def test_every_format_is_what_render_gives(run: Run, form: str) -> None:
    assert run("table", "amnl", "--format", form).rstrip("\n") == pc.render(pc.architecture("amnl"), form)


def test_formula_in_one_size(run: Run) -> None:
    out = run("formula", "amnl", "--vary", "lstm_hidden")
    assert out.splitlines() == ["48*lstm_hidden**2 + 944*lstm_hidden + 53700", "for lstm_hidden divisible by 4"]


def test_formula_in_all_sizes(run: Run) -> None:
    out = run("formula", "amnl")
    assert "# BiLSTM Encoder" in out
    assert "(lstm_layers - 1)" in out
    latex = run("formula", "amnl", "--format", "latex")
    assert r"\begin{aligned}" in latex
    assert "lstm" not in latex
    assert "x h" in run("formula", "amnl", "--format", "latex", "--notation", "conv_channels_2=x")


@pytest.mark.parametrize("name", sorted(CATALOGUE))
def test_formula_of_every_layer(run: Run, name: str) -> None:
    out = run("formula", name)
    assert out.startswith(CATALOGUE[name].block().title)
    assert f"torch.nn.{name}.html" in out


def test_formula_of_a_layer_shows_tensors_and_variants(run: Run) -> None:
    out = run("formula", "LSTM")
    assert "(4*hidden_size, input_size)" in out
    assert "weight_ih_l[1..num_layers - 1]" in out
    assert "bidirectional=True" in out
    assert "Parameters: 28\n" in run("formula", "LSTM", "--set", "num_layers=1,input_size=4", "--set", "hidden_size=1")
    assert r"\mathrm{in\_features}" in run("formula", "Linear", "--format", "latex")


def test_solve(run: Run) -> None:
    out = run("solve", "amnl", "lstm_hidden", "--budget", "3.5M")
    assert "lstm_hidden = 256 gives 3,441,092 parameters" in out
    assert "would allow 258, but the model needs lstm_hidden divisible by 4" in out
    run("solve", "amnl", "lstm_hidden", "--budget", "1K", status=1)
    assert run.err == "paramcalc: no lstm_hidden within 1,000 parameters; lstm_hidden=1 would give 54,692\n"


def test_diff(run: Run) -> None:
    out = run("diff", "amnl", "amnl", "--set-b", "lstm_hidden=64", status=1)
    line = next(line for line in out.splitlines() if "BiLSTM Encoder" in line)
    assert [cell.strip() for cell in line.split("|")[3:7]] == ["594,432", "166,144", "-428,288", "-72.0%"]
    assert "trunk" in run("diff", "amnl", "amnl:research", status=1)
    assert "**Total**" in run("diff", "amnl", "amnl")


def test_verify(run: Run) -> None:
    assert run("verify", "amnl", "amnl_reference:build") == "equal: 53 tensors, 960,964 parameters\n"
    out = run("verify", "amnl", "amnl_reference:build", "--symbolic", "--arg-b", "lstm_hidden=64")
    assert out.startswith("equal: 53 tensors, 310,724 parameters\nwith ")
    assert "lstm_hidden = 64" in out
    out = run("verify", "amnl", "amnl_reference:build", "--arg-b", "lstm_hidden=64", status=1)
    assert "shape differs at lstm.lstm.weight_hh_l0: amnl has (512, 128), amnl_reference:build has (256, 64)" in out
    assert "more differences (--all shows them)" in out
    everything = run("verify", "amnl", "amnl_reference:build", "--arg-b", "lstm_hidden=64", "--all", status=1)
    assert "more differences" not in everything
    assert len(everything.splitlines()) > len(out.splitlines())


def test_help_and_version(run: Run) -> None:
    assert "TARGET" in run("--help")
    assert "--budget" in run("solve", "-h")
    assert pc.__version__ in run("--version")


def test_the_bare_command_prints_its_help(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main([])
    assert stop.value.code == 2
    assert "\n  solve " in capsys.readouterr().err


def test_the_module_that_runs_the_command_line_runs_nothing_where_it_is_imported() -> None:
    importlib.reload(importlib.import_module("paramcalc.__main__"))


def test_the_help_says_the_value_that_an_option_has_where_none_is_given(run: Run) -> None:
    for name, command in commands.commands.items():
        help_text = " ".join(run(name, "--help").replace("; x>=", "]").split())
        for option in command.params:
            if isinstance(option, click.Option) and isinstance(option.default, str | int | float):
                _, _, says = help_text.partition(f" {option.opts[0]} ")
                assert f"[default: {option.default}]" in says.partition(" --")[0], (name, option.opts)
