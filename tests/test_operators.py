"""Is arithmetic with tensors written as in NumPy: operators, methods, lists, formats, NumPy's own functions?"""

import numpy as np
import pytest

import fanlight as fl
from fanlight.errors import DtypeError


def test_operators_follow_numpy():
    a = np.arange(6, dtype=np.float32).reshape(2, 3) + 1
    b = np.array([2.0, 4.0, 8.0], np.float32)
    t = fl.Tensor(a)
    for got, expected in [
        (t + b, a + b),
        (1 - t, 1 - a),
        (t * 2, a * 2),
        (b / t, b / a),
        (-t, -a),
        (t @ a.T, a @ a.T),
        (t[0, 1:], a[0, 1:]),
        (t.sum(), a.sum()),
        (t.T, a.T),
        (t.reshape((3, 2)), a.reshape(3, 2)),
        (t > 2, a > 2),
        (fl.maximum(t, 3), np.maximum(a, 3)),
        (fl.mean(t, axis=0), a.mean(0)),
        (t.mean(axis=1, keepdims=True), a.mean(axis=1, keepdims=True)),
        (t.std(), a.std()),
        (t.cumsum(axis=0), a.cumsum(0)),
        (t.argsort(), a.argsort().astype(np.int32)),
        (t.reshape(3, 2), a.reshape(3, 2)),
        (t.reshape(-1), a.reshape(-1)),
        (t.transpose(1, 0), a.transpose(1, 0)),
        (t.flatten(), a.flatten()),
        (t.astype(np.int32), a.astype(np.int32)),
        (t * [1, 2, 3], a * np.float32([1, 2, 3])),
        (b + t, b + a),
        (np.float32(2) ** t, np.float32(2) ** a),
        (t[:, np.int64(1)], a[:, 1]),
        (t[: np.int64(1)], a[:1]),
        (fl.sum(t, axis=np.int64(0)), a.sum(0)),
        (fl.ones(3), np.ones(3, np.float32)),
        (fl.arange(4), np.arange(4, dtype=np.int32)),
        (fl.concatenate([[1.0, 2.0], b]), np.float32([1, 2, 2, 4, 8])),
    ]:
        np.testing.assert_allclose(got.numpy(), expected, rtol=1e-6)
        assert got.numpy().dtype == expected.dtype


def test_functions_of_numpy_take_tensors():
    a = np.float32([[1, 2], [3, 4]])
    t = fl.Tensor(a)
    for got, expected in [
        (np.exp(t), np.exp(a)),
        (np.maximum(a, t - 1), a),
        (np.mod(t, 2), np.mod(a, 2)),
        (np.mean(t, axis=0), a.mean(0)),
        (np.cumsum(t, axis=1), a.cumsum(1)),
        (np.sort(-t, axis=0), np.sort(-a, axis=0)),
        (np.concatenate([t, a]), np.concatenate([a, a])),
        (np.where(a > 2, t, 0), np.where(a > 2, a, 0)),
        (a @ t, a @ a),
    ]:
        assert isinstance(got, fl.Tensor)
        np.testing.assert_allclose(got, expected, rtol=1e-6)
    assert np.allclose(t, a)
    for call in (
        lambda: np.linalg.eigvals(t),
        lambda: np.add.reduce(t),
        lambda: np.add(a, t, out=a),
        lambda: np.gradient(t),
        lambda: np.unique(t),  # as long as what it finds, there
    ):
        with pytest.raises(DtypeError, match=r"x\.numpy\(\)"):
            call()


def test_numbers_are_formatted():
    loss = fl.mean(fl.Tensor([1.0, 2.0]))
    assert f"{loss:.3f}" == "1.500"
    assert f"{loss}" == "Tensor(1.5, f32[])"
    assert (loss.item(), fl.Tensor([1, 2]).tolist()) == (1.5, [1, 2])
    with pytest.raises(TypeError):
        format(fl.Tensor([1.0, 2.0]), ".3f")
