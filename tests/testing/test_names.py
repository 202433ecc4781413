"""The names of the kit: all documented, and a library that is missing is named with its extra."""

from __future__ import annotations

import subprocess
import sys

import pytest

import paramcalc as pc
from paramcalc.errors import InvalidValue


@pytest.mark.parametrize(("missing", "name"), [("hypothesis", "modules"), ("torch", "check_counter")])
def test_a_library_that_is_missing_is_named_with_its_extra(missing: str, name: str) -> None:
    code = f"import sys\nsys.modules[{missing!r}] = None\nfrom paramcalc.testing import {name}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    sentence = f"paramcalc.testing.{name}: {missing} is not installed; pip install 'paramcalc[testing]'"
    assert done.stderr.splitlines()[-1] == f"paramcalc.errors.InvalidValue: {sentence}"


def test_a_name_that_the_kit_does_not_have() -> None:
    with pytest.raises(AttributeError, match=r"module 'paramcalc\.testing' has no attribute 'assert_equal'"):
        pc.testing.assert_equal  # noqa: B018  # the access is the test
    assert set(pc.testing.__all__) <= set(dir(pc.testing))
    assert dir(pc.testing) == sorted(dir(pc.testing))
    assert all(getattr(pc.testing, name).__doc__ for name in pc.testing.__all__)


def test_a_module_that_is_missing_elsewhere_is_not_taken_for_an_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    kit = pc.testing  # which is imported when it is first asked for, before imports fail
    missing = "of_theirs"

    def absent(_: str) -> None:
        raise ModuleNotFoundError(f"No module named {missing!r}", name=missing)

    monkeypatch.setattr("importlib.import_module", absent)
    with pytest.raises(ModuleNotFoundError, match=r"^No module named 'of_theirs'$"):
        kit.modules  # noqa: B018  # the access is the test
    for missing in ("hypothesis", "torch"):
        sentence = rf"^paramcalc\.testing\.blocks: {missing} is not installed; pip install 'paramcalc\[testing\]'$"
        with pytest.raises(InvalidValue, match=sentence):
            kit.blocks  # noqa: B018  # the access is the test
