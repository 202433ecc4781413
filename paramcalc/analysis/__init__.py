"""What is asked of a tree: breakdown, closed form, storage, the largest size, counts in bulk, differences."""
