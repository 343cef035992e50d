"""What is special about ONNX's nodes as layers? Images are channels-first; what batch normalization writes; what an
export for inference has lost."""

from __future__ import annotations

import re
from collections.abc import Sequence

from fanlight.importers.graphs.layer import GraphNode
from fanlight.importers.onnx import rules  # noqa: F401  # nodes are run by them
from fanlight.ir.graph import Value
from fanlight.layers.context import Context
from fanlight.layers.registered import BUILT_IN

FIRST = re.compile("Conv|.*Pool|BatchNorm|InstanceNorm|GroupNorm|Resize|Upsample|DepthToSpace|SpaceToDepth|LRN")
LAST = re.compile("MatMul|Gemm|LayerNorm|RMSNorm|Attention|Gather|Transpose|Einsum|LSTM|GRU|RNN|Reshape")
KEPT = ("Softmax", "Sigmoid")  # of whose operands losses know a stable form
MEAN, VARIANCE = 3, 4  # operands of a batch normalization


class ONNXNode(GraphNode):
    """One node of an ONNX file."""

    @property
    def channels_first(self) -> bool | None:  # pyright: ignore[reportIncompatibleVariableOverride]  # as its node says
        """ONNX's images are channels-first; sequences of vectors, as products make them, are not."""
        return True if FIRST.match(self.node.op) else False if LAST.match(self.node.op) else None

    def lost(self) -> str | None:
        """Batch normalization and dropout of a file that was exported for inference."""
        outputs = sum(1 for name in self.node.outputs if name)
        if self.node.op == "BatchNormalization" and outputs == 1:
            return "batch normalization goes by its stored statistics"
        is_off = self.node.op == "Dropout" and len([each for each in self.operands if each is not None]) < 3
        return "dropout drops nothing" if is_off else None

    def keep(self, context: Context, operands: Sequence[Value | None], results: Sequence[Value]) -> None:
        """The running mean and variance that a batch normalization in training gives; the operand of a softmax."""
        if self.node.kind == "BatchNormalization" and len(results) > 2 and context.training:
            self.write(context, MEAN, results[1])
            self.write(context, VARIANCE, results[2])
        if self.node.kind in KEPT and (x := operands[0]) is not None:
            context.logits[results[0]] = (self.node.op.lower(), x)

    def channel_axes(self, name: str) -> tuple[int, ...]:
        """Which axes of a weight count output channels."""
        last = self.weights[name].type.rank - 1
        position = self.position_of(name)
        match self.node.op:
            case "Conv":
                return (0,)
            case "ConvTranspose":
                return (1,)
            case "Gemm" if position < 2:
                is_turned = bool(self.node.attributes["transB" if position else "transA"])
                return (int(is_turned != bool(position)),)
            case "MatMul" if position == 0:
                return (last - 1,)
            case "LSTM" | "GRU" | "RNN":
                return (0, 1)
        return (last,)


BUILT_IN["ONNXNode"] = ONNXNode
