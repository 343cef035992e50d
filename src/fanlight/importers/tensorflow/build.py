"""Which network is in a TensorFlow graph?"""

from __future__ import annotations

from typing import Any

from fanlight.importers.graphs.build import Built, Format
from fanlight.importers.graphs.build import build as build_graph
from fanlight.importers.graphs.records import Model
from fanlight.importers.tensorflow.layer import TensorFlowNode
from fanlight.importers.tensorflow.operators import prepared

TENSORFLOW = Format("TensorFlow graph", "tensorflow", prepared, TensorFlowNode)


def build(model: Model, *said: Any, **more: Any) -> Built:
    """The network of a TensorFlow graph; see `graphs.build`."""
    return build_graph(model, TENSORFLOW, *said, **more)
