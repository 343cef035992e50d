"""What do TensorFlow Lite's elementwise operators mean? What TensorFlow's of the same names do; casts and choices."""

from __future__ import annotations

from typing import Any

import fanlight.importers.tensorflow.rules.elementwise as tensorflow
from fanlight.importers.tflite.rules.table import dtype_of, op
from fanlight.ir.graph import Value
from fanlight.ops import functions as fn

TABLED = {  # of 8-bit numbers each has one of 256 results
    **{"ABS": "Abs", "CEIL": "Ceil", "COS": "Cos", "EXP": "Exp", "FLOOR": "Floor", "LOG": "Log", "NEG": "Neg"},
    **{"ROUND": "Round", "RSQRT": "Rsqrt", "SIGN": "Sign", "SIN": "Sin", "SQRT": "Sqrt", "SQUARE": "Square"},
}
COMPARED = {
    **{"EQUAL": "Equal", "NOT_EQUAL": "NotEqual", "GREATER": "Greater", "GREATER_EQUAL": "GreaterEqual"},
    **{"LESS": "Less", "LESS_EQUAL": "LessEqual"},
}
OTHERS = {
    **{"ATAN2": "Atan2", "BITWISE_XOR": "BitwiseXor", "FLOOR_DIV": "FloorDiv", "FLOOR_MOD": "FloorMod"},
    **{"LOGICAL_AND": "LogicalAnd", "LOGICAL_OR": "LogicalOr"},
}
for _name, _theirs in TABLED.items():
    op(_name, bytes_="table")(tensorflow.one(tensorflow.UNARY.get(_theirs, fn.negative)))
for _name, _theirs in {**COMPARED, **OTHERS}.items():
    op(_name)(tensorflow.two(tensorflow.BINARY[_theirs]))
for _name in ("Maximum", "Minimum"):
    op(_name.upper())(tensorflow.two(tensorflow.BINARY[_name]))
op("LOGICAL_NOT")(tensorflow.one(fn.logical_not))
op("POW")(tensorflow.power)
op("SQUARED_DIFFERENCE")(tensorflow.squared_difference)
op("RIGHT_SHIFT", bytes_="raw")(tensorflow.right_shift)
op("SELECT", bytes_="raw")(tensorflow.select)
op("SELECT_V2", bytes_="raw")(tensorflow.select_broadcast)


@op("CAST", bytes_="raw")
def cast(use: Any, x: Value) -> Value:
    """To the dtype that the result has."""
    return fn.cast(x, dtype_of(use, use["dtypes"][0]))
