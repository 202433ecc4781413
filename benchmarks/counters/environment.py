"""The environment of the counters: their packages beside the code of this repository, and the page made in it."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
REQUIREMENTS = Path(__file__).with_name("requirements.txt")


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


def page_of(python: Path) -> str:
    """Return the page as the interpreter of the counters makes it."""
    known = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"}
    command = [str(python), "-m", "benchmarks.counters.measure"]
    try:
        done = subprocess.run(command, env=known, stdout=subprocess.PIPE, encoding="utf-8", check=False)
    except OSError as error:
        sys.exit(f"counters: {error}; expected the path of a Python interpreter")
    if done.returncode != 0:
        sys.exit(f"counters: {python} did not measure, see above; its packages are those of {REQUIREMENTS.name}")
    return done.stdout
