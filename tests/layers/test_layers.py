"""Does every layer do what Keras's does, in random configurations? And is none of Keras's forgotten?"""

from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fanlight as fl
from fanlight import layers
from layers.layer_test import run_layer_test

FAMILIES = sorted(path.stem for path in Path(__file__).parent.glob("cases_*.py"))
CASES = {name: case for family in FAMILIES for name, case in import_module(f"layers.{family}").CASES.items()}


def how_many(config: pytest.Config) -> int:
    return 20 if config.getoption("--full") else 2


@pytest.mark.filterwarnings("ignore:[^$]*softmax over axis")
@pytest.mark.filterwarnings("ignore:[^$]*does not support masking")  # what Keras says of the parts of its own layers
@pytest.mark.parametrize("name", sorted(CASES))
def test_like_keras(name, pytestconfig):
    @settings(max_examples=how_many(pytestconfig))
    @given(st.data())
    def run(data):
        run_layer_test(data.draw(CASES[name]))

    run()


@pytest.mark.full
@pytest.mark.parametrize("length", [3, 6, 7])
@pytest.mark.parametrize("kind", ["max", "average"])
def test_adaptive_pooling_to_seven_is_pytorchs(kind, length):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    x = np.random.default_rng(length).normal(size=(2, length, length, 3)).astype("float32")
    layer = {"max": layers.AdaptiveMaxPooling2D, "average": layers.AdaptiveAveragePooling2D}[kind](7)
    symbol = layers.Input(x.shape[1:])
    found = fl.Model(symbol, layer(symbol)).predict(x)
    pool = {"max": torch.nn.AdaptiveMaxPool2d, "average": torch.nn.AdaptiveAvgPool2d}[kind](7)
    np.testing.assert_allclose(found, pool(torch.tensor(x.transpose(0, 3, 1, 2))).permute(0, 2, 3, 1), rtol=1e-6)
