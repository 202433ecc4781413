"""The command line: the only room that prints or exits."""

from paramcalc.cli.entry import main

__all__ = ["main"]
