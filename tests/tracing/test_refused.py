"""What no closed form can be derived from ends in one sentence, the same in Python and on the command line."""

from __future__ import annotations

import contextlib
import gc
import re
import signal
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn

import paramcalc as pc
from paramcalc.cli import main
from paramcalc.derivation.models.prober import Spent
from paramcalc.errors import InvalidType, InvalidValue, ParamcalcError, UnknownName
from paramcalc.tracing import shapes
from paramcalc.tracing.deadline import within
from tests.clock import TICK, Clock
from tests.tracing import bad_factories

MODULE = "a torch.nn.Module or a Block"
UNSTEADY = "derive: the same sizes do not always build the same model: "
W8 = {"width": 8}
SOON = 2.0  # seconds, long before those builds would end by themselves
# Name of a factory, what it is given, what is to vary, the sentence.
BAD: dict[str, tuple[str, dict[str, Any], str, str]] = {
    "raises": (
        "raises",
        W8,
        "",
        r"no model at the sizes given: RuntimeError: no luck today \(at bad_factories.py:\d+",
    ),
    "exits": ("exits", W8, "", r"no model at the sizes given: SystemExit: 3 \(at bad_factories"),
    "stops": ("stops", W8, "", r"no model at the sizes given: Stop: enough \(at bad_factories"),
    "needs another": ("needs_another", W8, "", "TypeError: .* missing 1 required positional argument: 'depth'"),
    "sizes": ("random_sizes", {**W8, "depth": 2}, "", rf"{UNSTEADY}\d.weight is \(\d+, 8\), then \(\d+, 8\); expected"),
    "sizes, both named": ("random_sizes", {**W8, "depth": 2}, "width,depth", f"{UNSTEADY}.* nothing at random"),
    "structure": ("random_structure", {**W8, "depth": 2}, "", f"{UNSTEADY}.* is .*, then not there; expected"),
    "names": ("random_names", W8, "", rf"{UNSTEADY}head\d+.weight is .*, then not there; expected code that"),
    "calls": (
        "counts_calls",
        W8,
        "",
        rf"{UNSTEADY}weight is \(\d+, 8\), then \(\d+, 8\); .* keep nothing from one",
    ),
    "calls, summed": ("works_once", W8, "", UNSTEADY),
    "text": ("text", W8, "", f"the factory: it returned str; expected {MODULE}"),
    "nothing": ("nothing", W8, "", f"the factory: it returned NoneType; expected {MODULE}"),
    "a class": ("a_class", W8, "", f"the factory: it returned type; expected {MODULE}"),
    "tensors": ("tensors", W8, "", f"the factory: it returned list; expected {MODULE}"),
    "odd": ("odd", W8, "", r"weight: dimension 0 follows no expression that was tried: 9 at width=8; "),
    "doubling": ("doubling", {"depth": 3}, "", "the number of different layers changes with the sizes"),
    "of values": ("of_values", W8, "", "no model at the sizes given: RuntimeError: .* meta tensors"),
    "built": ("built", {"input": 3}, "", "derive: got a Linear that is built already; expected a class or a function"),
    "no factory": ("calls", W8, "", "derive: got list; expected a class or a function"),
    "unknown": ("odd", {"widht": 8}, "", "unknown argument 'widht'; did you mean 'width'"),
    "unknown to vary": ("odd", W8, "hight", "vary: unknown size 'hight'; known: width"),
    "zero to vary": ("plain", {**W8, "height": 0}, "width,height", "at height: got 0; expected an int of 1 or more"),
    "negative": (
        "plain",
        {**W8, "height": -4},
        "",
        "no model at the sizes given: RuntimeError: .* dimension -4",
    ),
    "truth to vary": ("plain", {**W8, "height": 3, "bias": True}, "bias", "at bias: got True; expected an int of 1"),
    "nothing to vary": ("plain", {"width": 0, "height": 0}, "", "at: it holds no int of 1 or more; expected sizes"),
    "no sizes": ("plain", {}, "", "at: it holds no int of 1 or more; expected sizes to vary"),
    "too many elements": ("plain", {"width": 2**40, "height": 2**40}, "", "no model .*: RuntimeError: Storage size"),
    "too large": ("plain", {"width": 2**70, "height": 2}, "", "no model at the sizes given: TypeError: .*[Oo]verflow"),
}


@pytest.mark.parametrize("name", BAD)
def test_in_python(name: str) -> None:
    factory, at, vary, message = BAD[name]
    with pytest.raises((InvalidValue, InvalidType, UnknownName), match=message) as caught:
        pc.derive(getattr(bad_factories, factory), at, vary=vary.split(",") if vary else None)
    assert "\n" not in str(caught.value)
    nothing_is_left()


