"""What does an operator give for each of 256 numbers? Computed once, as TensorFlow Lite fills its tables."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fanlight.importers.graphs.records import Node
from fanlight.importers.tflite.rules.fixed import ENDS, away, multiplier_of, rounded_shift, scaled_number, single


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
    }
    found: dict[str, Callable[..., Any]] = {name: lambda node, x, f=f: f(x) for name, f in plain.items()}
    found["GELU"] = gelu
    return found


def leaky(node: Node, old: dict[str, Any], new: dict[str, Any]) -> list[int]:
    """Computed in whole numbers: by one factor above zero, by another below."""

    low, high = ENDS[old["dtype"]]
    plain = single(old["scale"] / new["scale"])
    slanted = single(single(old["scale"] * node.attributes["alpha"]) / new["scale"])
    factors = [multiplier_of(each) for each in (slanted, plain)]
    centred = [each - old["zero"] for each in range(low, high + 1)]
    return [new["zero"] + scaled_number(each, *factors[each >= 0]) for each in centred]


def hard_swish(node: Node, old: dict[str, Any], new: dict[str, Any]) -> list[int]:
    """Computed with 16 bits: x on a scale 128 times as fine, and (x + 3) / 6 between 0 and 1."""

    low, high = ENDS[old["dtype"]]
    fine = single(old["scale"] / 128)
    (m, shift), (slope, places) = (
        (min((m + (1 << 15)) >> 16, 32767), shift)
        for m, shift in map(multiplier_of, (single(fine / new["scale"]), single(fine / single(3 / 32768))))
    )
    found = []
    for q in range(low, high + 1):
        x = (q - old["zero"]) << 7
        part = x
        if places > 0:
            part = short(part << (places - 1))
        part = short((part * slope + (1 << 14)) >> 15)
        part = short(part << 1) if places > 0 else rounded_shift(part, -places)
        part = (part + (1 << 15)) >> 1
        product = part * ((x * m + (1 << 14)) >> 15)
        whole = abs(product) >> 15
        found.append(new["zero"] + rounded_shift(whole if product > 0 else -whole, -shift))
    return found


def short(x: int) -> int:
    return min(max(x, -32768), 32767)


def results_of(node: Node, old: dict[str, Any], new: dict[str, Any]) -> Any:
    """The 256 results of a node, from its least operand up."""
    import numpy as np

    low, high = ENDS[old["dtype"]]
    least, most = ENDS[new["dtype"]]
    if exact := {"LEAKY_RELU": leaky, "HARD_SWISH": hard_swish}.get(node.op):
        return np.array([min(max(each, least), most) for each in exact(node, old, new)], new["dtype"])
    x = (np.arange(low, high + 1) - old["zero"]) * old["scale"]
    with np.errstate(all="ignore"):
        y = functions()[node.op](node, x) / new["scale"]
    whole = [away(each) if np.isfinite(each) else (most if each > 0 else least) for each in y.tolist()]
    return np.array([min(max(each + new["zero"], least), most) for each in whole], new["dtype"])
