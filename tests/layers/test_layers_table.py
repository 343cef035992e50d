"""Does docs/layers.md say what is there, and is no layer of Keras forgotten? It is a golden file of layers_table.py."""

from pathlib import Path

from layers.keras_refused import ELSEWHERE
from layers.layers_table import missing, text, untested
from layers.test_layers import CASES


def test_the_table_of_layers_is_true(golden):
    golden("layers.md", text(), folder=Path(__file__).parents[2] / "docs")


def test_no_layer_of_keras_is_forgotten():
    assert missing() == []


def test_every_layer_is_compared_with_keras():
    assert untested(set(CASES)) == []
    for file, names in ELSEWHERE.items():
        source = (Path(__file__).parent / file).read_text(encoding="utf-8")
        assert [name for name in names if name not in source] == [], file
