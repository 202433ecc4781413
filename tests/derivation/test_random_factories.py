"""What random code builds is derived or refused, never said wrong.

With RANDOM_FACTORIES in the environment so many factories are drawn, others every time.
"""

from __future__ import annotations

import os
from collections import Counter

from hypothesis import HealthCheck, Phase, given, reject, settings

import paramcalc as pc
from paramcalc import Block
from paramcalc.derivation.models.prober import Refused
from paramcalc.errors import InvalidValue
from tests.derivation.factories import Factory, factories
from tests.derivation.random_points import looked, untrue

MANY = int(os.environ.get("RANDOM_FACTORIES", "0"))
FEW = 24
BUILDS = 600  # no factory needs more, unless it is one that has no form


def derived(factory: Factory) -> Block | None:
    """The form of a factory, None where none is found; other factories are drawn where it refuses its start."""
    try:
        factory.probe(factory.at)
    except Refused:
        reject()
    try:
        return pc.derive(factory.build, factory.at, limits=pc.Limits(builds=BUILDS))
    except InvalidValue:
        return None


def test_a_form_is_what_random_code_builds_wherever_it_holds() -> None:
    came = Counter[str]()

    @settings(
        max_examples=MANY or FEW,
        derandomize=not MANY,
        database=None,
        deadline=None,
        phases=[Phase.generate, *([Phase.shrink] if MANY and not os.environ.get("FIRST_FAILURE") else [])],
        suppress_health_check=[*HealthCheck],
    )
    @given(factories())
    def law(factory: Factory) -> None:
        tree = derived(factory)
        came["none" if tree is None else "form"] += 1
        if tree is not None:
            found = looked(factory, tree)
            came["inside"] += found.inside
            assert not found.wrong, f"{factory}\nsaid: {tree.params}, {tree.preconditions}\n{found.wrong[:4]}"
            false = untrue(factory, tree)
            assert not false, f"{factory}\nsaid: {tree.params}, {tree.preconditions}\n{false[:4]}"

    law()
    print(f"{came['form']} forms, none for {came['none']}, compared with {came['inside']:,} models")  # noqa: T201
    assert came["form"] > came["none"]
    assert came["inside"] > 20 * came["form"]
