"""Whether two trees hold the same tensors."""
