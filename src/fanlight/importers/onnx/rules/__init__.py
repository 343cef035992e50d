"""What does each ONNX operator mean? One rule each: from a node's operands and attributes to values.

`RULES` has them by kind. A rule is a function of (use, *operands); operands that are left out are None.
"""

from __future__ import annotations

from importlib import import_module

from fanlight.importers.graphs.table import RULES as ALL

FAMILIES = (  # each adds its own
    "attention",
    "choices",
    "contraction",
    "control",
    "drawing",
    "elementwise",
    "framing",
    "learners",
    "losses",
    "maxima",
    "movement",
    "neural",
    "quantized",
    "recurrent",
    "reduction",
    "resizing",
    "sampling",
    "sequences",
    "shapes",
    "signals",
    "trees",
    "vocabularies",
)
OTHERS = ("tf.", "tfl.")  # of TensorFlow and TensorFlow Lite, whose rules stand beside
for family in FAMILIES:
    import_module(f"{__name__}.{family}")
RULES = {kind: rule for kind, rule in ALL.items() if not kind.startswith(OTHERS)}
__all__ = ["FAMILIES", "RULES"]
