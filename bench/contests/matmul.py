"""How long does a product of two square matrices take, 64 to 1024, beside all peers? Both are inputs: packing
counts."""

from __future__ import annotations

import numpy as np
from contests.contest import Job, run_contest
from contests.onnx_file import onnx_file
from contests.tflite_file import Step, tflite_file
from report import Report

import fanlight as fl

SIZES = (64, 128, 256, 512, 1024)
SHARE, FROM = 0.85, 256  # of the peak, from this size on
TITLE = "products of two matrices that are both inputs"


def product(n: int) -> Job:
    """`y = a @ b` of n x n matrices."""
    random = np.random.default_rng(n)
    a, b = (random.uniform(-1, 1, (n, n)).astype(np.float32) / np.sqrt(n, dtype=np.float32) for _ in range(2))
    shapes = dict.fromkeys(("a", "b", "y"), (n, n))
    return Job(
        name=f"matmul{n}",
        call=lambda state, a, b: fl.matmul(a, b),
        inputs={"a": a, "b": b},
        flops=2 * n**3,
        onnx=onnx_file([("MatMul", ("a", "b"), ("y",), {})], {"a": (n, n), "b": (n, n)}, ("y", (n, n)), {}),
        tflite=tflite_file(
            [Step("BATCH_MATMUL", ("a", "b"), ("y",), "BatchMatMulOptions")], shapes, {}, ["a", "b"], ["y"]
        ),
        backends=("wasm",),
        share=SHARE if n >= FROM else None,
    )


def measure(quick: bool) -> Report:
    return run_contest("matmul", TITLE, [product(n) for n in SIZES], quick)
