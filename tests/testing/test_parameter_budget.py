"""The fixture `parameter_budget`, in runs of pytest of their own."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import paramcalc as pc
from paramcalc.errors import BadFile, InvalidType, InvalidValue
from paramcalc.testing import ParameterBudget

pytest_plugins = ["pytester"]

TEST = """
import paramcalc as pc

def test_size(parameter_budget):
    parameter_budget(pc.architecture("amnl", lstm_hidden={hidden}), limit="1M")
"""
RECORD = "parameters/test_model.test_size.json"


@pytest.fixture
def pytester(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A folder for runs of pytest that find this package."""
    monkeypatch.setenv("PYTHONPATH", str(Path(pc.__file__).parent.parent))
    return pytester


def run(pytester: pytest.Pytester, hidden: int, *options: str) -> tuple[dict[str, int], str]:
    """The outcomes of a run with a model of this size, and what it printed."""
    pytester.makepyfile(test_model=TEST.format(hidden=hidden))
    done = pytester.runpytest_subprocess("-p", "no:cacheprovider", *options)
    return done.parseoutcomes(), done.stdout.str()


def test_a_record_is_made_and_kept_and_a_change_is_shown_by_component(pytester: pytest.Pytester) -> None:
    outcomes, told = run(pytester, 128)
    assert outcomes == {"failed": 1}
    record = pytester.path / RECORD
    assert f"AMNL has no record at {record}; make it with pytest --update-parameters, and keep it with the" in told
    assert not record.exists()

    assert run(pytester, 128, "--update-parameters")[0] == {"passed": 1}
    assert json.loads(record.read_text("utf-8"))["params"] == 960_964
    assert pc.from_json(record.read_text("utf-8")).params == 960_964
    assert run(pytester, 128)[0] == {"passed": 1}

    outcomes, told = run(pytester, 120)
    assert outcomes == {"failed": 1}
    assert f"AMNL is not as recorded in {record}; if that is meant, run pytest --update-parameters:" in told
    (line,) = [line for line in told.splitlines() if line.startswith("E") and "`lstm`" in line]
    assert [cell.strip() for cell in line.split("|")[1:-1]] == [
        "`lstm`",
        "BiLSTM Encoder",
        "594,432",
        "526,560",
        "-67,872",
        "-11.4%",
    ]
    assert "`cnn`" not in told

    outcomes, told = run(pytester, 160, "--update-parameters")
    assert outcomes == {"failed": 1}
    assert "AMNL has 1,433,540 parameters, 433,540 over its budget of 1,000,000" in told
    assert json.loads(record.read_text("utf-8"))["params"] == 1_433_540


def test_every_test_has_a_record_of_its_own_beside_it(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        **{
            "inner/test_many": """
import pytest
from torch import nn

class TestSizes:
    @pytest.mark.parametrize("name", ["a/b", "a-b", "ü"])
    def test_size(self, parameter_budget, name):
        parameter_budget(nn.Sequential(nn.Linear(4, 3), nn.Linear(4, 3)))
        parameter_budget(nn.Linear(3, 4), name="second", limit=16)

def test_twice(parameter_budget):
    for _ in range(2):
        parameter_budget(nn.Linear(3, 4))
"""
        }
    )
    done = pytester.runpytest_subprocess("-p", "no:cacheprovider", "--update-parameters")
    assert done.parseoutcomes() == {"passed": 3, "failed": 1}
    done.stdout.fnmatch_lines(
        ["*parameter_budget in test_many.test_twice: no name for a second model; expected another"]
    )
    kept = sorted(path.name for path in (pytester.path / "inner" / "parameters").iterdir())
    assert len(kept) == 7
    assert kept[-1] == "test_many.test_twice.json"
    assert "test_many.TestSizes.test_size[a%2Fb].second.json" in kept
    assert pytester.runpytest_subprocess("-p", "no:cacheprovider").parseoutcomes() == {"passed": 3, "failed": 1}


