"""The way in and out of the command line: the exit status, and one sentence for whatever was wrong."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Sequence

import click

from paramcalc.cli.commands import commands
from paramcalc.errors import NoSolution, ParamcalcError


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; exit status 0, 1 where the answer is no, 2 for bad input, said in one sentence."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    stdout = sys.stdout
    try:
        status = commands.main(arguments, prog_name="paramcalc", standalone_mode=False)
    except NoSolution as error:
        status = _print_error(str(error), 1)
    except ParamcalcError as error:
        status = _print_error(str(error), 2)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        status = 2
    except click.ClickException as error:
        status = _print_error(error.format_message(), 2)
    except click.Abort:
        status = 130
    except OSError as error:
        status = _unread_or_unwritten(error)
    except SystemExit as ended:  # with 1 by click itself, which then puts another stdout, where a pipe is broken
        status = ended.code if sys.stdout is stdout else 130
    raise SystemExit(status if isinstance(status, int) else 0)


def _unread_or_unwritten(error: OSError) -> int:
    """The status after an error of the system, which only where it came while printing is one of the output."""
    printing = any(frame.f_code is click.echo.__code__ for frame, _ in traceback.walk_tb(error.__traceback__))
    if printing and isinstance(error, BrokenPipeError):
        return 130
    where = "cannot write" if printing else error.filename or "cannot read what was asked for"
    return _print_error(f"{where}: {error.strerror or type(error).__name__}", 2)


def _print_error(message: str, status: int) -> int:
    click.echo(f"paramcalc: {' '.join(message.split())}", err=True)
    return status
