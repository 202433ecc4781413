"""What the code met, compared or must find equal is what a form is made of."""

from __future__ import annotations

from torch import nn

import paramcalc as pc
from tests.forms import agrees, evidence_of, opaque


def windows(image: int, patch: int, heads: int) -> nn.Module:
    """A table of pairs of places."""
    side = opaque(image // patch + 3 * heads)
    return nn.Embedding(side**2, heads)


def test_squares_of_what_the_code_met() -> None:
    tree = pc.derive(windows, {"image": 96, "patch": 8, "heads": 4})
    assert evidence_of(tree).fixed == {}
    assert agrees(windows, tree, image=64, patch=4, heads=3)


def relative(image: int, patch: int, heads: int) -> nn.Module:
    """A table of distances between places."""
    return nn.Embedding(2 * opaque(image // patch + 3 * heads) - 1, heads)


def test_small_multiples_of_what_the_code_met() -> None:
    tree = pc.derive(relative, {"image": 96, "patch": 8, "heads": 4})
    assert evidence_of(tree).fixed == {}
    assert agrees(relative, tree, image=64, patch=4, heads=3)


def test_sizes_that_must_be_equal_go_together() -> None:
    found = pc.derive_config({"model_type": "opt", "num_hidden_layers": 2})
    assert found.evidence is not None
    assert found.evidence.follows == {"word_embed_proj_dim": pc.symbol("hidden_size")}


def test_a_size_that_others_give_goes_with_them() -> None:
    def build(width: int, heads: int, head: int) -> nn.Module:
        if width != heads * head:
            raise ValueError("width is heads times head")
        return nn.Linear(width, heads)

    found = pc.derive(build, {"width": 96, "heads": 4, "head": 24})
    assert found.evidence is not None
    assert len(found.evidence.follows) == 1
    for heads, head in ((1, 8), (5, 7)):
        sizes = {"width": heads * head, "heads": heads, "head": head}
        assert found.bind(**{name: sizes[name] for name in found.symbols}).params == (heads * head + 1) * heads
