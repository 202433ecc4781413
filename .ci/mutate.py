"""Plant mistakes in copies of the project, one at a time; fail if the tests let one live.

    python .ci/mutate.py                            the listed mistakes of all rooms
    python .ci/mutate.py --room layers              those of one room
    python .ci/mutate.py --only "count once"        those whose title contains a text
    python .ci/mutate.py --random 150 --seed 1      a sample of small changes of the syntax, whatever is listed

A listed mistake stands in tests/ROOM/mistakes.toml: a title, a file, the text before (which the file contains exactly
once) and after, and the arguments for pytest with which it must be noticed. Whoever adds a check adds the mistake that
it is there for.

Random mistakes ask what nobody thought of listing. Each draw takes a room of the package, a file of it and one small
change: another comparison or operator, a term or a statement left out, a condition that always holds, a constant next
to the one there, arguments that change places, another return or default, other bounds of a slice. All tests run once
to see which of them run which line, and how long they take (--map FILE keeps that for as long as the code is the same).
A mistake is then held against the tests that run its line, the fastest first, up to --limit seconds of them; a run
without an end counts as noticed. What lives is shown with its diff, for a person to sort out: either a test is missing,
or nobody could tell, which .ci/equivalent.toml then says with the reason, so that it counts no more. The same seed
draws the same mistakes from the same code.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

from mutation.listed import try_listed
from mutation.mistakes import Refused, read_mistakes
from mutation.random.report import Settings, try_random
from mutation.random.sample import rooms, sample
from mutation.runs import limit_memory

ROOT = Path(__file__).parent.parent
PACKAGE = "paramcalc"


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--room", help="only mistakes of this room: layers, sizes, ...")
    parser.add_argument("-j", "--jobs", type=int, default=os.cpu_count() or 1, help="so many at a time (%(default)s)")
    parser.add_argument("--memory", type=float, default=8, metavar="GB", help="for each process (%(default)s)")
    listed = parser.add_argument_group("listed mistakes")
    listed.add_argument("--only", metavar="TEXT", default="", help="only mistakes whose title contains this")
    drawn = parser.add_argument_group("random mistakes")
    drawn.add_argument("--random", type=int, metavar="N", help="plant so many of these instead")
    drawn.add_argument("--seed", type=int, default=1, help="which ones (%(default)s)")
    drawn.add_argument("--limit", type=float, default=120, help="seconds of tests for each (%(default)s)")
    drawn.add_argument("--map", type=Path, metavar="FILE", help="keep here which tests run which lines")
    drawn.add_argument("--show", action="store_true", help="show what would be planted, and run nothing")
    return parser.parse_args()


def listed(chosen: argparse.Namespace, folder: Path) -> bool:
    every = [each for each in read_mistakes(ROOT) if chosen.only in each.title]
    mistakes = [each for each in every if chosen.room in (None, each.room)]
    if not mistakes:
        raise Refused("there is no such mistake")
    return try_listed(mistakes, ROOT, folder, chosen.jobs)


def drawn(chosen: argparse.Namespace, folder: Path) -> bool:
    files = rooms(ROOT, PACKAGE)
    if chosen.room not in (None, *files):
        raise Refused(f"the rooms are {', '.join(files)}")
    mistakes = sample(ROOT, {chosen.room: files[chosen.room]} if chosen.room else files, chosen.random, chosen.seed)
    if chosen.show:
        print("\n".join(f"{each.title}\n{each.diff}" for each in mistakes))
        return True
    settings = Settings(PACKAGE, chosen.jobs, chosen.limit, chosen.map, ROOT / ".ci" / "equivalent.toml")
    return try_random(mistakes, ROOT, folder, settings)


def main() -> None:
    chosen = options()
    limit_memory(chosen.memory)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        try:
            done = (listed if chosen.random is None else drawn)(chosen, Path(folder))
        except Refused as refusal:
            sys.exit(str(refusal))
    sys.exit(0 if done else 1)


if __name__ == "__main__":
    main()
