"""How big a neural network is, and why: exact closed forms for parameter counts."""
