"""Print the page docs/counters.md, made in an environment of the counters; with --write also write it.

The environment is made for the run and thrown away, or is that of --python.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from benchmarks.counters.environment import ROOT, environment, page_of

PAGE = ROOT / "docs" / "counters.md"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.counters", description=__doc__)
    parser.add_argument("--python", type=Path, help="an interpreter that has the packages of requirements.txt")
    parser.add_argument("--write", action="store_true", help="write docs/counters.md")
    given = parser.parse_args()
    if given.python:
        text = page_of(given.python)
    else:
        with tempfile.TemporaryDirectory() as folder:
            text = page_of(environment(Path(folder)))
    sys.stdout.write(text)
    if given.write:
        PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
