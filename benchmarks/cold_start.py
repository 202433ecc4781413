"""How long the command line takes from nothing, as a multiple of what Python and sympy take: a process for each run."""

from __future__ import annotations

import os
import shutil
import sys
import sysconfig
import tempfile
from functools import partial

from common import in_turn, machine, ratio, run_fresh, show

ROUNDS = 21
SYMPY, NOTHING = 'python -c "import sympy"', "python -c pass"
TABLE, SYMBOLIC = "paramcalc table amnl", "paramcalc table amnl --symbolic"
IMPORT = 'python -c "import paramcalc"'
PAIRS = [(TABLE, SYMPY), (TABLE, NOTHING), (SYMBOLIC, SYMPY), (IMPORT, SYMPY), (SYMPY, NOTHING)]


def commands() -> dict[str, list[str]]:
    """The command lines by name, all with the interpreter that runs this file."""
    script = shutil.which("paramcalc", path=sysconfig.get_path("scripts"))
    if script is None:
        raise SystemExit("cold_start: this Python has no command paramcalc, install the package first")
    return {
        NOTHING: [sys.executable, "-c", "pass"],
        SYMPY: [sys.executable, "-c", "import sympy"],
        IMPORT: [sys.executable, "-c", "import paramcalc"],
        TABLE: [sys.executable, script, "table", "amnl"],
        SYMBOLIC: [sys.executable, script, "table", "amnl", "--symbolic"],
    }


def main() -> None:
    """Measure and print."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    with tempfile.TemporaryDirectory() as folder:
        # One bytecode cache for all, filled by the first round, which does not count.
        environment["PYTHONPYCACHEPREFIX"] = folder
        runs = {name: partial(run_fresh, command, environment) for name, command in commands().items()}
        in_turn(runs, 1)
        samples = in_turn(runs, ROUNDS)
    print(f"Whole process over whole process, {ROUNDS} rounds in turn, bytecode compiled before.")
    print(f"{machine('paramcalc', 'sympy', 'click', 'tabulate')}.\n")
    rows = [[f"`{a}`", f"`{b}`", *ratio(samples[a], samples[b]).cells] for a, b in PAIRS]
    show(rows, ["Measured", "Against", "Ratio", "Lowest", "Highest"], texts=2)


if __name__ == "__main__":
    main()
