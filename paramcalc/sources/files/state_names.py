"""The flat names of a state dict as a tree of blocks: split at the dots, numbered siblings in the order of numbers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple, TypeAlias

from paramcalc.errors import BadFile, ParamcalcError, shortened
from paramcalc.tree.block import Block
from paramcalc.tree.node import INDEX
from paramcalc.tree.paths import join
from paramcalc.tree.tensor import Role, TensorSpec
from paramcalc.tree.ties import relative

# Names come from files that anyone may have written: without these bounds a small file could ask for any memory.
MOST_WORDS = 10_000
MOST_BLOCKS = 1_000_000
ASSUMED = "a checkpoint does not say what is a parameter: running statistics and integer tensors are taken as buffers"
_RUNNING = frozenset({"running_mean", "running_var", "num_batches_tracked"})


class Entry(NamedTuple):
    """A tensor as a state dict lists it; `first` is the name under which a shared one stood before."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    role: Role
    first: str | None = None
    note: str = ""


# What stands under each word of the names: a tensor, further words, or both, the tensor then under the empty word.
_Words: TypeAlias = "dict[str, Entry | _Words]"


def tree_of(entries: Iterable[Entry], *, where: str, note: str = "") -> Block:
    """Return the tree of a state dict's tensors, in their order but for siblings whose names are numbers.

    What lies below a name that is itself a tensor belongs to the same block as that tensor.

    >>> names = ["fc.weight", "fc.weight.absmax", "layers.10.bias", "layers.2.bias"]
    >>> tree = tree_of([Entry(name, (3,), "float32", "parameter") for name in names], where="model.pt")
    >>> [(path, [tensor.name for tensor in block.own]) for path, block in tree.walk() if block.own]
    [('fc', ['weight', 'weight.absmax']), ('layers.2', ['bias']), ('layers.10', ['bias'])]

    Raises BadFile for a name that is no path in a tree, one that stands twice, or a shape beyond those of torch.
    """
    places: list[tuple[str, _Words, int, int]] = [("", _sorted_out(entries, where), 0, -1)]
    owned: list[tuple[TensorSpec, ...]] = []
    for number, (_, words, start, _) in enumerate(places):  # grows as blocks are found
        held: list[Entry] = []
        for word, below in _in_order(words):
            if not isinstance(below, dict):
                held.append(below)
            elif "" in below:
                held += _entries(below)
            else:
                places.append((word, below, start + len(word) + 1, number))
        owned.append(tuple(_spec(entry, start, where) for entry in held))
    waiting: dict[int, list[Block]] = {}
    for number in range(len(places) - 1, -1, -1):
        name, _, _, parent = places[number]
        children = tuple(reversed(waiting.pop(number, ())))
        block = Block(name, own=owned[number], children=children, note="" if number else note)
        waiting.setdefault(parent, []).append(block)
    return waiting[-1][0]


def role_of(name: str, dtype: str) -> Role:
    """Return the role that a name and an element type suggest: a state dict does not say what is a parameter.

    >>> role_of("bn.running_mean", "float32"), role_of("bn.weight", "float32"), role_of("position_ids", "int64")
    ('buffer', 'parameter', 'buffer')
    """
    real = dtype.startswith(("float", "bfloat", "complex"))
    return "parameter" if real and name.rpartition(".")[2] not in _RUNNING else "buffer"


def one_line(text: str, most: int = 200) -> str:
    """Return a text from a file as one printable line of at most so many letters.

    >>> one_line("layer\\nweight" * 9, 20)
    'layer weightlayer...'
    """
    return shortened("".join(each if each.isprintable() else " " for each in text[: most + 1]), most)


def shown(name: object) -> str:
    """Return a name from a file as an error shows it.

    >>> shown("a..b"), len(shown("a" * 1000))
    ("'a..b'", 80)
    """
    if isinstance(name, str):
        return one_line(repr(name[:100]), 80)
    return repr(name) if type(name) is int and name.bit_length() < 64 else f"a {type(name).__name__}"


def _sorted_out(entries: Iterable[Entry], where: str) -> _Words:
    root: _Words = {}
    places = 0
    for entry in entries:
        here = root
        *path, last = _words(entry.name, where)
        for word in path:
            below = here.get(word)
            if not isinstance(below, dict):
                below = here[word] = {} if below is None else {"": below}
                places += 1
            here = below
        known = here.get(last)
        if isinstance(known, dict):
            here, last, known = known, "", known.get("")
        if known is not None:
            raise BadFile(f"the tensor {shown(entry.name)} stands twice", where=where, expected="each name once")
        if places > MOST_BLOCKS:
            raise BadFile("its names ask for too many blocks", where=where, expected=f"at most {MOST_BLOCKS:,}")
        here[last] = entry
    return root


def _words(name: str, where: str) -> list[str]:
    words = name.split(".")
    if not all(words):
        expected = "words joined by single dots"
    elif INDEX in name:
        expected = f"a name without {INDEX}, which stands for an index in trees"
    elif not name.isprintable():
        expected = "letters that can be printed"
    elif len(words) > MOST_WORDS:
        expected = f"at most {MOST_WORDS:,} words"
    else:
        return words
    raise BadFile(f"a tensor is named {shown(name)}", where=where, expected=expected)


def _in_order(words: _Words) -> Iterable[tuple[str, Entry | _Words]]:
    """The words in their order, those that are numbers by value in the places that numbers take."""
    numbers = [word for word in words if word.isdigit() and word.isascii()]
    if len(numbers) < 2:
        return words.items()
    in_turn = iter(sorted(numbers, key=lambda word: (len(word.lstrip("0")), word.lstrip("0"))))
    ordered = (next(in_turn) if word.isdigit() and word.isascii() else word for word in words)
    return [(word, words[word]) for word in ordered]


def _entries(words: _Words) -> Iterator[Entry]:
    """All tensors below a word, its own first."""
    stack: list[Entry | _Words] = [words]
    while stack:
        each = stack.pop()
        if isinstance(each, dict):
            stack += [below for word, below in _in_order(each) if word][::-1]
            stack += [each[""]] if "" in each else []
        else:
            yield each


def _spec(entry: Entry, start: int, where: str) -> TensorSpec:
    name, tied_to = entry.name[start:], None
    if entry.first is not None:
        tied_to = relative(join(entry.name[: max(start - 1, 0)], "tensor"), entry.first)
    try:
        return TensorSpec(name, entry.shape, entry.role, entry.dtype, tied_to, entry.note)
    except ParamcalcError as error:
        raise BadFile(
            f"the tensor {shown(entry.name)} of shape {one_line(str(entry.shape), 80)}: {error.problem}",
            where=where,
            expected=error.expected,
        ) from None
