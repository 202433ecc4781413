"""`python -m paramcalc` is the command line."""

from paramcalc.cli import main

if __name__ == "__main__":
    main()
