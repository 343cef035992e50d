"""What do TensorFlow's products of matrices mean? MatMul, its batches, with fused activations; Einsum; inverses."""

from __future__ import annotations

from typing import Any

from fanlight.importers.tensorflow.rules.activations import finished
from fanlight.importers.tensorflow.rules.table import dtype_named, op
from fanlight.ir.graph import Value
from fanlight.ops import functions as fn


def turned(x: Value, wanted: Any) -> Value:
    return fn.swapaxes(x, -1, -2) if wanted else x


@op("MatMul")
def matmul(use: Any, x: Value, y: Value) -> Value:
    return fn.matmul(turned(x, use["transpose_a"]), turned(y, use["transpose_b"]))


@op("_FusedMatMul", parameters=(2,), note="other fused operations than BiasAdd, Add and activations")
def fused_matmul(use: Any, x: Value, y: Value, *rest: Value) -> Value:
    return finished(use, matmul(use, x, y), rest)


@op("BatchMatMul", "BatchMatMulV2")
def batch_matmul(use: Any, x: Value, y: Value) -> Value:
    return fn.matmul(turned(x, use["adj_x"]), turned(y, use["adj_y"]))


@op("BatchMatMulV3")
def batch_matmul_as(use: Any, x: Value, y: Value) -> Value:
    dtype = dtype_named(use, use["Tout"])
    return batch_matmul(use, fn.cast(x, dtype), fn.cast(y, dtype))


@op("Cross")
def cross(use: Any, x: Value, y: Value) -> Value:
    return fn.cross(x, y)


@op("MatrixInverse")
def inverse(use: Any, x: Value) -> Value:
    return turned(fn.inv(x), use["adjoint"])


@op("Cholesky")
def cholesky(use: Any, x: Value) -> Value:
    return fn.cholesky(x)


@op("Einsum")
def einsum(use: Any, *xs: Value) -> Value:
    return fn.einsum(use["equation"], *xs)
