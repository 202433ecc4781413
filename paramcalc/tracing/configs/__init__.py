"""Configs of transformers: the models of one with other sizes, and what its class makes of its fields."""
