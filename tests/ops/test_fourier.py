"""Are Fourier transforms of every kind of length accurate, and are their tables computed once?"""

import numpy as np
import pytest

from fanlight.compiler import compile
from fanlight.engines.wasm import WasmEngine
from fanlight.errors import ShapeError
from fanlight.ir.dim import size
from fanlight.ir.graph import Graph, Input, apply
from fanlight.ir.module import Module
from fanlight.ir.types import Type
from fanlight.ops import functions as fn

EPSILON = 2.0**-23
# One product; two and three factors; primes: one product, beside small factors, and by a chirp.
LENGTHS = [1, 2, 7, 16, 32, 60, 127, 131, 254, 262, 400]
LONG = [257, 512, 1000, 1009, 1024, 4096, 5000]


def compiled(function, *shapes):
    inputs = tuple(apply(Input(f"x{k}", Type("float32", shape))) for k, shape in enumerate(shapes))
    outputs = {f"y{k}": y for k, y in enumerate(function(*inputs))}
    return compile(Module({"f": Graph(inputs, outputs)}, {}))


def run(function, *arrays, shapes=None):
    made = compiled(function, *(shapes or [x.shape for x in arrays]))
    engine = WasmEngine(made.program, made.code)
    return list(engine.call("f", {f"x{k}": x for k, x in enumerate(arrays)}).values())


def transforms(real, imaginary):
    """A transform, one of the real part, and the way back."""
    half = fn.rfft(real)
    return *fn.fft((real, imaginary)), *half, fn.irfft(half, real.shape[-1])


def error(found, expected):
    return np.linalg.norm(found - expected) / np.linalg.norm(expected)


@pytest.mark.parametrize("n", [*LENGTHS, *(pytest.param(n, marks=pytest.mark.full) for n in LONG)])
def test_accuracy(n):
    rng = np.random.default_rng(n)
    real, imaginary = (rng.normal(size=(3, n)).astype("float32") for _ in range(2))
    x = real.astype("float64") + 1j * imaginary
    y0, y1, half0, half1, back = (y.astype("float64") for y in run(transforms, real, imaginary))
    allowed = 4 * EPSILON * max(1, np.sqrt(np.log2(n)))
    assert error(y0 + 1j * y1, np.fft.fft(x)) < allowed
    assert error(half0 + 1j * half1, np.fft.rfft(x.real)) < allowed
    assert error(back, x.real) < allowed


def test_tables_are_computed_once_and_products_are_contracted():
    program = compiled(lambda x, y: fn.fft((x, y)), (4, 1024), (4, 1024)).program
    assert program.derivations
    assert not any(kernel.name.startswith("roots") for kernel in program.procedures["f"].kernels)
    kinds = [kernel.kind for kernel in program.procedures["f"].kernels]
    assert "reduce" not in kinds and kinds.count("contract") == 2


def test_open_batches():
    x = np.random.default_rng(0).normal(size=(3, 2, 48)).astype("float32")
    batch = size("batch", 1, 8)
    found = run(lambda x: fn.stft(x, 16, 8, 16), x, shapes=[(batch, 2, 48)])
    for ours, expected in zip(found, run(lambda x: fn.stft(x, 16, 8, 16), x), strict=True):
        np.testing.assert_array_equal(ours, expected)


def test_wrong_signals_are_refused():
    x = fn.zeros((2, 8))
    for call in (
        lambda: fn.fft(x),
        lambda: fn.fft((x, fn.zeros((2, 7)))),
        lambda: fn.rfft(fn.zeros((2, size("n", 1, 9)))),
        lambda: fn.fft2((fn.zeros((3,)), fn.zeros((3,)))),
        lambda: fn.stft(x, 8, 2, 4),
        lambda: fn.stft(x, 4, 2, 4, window="flat"),
        lambda: fn.stft(x, 4, 2, 4, window=fn.zeros((3,))),
        lambda: fn.istft((fn.zeros((5,)), fn.zeros((5,))), 8, 2, 8),
    ):
        with pytest.raises(ShapeError, match="expected"):
            call()
