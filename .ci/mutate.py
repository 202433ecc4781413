"""Plant mistakes in copies of the project, one at a time; fail if the tests let one live.

    python .ci/mutate.py                            the mistakes of all rooms
    python .ci/mutate.py --room layers              those of one room
    python .ci/mutate.py --only "count once"        those whose title contains a text

A mistake stands in tests/ROOM/mistakes.toml: a title, a file, the text before (which the file contains exactly
once) and after, and the arguments for pytest with which it must be noticed. Whoever adds a check adds the mistake that
it is there for.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

from mutation.listed import try_listed
from mutation.mistakes import Refused, read_mistakes
from mutation.runs import limit_memory

ROOT = Path(__file__).parent.parent


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--room", help="only mistakes of this room: layers, sizes, ...")
    parser.add_argument("-j", "--jobs", type=int, default=os.cpu_count() or 1, help="so many at a time (%(default)s)")
    parser.add_argument("--memory", type=float, default=8, metavar="GB", help="for each process (%(default)s)")
    parser.add_argument("--only", metavar="TEXT", default="", help="only mistakes whose title contains this")
    return parser.parse_args()


def listed(chosen: argparse.Namespace, folder: Path) -> bool:
    every = [each for each in read_mistakes(ROOT) if chosen.only in each.title]
    mistakes = [each for each in every if chosen.room in (None, each.room)]
    if not mistakes:
        raise Refused("there is no such mistake")
    return try_listed(mistakes, ROOT, folder, chosen.jobs)


def main() -> None:
    chosen = options()
    limit_memory(chosen.memory)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        try:
            done = listed(chosen, Path(folder))
        except Refused as refusal:
            sys.exit(str(refusal))
    sys.exit(0 if done else 1)


if __name__ == "__main__":
    main()
