"""The fixture `parameter_budget` for pytest; nothing of paramcalc is loaded before a test asks for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from paramcalc.testing import ParameterBudget


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that records anew what the fixture compares with."""
    about = "record the components of models that tests give to parameter_budget"
    parser.getgroup("paramcalc").addoption("--update-parameters", action="store_true", help=about)


@pytest.fixture
def parameter_budget(request: pytest.FixtureRequest) -> ParameterBudget:
    """Fail a test when a model grows over a limit or away from its record: `parameter_budget(model, limit="1.5M")`."""
    from paramcalc.testing import ParameterBudget

    words = [request.path.stem, *request.node.nodeid.split("::")[1:]]
    update = bool(request.config.getoption("--update-parameters"))
    return ParameterBudget(request.path.parent / "parameters", ".".join(words), update)