def test_nothing_is_loaded_for_tests_that_do_not_ask(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("import sys\n\ndef test_modules():\n    assert 'pytest_paramcalc' in sys.modules\n"
        "    assert not {'paramcalc', 'torch', 'sympy', 'numpy'} & sys.modules.keys()\n")  # fmt: skip
    assert pytester.runpytest_subprocess("-p", "no:cacheprovider", "-W", "error").parseoutcomes() == {"passed": 1}


LINEAR = pc.layers.Linear(4, 3)


def budget(folder: Path, *, update: bool = False) -> ParameterBudget:
    return ParameterBudget(folder, "test_size", update)


def test_a_limit_is_held_and_may_be_reached(tmp_path: Path) -> None:
    budget(tmp_path, update=True)(LINEAR)
    for limit in (15, "15", "0.015K", None):
        budget(tmp_path)(LINEAR, limit=limit)
    with pytest.raises(AssertionError, match=r"^Linear\(4, 3\) has 15 parameters, 1 over its budget of 14$"):
        budget(tmp_path)(LINEAR, limit=14)


def test_a_model_over_its_budget_shows_what_changed_too(tmp_path: Path) -> None:
    budget(tmp_path, update=True)(pc.layers.Sequential(LINEAR, LINEAR))
    with pytest.raises(AssertionError) as caught:
        budget(tmp_path)(pc.layers.Sequential(LINEAR, pc.layers.Linear(4, 6)), limit=40)
    first, second, *_ = str(caught.value).splitlines()
    assert first == "Sequential has 45 parameters, 5 over its budget of 40"
    assert second.startswith("Sequential is not as recorded in ")


def test_what_changes_no_count_is_no_change(tmp_path: Path) -> None:
    budget(tmp_path, update=True)(pc.layers.Sequential(LINEAR, LINEAR))
    budget(tmp_path)(pc.layers.Sequential(LINEAR, pc.layers.Linear(5, 3, bias=False)))
    with pytest.raises(AssertionError, match="is not as recorded"):
        budget(tmp_path)(pc.layers.Sequential(LINEAR, pc.layers.Linear(5, 2), pc.layers.Linear(2, 1)))


def test_a_name_stands_for_one_model_of_a_test(tmp_path: Path) -> None:
    asked = budget(tmp_path / "new" / "folder", update=True)
    asked(LINEAR)
    asked(LINEAR, name="second/one")
    for name, given in {"": "no name", "second/one": "the name 'second/one'"}.items():
        message = rf"^parameter_budget in test_size: {given} for a second model; expected another$"
        with pytest.raises(InvalidValue, match=message):
            asked(LINEAR, name=name)
    files = sorted(path.name for path in (tmp_path / "new" / "folder").iterdir())
    assert files == ["test_size.json", "test_size.second%2Fone.json"]
    assert repr(asked) == f"ParameterBudget(folder={tmp_path / 'new' / 'folder'!r}, test='test_size', update=True)"


def test_a_record_is_the_tree_as_text_that_ends_in_a_line(tmp_path: Path) -> None:
    budget(tmp_path, update=True)(pc.architecture("amnl"))
    (record,) = tmp_path.iterdir()
    assert record.read_text("utf-8") == f"{pc.to_json(pc.architecture('amnl'))}\n"
    with pytest.raises(AssertionError, match=r"^AMNL has 960,964 parameters, 1 over its budget of 960,963$"):
        budget(tmp_path)(pc.architecture("amnl"), limit=960_963)


def test_a_model_is_called_by_its_label_or_else_its_title(tmp_path: Path) -> None:
    for model, name in ((replace(LINEAR, label="The head"), "The head"), (LINEAR, r"Linear\(4, 3\)")):
        with pytest.raises(
            AssertionError, match=rf"^{name} has 15 parameters, 1 over its budget of 14\n{name} has no record"
        ):
            budget(tmp_path)(model, limit=14)


@pytest.mark.parametrize("limit", [True, 1.5, [3]])
def test_a_limit_is_a_whole_number_or_a_text(limit: Any, tmp_path: Path) -> None:
    with pytest.raises(InvalidType, match=rf"^limit: got {re.escape(repr(limit))}; expected a whole number, or"):
        budget(tmp_path)(LINEAR, limit=limit)


def test_limits_models_and_records_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(InvalidValue, match="limit: got 'many'; expected a whole number"):
        budget(tmp_path)(LINEAR, limit="many")
    with pytest.raises(InvalidType, match=r"limit: got 1\.5; expected a whole number, or a text"):
        budget(tmp_path)(LINEAR, limit=1.5)  # type: ignore[arg-type]
    with pytest.raises(InvalidValue, match=r"Linear\(i, 3\): its sizes i are not known; expected numbers; bind them"):
        budget(tmp_path)(pc.layers.Linear(pc.symbol("i"), 3))
    budget(tmp_path, update=True)(LINEAR)
    (record,) = tmp_path.iterdir()
    record.write_text("{}", encoding="utf-8")
    with pytest.raises(BadFile, match=r"test_size\.json: the text is JSON, but no tree"):
        budget(tmp_path)(LINEAR)
