"""What does each of TensorFlow Lite's operators mean? One rule each: from a node's operands and attributes to values.

`RULES` has them as `tfl.CONV_2D`. Where TensorFlow's operation of that name means the same, its function is the rule.
"""

from __future__ import annotations

from importlib import import_module

from fanlight.importers.graphs.table import RULES

FAMILIES = (  # each adds its own
    "activations",
    "arithmetic",
    "control",
    "convolution",
    "elementwise",
    "images",
    "movement",
    "quantizing",
    "recurrent",
    "reduction",
    "refused",
)
for family in FAMILIES:
    import_module(f"{__name__}.{family}")
__all__ = ["FAMILIES", "RULES"]
