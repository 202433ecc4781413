"""The docs, and what writes their generated parts: `python -m docs.generate`."""
