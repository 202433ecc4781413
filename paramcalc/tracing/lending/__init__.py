"""Code that is run once with functions, types and constants that keep the memory of traced numbers."""
