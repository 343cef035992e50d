"""What does an operator give for each of 256 numbers? Computed once, in float32, as TensorFlow Lite fills its tables."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fanlight.importers.graphs.records import Node
from fanlight.importers.tflite.rules.fixed import ENDS, away


def functions() -> dict[str, Callable[..., Any]]:
    """Of (node, numbers), by operator."""
    import math

    import numpy as np

    def erf(x: Any) -> Any:
        return np.array([math.erf(each) for each in x])

    def gelu(node: Node, x: Any) -> Any:
        if node.attributes.get("approximate"):
            return 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))
        return 0.5 * x * (1 + erf(x / math.sqrt(2)))

    plain = {
        **{"ABS": np.abs, "CEIL": np.ceil, "COS": np.cos, "EXP": np.exp, "FLOOR": np.floor, "LOG": np.log},
        **{"NEG": np.negative, "ROUND": np.round, "SIGN": np.sign, "SIN": np.sin, "SQRT": np.sqrt},
        **{"SQUARE": np.square, "TANH": np.tanh, "RSQRT": lambda x: 1 / np.sqrt(x)},
        "LOGISTIC": lambda x: 1 / (1 + np.exp(-x)),
        "ELU": lambda x: np.where(x < 0, np.expm1(x), x),
        "HARD_SWISH": lambda x: x * np.clip(x + 3, 0, 6) / 6,
    }
    found: dict[str, Callable[..., Any]] = {name: lambda node, x, f=f: f(x) for name, f in plain.items()}
    found["GELU"] = gelu
    found["LEAKY_RELU"] = lambda node, x: np.where(x < 0, x * node.attributes["alpha"], x)
    return found


def results_of(node: Node, old: dict[str, Any], new: dict[str, Any]) -> Any:
    """The 256 results of a node, from its least operand up."""
    import numpy as np

    low, high = ENDS[old["dtype"]]
    least, most = ENDS[new["dtype"]]
    x = (np.arange(low, high + 1) - old["zero"]) * old["scale"]
    with np.errstate(all="ignore"):
        y = functions()[node.op](node, x) / new["scale"]
    whole = [away(each) if np.isfinite(each) else (most if each > 0 else least) for each in y.tolist()]
    return np.array([min(max(each + new["zero"], least), most) for each in whole], new["dtype"])
