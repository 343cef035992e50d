"""What does each of TensorFlow's operations mean? One rule each: from a node's operands and attributes to values.

`RULES` has them as `tf.Conv2D`. A rule is a function of (use, *operands).
"""

from __future__ import annotations

from importlib import import_module

from fanlight.importers.graphs.table import RULES

FAMILIES = (  # each adds its own
    "activations",
    "choices",
    "colours",
    "contraction",
    "control",
    "convolution",
    "creation",
    "elementwise",
    "filters",
    "images",
    "indexing",
    "lists",
    "movement",
    "normalization",
    "pooling",
    "reduction",
    "signals",
    "tables",
)
for family in FAMILIES:
    import_module(f"{__name__}.{family}")
__all__ = ["FAMILIES", "RULES"]
