"""Numbers that were seen at points, as exact expressions."""
