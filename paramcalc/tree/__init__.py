"""The one tree: blocks that hold named tensors, what is tied, how copies are named, totals, JSON."""
