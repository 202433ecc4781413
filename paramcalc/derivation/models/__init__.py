"""Models built at points: which points, what was built, and whether a tree predicts it."""
