"""Trees that were built at points, as one tree with symbols."""
