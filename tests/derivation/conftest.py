"""Every form that a test of this folder derives has titles that are true, and says which points it did not predict."""

from __future__ import annotations

import pytest

from paramcalc.derivation.engine import Search
from paramcalc.layers import CATALOGUE
from paramcalc.tree.block import Block
from paramcalc.tree.fold import unfold
from tests.derivation.kinds_of_points import check_unmet
from tests.forms import evidence_of
from tests.sources.modules.titles import built, shapes


@pytest.fixture(autouse=True)
def _is_true_to_its_points(monkeypatch: pytest.MonkeyPatch) -> None:
    """At sizes that were predicted, the catalogue's layer of each title that has arguments has the block's tensors.

    What the evidence says of the sizes that were predicted is so, and what is fixed is no symbol.
    """
    finished = Search._finished

    def checked(search: Search, tree: Block) -> Block:
        found = finished(search, tree)
        check_unmet(found)
        assert not found.symbols & set(evidence_of(found).fixed)
        for point in evidence_of(found).predicted[:2]:
            bound = unfold(found.bind(**{name: point[name] for name in found.symbols}))
            titled = [block for _, block in bound.walk() if block.args]
            assert all(block.kind in CATALOGUE for block in titled)
            wrong = [block.title for block in titled if built(block, list(block.args)) != shapes(block)]
            assert wrong == []
        return found

    monkeypatch.setattr(Search, "_finished", checked)
