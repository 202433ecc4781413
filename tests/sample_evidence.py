"""Evidence of derived forms, as a strategy."""

from __future__ import annotations

from hypothesis import strategies as st

from paramcalc import symbol
from paramcalc.tree.evidence import Evidence

POINTS = st.dictionaries(st.sampled_from(["d", "n_layers", "widths_0"]), st.integers(1, 2**40), max_size=3)
PLAIN = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
FOLLOWED = st.sampled_from([7, symbol("d"), 2 * symbol("d") + 1, symbol("d") / 4, symbol("d") / symbol("n")])
EVIDENCE = st.builds(
    Evidence,
    built=st.lists(POINTS, max_size=3).map(tuple),
    predicted=st.lists(POINTS, max_size=3).map(tuple),
    refused=st.lists(st.tuples(POINTS, st.text()), max_size=3).map(tuple),
    fixed=st.dictionaries(st.text(), PLAIN, max_size=3),
    only=st.lists(st.text(), max_size=2).map(tuple),
    layout=st.dictionaries(st.text(), st.integers(), max_size=2),
    follows=st.dictionaries(st.text(), FOLLOWED, max_size=2),
    no_effect=st.lists(st.text(), max_size=2).map(tuple),
    left_out=st.lists(st.text(), max_size=2).map(tuple),
    unmet=st.lists(st.text(), max_size=9).map(tuple),
    untraced=st.lists(st.text(), max_size=9).map(tuple),
    lost=st.lists(st.text(), max_size=9).map(tuple),
    builds=st.integers(0, 1000),
)
