"""Does the look-up of kernels by their buffers say what a walk over all of them says, also after renaming?"""

from dataclasses import replace

import fanlight as fl
from fanlight.compiler import compile
from fanlight.lowering.fuse import rename
from fanlight.lowering.touched import Touched


def same(found: Touched, kernels, buffers) -> None:
    assert found.kernels == kernels
    for buffer in buffers:
        assert found.writer(buffer) == next((each for each in kernels if buffer in each.written), None), buffer


def test_it_says_what_a_walk_says():
    model = fl.Sequential([fl.Input((5, 3)), fl.layers.GRU(4, return_sequences=True), fl.layers.Dense(2)])
    model.compile("adam", "mse")
    kernels = list(compile(model.module()).program.procedures["train_step"].kernels)
    found, buffers = Touched(kernels), sorted({buffer for kernel in kernels for buffer in kernel.touched})
    assert len(kernels) > 5 and any(found.writer(buffer) is None for buffer in buffers)
    same(found, kernels, buffers)
    for k, buffer in enumerate(buffers[::3]):
        found.rename(buffer, f"new{k}", rename)
        kernels = [rename(each, {buffer: f"new{k}"}) for each in kernels]
        buffers.append(f"new{k}")
    same(found, kernels, buffers)
    last = next(each for each in kernels if each.written)
    found.append(last)
    kernels = [*kernels, last]
    same(found, kernels, buffers)
    (buffer, *_) = last.written
    found.replace_writer(buffer, other := replace(last, name="other"))
    kernels[kernels.index(last)] = other
    same(found, kernels, buffers)
