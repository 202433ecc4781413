"""A tree as JSON, and back."""
