"""How the names of checkpoints end, by which they are told apart."""

from __future__ import annotations

TORCH_SUFFIXES = (".pt", ".pth", ".bin", ".ckpt")
SUFFIXES = (".safetensors", *TORCH_SUFFIXES)
INDEX_SUFFIX = ".json"  # of an index of shards
CHECKPOINTS = (*SUFFIXES, f".index{INDEX_SUFFIX}")
