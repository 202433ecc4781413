"""The docs: generated parts are current, links lead somewhere, and every layer has its line."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import pytest

from docs import generate
from paramcalc.cli import main
from paramcalc.layers import CATALOGUE

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "paramcalc"
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / "benchmarks" / "README.md"])


def test_generated_parts_are_current() -> None:
    assert generate.stale() == [], "run python -m docs.generate"


def test_a_page_that_should_not_be_there_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(ROOT / "docs", tmp_path / "docs")
    (tmp_path / "README.md").symlink_to(ROOT / "README.md")
    monkeypatch.setattr(generate, "ROOT", tmp_path)
    assert generate.stale() == []
    (tmp_path / "docs" / "atlas" / "0.md").write_text("", encoding="utf-8")
    (tmp_path / "docs" / "atlas" / "g.md").unlink()
    assert generate.stale() == ["docs/atlas/g.md", "docs/atlas/0.md"]
    generate.write()
    assert generate.stale() == []


def test_every_generated_part_stands_in_a_page() -> None:
    marked = {name for page in PAGES for name in re.findall(r"<!-- begin ([a-z-]+) -->", page.read_text("utf-8"))}
    assert marked == generate.PARTS.keys()


def test_a_stale_part_is_noticed() -> None:
    text = "<!-- begin amnl-hidden -->\nN = 1\n<!-- end amnl-hidden -->\n"
    assert "48 h^{2}" in generate.current(text)
    assert generate.current(generate.current(text)) == generate.current(text)


@pytest.mark.parametrize("name", sorted(CATALOGUE))
def test_every_layer_has_its_line(name: str) -> None:
    lines = (ROOT / "docs" / "catalogue.md").read_text("utf-8").splitlines()
    (line,) = [line for line in lines if line.startswith(f"| [{name}](")]
    assert len(re.split(r"(?<!\\)\|", line)) == 5


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    text = page.read_text("utf-8")
    headings = {
        re.sub(r"[^a-z0-9_ -]", "", each.lower()).replace(" ", "-") for each in re.findall(r"^#+ (.*)$", text, re.M)
    }
    links = re.findall(r"\]\(([^)]+)\)", text)
    inside = [link for link in links if link.startswith("#")]
    outside = [link for link in links if "://" not in link and link not in inside]
    assert not [link for link in inside if link[1:] not in headings]
    assert not [link for link in outside if not (page.parent / link.split("#")[0]).is_file()]


def test_the_commands_of_the_readme_run(capsys: pytest.CaptureFixture[str]) -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    commands = re.findall(r"`(paramcalc [^`]+)`", text)
    assert len(commands) >= 6
    for command in commands:
        with pytest.raises(SystemExit) as stop:
            main(shlex.split(command)[1:])
        assert stop.value.code == (1 if " diff " in command else 0), command
    answer = re.findall(r"```text\n(.*?)```", text, re.DOTALL)
    main_output = capsys.readouterr().out
    assert answer
    assert all(part in main_output for part in answer)


@pytest.mark.parametrize("page", ["CONTRIBUTING.md", "docs/architecture.md"])
def test_files_that_are_named_are_there(page: str) -> None:
    named = re.findall(r"`(\.?[a-z_/]+(?:\.(?:py|md|toml)|/))`", (ROOT / page).read_text("utf-8"))
    names = {path.name for path in PACKAGE.rglob("*.py")}  # by which a page calls what is beside a file just named
    missing = [each for each in named if each not in names and not any((at / each).exists() for at in (ROOT, PACKAGE))]
    assert len(named) > 20
    assert not missing


def test_every_folder_of_the_package_has_its_line() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    folders = {path.parent.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py") if "__" not in path.name}
    assert folders - {"."} == set(re.findall(r"^\| `([a-z_/]+)/` \|", page, re.M))