@pytest.mark.parametrize("name", BAD)
def test_on_the_command_line(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    factory, at, vary, message = BAD[name]
    given = [f"--at={key}={value}".lower() for key, value in at.items()]
    with pytest.raises(SystemExit) as stop:
        main(["derive", f"tests.tracing.bad_factories:{factory}", *given, *(["--vary", vary] if vary else [])])
    out, err = capsys.readouterr()
    assert (stop.value.code, out) == (2, "")
    assert re.fullmatch(rf"paramcalc: .*{message}.*\n", err), err


def nothing_is_left() -> None:
    """Whether torch and the signals of the process are as they were."""
    mode: Any = torch.overrides
    assert mode._get_current_function_mode() is None
    assert torch.empty(1).device.type == "cpu"
    assert signal.getsignal(signal.SIGALRM) is signal.SIG_DFL
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def of_any_name(**sizes: int) -> nn.Module:
    (size,) = sizes.values()
    return nn.Linear(size, 3)


def test_text_and_fractions_where_sizes_are_to_vary() -> None:
    for value, kind in (("3", "str"), (3.5, "float")):
        with pytest.raises(InvalidValue, match=f"no model at the sizes given: TypeError: .*{kind}"):
            pc.derive(bad_factories.plain, {"width": 8, "height": value})
        with pytest.raises(InvalidType, match=f"at height: got {value!r}; expected an int of 1 or more, to vary it"):
            pc.derive(bad_factories.plain, {"width": 8, "height": value}, vary=["height"])


def test_what_is_given_is_looked_at() -> None:
    for at in ([("width", 8)], {8: "width"}, 8):
        with pytest.raises(InvalidType, match=r"at: got .*; expected values by name of argument"):
            pc.derive(bad_factories.odd, at)  # type: ignore[arg-type]
    for name in ("größe", "lambda", "Max"):
        with pytest.raises(InvalidValue, match=f"symbol name: got '{name}'; expected an identifier"):
            pc.derive(of_any_name, {name: 8})
    for limits in ({"seconds": 0}, {"seconds": float("nan")}, {"seconds": "3"}, {"builds": 0}, {"builds": 2.5}):
        (name,) = limits
        with pytest.raises(InvalidValue, match=f"limits.{name}: got .*; expected "):
            pc.Limits(**limits)


def test_counts_beyond_64_bits_do_not_wrap() -> None:
    tree = pc.derive(bad_factories.plain, {"width": 8, "height": 6})
    assert tree.bind(width=2**40, height=2**40).params == 2**80 + 2**40
    assert tree.bind(width=2**63 - 1, height=2**63 - 1).params == (2**63 - 1) * 2**63
    with pytest.raises(ParamcalcError, match=r"width: got .*; expected at most 2\^63 - 1, as in torch"):
        tree.bind(width=2**63, height=1)


@pytest.mark.parametrize("name", ["endless", "sleeping", "swallowing", "swallowing_once", "unending"])
def test_a_build_that_does_not_end_is_ended(name: str, clock: Clock) -> None:
    with pytest.raises(InvalidValue, match=r"derive: no proof within 0.3 seconds; vary fewer sizes, start from"):
        pc.derive(getattr(bad_factories, name), W8, limits=pc.Limits(seconds=0.3))
    assert clock.now < SOON
    nothing_is_left()


def test_nothing_is_raised_where_python_would_pass_over_it(clock: Clock) -> None:
    def slow(*_: object) -> None:
        time.sleep(0.25)  # so long that it rings meanwhile

    gc.callbacks.append(slow)
    try:
        test_a_build_that_does_not_end_is_ended("collecting", clock)
    finally:
        gc.callbacks.remove(slow)


def test_the_timer_of_the_process_ends_a_build() -> None:
    with pytest.raises(InvalidValue, match=r"derive: no proof within 0.1 seconds; vary fewer sizes, start from"):
        pc.derive(bad_factories.sleeping, W8, limits=pc.Limits(seconds=0.1))
    nothing_is_left()


def test_a_time_within_another_ends_alone_and_no_later() -> None:
    with within(1000):
        with pytest.raises(Spent, match=r"within 0\.1 seconds"), within(0.1):
            time.sleep(100)
        assert signal.getitimer(signal.ITIMER_REAL)[0] > 100
    nothing_is_left()
    with pytest.raises(Spent, match=r"within 0\.1 seconds"), within(0.1), contextlib.suppress(Spent), within(1000):
        time.sleep(100)
    nothing_is_left()


def in_a_thread(derivation: Callable[[], object]) -> object:
    """What a derivation returns or raises in a thread, where it may set no timer."""
    found: list[object] = []

    def run() -> None:
        try:
            found.append(derivation())
        except ParamcalcError as error:
            found.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return found[0]


def test_in_a_thread_it_ends_at_the_next_tensor(clock: Clock) -> None:
    error = in_a_thread(lambda: pc.derive(bad_factories.unending, W8, limits=pc.Limits(seconds=0.3)))
    assert str(error).startswith("derive: no proof within 0.3 seconds")
    assert clock.now < SOON


def test_a_timer_of_the_users_own_is_left_alone(clock: Clock) -> None:
    rung: list[float] = []
    before = signal.signal(signal.SIGALRM, lambda *_: rung.append(clock.now))
    signal.setitimer(signal.ITIMER_REAL, 0.1)
    try:
        with pytest.raises(InvalidValue, match=r"no proof within 0.5 seconds"):
            pc.derive(bad_factories.unending, W8, limits=pc.Limits(seconds=0.5))
    finally:
        signal.signal(signal.SIGALRM, before)
    assert rung == [pytest.approx(0.1, abs=TICK)]


def test_a_model_of_too_many_tensors_is_no_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shapes, "MOST_MADE", 1000)
    with pytest.raises(InvalidValue, match=r"no model at the sizes given: .*one model makes more than 1,000 tensors"):
        pc.derive(bad_factories.unending, W8)
