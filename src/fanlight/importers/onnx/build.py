"""Which network is in an ONNX file?"""

from __future__ import annotations

from typing import Any

from fanlight.importers.graphs.build import Built, Format
from fanlight.importers.graphs.build import build as build_graph
from fanlight.importers.graphs.records import Model
from fanlight.importers.onnx.layer import ONNXNode
from fanlight.importers.onnx.operators import prepared

ONNX = Format("ONNX file", "onnx", prepared, ONNXNode)


def build(model: Model, *said: Any, **more: Any) -> Built:
    """The network of an ONNX model; see `graphs.build`."""
    return build_graph(model, ONNX, *said, **more)
