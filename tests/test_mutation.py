"""Planted mistakes: what lives is told, what can not be planted is refused, and the code is as it was afterwards."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from mutation.copies import Copies, planted
from mutation.listed import try_listed
from mutation.mistakes import Refused, check, read_mistakes
from mutation.runs import TOOLS, run_pytest

SUMS = '''"""Sums."""


def total(a: int, b: int) -> int:
    """Return a sum."""
    return a + b


def unused(a: int) -> int:
    return a * 2
'''
TESTS = """from sample.sums import total


def test_total() -> None:
    assert total(1, 2) == 3
"""
DIES = """[[mistake]]
title = "a sum is a difference"
file = "sample/sums.py"
before = "a + b"
after = "a - b"
tests = ["tests/test_sums.py"]
"""
LIVES = """
[[mistake]]
title = "nothing is doubled"
file = "sample/sums.py"
before = '''
    return a * 2
'''
after = '''
    return a
'''
tests = ["tests/test_sums.py", "-k", "total"]
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    root = tmp_path / "project"
    texts = {"sample/__init__.py": "", "sample/sums.py": SUMS, "tests/test_sums.py": TESTS, ".gitignore": "/build/\n"}
    for name, text in {**texts, "build/sample/sums.py": "", "tests/sums/mistakes.toml": DIES + LIVES}.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    return root


def with_mistakes(root: Path, text: str) -> Path:
    (root / "tests" / "sums" / "mistakes.toml").write_text(text, encoding="utf-8")
    return root


def test_what_lives_is_told(project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert not try_listed(read_mistakes(project), project, tmp_path / "copies", 2)
    dies, lives, end = capsys.readouterr().out.splitlines()
    assert dies == "dies   a sum is a difference"
    assert lives.startswith("LIVES  nothing is doubled: pytest ended with 0: 1 passed")
    assert end == "1 passed, 1 failed"


def test_all_is_well_where_all_die(project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert try_listed(read_mistakes(with_mistakes(project, DIES)), project, tmp_path / "copies", 2)
    assert capsys.readouterr().out.endswith("1 passed, 0 failed\n")


def test_tests_that_are_not_there_notice_nothing(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mistakes = read_mistakes(with_mistakes(project, DIES.replace("test_sums", "test_products")))
    assert not try_listed(mistakes, project, tmp_path / "copies", 1)
    assert "pytest ended with 4" in capsys.readouterr().out


def test_the_code_is_as_it_was(project: Path, tmp_path: Path) -> None:
    try_listed(read_mistakes(project), project, tmp_path / "copies", 1)
    copied = tmp_path / "copies" / "copy-0" / "sample" / "sums.py"
    assert copied.read_text("utf-8") == (project / "sample" / "sums.py").read_text("utf-8") == SUMS


def test_a_file_is_restored_after_an_error(project: Path) -> None:
    path = project / "sample" / "sums.py"
    then = path.stat().st_mtime_ns

    def fail() -> None:
        with planted(path, "else"):
            raise ValueError(path.read_text("utf-8"))

    with pytest.raises(ValueError, match="else"):
        fail()
    assert (path.read_text("utf-8"), path.stat().st_mtime_ns) == (SUMS, then)


def test_texts_of_one_size_have_their_own_times(project: Path) -> None:
    path = project / "sample" / "sums.py"
    times = {path.stat().st_mtime}
    for text in (SUMS.replace("+", "-"), SUMS.replace("+", "*")):
        with planted(path, text):
            times.add(path.stat().st_mtime)
    assert len(times) == 3


def test_what_git_ignores_is_not_copied(project: Path, tmp_path: Path) -> None:
    (copy,) = Copies(project, tmp_path / "copies", 1).all
    assert (copy / "sample").is_dir()
    assert not (copy / "build").exists()


@pytest.mark.parametrize(
    ("before", "fault"),
    [("return", "'return' stands 2 times in sample/sums.py"), ("a / b", "'a / b' stands 0 times in sample/sums.py")],
)
def test_what_does_not_stand_there_once_is_refused(project: Path, tmp_path: Path, before: str, fault: str) -> None:
    mistakes = read_mistakes(with_mistakes(project, DIES.replace('"a + b"', f'"{before}"') + LIVES))
    with pytest.raises(Refused) as refusal:
        try_listed(mistakes, project, tmp_path / "copies", 1)
    assert str(refusal.value) == f"a sum is a difference: {fault}"


def test_a_file_that_is_gone_is_refused(project: Path) -> None:
    mistakes = read_mistakes(with_mistakes(project, DIES.replace("sums.py", "products.py", 1)))
    with pytest.raises(Refused, match=r"there is no file sample/products\.py"):
        check(mistakes, project)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (DIES + DIES, "several mistakes are called 'a sum is a difference'"),
        (DIES + 'reason = "none"\n', "mistake 1: reason = 'none'"),
        (DIES.replace('"a - b"', "7"), "mistake 1: after = 7"),
        (DIES.replace('after = "a - b"\n', ""), "mistake 1: no after"),
        (DIES.replace("[[mistake]]", "[[mistakes]]"), "[[mistake]] tables and nothing else"),
        ("title", "mistakes.toml: "),
    ],
)
def test_data_that_is_not_understood_is_refused(project: Path, text: str, fault: str) -> None:
    with pytest.raises(Refused) as refusal:
        read_mistakes(with_mistakes(project, text))
    assert fault in str(refusal.value)


def test_examples_are_shrunk_where_that_is_asked_for(project: Path, tmp_path: Path) -> None:
    asks = 'import os\n\ndef test_total() -> None:\n    assert "FIRST_FAILURE" in os.environ\n'
    (project / "tests" / "test_sums.py").write_text(asks, encoding="utf-8")
    assert not try_listed(read_mistakes(with_mistakes(project, DIES)), project, tmp_path / "1", 1)
    assert try_listed(read_mistakes(with_mistakes(project, DIES + "shrink = true\n")), project, tmp_path / "2", 1)


def test_the_listed_mistakes_have_their_places() -> None:
    root = TOOLS.parent
    mistakes = read_mistakes(root)
    assert len(mistakes) > 100
    check(mistakes, root)


def test_a_run_without_an_end_is_ended(project: Path) -> None:
    (project / "tests" / "test_sums.py").write_text("while True:\n    pass\n", encoding="utf-8")
    assert run_pytest(project, ["tests"], 2, {}).code is None


def test_memory_is_limited() -> None:
    code = "from mutation.runs import limit_memory; limit_memory(1); bytearray(2**31)"
    done = subprocess.run([sys.executable, "-c", code], cwd=TOOLS, capture_output=True, text=True, check=False)
    assert "MemoryError" in done.stderr
