"""Trees, closed forms and comparisons as text. Renderers lay out what the table holds and compute nothing."""
