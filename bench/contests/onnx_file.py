"""How is a function written as an ONNX file? Nodes and weights by name, one input or more, one output."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

OPSET = 17


def onnx_file(
    nodes: Sequence[tuple[str, Sequence[str], Sequence[str], Mapping[str, object]]],
    inputs: Mapping[str, Sequence[int]],
    output: tuple[str, Sequence[int]],
    weights: Mapping[str, np.ndarray],
) -> bytes:
    """`nodes` are (type, inputs, outputs, attributes), in order."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    def tensor(name: str, shape: Sequence[int]) -> onnx.ValueInfoProto:
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, list(shape))

    graph = helper.make_graph(
        [helper.make_node(kind, list(taken), list(given), **attributes) for kind, taken, given, attributes in nodes],
        "function",
        [tensor(name, shape) for name, shape in inputs.items()],
        [tensor(*output)],
        [numpy_helper.from_array(array, name) for name, array in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=9)
    onnx.checker.check_model(model)
    return model.SerializeToString()
