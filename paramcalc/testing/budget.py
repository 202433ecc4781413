"""The fixture `parameter_budget`: a limit for a model, and its components as they were recorded."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from paramcalc.analysis.diff import diff
from paramcalc.errors import InvalidType, InvalidValue
from paramcalc.rendering.diff import diff_table
from paramcalc.sizes.counts import parse_count
from paramcalc.testing.trees import Model, model_tree, whole_count
from paramcalc.tree.block import Block
from paramcalc.tree.json.trees import from_json, to_json

OPTION = "--update-parameters"
KEPT = " [](),=+-_"  # in the names of files, as they stand in those of tests


@dataclass
class ParameterBudget:
    """What a test asks of the size of a model, by the fixture `parameter_budget`.

    `folder` is where the trees are recorded, `test` the name of the test, `update` whether to record them anew.
    """

    folder: Path
    test: str
    update: bool = False
    used: set[str] = field(default_factory=set, repr=False)

    def __call__(self, model: Model, *, limit: int | str | None = None, name: str = "") -> None:
        """Fail where a model has more parameters than the limit, or other counts in some component than were recorded.

        The limit is a number or a text such as "1.5M", which is 1,500,000. The record is the tree of the model as JSON,
        in the folder `parameters` beside the test, under the name of the test; `name` tells apart several models of one
        test. `pytest --update-parameters` writes it.

        >>> import tempfile
        >>> import paramcalc as pc
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     ParameterBudget(Path(folder), "test_size", update=True)(pc.layers.Linear(4, 3), limit=20)
        ...     ParameterBudget(Path(folder), "test_size")(pc.layers.Linear(4, 3), limit=12)
        Traceback (most recent call last):
        AssertionError: Linear(4, 3) has 15 parameters, 3 over its budget of 12

        Raises AssertionError where it has, or where nothing is recorded; InvalidValue or InvalidType for a limit that
        is no count, a size that is not known, or a name that is used twice in a test; BadFile for a damaged record.
        """
        __tracebackhide__ = True
        tree = model_tree(model, fold=True)
        size, most, path = whole_count(tree), _limit(limit), self.path(name)
        if self.update:
            _write(path, to_json(tree) + "\n")
        title = tree.label or tree.title
        problems = (
            [] if size <= most else [f"{title} has {size:,} parameters, {size - most:,} over its budget of {most:,}"]
        )
        if not path.is_file():
            problems.append(f"{title} has no record at {path}; make it with pytest {OPTION}, and keep it with the test")
        else:
            recorded = from_json(path.read_text(encoding="utf-8"), where=str(path))
            problems += _changes(recorded, tree, f"{title} is not as recorded in {path}")
        if problems:
            raise AssertionError("\n".join(problems))

    def path(self, name: str) -> Path:
        """Return the file for a model of this test, other names never being the same file.

        Raises InvalidValue where the test has used the name before.
        """
        if name in self.used:
            given = f"the name {name!r}" if name else "no name"
            raise InvalidValue(
                f"{given} for a second model", where=f"parameter_budget in {self.test}", expected="another"
            )
        self.used.add(name)
        words = [self.test, name] if name else [self.test]
        return self.folder / f"{'.'.join(quote(word, safe=KEPT) for word in words)}.json"


def _limit(limit: int | str | None) -> float:
    """The limit as a number; infinite where there is none."""
    if limit is None:
        return math.inf
    if isinstance(limit, str):
        return parse_count(limit, where="limit")
    if isinstance(limit, bool) or not isinstance(limit, int):
        raise InvalidType(f"got {limit!r}", where="limit", expected="a whole number, or a text such as '1.5M'")
    return limit


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _changes(recorded: Block, tree: Block, problem: str) -> list[str]:
    """What changed, component by component; nothing where all counts are as they were."""
    changes = diff(recorded, tree, depth=None)
    table = diff_table(changes, "recorded", "now")
    return [f"{problem}; if that is meant, run pytest {OPTION}:\n\n{table}"] if changes.differs else []
