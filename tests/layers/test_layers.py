"""Does every layer do what Keras's does, in random configurations? And is none of Keras's forgotten?"""

from importlib import import_module
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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
