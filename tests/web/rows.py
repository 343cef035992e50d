"""The rows that the tests of the hand-made model learn from, in Python and as the start of a script."""

import numpy as np

ROWS = np.random.default_rng(3).normal(size=(23, 4)).astype(np.float32)
TARGETS = (ROWS @ np.array([2, -1, 0, 1], np.float32) + 1).astype(np.float32)
DATA = {"x": ROWS.ravel().tolist(), "t": TARGETS.tolist()}
FILL = "const x = Float32Array.from(given.x), t = Float32Array.from(given.t);"  # given is DATA

# The same start for pages: 100 rows, and all of the model's state as text.
MANY = """
const x = Float32Array.from({ length: 400 }, (_, i) => Math.sin(i * i));
const t = Float32Array.from({ length: 100 }, (_, i) => 2 * x[4 * i] - x[4 * i + 1] + 1);
const all = async () => {
  const arrays = await model.weights({ all: true });
  return JSON.stringify(Object.values(arrays).map((array) => Array.from(array)));
};
"""
