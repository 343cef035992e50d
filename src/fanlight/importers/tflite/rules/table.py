"""Where do TensorFlow Lite's rules stand, and how do they take numbers of 8 bits? In the table of all graphs.

A number q of 8 bits stands for (q - zero) * scale. A rule takes such numbers as they are ("raw": what moves and orders
them), by a table of all 256 ("table"), as floats that become 8 bits again ("float"), or by its own arithmetic ("own").
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from fanlight.importers.graphs.run import DTYPE_OF
from fanlight.importers.graphs.table import Function, rule
from fanlight.importers.tflite.rules.fixed import BYTES, dequantized, quantized, requantized
from fanlight.ir.graph import Value
from fanlight.ops import functions as fn

WAYS = ("raw", "table", "float", "own")


def op(
    *names: str,
    bytes_: str = "float",
    settings: tuple[int, ...] = (),
    parameters: tuple[int, ...] = (),
    note: str = "",
    said: Mapping[str, str] | None = None,
) -> Callable[[Function], Function]:
    """Adds a function to the table, under one or several operators. `said` are attributes under the names by which
    another format's function knows them."""
    assert bytes_ in WAYS, bytes_

    def add(function: Function) -> Function:
        for name in names:
            run = with_bytes(function, bytes_, said or {})
            rule(f"tfl.{name}", settings=settings, parameters=parameters, note=note)(run)
            TAKES[name] = bytes_
        return function

    return add


TAKES: dict[str, str] = {}  # how an operator takes 8-bit numbers


def with_bytes(function: Callable[..., Any], way: str, said: Mapping[str, str]) -> Callable[..., Any]:
    """The rule, for operands of 8 bits too."""

    def run(use: Any, *operands: Any) -> Any:
        if said:
            own = use.node.attributes
            more = {theirs: own[ours] for theirs, ours in said.items() if ours in own}
            use = replace(use, node=replace(use.node, attributes={**own, **more}))
        if way == "own" or not is_quantized(use):
            return function(use, *operands)
        check(use)
        if way == "table":
            *_, x, table = operands
            return fn.gather(table, [fn.subtract(fn.cast(x, "int32"), -128 if x.dtype == "int8" else 0)], (0,))
        if way == "float":
            operands = tuple(as_float(use, k, x) for k, x in enumerate(operands))
        results = function(use, *operands)
        several = results if isinstance(results, tuple) else (results,)
        first = next((each for k in range(len(operands)) if (each := given(use, k)) and each["dtype"] in BYTES), None)
        found = tuple(as_made(use, k, y, first) for k, y in enumerate(several))
        return found if isinstance(results, tuple) else found[0]

    return run


def is_quantized(use: Any) -> bool:
    """Whether some number that it reads or gives is one of 8 bits with a scale."""
    return any(each and each["dtype"] in BYTES for name in ("given", "made") for each in use[name] or ())


def check(use: Any) -> None:
    for name in ("given", "made"):
        if any(each and "axis" in each for each in use[name] or ()):
            raise use.refuse("one scale for all of a tensor", "one for each channel")


def given(use: Any, k: int) -> dict[str, Any] | None:
    """How operand k is quantized."""
    return at(use["given"], k)


def made(use: Any, k: int = 0) -> dict[str, Any] | None:
    """How result k is quantized."""
    return at(use["made"], k)


def at(entries: Any, k: int) -> dict[str, Any] | None:
    return entries[k] if entries and k < len(entries) else None


def as_float(use: Any, k: int, x: Value | None) -> Value | None:
    said = given(use, k)
    return dequantized(x, said) if x is not None and said and x.dtype in BYTES else x


def as_made(use: Any, k: int, y: Value, first: dict[str, Any] | None) -> Value:
    """A result as its tensor holds it: floats rounded to 8 bits, 8 bits of another scale to its own."""
    said = made(use, k)
    if said is None or said["dtype"] not in BYTES:
        return y
    if y.dtype == "float32":
        return quantized(y, said)
    return y if first is None or y.dtype not in BYTES else requantized(y, first, said)


def dtype_of(use: Any, name: Any) -> str:
    """The dtype that arithmetic is done in for one of TensorFlow Lite's."""
    if name not in DTYPE_OF:
        raise use.refuse(f"a dtype of {', '.join(DTYPE_OF)}", name)
    return DTYPE_OF[name]
