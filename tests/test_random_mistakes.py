"""Random mistakes: small changes of the syntax, a seeded sample of them, and the tests that run their lines."""

from __future__ import annotations

import signal
from collections import Counter
from pathlib import Path

import pytest
from mutation.mistakes import Refused
from mutation.random.places import changes
from mutation.random.report import Settings, try_random
from mutation.random.sample import RandomMistake, rooms, sample
from mutation.random.source import Source
from mutation.random.trial import run_tests

CODE = '''"""Sums."""

MOST = 3


def total(a: int, b: int) -> int:
    """Return a sum."""
    return a + b


def unused(a: int) -> int:
    return a - MOST
'''
TESTS = """import pytest

from sample.sums import MOST, total


def test_total() -> None:
    assert total(1, 2) == 3


def test_most() -> None:
    assert MOST < 4


def test_fails() -> None:
    assert total(1, 1) == 3


@pytest.mark.skip
def test_skipped() -> None:
    assert total(1, 1) == 3
"""
EQUIVALENT = """[[equivalent]]
file = "sample/sums.py"
before = "return a - MOST"
after = "return a + MOST"
why = "nobody calls it"
"""


def edited(code: str) -> set[str]:
    """Return the code after each small change; it stands in a function."""
    lines = "\n".join(f"    {line}" for line in code.splitlines())
    source = Source(f"def f():\n{lines}\n")
    texts = {source.edited(change.edit) for change in changes(source)} - {None}
    return {"\n".join(line[4:] for line in str(text).splitlines()[1:]) for text in texts}


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("x = a < b", {"x = a <= b", "x = a >= b"}),
        ("x = a not  in b", {"x = a in b"}),
        ("x = (a) == (b)", {"x = (a) != (b)"}),
        ("x = a < b == c", {"x = a <= b == c", "x = a >= b == c", "x = a < b != c"}),
        ("x = a / b", {"x = a * b", "x = a // b"}),
        ("x -= a", {"x += a", "pass"}),
        ("x = (a) + b  # +", {"x = (a) - b  # +", "x = b  # +", "x = (a)  # +"}),
        ("x = a + b + c", {f"x = {each}" for each in ("a - b + c", "a + b - c", "b + c", "a + c", "a + b")}),
        (
            "x = a and (b) and c",
            {f"x = {each}" for each in ("a or (b) or c", "(b) and c", "a and c", "a and (b)")},
        ),
        ("x = not a", {"x = a"}),
        ("x = -a", {"x = a"}),
        ("x = 7", {"x = 8", "x = 6"}),
        ("x = True", {"x = False"}),
        ("x = g(a, 'ß', c=c)", {"x = g('ß', a, c=c)"}),
        ("x = max(a, b)", set()),
        ("x = isinstance(a, b | c)", {"x = isinstance(a, b)", "x = isinstance(a, c)"}),
        ("x = a[b:c]", {"x = a[:c]", "x = a[b:]"}),
        ("x = a[b:]", {"x = a[b:-1]"}),
        ("x = a[:b]", {"x = a[1:b]"}),
        ("g()", {"pass"}),
        ("x.a = b", {"pass"}),
        ("x = a\nx = b", {"x = a\npass"}),
        ("return a", {"return None"}),
        ("return isinstance(a, b)", {"return None", "return not (isinstance(a, b))"}),
        ("if a:\n    return", {"if True:\n    return", "if False:\n    return", "if a:\n    pass"}),
        ("while a:\n    break", {"while False:\n    break", "while a:\n    pass"}),
        ("x = [a for a in b if c]", {"x = [a for a in b if True]", "x = [a for a in b if False]"}),
        ("x = b if a else c", {"x = b if True else c", "x = b if False else c"}),
        ("def g(a=1): b", {"def g(a=2): b", "def g(a=0): b", "def g(a=1): pass"}),
        ("def g(a='b'): ...", {'def g(a=""): ...'}),
        ('x = f"{a + b}"', {'x = f"{a - b}"', 'x = f"{a}"', 'x = f"{b}"'}),
    ],
)
def test_small_changes(code: str, expected: set[str]) -> None:
    assert edited(code) == expected


@pytest.mark.parametrize(
    "code",
    [
        '"""Return 1."""',
        "x: tuple[1, 2] = a",
        "def g(a: 1 | 2) -> 1 | 2: ...",
        "if TYPE_CHECKING:\n    import a",
        "__all__ = [a + b]",
        "import a",
        "assert a < b",
        "x = zip(strict=True)",
        "x = cast(a | b, c)",
        "@overload\ndef g(a=1): ...",
    ],
)
def test_what_is_no_code_stays(code: str) -> None:
    assert edited(code) == set()


def test_messages_of_errors_stay() -> None:
    assert edited('raise E(f"{a + 1}")') == {"pass"}


def test_the_rest_of_the_text_stays() -> None:
    code = "# é\nx = [  a+b,   # a+b\n  c]"
    assert edited(code) == {code.replace("[  a+b", f"[  {text}") for text in ("a-b", "a", "b")}


