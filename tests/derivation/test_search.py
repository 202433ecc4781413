"""The steps of the search for a form, each by itself: what is tried, and what is given up again."""

from __future__ import annotations

from collections.abc import Mapping

import paramcalc as pc
from paramcalc.derivation.candidate import Candidate
from paramcalc.derivation.domain.domain import Domain
from paramcalc.derivation.engine import Search
from paramcalc.derivation.fitting.clues import Clues
from paramcalc.derivation.models.observations import Observations
from paramcalc.derivation.models.prediction import predicts
from paramcalc.derivation.models.prober import Build, Prober, Refused
from paramcalc.derivation.proof import Verdict
from paramcalc.derivation.start import start_at
from paramcalc.derivation.trees.merge import merged
from paramcalc.sizes.conditions import Condition
from paramcalc.sizes.symbols import floored, symbol
from paramcalc.tree.block import Block

WIDTH, HEADS, DEPTH = symbol("width"), symbol("heads"), symbol("depth")


def search_of(build: Build, base: Mapping[str, int], **domain: list[Condition]) -> Search:
    start = start_at(base)
    observations = Observations(Prober(build), dict(base), start.vary, Domain(**domain))
    observations.keep(dict(base), build(dict(base)))
    return Search(observations, Candidate(observations, Clues()), start)


def even_heads(at: Mapping[str, int]) -> Block:
    """Heads of an odd width are refused, unless it is very small."""
    if at["width"] > 4 and at["width"] % 2:
        raise Refused("an odd head")
    return pc.layers.Linear(at["width"], 3)


def test_sizes_next_to_one_that_is_refused_show_why_it_is() -> None:
    observations = search_of(even_heads, {"width": 64}).observations
    observations.keep({"width": 3}, even_heads({"width": 3}))  # so one refusal alone does not say that odd ones are
    assert observations.build({"width": 35}, "") is None
    assert observations.domain.has_unexplained_refusals
    assert observations.narrow() is not None
    assert [str(each) for each in observations.domain.conditions] == ["width divisible by 2"]
    assert not observations.domain.has_unexplained_refusals


def grouped(at: Mapping[str, int]) -> Block:
    if at["width"] % at["heads"]:
        raise Refused("the heads do not divide the width")
    return pc.layers.Linear(at["width"], at["heads"])


def test_no_form_is_proven_before_each_condition_was_tried() -> None:
    search = search_of(grouped, {"width": 48, "heads": 4})
    tree = pc.layers.Linear(WIDTH, HEADS)
    assert search.proof.attempt(tree) is Verdict.PROVEN
    assert [str(each) for each in search.observations.domain.conditions] == ["width divisible by heads"]
    assert not search.settled
    assert search.boundaries.check(tree) is None
    assert search.settled


def test_what_an_earlier_form_assumed_is_given_up_again() -> None:
    def build(at: Mapping[str, int]) -> Block:
        return pc.layers.Linear(at["width"], 3 * at["heads"])

    search = search_of(build, {"width": 48, "heads": 4})
    assert search.assume_whole(pc.layers.Linear(WIDTH, floored(WIDTH, HEADS)))  # as is built at the base
    assert [str(each) for each in search.observations.domain.conditions] == ["width divisible by heads"]
    tree = search.attempt()
    assert str(tree.params) == "3*heads*width + 3*heads"
    assert tree.preconditions == ()


def test_a_comparison_is_not_to_blame_for_what_another_size_changes() -> None:
    def build(at: Mapping[str, int]) -> Block:
        layers = {"wide": pc.layers.Linear(at["width"], 3), "tall": pc.layers.Linear(at["heads"], 5)}
        table = {"table": pc.layers.Embedding(7, 3)} if at["heads"] % 2 else {}
        return pc.compose("Model", layers | table)

    wide = Condition(WIDTH, ">", 20)
    search = search_of(build, {"width": 24, "heads": 52}, branches=[wide])
    observations = search.observations
    observations.sampler.breaking = lambda *_, **__: {"width": 12, "heads": 51}  # type: ignore[method-assign]
    tree = search.candidate.merged([*observations.trees, *near(build)]).tree
    assert tree is not None
    assert search.boundaries.check_other_sides(tree) is not None
    assert wide in observations.domain.confirmed
    assert wide not in observations.domain.conditions


def test_the_last_size_within_a_bound_is_tried() -> None:
    def build(at: Mapping[str, int]) -> Block:
        table = {"table": pc.layers.Embedding(7, 3)} if at["depth"] >= 6 else {}
        return pc.compose("Model", {"layer": pc.layers.Linear(at["depth"], 5)} | table)

    few = Condition(DEPTH, ">=", 3, "another model is built below")
    search = search_of(build, {"depth": 26}, branches=[few])
    observations = search.observations
    observations.domain.set_apart([{"depth": 2}], "another model is built there")
    assert observations.domain.conditions == (few,)
    tree = pc.compose("Model", {"layer": pc.layers.Linear(DEPTH, 5), "table": pc.layers.Embedding(7, 3)})
    assert search.boundaries.check_conditions(tree) is not None
    assert [str(each) for each in observations.domain.conditions] == ["depth >= 6"]
    assert search.boundaries.check_conditions(tree) is None


def near(build: Build) -> list[tuple[dict[str, int], Block]]:
    """What is built with each size changed alone, and with both."""
    points = [{"width": 36, "heads": 52}, {"width": 24, "heads": 26}, {"width": 48, "heads": 104}]
    return [(point, build(point)) for point in points]


def test_layers_of_which_each_place_has_its_kind_at_few_points() -> None:
    def build(at: Mapping[str, int]) -> Block:
        a, b = at["a"], at["b"]
        widths = [a, b, a, 2 * a, b, b][: at["depth"]] + [a] * max(0, at["depth"] - 6)
        layers = {str(number): pc.layers.Linear(9, width) for number, width in enumerate(widths)}
        return pc.compose("ModuleList", layers)

    points = [dict(zip(("depth", "a", "b"), each, strict=True)) for each in PLACES]
    tree = merged(points, list(map(build, points)))
    assert all(predicts(tree, point, build(point)) for point in points)
    assert predicts(tree, {"depth": 40, "a": 6, "b": 35}, build({"depth": 40, "a": 6, "b": 35}))


PLACES = [(7, 4, 4), (12, 5, 3), (9, 2, 7), (6, 8, 5), (6, 3, 9), (7, 6, 6), (6, 6, 11), (6, 9, 4)]


def test_a_bound_speaks_of_no_size_that_is_fixed() -> None:
    observations = search_of(
        lambda at: pc.layers.Linear(at["width"], at["heads"]), {"width": 48, "heads": 4}
    ).observations
    observations.fix(["heads"])
    observations.bound_by(Condition(WIDTH, ">=", 2 * HEADS))
    assert [str(each) for each in observations.domain.conditions] == ["width >= 8"]
