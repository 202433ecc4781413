"""Sizes: symbols, expressions of them and the conditions that they meet, as text and at points."""
