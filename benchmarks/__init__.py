"""What paramcalc costs and how it compares, measured by hand: `python -m benchmarks.compose`."""
