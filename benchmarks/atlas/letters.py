"""A letter for every size of a model, from the words of its name: `vision_config_hidden_size` is d with "vis" below."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from paramcalc.sizes.entries import entry_of


class Letter(NamedTuple):
    """A letter and what stands below it."""

    base: str
    below: tuple[str, ...] = ()

    @property
    def latex(self) -> str:
        below = ",".join(each if each.isdigit() else rf"\text{{{each}}}" for each in self.below)
        return f"{self.base}_{{{below}}}" if below else self.base

    @property
    def html(self) -> str:
        below = ", ".join(self.below)
        return f"<i>{self.base}</i><sub>{below}</sub>" if below else f"<i>{self.base}</i>"


# How names end, and their letter; what stands before goes below it.
ENDINGS = {
    "d": "hidden_size hidden_sizes hidden_dim hidden_dims d_model n_embd embed_dim embed_dims embedding_dim dim width",
    "e": "embedding_size",
    "f": "intermediate_size intermediate_sizes ffn_dim d_ff n_inner dim_feedforward mlp_dim ffn_hidden_size",
    "L": "hidden_layers num_layers n_layer n_layers layers num_layer depth depths num_blocks",
    "h": "attention_heads num_heads n_head n_heads heads",
    "V": "vocab_size",
    "T": "type_vocab_size",
    "P": "position_embeddings n_positions source_positions target_positions n_ctx positions",
    "E": "experts",
    "c": "channels in_chans channel",
    "s": "image_size image_sizes img_size",
    "p": "patch_size patch_sizes",
    "k": "kernel_size kernel kernel_sizes kernels",
    "w": "window_size",
    "r": "rank",
    "g": "groups",
    "m": "mel_bins mlp_ratio",
    "n": "state_size d_state",
    "q": "queries query_tokens",
    "b": "buckets",
}
WITH_BELOW = {"head_dim": ("d", "h"), "d_kv": ("d", "h"), "key_value_heads": ("h", "kv"), "num_kv_heads": ("h", "kv")}
SHORTER = {"vision": "vis", "audio": "aud", "encoder": "enc", "decoder": "dec"}
SHORTER |= dict.fromkeys(("num", "n", "max", "config"), "")
KNOWN = {ending: (letter, "") for letter, endings in ENDINGS.items() for ending in endings.split()} | WITH_BELOW


def letters(names: Iterable[str]) -> dict[str, Letter]:
    """Return a letter for each name, no two the same.

    >>> {name: letter.latex for name, letter in letters(["hidden_size", "text_config_head_dim", "depths_0"]).items()}
    {'depths_0': 'L_{0}', 'hidden_size': 'd', 'text_config_head_dim': 'd_{\\\\text{text},\\\\text{h}}'}
    """
    found: dict[str, Letter] = {}
    for name in sorted(names, key=_precedence):
        found[name] = next(each for each in (*_ways(name), Letter(name)) if each not in found.values())
    if len(set(found.values())) < len(found):
        raise ValueError(f"two sizes have one letter: {found}")
    return dict(sorted(found.items()))


def _precedence(name: str) -> tuple[int, bool, int, str]:
    """Of two names that would have one letter, the shorter one has it, known endings before others."""
    stem, _ = _numbered(name)
    return len(_usual(name).below), not any(stem.endswith(ending) for ending in KNOWN), len(name), name


def _usual(name: str) -> Letter:
    stem, number = _numbered(name)
    for ending in sorted(KNOWN, key=len, reverse=True):
        if stem == ending or stem.endswith(f"_{ending}"):
            base, own = KNOWN[ending]
            return Letter(base, tuple(filter(None, (_words(stem[: -len(ending)]), own, number))))
    before, _, last = stem.rpartition("_")
    first = next(filter(str.isalpha, last or stem), "x")
    return Letter(first, tuple(filter(None, (_words(before), number))))


def _ways(name: str) -> tuple[Letter, ...]:
    """The usual letter, and others with more words of the name below it."""
    stem, number = _numbered(name)
    usual = _usual(name)
    more = (Letter(usual.base, tuple(filter(None, (text, number)))) for text in (_words(stem), stem.replace("_", " ")))
    return usual, *more


def _numbered(name: str) -> tuple[str, str]:
    stem, number = entry_of(name) or (name, "")
    return stem, str(number)


def _words(text: str) -> str:
    words = [SHORTER.get(word, word) for word in text.split("_")]
    return " ".join(word for word in words if word)
