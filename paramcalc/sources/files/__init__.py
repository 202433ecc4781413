"""Trees of checkpoint files: names, shapes and element types, never the weights. One file a format."""