@pytest.mark.parametrize(
    ("code", "line", "lines", "at_import"),
    [
        ("MOST = 3", 1, (1, 1), True),
        ("class A:\n    most = 3", 2, (2, 2), True),
        ("def g(most=3):\n    'Text.'\n    a", 1, (3, 3), True),
        ("def g():\n    return [\n        3\n    ]", 3, (3, 3), False),
    ],
)
def test_the_lines_whose_tests_notice(code: str, line: int, lines: tuple[int, int], at_import: bool) -> None:
    found = [each for each in changes(Source(code)) if each.kind == "constants"]
    assert [(each.line, each.lines, each.at_import) for each in found] == [(line, lines, at_import)] * 2


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    root = tmp_path / "project"
    large = "".join(f"x{number} = {number}\n" for number in range(100))
    texts = {"sample/sums.py": CODE, "sample/large/numbers.py": large, "tests/test_sums.py": TESTS}
    for name, text in {**texts, "sample/__init__.py": "", "sample/large/__init__.py": ""}.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    return root


def test_a_large_room_counts_no_more_than_a_small_one(project: Path) -> None:
    files = rooms(project, "sample")
    assert files == {
        "sample": ["sample/__init__.py", "sample/sums.py"],
        "large": ["sample/large/__init__.py", "sample/large/numbers.py"],
    }
    drawn = Counter(each.file for each in sample(project, files, 16, seed=1))
    assert drawn["sample/sums.py"] >= 4


def test_a_seed_draws_the_same_and_no_change_twice(project: Path) -> None:
    files = rooms(project, "sample")
    drawn = sample(project, files, 400, seed=1)
    assert drawn == sample(project, files, 400, seed=1)
    assert drawn[:9] != sample(project, files, 9, seed=2)
    assert len({(each.file, each.after) for each in drawn}) == len(drawn) < 400


@pytest.fixture
def settings(project: Path) -> Settings:
    return Settings("sample", 2, 120, project.parent / "map.json", project / "equivalent.toml")


def sums(project: Path) -> list[RandomMistake]:
    """Return all that can go wrong in the sums."""
    return sorted(sample(project, {"sample": ["sample/sums.py"]}, 100, seed=1), key=lambda each: each.title)


def test_what_no_test_notices_lives(project: Path, settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "equivalent.toml").write_text(EQUIVALENT, encoding="utf-8")
    mistakes = sums(project)
    assert not try_random(mistakes, project, project.parent / "copies", settings)
    told = capsys.readouterr().out.split("\nliving:\n")[0]
    assert told.startswith("2 tests mapped")
    assert "not used, as they did not pass: tests/test_sums.py::test_fails, tests/test_sums.py::test_skipped" in told
    assert "dies   sample/sums.py:8 operators: tests/test_sums.py::test_total" in told
    assert "dies   sample/sums.py:3 constants: tests/test_sums.py::test_most" in told
    assert "LIVES  sample/sums.py:3 constants: runs at import; 2 of 2 passed" in told
    assert "LIVES  sample/sums.py:12 returns: no tests run it; 2 of 2 passed" in told
    assert "-    return a - MOST\n+    return None" in told


def test_the_score_leaves_out_what_nobody_could_tell(
    project: Path, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "equivalent.toml").write_text(EQUIVALENT, encoding="utf-8")
    mistakes = [each for each in sums(project) if each.change.kind == "operators"]
    assert try_random(mistakes, project, project.parent / "copies", settings)
    assert "1 died of 1 planted: 100.0%, 1 more are known to change nothing" in capsys.readouterr().out


def test_a_map_is_kept_for_the_same_code(project: Path, settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    try_random([], project, project.parent / "1", settings)
    made = settings.line_map.read_text("utf-8") if settings.line_map else ""
    try_random([], project, project.parent / "2", settings)
    assert settings.line_map is not None
    assert settings.line_map.read_text("utf-8") == made
    assert "of other code" not in capsys.readouterr().out
    (project / "tests" / "test_sums.py").write_text(TESTS + "\n", encoding="utf-8")
    try_random([], project, project.parent / "3", settings)
    assert "of other code, and made anew" in capsys.readouterr().out


def test_tests_that_can_not_be_mapped_are_refused(project: Path, settings: Settings) -> None:
    (project / "tests" / "test_sums.py").write_text("import nothing_of_this_name\n", encoding="utf-8")
    with pytest.raises(Refused, match="nothing_of_this_name"):
        try_random([], project, project.parent / "copies", settings)


def test_work_without_an_end_is_ended(project: Path) -> None:
    (project / "tests" / "test_sums.py").write_text("def test_total():\n    while True:\n        pass\n", "utf-8")
    ended, failed = run_tests(project, ["tests/test_sums.py::test_total"], [], work=3, wait=3600)
    assert (ended.code, failed) == (-signal.SIGXCPU, [])


def test_a_reason_is_needed_for_what_counts_no_more(project: Path, settings: Settings) -> None:
    (project / "equivalent.toml").write_text(EQUIVALENT.replace("nobody calls it", ""), encoding="utf-8")
    with pytest.raises(Refused, match="equivalent 1 needs after, before, file, why"):
        try_random([], project, project.parent / "copies", settings)
