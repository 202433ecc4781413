"""What parameter counters say of tricky models, against the truth: the page docs/counters.md.

The counters go in an environment of their own, made for the run and thrown away, or in that of `--python`.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import subprocess
import sys
import tempfile
import venv
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")
HERE = Path(__file__).resolve().parent
PAGE = HERE.parent / "docs" / "counters.md"
REQUIREMENTS = HERE / "counters_requirements.txt"


def main() -> None:
    """Print the page, with --write also write it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--python", type=Path, help="an interpreter that has the packages of counters_requirements.txt")
    parser.add_argument("--write", action="store_true", help="write docs/counters.md")
    parser.add_argument("--measure", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.measure:
        sys.stdout.write(measured())
        return
    if given.python:
        text = run(given.python)
    else:
        with tempfile.TemporaryDirectory() as folder:
            text = run(environment(Path(folder)))
    sys.stdout.write(text)
    if given.write:
        PAGE.write_text(text, encoding="utf-8")


def environment(folder: Path) -> Path:
    """Make an environment with all counters and return its interpreter; a counter that pip refuses stays away."""
    venv.create(folder, with_pip=True)
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    if subprocess.run([*install, "-r", str(REQUIREMENTS)], check=False).returncode != 0:
        lines = [line for line in REQUIREMENTS.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
        for line in lines:
            subprocess.run([*install, "-c", str(REQUIREMENTS), line], check=False)
    return python


def run(python: Path) -> str:
    """Return the page as the interpreter of the counters makes it."""
    known = {**os.environ, "PYTHONPATH": str(HERE.parent), "PYTHONIOENCODING": "utf-8"}
    command = [str(python), __file__, "--measure"]
    try:
        done = subprocess.run(command, env=known, stdout=subprocess.PIPE, encoding="utf-8", check=False)
    except OSError as error:
        sys.exit(f"counters: {error}; expected the path of a Python interpreter")
    if done.returncode != 0:
        sys.exit(f"counters: {python} did not measure, see above; its packages are those of {REQUIREMENTS.name}")
    return done.stdout


def measured() -> str:
    """Ask every counter about every model, each time in a process of its own, and return the page."""
    from counter_calls import COUNTERS, Answer, answer
    from counter_search import SEARCHED, search_again
    from counters_page import page
    from tricky_models import MODELS

    answers: dict[tuple[str, str], Answer] = {}
    for model in MODELS:
        print(model, file=sys.stderr)
        died = Answer(error="the process died")
        answers |= {(model, name): alone(answer, model, name, died=died) for name in COUNTERS}
    print("the smallest modules", file=sys.stderr)
    return page(answers, {name: alone(search_again, name) for name in SEARCHED})


def alone(ask: Callable[..., T], *about: str, died: T | None = None) -> T:
    """Ask in a new process: counters leave hooks and patched functions behind, the more so when they fail.

    Where the process dies the answer is `died`, or an error where that is not given.
    """
    kind = "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"
    context = multiprocessing.get_context(kind)
    if kind == "forkserver":
        context.set_forkserver_preload(["torch", "transformers"])
    try:
        with ProcessPoolExecutor(1, mp_context=context) as pool:
            return pool.submit(ask, *about).result()
    except BrokenProcessPool:
        if died is None:
            raise
        return died


if __name__ == "__main__":
    main()
