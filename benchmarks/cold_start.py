"""How long the command line takes from nothing, as a multiple of what Python and sympy take: a process for each run."""

from __future__ import annotations

import os
import shutil
import statistics
import sys
import sysconfig
import tempfile
from functools import partial
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from benchmarks.common import in_turn, machine, ratio, run_fresh, show

ROUNDS = 21
SYMPY, NOTHING = 'python -c "import sympy"', "python -c pass"
TABLE, SYMBOLIC = "paramcalc table amnl", "paramcalc table amnl --symbolic"
IMPORT = 'python -c "import paramcalc"'
CHECKPOINT = "paramcalc table model.safetensors"
PAIRS = [(CHECKPOINT, NOTHING), (TABLE, SYMPY), (TABLE, NOTHING), (SYMBOLIC, SYMPY), (IMPORT, SYMPY), (SYMPY, NOTHING)]


def commands(checkpoint: Path) -> dict[str, list[str]]:
    """The command lines by name, all with the interpreter that runs this file."""
    script = shutil.which("paramcalc", path=sysconfig.get_path("scripts"))
    if script is None:
        raise SystemExit("cold_start: this Python has no command paramcalc, install the package first")
    return {
        NOTHING: [sys.executable, "-c", "pass"],
        SYMPY: [sys.executable, "-c", "import sympy"],
        IMPORT: [sys.executable, "-c", "import paramcalc"],
        CHECKPOINT: [sys.executable, script, "table", str(checkpoint)],
        TABLE: [sys.executable, script, "table", "amnl"],
        SYMBOLIC: [sys.executable, script, "table", "amnl", "--symbolic"],
    }


def main() -> None:
    """Measure and print."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    with tempfile.TemporaryDirectory() as folder:
        # One bytecode cache for all, filled by the first round, which does not count.
        environment["PYTHONPYCACHEPREFIX"] = folder
        checkpoint = Path(folder) / "model.safetensors"
        save_file({f"layers.{number}.weight": np.zeros((64, 64)) for number in range(48)}, checkpoint)
        runs = {name: partial(run_fresh, command, environment) for name, command in commands(checkpoint).items()}
        in_turn(runs, 1)
        samples = in_turn(runs, ROUNDS)
    print(f"Whole process over whole process, {ROUNDS} rounds in turn, bytecode compiled before.")
    print(f"{machine('paramcalc', 'sympy', 'click', 'tabulate')}.\n")
    rows = [[f"`{a}`", f"`{b}`", *ratio(samples[a], samples[b]).cells] for a, b in PAIRS]
    show(rows, ["Measured", "Against", "Ratio", "Lowest", "Highest"], texts=2)
    more = [one - other for one, other in zip(samples[CHECKPOINT], samples[NOTHING], strict=True)]
    print(f"`{CHECKPOINT}` takes {statistics.median(more):.2f} s more than `{NOTHING}`; the aim is 0.2 s at most.")


if __name__ == "__main__":
    main()
